"""Many trajectories run again, several at once, counted: the check of a data set and ``codedance replay`` use it."""

from __future__ import annotations

import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import anyio
from pydantic import Field, ValidationError

from codedance.episode.comparison import Sameness
from codedance.episode.replay import TurnVerdict, replay
from codedance.errors import DataError, PictureError, SandboxError, StoreError, ungrouped
from codedance.imaging import Picture
from codedance.sandbox.contract import Sandbox
from codedance.schema import ImageRef, Record, Text, Trajectory
from codedance.schema.counts import counted
from codedance.store.records import NO_JSON, line_fault

__all__ = [
    "MOST_EXAMPLES",
    "Recorded",
    "ReplayReport",
    "Replayed",
    "choose",
    "recorded_at",
    "replay_all",
    "replay_page",
]

MOST_EXAMPLES = 20
"""Differences that are shown; all are counted."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trajectory as it lies on disk, read only when its turn comes."""

    line: bytes
    find: Callable[[ImageRef], Picture]
    """Reads a picture by its reference."""
    place: Callable[[], str] = lambda: "the file"
    """Where it lies; asked if it is no trajectory."""


class Replayed(Record):
    """How one trajectory fared."""

    id: Text
    verdicts: tuple[TurnVerdict, ...] = ()
    """Of every turn that did something, in order."""
    failure: Text | None = None
    """Why it could not run; no difference of the trajectory's."""
    unreadable: bool = False
    """True if there is no trajectory; ``id`` is then the place, and ``failure`` what is wrong."""

    @property
    def different(self) -> bool:
        """True if a cell differs and nothing explains it."""
        return any(one.sameness is Sameness.DIFFERENT for one in self.verdicts)


class ReplayReport(Record):
    """How code fared that ran again."""

    trajectories: int = 0
    """That ran."""
    of: int = 0
    """Trajectories that were to choose from."""
    seed: int = 0
    """What chose the sample."""
    cells: dict[str, int] = Field(default_factory=dict)
    """Cells by sameness: ``same``, ``close``, ``explained``, ``different``, ``unrecorded``."""
    reasons: dict[str, int] = Field(default_factory=dict)
    """Differences that were explained or close, by reason."""
    statuses: dict[str, int] = Field(default_factory=dict)
    """How the cells ended this time."""
    silent: int = 0
    """Trajectories that had nothing to run."""
    different: int = 0
    """Trajectories with a difference that nothing explains."""
    failures: int = 0
    """Trajectories that could not run because the sandbox or the disk failed."""
    unreadable: int = 0
    """Lines that are no trajectories."""
    examples: tuple[Text, ...] = ()
    """The first differences without a reason, and the first failures."""
    seconds: float = 0.0

    @property
    def exact(self) -> bool:
        """True if every cell showed exactly what it showed."""
        inexact = sum(self.cells.get(one.value, 0) for one in (Sameness.CLOSE, Sameness.EXPLAINED))
        return self.repeated and inexact == 0

    @property
    def repeated(self) -> bool:
        """True if nothing differs without a reason, and everything could be read and run."""
        return self.different == 0 and self.failures == 0 and self.unreadable == 0


def choose(offsets: Sequence[int], count: int | None, seed: int) -> list[int]:
    """A sample of so many, in the order of the file; ``None`` or too large a number is all.

    >>> choose([0, 10, 20, 30], 2, seed=1) == choose([0, 10, 20, 30], 2, seed=1)
    True
    """
    if count is None or count >= len(offsets):
        return list(offsets)
    return sorted(Random(seed).sample(list(offsets), count))  # noqa: S311 - reproducible, not secret


