"""Joining a Ray cluster as its driver, and leaving it; the only place that starts or stops Ray."""

from __future__ import annotations

import io
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from codedance.errors import MissingExtraError, SandboxError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Node", "connected", "in_a_line", "living_nodes"]

_PROBE_SECONDS = 5.0
_WORDS = ("auto", "local")


@dataclass(frozen=True, slots=True)
class Node:
    """A living node that offers processors."""

    id: str
    address: str
    processors: int


@contextmanager
def connected(address: str) -> Iterator[ModuleType]:
    """Connect to a cluster; gives Ray's module. A connection that is there already is used and left as it is.

    Args:
        address: ``HOST:PORT`` of the head; ``auto`` for the cluster that this machine belongs to; ``local`` for a
            cluster of this machine alone, which ends with the program.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: there is no cluster, or one of another version of Ray or Python.
    """
    _check(address)
    try:
        import ray
    except ImportError:
        raise MissingExtraError("--ray", "ray") from None
    if ray.is_initialized():
        yield ray
        return
    # Workers' output stays in Ray's log files: what the driver prints is for people and programs.
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "include_dashboard": False}
    if address != "local":
        del options["include_dashboard"]
    try:
        ray.init(address=address, configure_logging=True, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"--ray {address}: cannot join the cluster ({in_a_line(error)})") from None
    try:
        with redirect_stdout(_Quieter(sys.stdout)):
            yield ray
    finally:
        with redirect_stdout(io.StringIO()):  # what it had not printed yet, it prints now, in our thread
            ray.shutdown()


def living_nodes(ray: ModuleType) -> list[Node]:
    """Nodes that are alive and offer at least one processor, in the order of their ids.

    Raises:
        SandboxError: the cluster's head does not tell them; it may later.
    """
    try:
        nodes = [
            Node(str(one["NodeID"]), str(one["NodeManagerAddress"]), int(one["Resources"].get("CPU", 0)))
            for one in ray.nodes()
            if one["Alive"]
        ]
    except Exception as error:  # a boundary: what Ray raises when its head does not answer is not written down
        raise SandboxError(f"the Ray cluster's head does not tell its nodes ({in_a_line(error)})") from error
    return sorted((node for node in nodes if node.processors >= 1), key=lambda node: node.id)


def in_a_line(error: BaseException) -> str:
    r"""Kind of an error, and the beginning of what it says: Ray's own texts are pages.

    >>> in_a_line(ValueError("no such port\nand much more"))
    'ValueError: no such port'
    """
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said[:300]}" if said else type(error).__name__


class _Quieter(io.TextIOBase):
    """Passes on what everybody writes but Ray's own threads.

    They print the last lines of a dead node's log on standard output, which belongs to the results of the program.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


def _check(address: str) -> None:
    """Refuse at once what Ray would try for minutes."""
    if address in _WORDS:
        return
    if address.startswith("ray://"):
        raise UsageError(f"--ray {address}: start the command on a node of the cluster and give HOST:PORT or auto")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--ray {address}: write HOST:PORT of the cluster's head (usually port 6379), auto, or local")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PROBE_SECONDS).close()
    except OSError as error:
        raise UsageError(
            f"--ray {address}: nothing answers there ({error.strerror or error}); "
            f"start a cluster with: ray start --head --port={port}"
        ) from None
