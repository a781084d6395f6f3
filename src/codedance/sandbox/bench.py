"""What the sandbox costs, beside what the machine itself takes for the least that could be done; all from one run.

The floor of a session is a bare fork, exit and wait of a process with the same libraries loaded; that of a cell is an
echo over a socket pair; that of a picture is writing its pixels to a memory file. The rounds are interleaved, so that
what else the machine does falls on all of them alike. Compare figures of one run only.
"""

from __future__ import annotations

import os
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio

from codedance.errors import ungrouped
from codedance.sandbox.contract import Limits, Session, Tier
from codedance.sandbox.local import LocalSandbox
from codedance.sandbox.session import LocalSession

__all__ = ["GOALS", "IdleMemory", "Latency", "Report", "measure"]

GOALS = {"pooled": 0.15, "on demand": 0.5, "warm cell": 10.0, "throughput": 2.0, "private": 3.0}
"""Most (for throughput: least) times the floor; for ``private`` most MiB of an idle session."""
_SIDES = ((1024, 1024), (3840, 2160))
_CELLS_A_ROUND = 20


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one kind of thing, over all rounds."""

    name: str
    milliseconds: Sequence[float]
    floor: str | None = None
    """Name of the figure that it is compared with."""

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.milliseconds)

    @property
    def p99(self) -> float:
        """The 99th percentile (the largest value where there are fewer than a hundred)."""
        return sorted(self.milliseconds)[min(len(self.milliseconds) - 1, int(len(self.milliseconds) * 0.99))]


@dataclass(frozen=True)
class IdleMemory:
    """MiB of one session that waits for its next cell."""

    private: float | None
    """Pages of its own; ``None`` where this user may not look (sessions are not dumpable; root may)."""
    proportional: float | None
    """With its share of what it has in common with the zygote and others."""


@dataclass
class Report:
    """All figures of one run."""

    tier: str
    user: int
    processors: int
    latencies: dict[str, Latency] = field(default_factory=dict)
    sessions_per_second: dict[int, float] = field(default_factory=dict)
    """By how many sessions were in flight."""
    idle_memory: dict[int, IdleMemory] = field(default_factory=dict)
    """By how many sessions were alive."""
    pictures_per_second: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By size: pictures a second, and the floor's."""

    def ratio(self, name: str) -> float:
        """The median of a figure over that of its floor; for throughput the best rate times the bare fork."""
        if name == "throughput":
            return max(self.sessions_per_second.values()) * self.latencies["fork"].p50 / 1e3
        latency = self.latencies[name]
        return latency.p50 / self.latencies[latency.floor or name].p50


async def measure(
    *,
    tier: Tier | None = None,
    rounds: int = 100,
    in_flight: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    idle: Sequence[int] = (10, 50, 100),
    listener: Callable[[str], None] | None = None,
) -> Report:
    """Take all figures.

    Args:
        tier: isolation of the sessions; the strongest there is if not named.
        rounds: of the latencies.
        in_flight: numbers of sessions at once for the throughput.
        idle: numbers of sessions kept alive for the memory.
        listener: told what is measured next.

    Raises:
        SandboxError: no session could be started.
    """
    tell = listener or (lambda _: None)
    tell("loading the libraries")
    _load_libraries()
    usual = Limits(wall_seconds=60)
    async with LocalSandbox(tier=tier, limits=usual, pool=2) as pooled, LocalSandbox(tier=tier, pool=0) as bare:
        report = Report(pooled.tier.value if pooled.tier else "", os.getuid(), os.cpu_count() or 1)
        tell(f"latencies, {rounds} rounds")
        await _latencies(report, pooled, bare, rounds)
        for count in in_flight:
            tell(f"throughput, {count} in flight")
            report.sessions_per_second[count] = await _throughput(pooled, count)
        for count in idle:
            tell(f"memory, {count} sessions")
            report.idle_memory[count] = await _memory(pooled, count)
        for width, height in _SIDES:
            tell(f"pictures, {width} x {height}")
            report.pictures_per_second[f"{width} x {height}"] = await _pictures(pooled, width, height)
    return report


