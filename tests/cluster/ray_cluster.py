"""A real Ray cluster of several nodes on this machine, in a process of its own, whose nodes can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from codedance.cluster.sandbox import RaySandbox

__all__ = ["ENVIRONMENT", "RayCluster", "started", "until_both"]

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Nodes and drivers talk over loopback, as Ray does where it cannot have clusters of several machines.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # What Ray gives its own processes to start and to answer is too little on a machine that is busy with other tests.
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_timeout_ms": "60000",
    # Ray gives its workers the niceness 15: beside two busy processes they would hardly ever run.
    "RAY_worker_niceness": "0",
}
_PROGRAM = """
import sys
from ray.cluster_utils import Cluster

options = {"object_store_memory": 80 << 20, "num_cpus": 1}

def patiently(make, tries=8):
    # A node gives its own helpers 15 s to start, by a constant, which a busy machine may not manage.
    for left in range(tries - 1, -1, -1):
        try:
            return make()
        except Exception as error:
            print("again", repr(error), file=sys.stderr, flush=True)
            if left == 0:
                raise

cluster = Cluster()
patiently(lambda: cluster.add_node(**options, include_dashboard=False))
others = [patiently(lambda: cluster.add_node(**options)) for _ in range(int(sys.argv[1]) - 1)]
print("address", cluster.address, flush=True)
for line in sys.stdin:
    if line.startswith("kill"):
        for started in others.pop().all_processes.values():
            for one in started:
                one.process.kill()
                one.process.wait()
    while line.startswith("fill") and len(others) < int(sys.argv[1]) - 1:
        others.append(patiently(lambda: cluster.add_node(**options)))
    print("done", flush=True)
cluster.shutdown()
"""


class RayCluster:
    """Its head is a node too, and stays."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self._process = process
        self.address = address

    def kill_a_node(self) -> None:
        """Kill the processes of the node that came last, without a word to them."""
        self._ask("kill")

    def fill(self) -> None:
        """Start nodes until there are as many as there were."""
        self._ask("fill")

    def _ask(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        _line(self._process, "done")


@contextmanager
def started(nodes: int) -> Iterator[RayCluster]:
    """Start a cluster of so many nodes with one processor each, and end it."""
    command = [sys.executable, "-c", _PROGRAM, str(nodes)]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        ) as process,
    ):
        try:
            try:
                address = _line(process, "address").split()[1]
            except AssertionError as error:
                log.seek(0)
                error.add_note(log.read()[-3000:])
                raise
            yield RayCluster(process, address)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=60)


async def until_both(sandbox: RaySandbox) -> None:
    """Wait until two nodes can be used."""
    with anyio.fail_after(300):
        while len(sandbox.sessions_by_node()) < 2:
            await anyio.sleep(0.1)


def _line(process: subprocess.Popen[str], begin: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(begin):
            return line
    raise AssertionError("the Ray cluster did not start")