def recorded_at(path: Path, offsets: Sequence[int], find: Callable[[ImageRef], Picture]) -> Iterator[Recorded]:
    """The trajectories that begin at these bytes of a file; raises :class:`StoreError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            for offset in offsets:
                file.seek(offset)
                yield Recorded(file.readline(), find, partial(_line_at, path, offset))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from None


async def replay_all(
    recorded: Iterator[Recorded],
    *,
    sandbox: Sandbox,
    sessions: int = 4,
    of: int = 0,
    seed: int = 0,
    listener: Callable[[Replayed], None] = lambda one: None,
) -> ReplayReport:
    """Run trajectories again in fresh sessions and count how they compare with what was recorded.

    Args:
        recorded: which; taken one by one as sessions become free.
        sandbox: where the code runs.
        sessions: how many run at once.
        of: how many there are to choose from, for the report.
        seed: what chose them, for the report.
        listener: told of each that has run, in the order in which they end.

    Raises:
        SandboxError: not one trajectory could run.
        StoreError: the file of trajectories cannot be read.
    """
    tally, numbered = _Tally(), enumerate(recorded)
    begin = time.monotonic()

    async def work() -> None:
        for number, one in numbered:
            done = await _one(one, sandbox, tally)
            tally.count(number, done)
            listener(done)

    with ungrouped():
        async with anyio.create_task_group() as group:
            for _ in range(max(1, sessions)):
                group.start_soon(work)
    if tally.broken is not None and not tally.ran:
        raise tally.broken
    return tally.report(of=of, seed=seed, seconds=time.monotonic() - begin)


@dataclass(slots=True)
class _Tally:
    """What has come of it so far."""

    ran: int = 0
    silent: int = 0
    different: int = 0
    failures: int = 0
    unreadable: int = 0
    broken: SandboxError | None = None
    cells: Counter[Sameness] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, int, str]] = field(default_factory=list)
    """Those of the first trajectories, whichever ended first: number of the trajectory, of its example, text."""

    def count(self, number: int, one: Replayed) -> None:
        if one.unreadable:
            self.unreadable += 1
            self._example(number, f"{one.id} {one.failure}")
            return
        if one.failure is not None:
            self.failures += 1
            self._example(number, f"{one.id} could not run: {one.failure}")
            return
        self.ran += 1
        self.silent += not one.verdicts
        self.different += one.different
        for verdict in one.verdicts:
            self._verdict(number, one.id, verdict)

    def _verdict(self, number: int, name: str, verdict: TurnVerdict) -> None:
        self.cells[verdict.sameness] += 1
        self.statuses[verdict.status.value] += 1
        for one in verdict.differences:
            if one.sameness is Sameness.DIFFERENT:
                found = f" ({one.reason})" if one.reason else f": was {one.recorded!r}, is {one.replayed!r}"
                self._example(number, f"{name}, turn {verdict.turn + 1}, {one.aspect.value}{found}")
            else:
                # What numbers a reason holds (pixels, turns) would make one kind of difference many.
                reason = (one.reason or "").split(":")[0] if one.sameness is Sameness.EXPLAINED else "rounding"
                self.reasons[f"{one.aspect.value}, {one.sameness.value}: {reason}"] += 1

    def _example(self, number: int, text: str) -> None:
        insort(self.examples, (number, sum(number == other for other, _, _ in self.examples), text))
        del self.examples[MOST_EXAMPLES:]

    def report(self, *, of: int, seed: int, seconds: float) -> ReplayReport:
        return ReplayReport(
            trajectories=self.ran,
            of=of,
            seed=seed,
            cells={one.value: self.cells[one] for one in Sameness},
            reasons=dict(self.reasons.most_common()),
            statuses=dict(self.statuses.most_common()),
            silent=self.silent,
            different=self.different,
            failures=self.failures,
            unreadable=self.unreadable,
            examples=tuple(text for _, _, text in self.examples),
            seconds=seconds,
        )


async def _one(recorded: Recorded, sandbox: Sandbox, tally: _Tally) -> Replayed:
    verdicts: list[TurnVerdict] = []
    try:
        trajectory = Trajectory.model_validate_json(recorded.line)
    except ValidationError as error:
        return Replayed(id=recorded.place(), failure=_fault(error), unreadable=True)
    try:
        async with aclosing(replay(trajectory, recorded.find, sandbox=sandbox)) as found:
            verdicts += [verdict async for verdict in found]
    except (DataError, PictureError, StoreError, SandboxError) as error:
        if isinstance(error, SandboxError):
            tally.broken = error
        return Replayed(id=trajectory.id, verdicts=tuple(verdicts), failure=str(error))
    return Replayed(id=trajectory.id, verdicts=tuple(verdicts))


def _fault(error: ValidationError) -> str:
    """What is wrong with what should be a trajectory, after its place."""
    fault = line_fault(error)
    return fault if fault == NO_JSON else f"is no trajectory ({fault})"


def _line_at(path: Path, offset: int) -> str:
    """The number of the line that begins at this byte, as it is told; where it cannot be counted, the byte."""
    try:
        with path.open("rb") as file:
            number = 1
            while offset > 0 and (block := file.read(min(offset, 1 << 20))):
                number += block.count(b"\n")
                offset -= len(block)
            return f"line {number}"
    except OSError:
        return f"the line at byte {offset}"


def replay_page(report: ReplayReport) -> list[str]:
    """The report in Markdown, by lines."""
    total = sum(report.cells.values())
    rate = report.trajectories / report.seconds if report.seconds else 0.0
    lines = [
        f"{report.trajectories:,} of {counted(report.of, 'trajectory')} (seed {report.seed}), {counted(total, 'cell')} "
        f"in {report.seconds:.0f} s, {rate:.1f} trajectories a second."
    ]
    lines += ["", "| cells | n | share |", "|---|---|---|"]
    lines += [f"| {name} | {count} | {count / max(1, total):.2%} |" for name, count in report.cells.items()]
    ended = ", ".join(f"{name} {count}" for name, count in report.statuses.items())
    lines += ["", f"They ended this time as: {ended or 'nothing ran'}."]
    if report.failures:
        lines.append(f"{counted(report.failures, 'trajectory')} could not run.")
    if report.unreadable:
        lines.append(f"{counted(report.unreadable, 'line')} could not be read.")
    if report.reasons:
        lines += ["", "| difference | n |", "|---|---|"]
        lines += [f"| {_cell(name)} | {count} |" for name, count in report.reasons.items()]
    return lines


def _cell(text: str) -> str:
    """Text of records within a table: one line, no markup of its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
