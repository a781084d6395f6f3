"""A full session and a warm cell of this sandbox beside those of its peers, interleaved in one process.

    pip install jupyter_client ipykernel smolagents     # whichever of them is to be measured
    python benchmarks/sandbox_peers.py [--rounds 10] [--tier b]

A full session is: make it, import the vision libraries, compute one thing, end it. Peers that are not installed are
left out and named. What isolates and what does not is part of the table: a fast peer without walls is no
replacement.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from types import TracebackType

import anyio

from codedance.sandbox import LocalSandbox, Tier

FIRST = (
    "import cv2\nimport numpy as np\nfrom matplotlib import pyplot\nfrom PIL import Image\n"
    "x = int(cv2.blur(np.ones((9, 9)), (3, 3)).sum())"
)
WARM = "x += 1"


class Peer(ABC):
    """Something that runs Python for a model."""

    name: str
    walls: str

    @abstractmethod
    async def open(self) -> None:
        """Make a session."""

    @abstractmethod
    async def run(self, code: str) -> None:
        """Run a cell and wait for its end."""

    @abstractmethod
    async def close(self) -> None:
        """End the session."""


class Ours(Peer):
    """Sessions of this project."""

    name = "CodeDance"

    def __init__(self, sandbox: LocalSandbox) -> None:
        self._sandbox = sandbox
        self.walls = f"tier {sandbox.tier.value if sandbox.tier else ''}"

    async def open(self) -> None:
        self._context = self._sandbox.session()
        self._session = await self._context.__aenter__()

    async def run(self, code: str) -> None:
        assert (await self._session.run(code)).execution.ok

    async def close(self) -> None:
        await self._context.__aexit__(None, None, None)


class Jupyter(Peer):
    """A Jupyter kernel."""

    name = "Jupyter kernel"
    walls = "none"

    def __init__(self) -> None:
        from jupyter_client.manager import KernelManager

        self._manager = KernelManager

    async def open(self) -> None:
        self._kernel = self._manager()
        self._kernel.start_kernel()
        self._client = self._kernel.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    async def run(self, code: str) -> None:
        reply = self._client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok"

    async def close(self) -> None:
        self._client.stop_channels()
        self._kernel.shutdown_kernel(now=True)


class Smolagents(Peer):
    """The interpreter inside the process that smolagents uses by default."""

    name = "smolagents, in process"
    walls = "none"

    def __init__(self) -> None:
        from smolagents.local_python_executor import LocalPythonExecutor

        self._make = LocalPythonExecutor

    async def open(self) -> None:
        self._executor = self._make(additional_authorized_imports=["numpy", "PIL", "cv2", "matplotlib.*"])
        self._executor.send_tools({})

    async def run(self, code: str) -> None:
        self._executor(code)

    async def close(self) -> None:
        del self._executor


class Fresh(Peer):
    """A new Python process that reads cells from a pipe: what most home-made tools do."""

    name = "new Python process"
    walls = "none"

    async def open(self) -> None:
        loop = "import sys\nn = {}\nfor line in sys.stdin:\n    exec(eval(line), n)\n    print('done', flush=True)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def run(self, code: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(repr(code) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    async def close(self) -> None:
        self._process.kill()
        self._process.communicate()


async def full_session(peer: Peer) -> tuple[float, float]:
    """Milliseconds of a full session, and of a warm cell in it (which the session's time leaves out)."""
    begin = time.perf_counter()
    await peer.open()
    await peer.run(FIRST)
    taken, warm = time.perf_counter() - begin, []
    for _ in range(10):
        begin = time.perf_counter()
        await peer.run(WARM)
        warm.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    await peer.close()
    return (taken + time.perf_counter() - begin) * 1e3, statistics.median(warm) * 1e3


class Quiet:
    """Keeps what peers print out of the table."""

    def __enter__(self) -> None:
        self._kept = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.dup2(self._kept, 2)
        os.close(self._kept)


async def measure(rounds: int, tier: Tier | None) -> None:
    """Measure all in turn and print the table."""
    async with LocalSandbox(tier=tier) as sandbox:
        peers: list[Peer] = [Ours(sandbox), Fresh()]
        for kind in (Jupyter, Smolagents):
            try:
                peers.append(kind())
            except ImportError as error:
                print(f"left out: {kind.name} ({error})")
        full: dict[str, list[float]] = {peer.name: [] for peer in peers}
        warm: dict[str, list[float]] = {peer.name: [] for peer in peers}
        with Quiet():
            for peer in peers:
                await full_session(peer)
            for _ in range(rounds):
                for peer in peers:
                    session, cell = await full_session(peer)
                    full[peer.name].append(session)
                    warm[peer.name].append(cell)
    ours = peers[0].name
    print(f"{rounds} rounds, user id {os.getuid()}, medians")
    print(f"  {'':26} {'walls':8} {'session ms':>11} {'x ours':>8} {'cell ms':>9} {'x ours':>8}")
    for peer in peers:
        session, cell = statistics.median(full[peer.name]), statistics.median(warm[peer.name])
        ratios = session / statistics.median(full[ours]), cell / statistics.median(warm[ours])
        print(f"  {peer.name:26} {peer.walls:8} {session:11.2f} {ratios[0]:8.1f} {cell:9.3f} {ratios[1]:8.1f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tier", type=Tier, choices=[Tier.B, Tier.A], default=None)
    arguments = parser.parse_args()
    anyio.run(measure, arguments.rounds, arguments.tier)


if __name__ == "__main__":
    main()
