"""Hundreds of episodes in flight through the one loop; each is on disk as soon as it has ended.

A server that fails is asked again, by the model's own retries and then by beginning the episode anew. What fails for
good is an error: it is stored, shown, and tried again when the run is started again. It is never scored as an answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from codedance.bench.contract import Benchmark
from codedance.bench.data.loading import LoadedRow
from codedance.bench.evaluation.ends import failed_row, is_failed
from codedance.bench.evaluation.run import EvalRun
from codedance.bench.evaluation.settings import Patience
from codedance.bench.outcomes import Outcome
from codedance.episode import Rollout, run_episode
from codedance.errors import (
    ModelAccessError,
    ModelError,
    ModelNotFoundError,
    ModelUnreachableError,
    SandboxError,
    SandboxLostError,
    ungrouped,
)
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.models.server import ServerModel
from codedance.models.spread import SpreadModel
from codedance.sandbox import Sandbox
from codedance.schema import Failure, FailureKind, StopReason, Trajectory

__all__ = ["Progress", "evaluate"]

_AT_ONCE = 64
"""Episodes that are written with one sync at most."""
_MOMENT_SECONDS = 0.01
_LONGEST_WAIT_SECONDS = 60.0
_HOPELESS: dict[str, type[ModelError]] = {one.__name__: one for one in (ModelAccessError, ModelNotFoundError)}
"""What no patience helps against: the run stops, and the row is not marked."""
_PASSING = frozenset({ModelUnreachableError.__name__, SandboxLostError.__name__})
"""What is waited for: a server that is away for a while, another machine for code than the one that was lost."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    ended: int
    """Attempts that have ended, those of earlier starts included."""
    total: int
    right: int
    """By the strict scorers."""
    errors: int
    faults: int
    """How often a server or the sandbox has failed since this start, and was tried again or given up."""

    @classmethod
    def of(cls, run: EvalRun, *, faults: int = 0) -> Progress:
        """How far a run has come."""
        return cls(run.ended, run.total, run.counts[Outcome.RIGHT], run.counts[Outcome.ERROR], faults)

    @property
    def status(self) -> str:
        """In a few words.

        >>> Progress(ended=8, total=20, right=6, errors=0, faults=2).status
        '75.0 % right (6/8), faults 2'
        """
        share = f"{100 * self.right / self.ended:.1f} % right ({self.right}/{self.ended})" if self.ended else ""
        errors = f"errors {self.errors}" if self.errors else ""
        faults = f"faults {self.faults}" if self.faults else ""
        return ", ".join(part for part in (share, errors, faults) if part)


@dataclass(frozen=True, slots=True)
class _Job:
    benchmark: Benchmark
    row: LoadedRow
    attempt: int


_Finished = tuple[Benchmark, str, Trajectory, Mapping[str, Picture]]


