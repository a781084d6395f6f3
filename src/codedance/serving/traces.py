"""Finished episodes, kept for a while under names that nobody can guess."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import anyio.to_thread

from codedance.episode import Rollout
from codedance.imaging import Picture
from codedance.schema import Trajectory
from codedance.store import RunFolder

__all__ = ["KeptTrace", "TraceShelf"]


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """An episode that can be asked for by name."""

    trajectory: Trajectory
    pictures: Mapping[str, Picture]
    """By SHA-256."""
    size: int
    """Bytes, pictures and record together."""


class TraceShelf:
    """Keeps the newest traces within a number and a number of bytes; a run folder, if there is one, keeps all.

    Args:
        most: traces kept in memory.
        most_bytes: bytes of them.
        run: where every episode is written as well.
    """

    def __init__(self, *, most: int, most_bytes: int, run: RunFolder | None = None) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._run = run
        self._writing = anyio.Lock()
        self._kept: OrderedDict[str, KeptTrace] = OrderedDict()
        self.size = 0
        """Bytes of all that is kept."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: str) -> KeptTrace | None:
        """The trace of this name, if it is still there."""
        return self._kept.get(name)

    async def add(self, name: str, rollout: Rollout) -> None:
        """Keep an episode; raises :class:`~codedance.errors.StoreError` if the run folder cannot be written."""
        size = len(rollout.trajectory.model_dump_json()) + sum(len(one.data) for one in rollout.pictures.values())
        self._kept[name] = KeptTrace(rollout.trajectory, rollout.pictures, size)
        self.size += size
        while self._kept and (len(self._kept) > self._most or self.size > self._most_bytes):
            _, oldest = self._kept.popitem(last=False)
            self.size -= oldest.size
        if self._run is not None:
            async with self._writing:
                await anyio.to_thread.run_sync(self._run.add, rollout.trajectory, rollout.pictures)
