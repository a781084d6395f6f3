"""What a session and a cell cost, beside the physical floor, interleaved in one process.

    python benchmarks/sandbox_latency.py [--rounds 40] [--tier b]

The floor of a session is a bare fork, exit and wait of a process with the same libraries loaded; the floor of a cell is
an echo over a socket pair. Figures are medians in milliseconds and ratios of medians; compare only within one run.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import time
from collections.abc import Callable

import anyio

from codedance.sandbox import Limits, LocalSandbox, Tier


def bare_fork() -> None:
    """Fork this process, which has the vision libraries loaded, and wait for the child."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def load_libraries() -> None:
    """What the zygote loads."""
    import cv2
    import matplotlib
    import numpy as np
    from PIL import Image

    matplotlib.use("agg")
    from matplotlib import pyplot

    pyplot.close("all")
    Image.init()
    cv2.setNumThreads(1)
    np.zeros(1)


class Echo:
    """A child that sends back what it gets."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            self.ours.close()
            while data := theirs.recv(4096):
                theirs.sendall(data)
            os._exit(0)
        theirs.close()

    def once(self) -> None:
        """There and back."""
        self.ours.sendall(b"x" * 64)
        self.ours.recv(4096)

    def close(self) -> None:
        """End the child."""
        self.ours.close()
        os.waitpid(self.child, 0)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of a call."""
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1e3


async def measure(rounds: int, tier: Tier | None) -> dict[str, list[float]]:
    """All figures, taken in turn."""
    figures: dict[str, list[float]] = {name: [] for name in ("fork", "echo", "on demand", "pooled", "warm cell")}
    echo = Echo()
    load_libraries()
    async with LocalSandbox(tier=tier, pool=1) as sandbox:
        async with sandbox.session() as session:
            await session.run("1")
        for _ in range(rounds):
            figures["fork"].append(timed(bare_fork))
            figures["echo"].append(statistics.median(timed(echo.once) for _ in range(20)))
            begin = time.perf_counter()
            # Limits that differ from the sandbox's own are not in the pool: this session is forked now.
            async with sandbox.session(limits=Limits(open_files=63)) as session:
                await session.run("x = 1")
                figures["on demand"].append((time.perf_counter() - begin) * 1e3)
            await anyio.sleep(0.03)  # lets the pool fill again
            begin = time.perf_counter()
            async with sandbox.session() as session:
                await session.run("x = 1")
                figures["pooled"].append((time.perf_counter() - begin) * 1e3)
                cells = []
                for _ in range(20):
                    begin = time.perf_counter()
                    await session.run("x += 1")
                    cells.append((time.perf_counter() - begin) * 1e3)
                figures["warm cell"].append(statistics.median(cells))
        print(f"tier {sandbox.tier.value if sandbox.tier else None}, {rounds} rounds, user id {os.getuid()}")
    echo.close()
    return figures


def main() -> None:
    """Read the arguments, measure, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--tier", type=Tier, choices=[Tier.B, Tier.A], default=None)
    arguments = parser.parse_args()
    figures = anyio.run(measure, arguments.rounds, arguments.tier)
    middle = {name: statistics.median(values) for name, values in figures.items()}
    floors = {"on demand": "fork", "pooled": "fork", "warm cell": "echo"}
    words = {
        "fork": "floor: bare fork, exit, wait",
        "echo": "floor: socket pair echo",
        "on demand": "session on demand, first cell included",
        "pooled": "pooled session, first cell included",
        "warm cell": "warm cell",
    }
    for name, value in middle.items():
        ratio = f"{value / middle[floors[name]]:8.2f} x the floor" if name in floors else ""
        print(f"  {words[name]:42} p50 {value:8.3f} ms {ratio}")


if __name__ == "__main__":
    main()
