"""Workers on a Ray cluster for work that is a function of a number: a part that was lost is made again, the same.

Each worker is an actor with one processor; Ray places them. Lost workers are replaced while there are processors for
them, and a cluster that grows is used.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Any, Generic, Self, TypeVar

from codedance.cluster.connection import connected, in_a_line, living_nodes
from codedance.errors import CodeDanceError, SandboxError

__all__ = ["CrewWorker", "RayCrew"]

T = TypeVar("T")
_LOOK_SECONDS = 2.0
_WAIT_SECONDS = 0.1
_MOST_TRIES = 4
"""A number that so many workers died of is not given to another."""
_PATIENCE_SECONDS = 120.0
"""How long there may be no worker at all."""
_KEPT = "what is made is kept, the same command goes on"


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error on purpose, as a value: Ray's own exceptions carry pages."""

    message: str


class CrewWorker(Generic[T]):
    """The body of an actor.

    Args:
        start: makes what does the work, when the first number comes.
    """

    def __init__(self, start: Callable[[], Callable[[int], T]]) -> None:
        self._start = start
        self._work: Callable[[int], T] | None = None

    def ready(self) -> bool:
        """Answers as soon as the actor has its place."""
        return True

    def make(self, number: int) -> T | _Fault:
        """Do the work of this number."""
        try:
            if self._work is None:
                self._work = self._start()
            return self._work(number)
        except CodeDanceError as error:
            return _Fault(str(error))


@dataclass(slots=True)
class _Job(Generic[T]):
    number: int
    future: Future[T]
    tries: int = 0


@dataclass(slots=True)
class _Worker(Generic[T]):
    actor: Any
    job: _Job[T] | None = None
    """``None`` while it waits for its place."""


@dataclass(slots=True)
class _State(Generic[T]):
    """Belongs to the dispatching thread alone."""

    pending: dict[Any, _Worker[T]] = field(default_factory=dict)
    """What is waited for, by Ray's reference to it."""
    idle: list[_Worker[T]] = field(default_factory=list)
    again: list[_Job[T]] = field(default_factory=list)
    looked: float = 0.0
    worked: float = 0.0
    """When there last was a worker."""
    silent: bool = False
    """The cluster's head did not tell its nodes when it was asked last."""
    waiting: set[Future[T]] = field(default_factory=set)
    """Of every part that was asked for and is not made yet."""


