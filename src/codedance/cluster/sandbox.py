"""The sandboxes of a Ray cluster behind the same protocol as the one on this machine.

A session lives on one node from its first cell to its last. A node that is lost takes its sessions with it: their cells
raise :class:`~codedance.errors.SandboxLostError`, and whoever runs episodes begins those anew, as the same attempt.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from types import ModuleType, TracebackType
from typing import Any, Self

from pydantic import JsonValue

from codedance.cluster.connection import connected
from codedance.cluster.hosts import Host, Hosts, HostSettings
from codedance.errors import SandboxLostError, UsageError
from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits, Session, Tier
from codedance.schema import Execution, ExecutionStatus

__all__ = ["RaySandbox"]

_OPEN_SECONDS = 60.0
_GRACE_SECONDS = 60.0
"""Beyond a cell's own limit: it may wait for a processor on its node."""


class RaySandbox:
    """Sessions on the nodes of a Ray cluster; an async context manager, for asyncio (Ray's futures belong to it).

    Args:
        address: of the cluster, see :func:`~codedance.cluster.connection.connected`.
        limits: of sessions that name none.
        tier: isolation that every node must have; ``None`` takes the strongest of each, which must be the same.
        settings: how nodes are used and watched.
        tell: told in a line when a node comes, goes, or cannot be used.
    """

    def __init__(
        self,
        address: str,
        *,
        limits: Limits | None = None,
        tier: Tier | None = None,
        settings: HostSettings | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.address = address
        self.limits = limits or Limits()
        self._tier = tier
        self._settings = settings or HostSettings()
        self._tell = tell
        self._stack = ExitStack()
        self._ray: ModuleType | None = None
        self._hosts: Hosts | None = None
        self._shown: dict[str, _Shown] = {}

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """Kind, tier and guest libraries; not which node: nothing depends on it."""
        return {**(self._hosts.description if self._hosts else {}), "kind": "ray"}

    def sessions_by_node(self) -> list[int]:
        """How many sessions are open on each node that can be used now."""
        return self._hosts.sessions() if self._hosts is not None else []

    async def __aenter__(self) -> Self:
        self._ray = self._stack.enter_context(connected(self.address))
        try:
            self._hosts = Hosts(
                self._ray, limits=self.limits, tier=self._tier, settings=self._settings, tell=self._tell
            )
            await self._hosts.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._hosts is not None:
                await asyncio.shield(self._hosts.stop())
        finally:
            self._stack.close()

    @asynccontextmanager
    async def session(self, images: Sequence[Picture] = (), limits: Limits | None = None) -> AsyncIterator[Session]:
        """Open a session, see :class:`codedance.sandbox.contract.Sandbox`."""
        if self._hosts is None:
            raise UsageError("the Ray sandbox is used inside its `async with` block")
        limits = limits or self.limits
        host, name = await self._open(self._hosts, images, limits)
        try:
            yield _RaySession(host, name, limits)
        finally:
            # Without waiting: an episode that ends must not hang on a node that may be gone.
            host.send("close", name)
            await asyncio.shield(self._hosts.put_back(host))

    async def _open(self, hosts: Hosts, images: Sequence[Picture], limits: Limits) -> tuple[Host, str]:
        """A session on the node with the most room; a node that is lost meanwhile has cost nothing: take another."""
        tried: Host | None = None
        while True:
            host = await hosts.take(avoiding=tried)
            name = secrets.token_urlsafe(12)
            references = self._show(images)
            try:
                await host.call("open", name, limits, *references, seconds=_OPEN_SECONDS)
                return host, name
            except SandboxLostError:
                tried = host
                await hosts.put_back(host)
            except BaseException:
                host.send("close", name)
                await asyncio.shield(hosts.put_back(host))
                raise
            finally:
                self._forget(images)

    def _show(self, images: Sequence[Picture]) -> list[Any]:
        """References to pictures in Ray's object store: attempts that open at once share one copy."""
        assert self._ray is not None
        for picture in images:
            shown = self._shown.get(picture.ref.sha256)
            if shown is None:
                shown = self._shown[picture.ref.sha256] = _Shown(self._ray.put(picture))
            shown.users += 1
        return [self._shown[picture.ref.sha256].reference for picture in images]

    def _forget(self, images: Sequence[Picture]) -> None:
        for picture in images:
            shown = self._shown[picture.ref.sha256]
            shown.users -= 1
            if shown.users == 0:
                del self._shown[picture.ref.sha256]


class _Shown:
    """A picture in the object store, while somebody opens a session with it."""

    def __init__(self, reference: Any) -> None:  # noqa: ANN401 - Ray's own type
        self.reference = reference
        self.users = 0


class _RaySession:
    """One session on one node."""

    def __init__(self, host: Host, name: str, limits: Limits) -> None:
        self._host = host
        self._name = name
        self._limits = limits
        self._turn = asyncio.Lock()
        self._ended = False

    async def run(self, code: str) -> CellResult:
        """Run one cell; one that nobody waits for any more ends the session, and does not run on."""
        async with self._turn:
            if self._ended:
                return CellResult(Execution(status=ExecutionStatus.LOST, seconds=0.0, detail="the session has ended"))
            seconds = self._limits.wall_seconds + _GRACE_SECONDS
            try:
                result: CellResult = await self._host.call("run", self._name, code, seconds=seconds)
            except asyncio.CancelledError:
                self._ended = True
                self._host.send("close", self._name)
                raise
        return result
