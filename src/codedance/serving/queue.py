"""Who may run an episode now, who waits, and who is sent away."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from codedance.serving.refusals import RefusalError

__all__ = ["EpisodeQueue", "Place"]

_LONGEST_RETRY_SECONDS = 60
_WEIGHT = 0.2
"""Of the newest episode in the running mean of their seconds."""


class Place:
    """Room that a request holds: one episode or more."""

    def __init__(self, queue: EpisodeQueue) -> None:
        self._queue = queue
        self.held = 0

    def take(self, episodes: int) -> None:
        """Room for so many more; raises :class:`RefusalError` (429) if there is none."""
        self._queue._admit(episodes)
        self.held += episodes

    def give_back(self) -> None:
        """Free everything."""
        self._queue.admitted -= self.held
        self.held = 0


class EpisodeQueue:
    """At most ``running`` episodes at once and ``waiting`` behind them, first come first served.

    Args:
        running: episodes at once.
        waiting: episodes that may wait.
        waiting_seconds: longest wait.
    """

    def __init__(self, *, running: int, waiting: int, waiting_seconds: float) -> None:
        self._running = running
        self._most = running + waiting
        self._waiting_seconds = waiting_seconds
        self._seats = anyio.Semaphore(running)
        self._seconds = 2.0
        self.admitted = 0
        """Episodes that run or wait."""
        self.refused = 0
        """Requests that were sent away for want of room."""

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Room for one episode, held while a request is read and answered; raises :class:`RefusalError` (429)."""
        place = Place(self)
        place.take(1)
        try:
            yield place
        finally:
            place.give_back()

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """A seat for an episode that was admitted; raises :class:`RefusalError` (429) if the wait is too long."""
        with anyio.move_on_after(self._waiting_seconds) as patience:
            await self._seats.acquire()
        if patience.cancelled_caught:
            self.refused += 1
            raise self._refusal(f"the request waited {self._waiting_seconds:g} s and no episode ended")
        begin = time.monotonic()
        try:
            yield
        finally:
            self._seats.release()
            self._seconds += _WEIGHT * (time.monotonic() - begin - self._seconds)

    @property
    def running(self) -> int:
        """Episodes that run now."""
        return self._running - self._seats.value

    def _admit(self, episodes: int) -> None:
        if self.admitted + episodes > self._most:
            self.refused += 1
            raise self._refusal(f"{self.admitted} of {self._most} places are taken and {episodes} more were asked for")
        self.admitted += episodes

    def _refusal(self, why: str) -> RefusalError:
        wait = math.ceil(self._seconds * max(1, self.admitted - self._running) / self._running)
        after = min(_LONGEST_RETRY_SECONDS, max(1, wait))
        return RefusalError(429, f"{why}; ask again in {after} s", code="queue_full", retry_after=after)
