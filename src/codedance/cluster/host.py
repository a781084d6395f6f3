"""What lives on a node: its sandbox and the sessions that were opened there; an actor's body, which knows no Ray."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

import anyio
from pydantic import JsonValue

from codedance import __version__
from codedance.errors import CodeDanceError
from codedance.imaging import Picture
from codedance.sandbox import LocalSandbox
from codedance.sandbox.contract import CellResult, Limits, Tier
from codedance.sandbox.service.keeper import SessionKeeper

__all__ = ["Fault", "Greeting", "Health", "SandboxHost"]

_UNUSED_SECONDS = 24 * 3600.0
"""Whoever opened a session closes it, and the actor ends with its driver; this is for what neither would reach."""
_CELLS_PER_PROCESSOR = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a host could not do something; a value, for an exception would come with Ray's own traceback in its text."""

    message: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a node is."""

    version: str
    """Of CodeDance."""
    python: str
    sandbox: Mapping[str, JsonValue]
    """Tier and libraries of its sandbox: results depend on them."""
    processors: int


@dataclass(frozen=True, slots=True)
class Health:
    """How a node does."""

    sessions: int
    running: int
    """Cells that run now."""
    cell_seconds: float
    """What a session with one trivial cell took."""
    load: float
    """Processes that want to run, by the last minute."""


class SandboxHost:
    """The sandbox of one node; its sessions never leave it.

    Args:
        processors: that cells may keep busy; twice as many cells run at once, others wait for their turn.
        limits: of sessions that name none.
        tier: isolation that must be had.
    """

    def __init__(self, processors: int, limits: Limits, tier: Tier | None) -> None:
        self._processors = processors
        self._sandbox = LocalSandbox(tier=tier, limits=limits, pool=min(8, 2 * processors))
        self._stack = AsyncExitStack()
        many = 1 << 20  # how many are alive is the driver's business: it counts them before it asks
        self._keeper = SessionKeeper(self._sandbox, max_sessions=many, max_running=many, idle_seconds=_UNUSED_SECONDS)
        self._room = anyio.Semaphore(_CELLS_PER_PROCESSOR * processors)
        self._opening: set[str] = set()
        self._closed: set[str] = set()
        """Sessions that were closed while they were being opened."""

    async def start(self) -> Greeting | Fault:
        """Open the sandbox and try it."""

        async def opened() -> Greeting:
            await self._stack.enter_async_context(self._sandbox)
            async with self._sandbox.session() as session:
                await session.run("1")
            described = self._sandbox.description
            return Greeting(__version__, platform.python_version(), described, self._processors)

        return await _told(opened)

    async def open(self, name: str, limits: Limits | None, *images: Picture) -> str | Fault:
        """Open a session under this name; gives the name back."""
        self._opening.add(name)
        try:
            return await _told(lambda: self._keeper.open(images, limits, name=name))
        finally:
            self._opening.discard(name)
            if name in self._closed:
                self._closed.discard(name)
                await self._keeper.close(name)

    async def run(self, name: str, code: str) -> CellResult | Fault:
        """Run one cell, when there is a processor for it."""

        async def run() -> CellResult:
            async with self._room:
                return await self._keeper.run(name, code)

        return await _told(run)

    async def close(self, name: str) -> bool:
        """Close a session, whatever it is doing."""
        if name in self._opening:
            self._closed.add(name)
        return await self._keeper.close(name)

    async def health(self) -> Health | Fault:
        """A session with one cell, as a check that the node still does what it is for."""

        async def checked() -> Health:
            begin = time.monotonic()
            async with self._sandbox.session() as session:
                await session.run("1")
            seconds = time.monotonic() - begin
            return Health(self._keeper.alive, self._keeper.running, seconds, os.getloadavg()[0])

        return await _told(checked)

    async def stop(self) -> None:
        """Close every session and the sandbox."""
        await self._keeper.close_all()
        await self._stack.aclose()


async def _told(work: Callable[[], Awaitable[T]]) -> T | Fault:
    try:
        return await work()
    except CodeDanceError as error:
        return Fault(str(error))
