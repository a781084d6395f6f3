"""The nodes of a cluster as sandbox hosts: one actor each, watched, left out when it fails, taken in when it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pydantic import JsonValue

from codedance import __version__
from codedance.cluster.connection import Node, in_a_line, living_nodes
from codedance.cluster.host import Fault, Greeting, Health, SandboxHost
from codedance.errors import SandboxError, SandboxLostError
from codedance.sandbox.contract import Limits, Tier
from codedance.schema import Record

__all__ = ["Host", "HostSettings", "Hosts"]


class HostSettings(Record):
    """How nodes are used and watched; no result depends on it."""

    sessions_per_processor: int = 32
    """Sessions alive at once on a node; most of them wait for their model."""
    health_seconds: float = 5.0
    """How often nodes are looked at."""
    silence_seconds: float = 30.0
    """A node that does not answer for so long is given up, and every session on it."""
    start_seconds: float = 600.0
    """How long a node may take to open its sandbox."""
    again_seconds: float = 30.0
    """How long a node that was given up is left alone before it is tried again."""
    patience_seconds: float = 120.0
    """How long an episode waits for a node with room."""


class Host:
    """One node's actor as the driver sees it."""

    def __init__(self, node: Node, actor: Any, room: int) -> None:  # noqa: ANN401 - Ray makes the type at run time
        self.node = node
        self.room = room
        """Sessions that it may hold."""
        self.sessions = 0
        self.health: Health | None = None
        self._actor = actor
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def lost(self) -> bool:
        """True once it has been given up."""
        return self._lost.done()

    def give_up(self, why: str) -> None:
        """Fail every call that waits for it, and all that come."""
        if not self._lost.done():
            self._lost.set_result(why)

    async def call(self, method: str, *values: object, seconds: float) -> Any:  # noqa: ANN401 - what the method gives
        """Call the actor.

        Raises:
            SandboxLostError: the node is gone, or did not answer in time.
            SandboxError: it is there, and could not do it.
        """
        if self.lost:
            raise SandboxLostError(self._lost.result())
        answer = asyncio.ensure_future(_result(getattr(self._actor, method).remote(*values)))
        try:
            await asyncio.wait({answer, self._lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                self.give_up(f"the node {self.node.address} has not answered for {seconds:g} s")
                raise SandboxLostError(self._lost.result())
            result = answer.result()
        except SandboxLostError as error:
            self.give_up(str(error))
            raise SandboxLostError(f"the node {self.node.address} was lost ({error})") from None
        finally:
            if not answer.done():
                answer.cancel()
        if isinstance(result, Fault):
            raise SandboxError(result.message)
        return result

    def send(self, method: str, *values: object) -> None:
        """Call the actor without waiting for what comes of it."""
        if not self.lost:
            getattr(self._actor, method).remote(*values)

    def kill(self, ray: ModuleType) -> None:
        """End the actor's process."""
        with suppress(Exception):  # a boundary: it may be dead, its node too, and Ray says so in many ways
            ray.kill(self._actor)


@dataclass(slots=True)
class _Refused:
    why: str
    since: float


class Hosts:
    """All nodes that can be used now; runs in the event loop of its owner.

    Args:
        ray: Ray's module, connected.
        limits: of sessions that name none.
        tier: isolation that every node must have.
        settings: see :class:`HostSettings`.
        tell: told in a line when a node comes, goes, or cannot be used.
    """

    def __init__(
        self,
        ray: ModuleType,
        *,
        limits: Limits,
        tier: Tier | None,
        settings: HostSettings,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._ray = ray
        self._limits = limits
        self._tier = tier
        self.settings = settings
        self._tell = tell
        self._hosts: dict[str, Host] = {}
        self._refused: dict[str, _Refused] = {}
        self._coming: dict[str, asyncio.Task[None]] = {}
        """Nodes that are opening their sandbox."""
        self._changed = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None
        self._silent = False
        """The cluster's head did not tell its nodes when it was asked last."""
        self.description: Mapping[str, JsonValue] = {}
        """Tier and libraries: of the first node, and the same of every other that is used."""

    def sessions(self) -> list[int]:
        """How many sessions are open on each node that can be used now."""
        return [one.sessions for one in self._hosts.values() if not one.lost]

    async def start(self) -> None:
        """Take in the first node that can be used, and from now on all others: they must be what the first one is.

        Raises:
            SandboxError: none of them can be used; the message says why.
        """
        await self._look()
        while not self._hosts and self._coming:
            await asyncio.wait(self._coming.values(), return_when=asyncio.FIRST_COMPLETED)
            await self._look()
        if not self._hosts:
            reasons = "; ".join(sorted({one.why for one in self._refused.values()}))
            raise SandboxError(f"no node of the Ray cluster can be used ({reasons or 'none offers a processor'})")
        self._watching = asyncio.ensure_future(self._watch())

    async def stop(self) -> None:
        """Close every session and end the actors."""
        tasks = [*self._coming.values(), *([self._watching] if self._watching is not None else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        calls = [self._stopped(host) for host in self._hosts.values()]
        await asyncio.gather(*calls)
        self._hosts.clear()

    async def take(self, avoiding: Host | None = None) -> Host:
        """A place on the node with the most room, counted as taken; waits while there is none.

        Raises:
            SandboxError: there was no room for too long, or nobody watches the nodes any more.
        """
        end = time.monotonic() + self.settings.patience_seconds
        async with self._changed:
            while True:
                self._must_be_watched()
                free = [one for one in self._hosts.values() if not one.lost and one.sessions < one.room]
                free = [one for one in free if one is not avoiding] or free
                if free:
                    host = min(free, key=lambda one: (one.sessions / one.room, one.node.id))
                    host.sessions += 1
                    return host
                left = end - time.monotonic()
                if left <= 0:
                    raise SandboxError(self._why_no_room())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), left)

    async def put_back(self, host: Host) -> None:
        """The session on this node has ended."""
        host.sessions -= 1
        async with self._changed:
            self._changed.notify()

    def _why_no_room(self) -> str:
        if any(not host.lost for host in self._hosts.values()):
            return f"every node of the cluster was full for {self.settings.patience_seconds:g} s"
        return f"no node of the cluster could be used for {self.settings.patience_seconds:g} s"

    def _must_be_watched(self) -> None:
        """Raise if the task that watches has ended, which nothing but a mistake of ours makes it do."""
        if self._watching is None or not self._watching.done() or self._watching.cancelled():
            return
        error = self._watching.exception()
        said = in_a_line(error) if error is not None else "without a word"
        raise SandboxError(f"the nodes of the Ray cluster are not watched any more ({said})") from error

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.health_seconds)
            try:
                await self._look()
                if self._silent:
                    self._tell("the Ray cluster's head tells its nodes again")
                self._silent = False
            except SandboxError as error:
                if not self._silent:
                    self._tell(f"{error}; those that are known are used, and it is asked again")
                self._silent = True
            await asyncio.gather(*(self._check(host) for host in list(self._hosts.values())))

    async def _look(self) -> None:
        """Compare with what Ray says: new nodes are taken in, those that are gone or given up are dropped."""
        there = {node.id: node for node in await asyncio.to_thread(living_nodes, self._ray)}
        for name, host in list(self._hosts.items()):
            if name not in there:
                host.give_up("it has left the cluster")
            if host.lost:
                del self._hosts[name]
                self._refused[name] = _Refused("given up", time.monotonic())
                self._tell(f"node {host.node.address} lost; its episodes begin anew on others")
                host.kill(self._ray)
        now, again = time.monotonic(), self.settings.again_seconds
        waiting = {name for name, one in self._refused.items() if now - one.since < again}
        self._coming = {name: task for name, task in self._coming.items() if not task.done()}
        taken = {*self._hosts, *self._coming, *waiting}
        new = [node for name, node in there.items() if name not in taken]
        if not self.description:
            new = [] if self._coming else new[:1]
        for node in new:
            self._coming[node.id] = asyncio.ensure_future(self._take_in(node))

    async def _take_in(self, node: Node) -> None:
        host = Host(node, self._actor(node), self.settings.sessions_per_processor * node.processors)
        try:
            greeting: Greeting = await host.call("start", seconds=self.settings.start_seconds)
            self._compare(greeting)
        except SandboxError as error:
            self._refused[node.id] = _Refused(str(error), time.monotonic())
            self._tell(f"node {node.address} is not used: {error}")
            host.kill(self._ray)
            return
        self._refused.pop(node.id, None)
        self.description = self.description or greeting.sandbox
        async with self._changed:
            self._hosts[node.id] = host
            self._changed.notify_all()
        self._tell(f"node {node.address}: {node.processors} processors, room for {host.room} sessions")

    def _compare(self, greeting: Greeting) -> None:
        if greeting.version != __version__:
            raise SandboxError(f"it has codedance {greeting.version}, the driver {__version__}; install the same")
        if self.description and greeting.sandbox != self.description:
            raise SandboxError(
                "its sandbox differs from the first node's in tier or libraries, and results would depend on the node; "
                "install the same on all"
            )

    def _actor(self, node: Node) -> Any:  # noqa: ANN401 - Ray makes the type at run time
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        place = NodeAffinitySchedulingStrategy(node.id, soft=False)
        made = self._ray.remote(SandboxHost).options(
            num_cpus=0, max_restarts=0, max_concurrency=1 << 16, scheduling_strategy=place
        )
        return made.remote(node.processors, self._limits, self._tier)

    async def _check(self, host: Host) -> None:
        with suppress(SandboxLostError):
            try:
                host.health = await host.call("health", seconds=self.settings.silence_seconds)
            except SandboxLostError:
                raise
            except SandboxError as error:
                host.give_up(f"its sandbox does not work any more ({error})")

    async def _stopped(self, host: Host) -> None:
        with suppress(SandboxError):
            await host.call("stop", seconds=10.0)
        host.kill(self._ray)


async def _result(reference: Any) -> Any:  # noqa: ANN401 - whatever the actor's method gives
    """What an actor's method gave; raises :class:`SandboxLostError` if it never will."""
    from ray.exceptions import RayError

    try:
        return await reference
    except RayError as error:  # its own text is a page about processes and ids
        raise SandboxLostError(type(error).__name__) from None
