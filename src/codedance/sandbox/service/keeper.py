"""Sessions that outlive the request that opened them: named, bounded in number, closed when nobody uses them."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio

from codedance.errors import SandboxError
from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session

__all__ = ["BusyError", "SessionKeeper", "UnknownSessionError"]


class BusyError(SandboxError):
    """No room at the moment: ask again after some seconds."""

    def __init__(self, reason: str, *, retry_after: int = 1) -> None:
        super().__init__(f"{reason}; ask again in {retry_after} s")
        self.retry_after = retry_after


class UnknownSessionError(SandboxError):
    """There is no such session, or it was closed because nobody used it."""


@dataclass(slots=True)
class _Kept:
    session: Session
    stack: AsyncExitStack
    used: float
    running: bool = False


class SessionKeeper:
    """Keeps sessions of a sandbox by name.

    Nothing waits in a queue: what cannot be had at once is refused with :class:`BusyError`, so that a client that is
    too fast hears of it instead of filling the server's memory.

    Args:
        sandbox: where sessions come from; it must be open while they live.
        max_sessions: sessions alive at once.
        max_running: cells running at once; as many as processors, doubled, if not named.
        idle_seconds: a session that was not used for so long is closed.
        clock: seconds; replaced in tests.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        max_sessions: int = 64,
        max_running: int | None = None,
        idle_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sandbox = sandbox
        self.max_sessions = max_sessions
        self.max_running = max_running or 2 * (os.cpu_count() or 1)
        self.idle_seconds = idle_seconds
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._opening = 0
        self.running = 0
        """Cells that run now."""
        self.expired = 0
        """Sessions that were closed because nobody used them."""

    @property
    def alive(self) -> int:
        """Sessions that are open."""
        return len(self._kept)

    async def open(
        self, images: Sequence[Picture] = (), limits: Limits | None = None, *, name: str | None = None
    ) -> str:
        """Open a session; returns its name, which nobody can guess unless it was given.

        Raises:
            BusyError: as many sessions as there may be are open.
            SandboxError: the session could not be started.
        """
        await self.expire()
        if len(self._kept) + self._opening >= self.max_sessions:
            raise BusyError(f"all {self.max_sessions} sessions are in use", retry_after=2)
        self._opening += 1
        try:
            async with AsyncExitStack() as stack:
                session = await stack.enter_async_context(self.sandbox.session(images, limits))
                kept = _Kept(session, stack.pop_all(), self._clock())
        finally:
            self._opening -= 1
        name = name or secrets.token_urlsafe(18)
        self._kept[name] = kept
        return name

    def has(self, name: str) -> bool:
        """True if the session is open."""
        return name in self._kept

    async def run(self, name: str, code: str) -> CellResult:
        """Run one cell.

        Raises:
            UnknownSessionError: there is no such session (any more).
            BusyError: a cell of this session, or as many cells as may, are running.
        """
        await self.expire()
        kept = self._kept.get(name)
        if kept is None:
            raise UnknownSessionError("there is no such session; it may have been closed because nobody used it")
        if kept.running:
            raise BusyError("a cell of this session is running")
        with self._one_more():
            kept.running = True
            try:
                return await kept.session.run(code)
            finally:
                kept.running = False
                kept.used = self._clock()

    @asynccontextmanager
    async def once(self, limits: Limits | None = None) -> AsyncIterator[Session]:
        """A session for one request, counted with the others.

        Raises:
            BusyError: there is no room.
        """
        if len(self._kept) + self._opening >= self.max_sessions:
            raise BusyError(f"all {self.max_sessions} sessions are in use", retry_after=2)
        with self._one_more():
            self._opening += 1
            try:
                async with self.sandbox.session((), limits) as session:
                    yield session
            finally:
                self._opening -= 1

    def _one_more(self) -> _Running:
        if self.running >= self.max_running:
            raise BusyError(f"{self.running} cells are running, as many as may")
        return _Running(self)

    async def close(self, name: str) -> bool:
        """Close a session; false if there was none of this name."""
        kept = self._kept.pop(name, None)
        if kept is None:
            return False
        with anyio.CancelScope(shield=True):
            await kept.stack.aclose()
        return True

    async def expire(self) -> None:
        """Close what nobody has used for too long."""
        now = self._clock()
        for name, kept in list(self._kept.items()):
            if not kept.running and now - kept.used > self.idle_seconds:
                self.expired += 1
                await self.close(name)

    async def close_all(self) -> None:
        """Close every session."""
        for name in list(self._kept):
            await self.close(name)


class _Running:
    """Counts a running cell."""

    def __init__(self, keeper: SessionKeeper) -> None:
        self._keeper = keeper

    def __enter__(self) -> None:
        self._keeper.running += 1

    def __exit__(self, *_: object) -> None:
        self._keeper.running -= 1
