"""Are two mathematical expressions equal? Algebra of math-verify, in a process that may hang and be replaced."""

from __future__ import annotations

import json
import selectors
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from codedance.errors import MissingExtraError

__all__ = ["MathChecker", "Verdict", "algebra_on_demand"]

_PROGRAM = Path(__file__).with_name("math_worker.py")
_START_SECONDS = 60.0
"""Importing the algebra takes about a second, on a busy machine many."""


_LEAST_MEMORY = 256 * 2**20
_END_SECONDS = 0.1
"""How long a process may take to end after its pipe has."""
_TRIES = 2
"""A worker that ended without having used its time may have been killed from outside, and that is no verdict."""


class Verdict(StrEnum):
    """What came of a comparison."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"
    """It took too long or too much memory, or the process crashed."""


class MathChecker:
    r"""Compares LaTeX expressions as algebra: ``\frac{1}{2}`` is ``0.5``, ``(x+1)^2`` is ``x^2+2x+1``.

    Text of a model may hang the algebra or eat all memory (``9^{9^{9^9}}``), so it runs in a worker process with limits
    of time and memory, which is ended when a comparison goes beyond them and started again for the next one. The worker
    is started when first needed; verdicts are remembered. An undecided comparison counts as different.

    Whoever needs it holds one and closes it; several threads may share it (they take turns), processes may not. It
    blocks: asynchronous callers use a thread.

    Args:
        seconds: limit of processor time of one comparison: a verdict should not depend on how busy the machine is.
        wall_seconds: limit of wall-clock time of one comparison, for machines that are too busy even so.
        memory_bytes: limit of the worker's address space, 256 MiB at least.
        longest: characters of an expression beyond which it is not looked at: such an answer is different.
        remembered: how many verdicts are kept.

    Raises:
        MissingExtraError: math-verify is not installed. There is no silent fallback: a score must not depend on it.
    """

    def __init__(
        self,
        *,
        seconds: float = 5.0,
        wall_seconds: float = 30.0,
        memory_bytes: int = 2**30,
        longest: int = 1000,
        remembered: int = 65_536,
    ) -> None:
        if find_spec("math_verify") is None:
            raise MissingExtraError("comparing mathematical answers", "math")
        if memory_bytes < _LEAST_MEMORY:
            raise ValueError(f"the algebra needs {_LEAST_MEMORY // 2**20} MiB, not {memory_bytes} bytes")
        self.seconds = seconds
        self.wall_seconds = wall_seconds
        self.memory_bytes = memory_bytes
        self.longest = longest
        self.remembered = remembered
        self.undecided = 0
        """How many comparisons came to no verdict."""
        self._known: OrderedDict[tuple[str, str], Verdict] = OrderedDict()
        self._worker: _Worker | None = None
        self._lock = threading.Lock()

    def equivalent(self, said: str, wanted: str) -> bool:
        """Whether an answer's expression equals the reference's; fits :func:`codedance.rewards.matches`."""
        return self.verdict(said, wanted) is Verdict.SAME

    def verdict(self, said: str, wanted: str) -> Verdict:
        """Compare two expressions, given without dollar signs.

        Args:
            said: of the answer.
            wanted: of the reference. The two are not alike: an answer ``x = 5`` is right where ``5`` is wanted.
        """
        if max(len(said), len(wanted)) > self.longest or "$" in said or "$" in wanted:
            return Verdict.DIFFERENT
        key = (said, wanted)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            verdict = self._ask(key)
            self.undecided += verdict is Verdict.UNDECIDED
            self._known[key] = verdict
            if len(self._known) > self.remembered:
                self._known.popitem(last=False)
            return verdict

    def close(self) -> None:
        """End the worker; a later comparison starts another one."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, key: tuple[str, str]) -> Verdict:
        said, wanted = key
        for _ in range(_TRIES):
            self._worker = self._worker or _Worker(self.seconds, self.memory_bytes)
            reply = self._worker.ask(json.dumps([wanted, said]), self.wall_seconds)
            if reply in (Verdict.SAME, Verdict.DIFFERENT):
                return Verdict(reply)
            # It has ended, or is busy, or lacked memory and is in an unknown state: the next one starts afresh.
            lost = reply is None and self._worker.ended_by_another
            self._end()
            if not lost:
                break
        return Verdict.UNDECIDED

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


@contextmanager
def algebra_on_demand() -> Iterator[Callable[[str, str], bool]]:
    r"""Compares mathematical answers; what that needs is asked for with the first of them.

    Several threads may share it.

    Raises:
        MissingExtraError: by a comparison: math-verify is not installed.

    >>> with algebra_on_demand() as equivalent:
    ...     equivalent(r"\frac{1}{2}", "0.5")
    True
    """
    with ExitStack() as stack:
        held: list[MathChecker] = []
        lock = threading.Lock()

        def equivalent(said: str, wanted: str) -> bool:
            with lock:
                if not held:
                    held.append(stack.enter_context(MathChecker()))
            return held[0].equivalent(said, wanted)

        yield equivalent


class _Worker:
    """One process and its pipes."""

    def __init__(self, seconds: float, memory_bytes: int) -> None:
        # -P keeps this folder off the module path: its files have names like ``format``.
        command = [sys.executable, "-P", str(_PROGRAM), str(seconds), str(memory_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._finish = weakref.finalize(self, _stop, self._process)
        if self._line(_START_SECONDS) != "ready":
            self.stop()
            raise MissingExtraError("comparing mathematical answers (its worker does not start)", "math")

    @property
    def ended_by_another(self) -> bool:
        """Whether the process has ended, and not because its time was used up."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_SECONDS) != -signal.SIGPROF
        return False

    def ask(self, request: str, seconds: float) -> str | None:
        """The reply to a request; ``None`` if the worker died or did not reply in time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError:
            return None
        return self._line(seconds)

    def stop(self) -> None:
        self._finish()

    def _line(self, seconds: float) -> str | None:
        """The next line; replies are single words, so none is ever read in part for long."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                piece = self._process.stdout.read1(64)  # type: ignore[attr-defined]
                if not piece:
                    return None
                line += piece
        return line.decode("ascii", errors="replace").strip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