async def _latencies(report: Report, pooled: LocalSandbox, bare: LocalSandbox, rounds: int) -> None:
    figures: dict[str, list[float]] = {
        name: [] for name in ("fork", "echo", "loop echo", "pooled", "on demand", "warm cell")
    }
    echo = _Echo()
    for sandbox in (pooled, bare):
        async with sandbox.session() as session:
            await session.run("1")
    for _ in range(rounds):
        figures["fork"].append(_timed(_bare_fork))
        figures["echo"].append(statistics.median(_timed(echo.once) for _ in range(_CELLS_A_ROUND)))
        figures["loop echo"].append(statistics.median([await echo.in_loop() for _ in range(_CELLS_A_ROUND)]))
        for name, sandbox in (("on demand", bare), ("pooled", pooled)):
            begin = time.perf_counter()
            async with sandbox.session() as session:
                await session.run("x = 1")
                figures[name].append((time.perf_counter() - begin) * 1e3)
                if name == "pooled":
                    figures["warm cell"].append(await _warm_cell(session))
            await anyio.sleep(0.01)  # what was closed goes, the pool fills again
    echo.close()
    floors = {"pooled": "fork", "on demand": "fork", "warm cell": "echo"}
    report.latencies = {name: Latency(name, values, floors.get(name)) for name, values in figures.items()}


async def _warm_cell(session: Session) -> float:
    cells = []
    for _ in range(_CELLS_A_ROUND):
        begin = time.perf_counter()
        await session.run("x += 1")
        cells.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(cells)


async def _throughput(sandbox: LocalSandbox, at_once: int, seconds: float = 1.5) -> float:
    """Full sessions a second: open, one cell, close."""
    done, end = 0, time.perf_counter() + seconds

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < end:
            async with sandbox.session() as session:
                await session.run("x = 1")
            done += 1

    begin = time.perf_counter()
    with ungrouped():
        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(work)
    return done / (time.perf_counter() - begin)


async def _memory(sandbox: LocalSandbox, count: int) -> IdleMemory:
    """Of each of so many sessions that have run one cell."""
    from contextlib import AsyncExitStack

    private = proportional = 0
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(sandbox.session()) for _ in range(count)]
        for session in sessions:
            await session.run("x = 1")
        for session in sessions:
            kib = session.memory() if isinstance(session, LocalSession) else {}
            private += kib.get("Private_Clean", 0) + kib.get("Private_Dirty", 0)
            proportional += kib.get("Pss", 0)
    if not proportional:
        return IdleMemory(None, None)
    return IdleMemory(private / count / 1024, proportional / count / 1024)


async def _pictures(sandbox: LocalSandbox, width: int, height: int, count: int = 8) -> tuple[float, float]:
    """Pictures a second of a cell that shows some, encoded on the host; and memory files written a second."""
    make = (
        "import numpy as np\nfrom PIL import Image\n"
        f"y, x = np.mgrid[:{height}, :{width}]\n"
        "noise = np.random.default_rng(0).integers(0, 24, y.shape)\n"
        "p = np.stack([127 + 90 * np.sin(x / 50 + y / 90), x * 200 / x.max(), y * 200 / y.max()], -1)\n"
        "p = Image.fromarray((p + noise[..., None]).astype('uint8'))"
    )
    pixels = bytes(width * height * 3)
    async with sandbox.session() as session:
        await session.run(make)
        begin = time.perf_counter()
        result = await session.run(f"for _ in range({count}): p.show()")
        taken = time.perf_counter() - begin
        shown = len(result.pictures)
    floor = statistics.median(_timed(lambda: _memory_file(pixels)) for _ in range(count))
    return shown / taken, 1e3 / floor


def _memory_file(pixels: bytes) -> None:
    descriptor = os.memfd_create("floor")
    os.write(descriptor, pixels)
    os.close(descriptor)


def _bare_fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _timed(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1e3


def _load_libraries() -> None:
    """What the zygote loads, so that a bare fork of this process is the floor of its forks."""
    from codedance.errors import MissingExtraError

    try:
        import cv2
        import matplotlib
        import numpy as np
        from PIL import Image

        matplotlib.use("agg")
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("the sandbox", "guest") from None
    figure = pyplot.figure()
    pyplot.plot([1, 2])
    figure.canvas.draw()
    pyplot.close("all")
    Image.init()
    cv2.setNumThreads(1)
    np.random.default_rng()


class _Echo:
    """A child that sends back what it gets."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._child = os.fork()
        if self._child == 0:
            self._ours.close()
            while data := theirs.recv(4096):
                theirs.sendall(data)
            os._exit(0)
        theirs.close()

    def once(self) -> None:
        self._ours.sendall(b"x" * 64)
        self._ours.recv(4096)

    async def in_loop(self) -> float:
        """Milliseconds of the same through the event loop, as a cell goes."""
        begin = time.perf_counter()
        self._ours.sendall(b"x" * 64)
        await anyio.wait_readable(self._ours)
        self._ours.recv(4096)
        return (time.perf_counter() - begin) * 1e3

    def close(self) -> None:
        self._ours.close()
        os.waitpid(self._child, 0)
