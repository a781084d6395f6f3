"""Supervised fine-tuning on trajectories of run folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from pydantic import Field, JsonValue
from torch.utils.data import Dataset

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.models.local.network import Network
from codedance.protocol import conversation
from codedance.schema import Record, Trajectory
from codedance.store import RunFolder
from codedance.train.lengths import fitting
from codedance.train.sequence import Batch, Supervised, collate_parts, supervise
from codedance.train.trainer import Step, TrainSettings, train

__all__ = ["SftSettings", "TrajectoryDataset", "train_sft"]


class SftSettings(Record):
    """Settings of a fine-tuning run; part of its manifest."""

    batch: int = Field(default=8, ge=1)
    parts: int = Field(default=1, ge=1)
    """Parts that a step's trajectories are cut into, by length: less padding and memory, the same gradient."""
    seed: int = 0
    answered_only: bool = True
    """Leave out trajectories that ended without an answer."""
    max_tokens: int = Field(default=2048, ge=16)
    """Trajectories with more tokens are left out, never cut: a cut could fall inside a picture."""
    train: TrainSettings = TrainSettings(steps=1000, muon_rate=0.003, adam_rate=6e-4)


class TrajectoryDataset(Dataset[tuple[Batch, ...]]):
    """Batches of stored trajectories by number; every epoch shows each once, reshuffled by the seed alone.

    Trajectories that are too long are in no epoch.

    Args:
        encoder: writes the chat format.
        runs: where the trajectories are.
        settings: which of them are taken, and how.
        say: told of those that are too long, and how far the measuring is if it takes long.

    Raises:
        DataError: no trajectory is left to train on.
    """

    def __init__(
        self,
        encoder: Encoder,
        runs: Sequence[RunFolder],
        settings: SftSettings,
        *,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._encoder, self._settings = encoder, settings
        self._shuffled: tuple[int, list[int]] | None = None
        found = [(run, [one for one in run.trajectories() if self._usable(one)]) for run in runs]
        self.content = {str(run.folder.resolve()): _digest(taken) for run, taken in found}
        """A hash of what is taken from each run, those that are too long included."""
        items = [(run, one) for run, taken in found for one in taken]
        self.taken = len(items)
        """Number of trajectories, those that are too long included."""
        if not items:
            names = ", ".join(str(run.folder) for run in runs)
            raise DataError(f"{names}: no trajectory to train on (answered_only={settings.answered_only})")
        most = settings.max_tokens
        fits = fitting(encoder, [one for _, one in items], most=most, setting="max_tokens", say=say)
        self._items = [item for item, fit in zip(items, fits, strict=True) if fit]
        if not self._items:
            raise DataError(f"every trajectory has more than {most} tokens (max_tokens)")

    def __len__(self) -> int:
        """Number of trajectories in an epoch."""
        return len(self._items)

    def __getitem__(self, number: int) -> tuple[Batch, ...]:
        """What step ``number`` sees: the next so many in the order, which goes on over epochs."""
        first = number * self._settings.batch
        chosen = [self._sequence(index) for index in range(first, first + self._settings.batch)]
        return collate_parts(chosen, patch=self._encoder.config.patch, parts=self._settings.parts)

    def _sequence(self, index: int) -> Supervised:
        epoch, place = divmod(index, len(self._items))
        run, trajectory = self._items[self._order(epoch)[place]]
        pictures = run.load_pictures(trajectory)
        messages = conversation(trajectory.task, trajectory.turns, trajectory.protocol, pictures=pictures)
        return supervise(self._encoder, messages)

    def _order(self, epoch: int) -> list[int]:
        """The items' order in an epoch; the last one is kept, since batches are asked for in order."""
        if self._shuffled is None or self._shuffled[0] != epoch:
            order = list(range(len(self._items)))
            Random(f"sft/{self._settings.seed}/{epoch}").shuffle(order)  # noqa: S311 - reproducible, no secret
            self._shuffled = epoch, order
        return self._shuffled[1]

    def _usable(self, trajectory: Trajectory) -> bool:
        return bool(trajectory.turns) and (trajectory.answer is not None or not self._settings.answered_only)


def _digest(trajectories: Iterable[Trajectory]) -> str:
    """A hash of trajectories in their order, pictures by the hashes that they name.

    What is at its default takes no part, so that a field which a later version adds changes nothing.
    """
    whole = hashlib.sha256()
    for one in trajectories:
        whole.update(one.model_dump_json(exclude_defaults=True).encode("utf-8", errors="replace") + b"\n")
    return whole.hexdigest()[:16]


def train_sft(
    network: Network,
    encoder: Encoder,
    folders: Sequence[Path],
    *,
    settings: SftSettings,
    folder: Path,
    start: str,
    listener: Callable[[Step], None] = lambda step: None,
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Fine-tune the network in place on the trajectories of these run folders.

    Args:
        network: trained in place.
        encoder: its chat format.
        folders: runs with trajectories.
        settings: which trajectories are taken, and how it is trained.
        folder: the run's folder; a run that was stopped goes on there.
        start: a name for exactly the weights that the network begins with, such as their hash. A folder whose run
            began with others is refused, and so is one whose trajectories were others, whatever their folders are
            called. One that an earlier version began, which wrote neither down, goes on.
        listener: told of each step.
        say: told what there is to say before the first step, in a line each.

    Raises:
        StoreError: a folder is no run.
        DataError: there is nothing to train on, or the folder holds another run.
    """
    dataset = TrajectoryDataset(encoder, [RunFolder.open(one) for one in folders], settings, say=say)
    recipe: dict[str, JsonValue] = settings.model_dump(mode="json", exclude={"train"})
    recipe |= {"runs": [str(one.resolve()) for one in folders], "trajectories": dataset.taken}
    recipe |= {"start": start, "data": dict(dataset.content)}
    train(network, dataset, settings.train, folder=folder, recipe=recipe, later=("start", "data"), listener=listener)
