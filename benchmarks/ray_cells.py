"""What a cell costs by way of a Ray cluster, beside the same cell in this machine's own sandbox.

    pip install -e '.[ray]'
    python benchmarks/ray_cells.py [--ray HOST:PORT] [--cells 200] [--rounds 5]

Both run the same cells in turns, in one process: a warm cell in a session that is open, and a session with its first
cell. Without ``--ray`` a cluster of this machine alone is started. Figures are medians of the rounds' medians, by the
wall clock; what is left of the difference is Ray's way there and back.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict

import anyio

from codedance.cluster.sandbox import RaySandbox
from codedance.sandbox import LocalSandbox, Sandbox


async def warm_cell_ms(sandbox: Sandbox, cells: int) -> float:
    """Median of cells in one session."""
    taken = []
    async with sandbox.session() as session:
        await session.run("1")
        for _ in range(cells):
            begin = time.perf_counter()
            result = await session.run("6 * 7")
            taken.append(time.perf_counter() - begin)
            if result.execution.value != "42":
                raise SystemExit(f"a cell said {result.execution.value!r}: the benchmark is broken")
    return 1e3 * statistics.median(taken)


async def session_ms(sandbox: Sandbox, sessions: int) -> float:
    """Median of sessions with one cell, one after the other."""
    taken = []
    for _ in range(sessions):
        begin = time.perf_counter()
        async with sandbox.session() as session:
            await session.run("6 * 7")
        taken.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(taken)


async def main(address: str, *, cells: int, rounds: int) -> None:
    """Measure both in turns and print the table."""
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    begin = time.monotonic()
    async with RaySandbox(address, tell=lambda line: print(line)) as ray:
        print(f"joined, and the first node's sandbox open, after {time.monotonic() - begin:.1f} s")
        async with LocalSandbox() as local:
            for _ in range(rounds):
                for name, sandbox in (("local", local), ("ray", ray)):
                    found["warm cell", name].append(await warm_cell_ms(sandbox, cells))
                    found["session with a cell", name].append(await session_ms(sandbox, cells // 4))
    for what in ("warm cell", "session with a cell"):
        here, there = (statistics.median(found[what, name]) for name in ("local", "ray"))
        print(f"{what:20} local {here:7.2f} ms, ray {there:7.2f} ms, ratio {there / here:5.2f}")
    print(f"{rounds} rounds of {cells} cells and {cells // 4} sessions, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ray", default="local", metavar="ADDRESS")
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    anyio.run(lambda: main(arguments.ray, cells=arguments.cells, rounds=arguments.rounds))