async def evaluate(
    run: EvalRun,
    model: Model,
    sandbox: Sandbox,
    *,
    patience: Patience | None = None,
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Ask every attempt that has not ended, and write the scores.

    Args:
        run: where it is written, and what has ended already.
        model: what is asked.
        sandbox: where its code runs.
        patience: how many at once, and what is done about failures.
        listener: told whenever some episodes have been written.

    Raises:
        ModelAccessError, ModelNotFoundError: the server refuses the key or has no such model.
        ModelUnreachableError: many episodes in a row could not be had; what has ended is kept.
        StoreError: the disk refuses.
    """
    runner = _Runner(run, model, sandbox, patience or Patience(), listener)
    try:
        with ungrouped(BaseException):  # the first reason; the others are its consequences
            await runner.work()
    except _GivenUpError as given_up:
        # Only now, since what had ended by then has been written meanwhile.
        raise given_up.told(run) from None
    run.finish()
    return runner.progress()


class _GivenUpError(Exception):
    """So many episodes in a row have failed that the others are not begun."""

    def __init__(self, in_a_row: int, failure: Failure) -> None:
        super().__init__(failure.message)
        self.in_a_row = in_a_row
        self.failure = failure

    def told(self, run: EvalRun) -> SandboxError | ModelUnreachableError:
        """As the run's end: how much of it need not be asked again; what failed is stored, and asked again."""
        error = SandboxError if self.failure.kind is FailureKind.SANDBOX else ModelUnreachableError
        reason = self.failure.message
        end = "" if reason.endswith((".", "?", "!")) else "."
        return error(
            f"{self.in_a_row} episodes in a row failed, the last with: {reason}{end} {run.total - run.left} of "
            f"{run.total} have ended without an error and are kept; start the same command again to go on"
        )


class _Runner:
    def __init__(
        self, run: EvalRun, model: Model, sandbox: Sandbox, patience: Patience, listener: Callable[[Progress], None]
    ) -> None:
        self.run = run
        self.model = model
        self.sandbox = sandbox
        self.patience = patience
        self.listener = listener
        self.faults = 0
        self.failures_in_a_row = 0
        self.answered = False
        """True once the model has answered anything since this start."""

    def progress(self) -> Progress:
        return Progress.of(self.run, faults=self.faults + self._model_faults())

    async def work(self) -> None:
        """Read rows, run episodes, write ends: three kinds of tasks joined by two small buffers."""
        self.listener(self.progress())
        jobs, take = anyio.create_memory_object_stream[_Job](0)
        done, collect = anyio.create_memory_object_stream[_Finished](_AT_ONCE)
        async with anyio.create_task_group() as group:
            group.start_soon(self._read, jobs)
            group.start_soon(self._write, collect)
            async with done, take:
                for _ in range(min(self.patience.concurrency, self.run.total)):
                    group.start_soon(self._serve, take.clone(), done.clone())

    async def _read(self, jobs: MemoryObjectSendStream[_Job]) -> None:
        async with jobs:
            for place in self.run.places:
                rows = place.loaded.without(self._all_done(place.benchmark))
                # Decoding and drawing pictures takes a while: in a thread, the episodes go on meanwhile.
                while few := await anyio.to_thread.run_sync(_next_few, rows):
                    for row in few:
                        await self._send(place.benchmark, row, jobs)

    async def _send(self, benchmark: Benchmark, row: LoadedRow, jobs: MemoryObjectSendStream[_Job]) -> None:
        for attempt in self._open(benchmark, row.key):
            if row.task is None:
                end = failed_row(benchmark, row.key, row.row, row.fault or "no picture", attempt=attempt)
                self.run.add_fault(benchmark, end)
                self.listener(self.progress())
            else:
                await jobs.send(_Job(benchmark, row, attempt))

    def _all_done(self, benchmark: Benchmark) -> Callable[[str], bool]:
        return lambda key: not self._open(benchmark, key)

    def _open(self, benchmark: Benchmark, key: str) -> list[int]:
        """Attempts at a row that are still to be made."""
        return [one for one in range(self.run.settings.attempts) if not self.run.is_done(benchmark, key, one)]

    async def _serve(self, take: MemoryObjectReceiveStream[_Job], done: MemoryObjectSendStream[_Finished]) -> None:
        async with take, done:
            async for job in take:
                rollout = await self._play(job)
                self._judge_failure(rollout.trajectory)
                await done.send((job.benchmark, job.row.key, rollout.trajectory, rollout.pictures))

    async def _write(self, collect: MemoryObjectReceiveStream[_Finished]) -> None:
        async with collect:
            try:
                async for one in collect:
                    await anyio.to_thread.run_sync(self.run.add, [one, *_waiting(collect)])
                    self.listener(self.progress())
            finally:
                # What has ended is kept also when the run is stopped: it is not asked again.
                self.run.add(_waiting(collect))

    async def _play(self, job: _Job) -> Rollout:
        """Run an episode, and again while what failed may pass."""
        begin = time.monotonic()
        wait = self.patience.first_wait_seconds
        unreadable = 0
        while True:
            rollout = await self._once(job)
            failure = rollout.trajectory.failure
            if failure is None or not is_failed(rollout.trajectory):
                self.answered = True
                return rollout
            if failure.type in _HOPELESS:
                raise _HOPELESS[failure.type](failure.message)
            if failure.type in _PASSING:
                # A node that was lost says nothing about the others: no answer need have come before.
                known = self.answered or failure.type == SandboxLostError.__name__
                if not known or time.monotonic() - begin + wait > self.patience.outage_seconds:
                    return rollout
            else:
                unreadable += 1
                if unreadable >= self.patience.unreadable_tries:
                    return rollout
            self.faults += failure.kind is FailureKind.SANDBOX
            await anyio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - so that not all come back at once
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    async def _once(self, job: _Job) -> Rollout:
        assert job.row.task is not None  # rows without one never become a job
        faults = self._model_faults()
        rollout = await run_episode(
            job.row.task,
            job.row.pictures,
            model=self.model,
            sandbox=self.sandbox,
            settings=self.run.settings.of_attempt(job.attempt),
            attempt=job.attempt,
        )
        if rollout.trajectory.stop is StopReason.TIME and self._model_faults() > faults:
            # Its seconds may have gone by while a failing server was asked again: that is not the model's fault.
            message = "the episode's seconds ran out while the server was failing"
            failure = Failure(kind=FailureKind.MODEL, type="TimeLost", message=message)
            update = {"stop": StopReason.MODEL_FAILED, "failure": failure}
            return Rollout(rollout.trajectory.model_copy(update=update), rollout.pictures, rollout.tokens)
        return rollout

    def _judge_failure(self, trajectory: Trajectory) -> None:
        """Stop a run in which nothing can be had any more."""
        if not is_failed(trajectory):
            self.failures_in_a_row = 0
            return
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= self.patience.failures_in_a_row and trajectory.failure is not None:
            raise _GivenUpError(self.failures_in_a_row, trajectory.failure)

    def _model_faults(self) -> int:
        return self.model.faults if isinstance(self.model, ServerModel | SpreadModel) else 0


def _waiting(collect: MemoryObjectReceiveStream[_Finished]) -> list[_Finished]:
    """What can be had without waiting."""
    found: list[_Finished] = []
    while len(found) < _AT_ONCE:
        try:
            found.append(collect.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream, anyio.ClosedResourceError):
            break
    return found


def _next_few(rows: Iterator[LoadedRow]) -> list[LoadedRow]:
    """As many rows as can be had in a moment, at least one if there is one: a change of threads for each costs more."""
    found: list[LoadedRow] = []
    begin = time.monotonic()
    for row in rows:
        found.append(row)
        if len(found) >= _AT_ONCE or time.monotonic() - begin > _MOMENT_SECONDS:
            break
    return found