class RayCrew(Generic[T]):
    """Makes parts on every processor of a cluster; a context manager.

    Args:
        address: of the cluster, see :func:`~codedance.cluster.connection.connected`.
        start: called once in every worker; must be picklable, and give what makes a part from its number.
        most: of workers; as many as the cluster has processors if not named.
        tell: told in a line when workers come or are lost.
    """

    def __init__(
        self,
        address: str,
        start: Callable[[], Callable[[int], T]],
        *,
        most: int | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._address = address
        self._start = start
        self._most = most
        self._tell = tell
        self._stack = ExitStack()
        self._jobs: queue.SimpleQueue[_Job[T]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._wanted = 1
        self._failure: CodeDanceError | None = None

    @property
    def size(self) -> int:
        """Workers that there are to be."""
        return self._wanted

    def __enter__(self) -> Self:
        ray = self._stack.enter_context(connected(self._address))
        self._count(ray)
        thread = threading.Thread(target=self._dispatch, args=(ray,), daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._ended.set)
        self._tell(f"{self._wanted} workers")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def submit(self, number: int) -> Future[T]:
        """Have a part made.

        The future raises :class:`SandboxError` for what its worker could not do, or if there is no worker for too long.
        """
        job: _Job[T] = _Job(number, Future())
        self._jobs.put(job)
        return job.future

    def _count(self, ray: ModuleType) -> None:
        processors = sum(node.processors for node in living_nodes(ray))
        self._wanted = max(1, min(processors, self._most or processors))

    def _dispatch(self, ray: ModuleType) -> None:
        state: _State[T] = _State(worked=time.monotonic())
        try:
            self._work(ray, state)
        except Exception as error:  # the boundary of a thread: whoever waits for a part must hear of it
            self._fail(state, error)
        for worker in [*state.idle, *state.pending.values()]:
            with suppress(Exception):  # a boundary: it may be dead, and Ray says so in many ways
                ray.kill(worker.actor)

    def _fail(self, state: _State[T], error: Exception) -> None:
        """Answer everybody who waits, and who will ask until the end, that nothing more is made."""
        failure = SandboxError(f"the workers of the Ray cluster cannot be used any more ({in_a_line(error)}); {_KEPT}")
        failure.__cause__ = error
        self._failure = failure
        for future in tuple(state.waiting):
            future.set_exception(failure)
        state.again.clear()
        while not self._ended.wait(_WAIT_SECONDS):
            self._give_out(state)

    def _work(self, ray: ModuleType, state: _State[T]) -> None:
        while not self._ended.is_set():
            if time.monotonic() - state.looked > _LOOK_SECONDS:
                self._look(ray, state)
            self._give_out(state)
            if state.pending:
                done, _ = ray.wait(list(state.pending), num_returns=1, timeout=_WAIT_SECONDS)
                for reference in done:
                    self._take(ray, state, reference)
            else:
                self._ended.wait(_WAIT_SECONDS)

    def _look(self, ray: ModuleType, state: _State[T]) -> None:
        """Have as many workers as there are processors."""
        state.looked = time.monotonic()
        try:
            self._count(ray)
            if state.silent:
                self._tell("the Ray cluster's head tells its nodes again")
            state.silent = False
        except SandboxError as error:
            if not state.silent:
                self._tell(f"{error}; there are to be {self._wanted} workers as before, and it is asked again")
            state.silent = True
        for _ in range(self._wanted - len(state.idle) - len(state.pending)):
            made = ray.remote(CrewWorker).options(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")
            actor = made.remote(self._start)
            state.pending[actor.ready.remote()] = _Worker(actor)
        if state.idle or any(worker.job is not None for worker in state.pending.values()):
            state.worked = state.looked
        elif state.looked - state.worked > _PATIENCE_SECONDS:
            self._failure = SandboxError(
                f"no node of the Ray cluster took a worker for {_PATIENCE_SECONDS:g} s; {_KEPT}"
            )

    def _give_out(self, state: _State[T]) -> None:
        while self._failure is not None or state.idle:
            job = state.again.pop() if state.again else self._next(state)
            if job is None:
                return
            if self._failure is not None:
                job.future.set_exception(self._failure)
                continue
            worker = state.idle.pop()
            worker.job = job
            state.pending[worker.actor.make.remote(job.number)] = worker

    def _next(self, state: _State[T]) -> _Job[T] | None:
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        state.waiting.add(job.future)
        job.future.add_done_callback(state.waiting.discard)
        return job

    def _take(self, ray: ModuleType, state: _State[T], reference: object) -> None:
        """What became of a worker's call."""
        from ray.exceptions import RayError, RayTaskError

        worker = state.pending.pop(reference)
        job, worker.job = worker.job, None
        try:
            result = ray.get(reference)
        except RayTaskError as error:  # a bug of ours: its traceback is what is needed
            if job is not None:
                job.future.set_exception(error)
            state.idle.append(worker)
            return
        except RayError:
            if job is not None:
                self._lose(state, job)
            return
        state.idle.append(worker)
        if job is None:
            return
        if isinstance(result, _Fault):
            job.future.set_exception(SandboxError(f"a worker of the Ray cluster: {result.message}"))
        else:
            job.future.set_result(result)

    def _lose(self, state: _State[T], job: _Job[T]) -> None:
        job.tries += 1
        if job.tries >= _MOST_TRIES:
            job.future.set_exception(SandboxError(f"{job.tries} workers died of part {job.number}, the last just now"))
            return
        self._tell(f"a worker was lost; part {job.number} is made again by another")
        state.again.append(job)
