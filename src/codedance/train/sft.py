"""Supervised fine-tuning on trajectories of run folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from pydantic import Field
from torch.utils.data import Dataset

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.models.local.network import Network
from codedance.protocol import conversation
from codedance.schema import Record, Trajectory
from codedance.store import RunFolder
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
    """Batches of stored trajectories by number, reshuffled every epoch by the seed alone.

    Raises:
        DataError: no trajectory is left to train on.
    """

    def __init__(self, encoder: Encoder, runs: Sequence[RunFolder], settings: SftSettings) -> None:
        self._encoder, self._settings = encoder, settings
        self._shuffled: tuple[int, list[int]] | None = None
        self._items = [(run, one) for run in runs for one in run.trajectories() if self._usable(one)]
        if not self._items:
            names = ", ".join(str(run.folder) for run in runs)
            raise DataError(f"{names}: no trajectory to train on (answered_only={settings.answered_only})")

    def __len__(self) -> int:
        """Number of trajectories."""
        return len(self._items)

    def __getitem__(self, number: int) -> tuple[Batch, ...]:
        """What step ``number`` sees; trajectories that are too long are passed over for the next in the order."""
        chosen: list[Supervised] = []
        index = number * self._settings.batch
        for offset in range(self._settings.batch + len(self._items)):
            if len(chosen) == self._settings.batch:
                break
            item = self._sequence(index + offset)
            if len(item.encoded.ids) <= self._settings.max_tokens:
                chosen.append(item)
        if not chosen:
            raise DataError(f"every trajectory has more than {self._settings.max_tokens} tokens (max_tokens)")
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


def train_sft(
    network: Network,
    encoder: Encoder,
    folders: Sequence[Path],
    *,
    settings: SftSettings,
    folder: Path,
    listener: Callable[[Step], None] = lambda step: None,
) -> None:
    """Fine-tune the network in place on the trajectories of these run folders.

    Raises:
        StoreError: a folder is no run.
        DataError: there is nothing to train on.
    """
    dataset = TrajectoryDataset(encoder, [RunFolder.open(one) for one in folders], settings)
    recipe = settings.model_dump(mode="json", exclude={"train"})
    recipe |= {"runs": [str(one.resolve()) for one in folders], "trajectories": len(dataset)}
    train(network, dataset, settings.train, folder=folder, recipe=recipe, listener=listener)
