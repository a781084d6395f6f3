"""The sandbox on this machine: a zygote process, one isolated process per session, the host's verdicts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from pydantic import JsonValue

from codedance.errors import MissingExtraError, SandboxError, TierUnavailableError
from codedance.imaging import Picture
from codedance.sandbox.contract import Limits, Session, Tier
from codedance.sandbox.guest.folders import remove_tree
from codedance.sandbox.guest.isolation import missing_features
from codedance.sandbox.guest.wire import BIRTH, pack, receive
from codedance.sandbox.libraries import guest_libraries
from codedance.sandbox.process import Process
from codedance.sandbox.session import LocalSession

__all__ = ["LocalSandbox", "available_tier"]

_REQUIRED_MODULES = ("numpy", "cv2", "PIL", "matplotlib")
_START_SECONDS = 120.0
_FORK_SECONDS = 30.0
_REMOVALS, _REMOVAL_SECONDS = 50, 0.02
"""How often, and how long apart, a folder is tried to be removed that dying processes still write to."""
_NO_DESCRIPTORS = "this process has no file descriptors left; close sessions or raise `ulimit -n`"
_MOST_REQUESTED = 64
"""Forks asked for ahead of their answers."""


def available_tier(wanted: Tier | None = None) -> Tier:
    """The tier to use: the one wanted, else the strongest that this machine offers.

    Raises:
        TierUnavailableError: the wanted tier, or every tier, lacks something; the message says what.
    """
    missing = missing_features()
    for tier in [wanted] if wanted else [Tier.B, Tier.A]:
        if not missing[tier.value]:
            return tier
    lacking = "; ".join(missing[(wanted or Tier.A).value])
    name = f"isolation tier {wanted.value}" if wanted else "the sandbox"
    instead = (
        "tier a can be had"
        if not missing[Tier.A.value]
        else f"for code that you trust, tier '{Tier.LIMITS_ONLY.value}' works without it, and isolates nothing"
    )
    raise TierUnavailableError(f"{name} cannot be had on this machine: it lacks {lacking}; {instead}")


class LocalSandbox:
    """Sessions in processes of this machine; an async context manager.

    The first session costs one start of the zygote (about two seconds of imports), every later one a fork.

    Args:
        tier: isolation that must be had; ``None`` takes the strongest there is.
        limits: limits of sessions that name none.
        pool: sessions forked ahead of need.
    """

    def __init__(self, *, tier: Tier | None = None, limits: Limits | None = None, pool: int = 2) -> None:
        self._wanted = tier
        self.limits = limits or Limits()
        self._usual = _guest_limits(self.limits)
        self._pool = pool
        self.tier: Tier | None = None
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folder: Path | None = None
        self._ready: deque[Process] = deque()
        self._requested: deque[dict[str, int]] = deque()
        """Limits of the sessions that the zygote was asked for and has not been heard to have forked."""
        self._lock = anyio.Lock()
        self._open = False
        self._refusal = ""

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """Kind, tier and guest libraries."""
        libraries: dict[str, JsonValue] = {**guest_libraries()}
        return {"kind": "local", "tier": self.tier.value if self.tier else None, "libraries": libraries}

    async def __aenter__(self) -> Self:
        missing = [name for name in _REQUIRED_MODULES if find_spec(name) is None]
        if missing:
            raise MissingExtraError("the sandbox", "guest")
        self.tier = available_tier(self._wanted)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._stop()

    @asynccontextmanager
    async def session(self, images: Sequence[Picture] = (), limits: Limits | None = None) -> AsyncIterator[Session]:
        """Open a session, see :class:`codedance.sandbox.contract.Sandbox`."""
        limits = limits or self.limits
        # The pool is filled while the session waits for its second cell: forks would slow its first one down.
        process = await self._acquire(limits)
        try:
            session = LocalSession(process, limits, when_idle=self._fill_pool)
        except OSError as error:
            process.close()
            raise SandboxError(f"a session could not be watched ({error.strerror}); {_NO_DESCRIPTORS}") from None
        try:
            await session.open(images)
            yield session
        finally:
            session.close()

    async def _acquire(self, limits: Limits) -> Process:
        """A fresh process: from the pool if the limits are the sandbox's own, else forked now."""
        async with self._lock:
            if not self._open or self.tier is None:
                raise SandboxError("the sandbox is closed; use it inside its `async with` block")
            for attempt in (1, 2):
                try:
                    await self._ensure_zygote()
                    return await self._take(_guest_limits(limits))
                except (OSError, EOFError) as error:
                    # The zygote has died: its sessions are lost, a new one starts.
                    self._stop()
                    if attempt == 2:
                        raise SandboxError(f"the sandbox's zygote process died twice ({error})") from None
        raise AssertionError("the second attempt returns or raises")

    async def _take(self, limits: dict[str, int]) -> Process:
        """The first living process with these limits: waiting in the pool, on its way, or asked for now.

        Answers come in the order of the requests. One that nobody waits for any more (its request was cancelled)
        belongs to the pool if it has the pool's limits, and is ended otherwise.
        """
        while self._ready and limits == self._usual:
            ready = self._ready.popleft()
            if ready.alive:
                return ready
            ready.close()
        while True:
            if limits not in self._requested:
                self._request(limits)
            came = self._requested[0]
            process = await self._receive()
            if process is None:
                if came == limits:
                    raise SandboxError(f"a session could not be started ({self._refusal})")
            elif came == limits and process.alive:
                return process
            elif came == self._usual and process.alive:
                self._ready.append(process)
            else:
                process.close()

    def _fill_pool(self) -> None:
        """Ask for what the pool lacks, without waiting: the zygote forks while others work."""
        missing = self._pool - len(self._ready) - self._requested.count(self._usual)
        with suppress(OSError, EOFError):  # who takes the next session will notice
            for _ in range(min(missing, _MOST_REQUESTED - len(self._requested))):
                self._request(self._usual)

    def _request(self, limits: dict[str, int]) -> None:
        if self._control is None:
            raise EOFError("no zygote")
        self._control.send(pack(limits))
        self._requested.append(limits)

    async def _receive(self) -> Process | None:
        """The answer to the oldest request; ``None`` if it could not be carried out.

        Raises:
            EOFError: the zygote has ended.
        """
        control = self._control
        if control is None:
            raise EOFError("no zygote")
        with anyio.move_on_after(_FORK_SECONDS):
            await anyio.wait_readable(control)
        message, descriptors, _, _ = socket.recv_fds(control, BIRTH.size, 8)
        if len(message) != BIRTH.size:
            raise EOFError("the zygote ended")
        self._requested.popleft()
        number, pid = BIRTH.unpack(message)
        if number == 0:
            self._refusal = f"the zygote could not fork: {os.strerror(pid)}"
            return None
        if len(descriptors) < (5 if sys.platform == "linux" else 4):
            # Ours are used up, and the kernel has closed the rest: that session has ended by this.
            for descriptor in descriptors:
                os.close(descriptor)
            self._refusal = _NO_DESCRIPTORS
            return None
        folder = self._folder / "session" / str(number) if self._folder and self.tier is not Tier.B else None
        group = pid if self.tier is Tier.LIMITS_ONLY else None
        return Process.from_descriptors(descriptors, group=group, folder=folder)

    async def _ensure_zygote(self) -> None:
        if self._zygote is not None and self._zygote.poll() is None:
            return
        self._stop()
        try:
            settings = self._launch()
        except OSError as error:  # no disk, no descriptors, no processes
            self._stop()
            raise SandboxError(f"the sandbox's zygote process could not be started ({error})") from None
        ours = self._control
        if ours is None:
            raise EOFError
        ours.send(pack(settings))
        ours.setblocking(False)
        answer: dict[str, str] = {}
        with anyio.move_on_after(_START_SECONDS):
            await anyio.wait_readable(ours)
            with suppress(EOFError, ValueError, OSError):
                ours.setblocking(True)
                answer = receive(ours)
                ours.setblocking(False)
        if answer.get("kind") != "ready":
            self._stop()
            raise SandboxError(f"the sandbox's zygote process did not start ({answer.get('error', 'no answer')})")

    def _launch(self) -> dict[str, JsonValue]:
        """Make the folder and start the process; gives the settings that it waits for."""
        self._folder = Path(tempfile.mkdtemp(prefix="codedance-"))
        workdir = self._folder / "session"
        workdir.mkdir(mode=0o700)
        environment = _guest_environment(self._folder)
        self._control, theirs = socket.socketpair()
        parent = Path(__file__).parent
        # -I: no user site, no environment; the guest package is found by its path and by nothing else.
        program = (
            f"import sys; sys.path.insert(0, {str(parent)!r}); from guest.zygote import main; sys.path.pop(0); main()"
        )
        with theirs:
            self._zygote = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [sys.executable, "-I", "-B", "-c", program],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        return {
            "tier": (self.tier or Tier.B).value,
            "folder": str(workdir),
            "readable": [*_readable()],
            "environment": [*environment],
        }

    def _stop(self) -> None:
        """End the zygote and with it every session; remove its folder."""
        for process in self._ready:
            process.close()
        self._ready.clear()
        self._requested.clear()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._zygote is not None:
            # Its whole process group: in tier B the zygote proper is a child of the process that we started.
            with suppress(ProcessLookupError):
                os.killpg(self._zygote.pid, signal.SIGKILL)
            self._zygote.wait()
            self._zygote = None
        if self._folder is not None:
            _remove(self._folder)
            self._folder = None


def _remove(folder: Path) -> None:
    """Remove the folder; a session that was being forked when its zygote was killed may still be making one in it."""
    remove_tree(str(folder))
    for _ in range(_REMOVALS):
        if not folder.exists():
            return
        time.sleep(_REMOVAL_SECONDS)
        remove_tree(str(folder))


def _guest_limits(limits: Limits) -> dict[str, int]:
    """What the session's own process is bound by; the host watches over the rest."""
    return {
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": max(1, round(limits.cpu_seconds)),
        "file_bytes": limits.file_bytes,
        "disk_bytes": limits.disk_bytes,
        "open_files": limits.open_files,
    }


def _guest_environment(folder: Path) -> dict[str, str]:
    """All that the guest's environment holds: nothing of the host's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder / "session"),
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "MPLBACKEND": "agg",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # One arena: glibc would reserve 64 MiB of address space for every thread.
        "MALLOC_ARENA_MAX": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _readable() -> list[str]:
    """Where the interpreter and its libraries lie."""
    return sorted({os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)} | {sys.prefix})
