"""Supervised fine-tuning on trajectories of run folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from torch.utils.data import Dataset

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.models.local.network import Network
from codedance.protocol import conversation
from codedance.schema import Trajectory
from codedance.store import RunFolder
from codedance.store.holding import held
from codedance.train.lengths import fitting
from codedance.train.sequence import Batch, Supervised, collate_parts, supervise
from codedance.train.settings import SftSettings
from codedance.train.sft_checks import check_sft, nothing_usable, sft_recipe
from codedance.train.trainer import Step, train

__all__ = ["SftSettings", "TrajectoryDataset", "train_sft"]


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
        read = 0
        found: list[tuple[RunFolder, list[Trajectory]]] = []
        for run in runs:
            taken = []
            for one in run.trajectories():
                read += 1
                if self._usable(one):
                    taken.append(one)
            found.append((run, taken))
        self.content = {str(run.folder.resolve()): _digest(taken) for run, taken in found}
        """A hash of what is taken from each run, those that are too long included."""
        items = [(run, one) for run, taken in found for one in taken]
        self.taken = len(items)
        """Number of trajectories, those that are too long included."""
        if not items:
            raise DataError(nothing_usable(runs, read, settings))
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
    begun: Callable[[int], None] = lambda step: None,
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
        begun: told, when the data are read and the first step begins, after which one it goes on.
        listener: told of each step.
        say: told what there is to say before the first step, in a line each.

    Raises:
        StoreError: a folder is no run, or another process trains into the folder.
        DataError: there is nothing to train on, or the folder holds another run.
    """
    runs = check_sft(folders, settings, folder=folder, start=start)
    with held(folder):
        dataset = TrajectoryDataset(encoder, runs, settings, say=say)
        recipe = sft_recipe(folders, settings, start=start)
        train(
            network,
            dataset,
            settings.train,
            folder=folder,
            recipe={**recipe, "trajectories": dataset.taken, "data": dict(dataset.content)},
            later=("start", "data"),
            begun=begun,
            listener=listener,
        )
