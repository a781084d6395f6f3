"""Running a sample of a set's code again in the real sandbox."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import anyio
from pydantic import ValidationError

from codedance.episode.comparison import Sameness
from codedance.episode.replay import TurnVerdict, replay
from codedance.errors import DataError, PictureError, SandboxError, StoreError
from codedance.sandbox.contract import Sandbox
from codedance.schema import Trajectory
from codedance.store import RunFolder
from codedance.synth.check_report import MOST_EXAMPLES, Check, CheckName, Rerun

__all__ = ["choose", "rerun"]


def choose(offsets: Sequence[int], count: int | None, seed: int) -> list[int]:
    """A sample of so many, in the order of the file; ``None`` or too large a number is all.

    >>> choose([0, 10, 20, 30], 2, seed=1) == choose([0, 10, 20, 30], 2, seed=1)
    True
    """
    if count is None or count >= len(offsets):
        return list(offsets)
    return sorted(Random(seed).sample(list(offsets), count))  # noqa: S311 - reproducible, not secret


async def rerun(
    folder: Path,
    offsets: Sequence[int],
    *,
    sandbox: Sandbox,
    sessions: int = 4,
    of: int | None = None,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Rerun, Check]:
    """Run the code of the trajectories that begin at these bytes of ``trajectories.jsonl`` again.

    Args:
        folder: the run folder.
        offsets: which trajectories.
        sandbox: where the code runs.
        sessions: how many run at once.
        of: how many have code in all, for the report.
        seed: what chose the offsets, for the report.
        tick: called after each trajectory.

    Raises:
        SandboxError: not one trajectory could run.
    """
    tally = _Tally()
    begin = time.monotonic()
    waiting = iter(offsets)
    run = RunFolder.open(folder)

    async def work() -> None:
        with (folder / "trajectories.jsonl").open("rb") as file:
            for offset in waiting:
                file.seek(offset)
                await _one(run, file.readline(), sandbox, tally)
                tick()

    async with anyio.create_task_group() as group:
        for _ in range(max(1, sessions)):
            group.start_soon(work)
    if tally.broken is not None and not tally.ran:
        raise tally.broken
    told = Rerun(
        trajectories=tally.ran,
        of=len(offsets) if of is None else of,
        seed=seed,
        cells={one.value: tally.cells[one] for one in Sameness},
        reasons=dict(tally.reasons.most_common()),
        statuses=dict(tally.statuses.most_common()),
        failures=tally.failures,
        seconds=time.monotonic() - begin,
    )
    return told, tally.check()


@dataclass(slots=True)
class _Tally:
    """What has come of it so far."""

    ran: int = 0
    failures: int = 0
    different: int = 0
    """Trajectories with a cell that differs without a reason."""
    broken: SandboxError | None = None
    cells: Counter[Sameness] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def verdict(self, name: str, verdict: TurnVerdict) -> None:
        self.cells[verdict.sameness] += 1
        self.statuses[verdict.status.value] += 1
        for one in verdict.differences:
            if one.sameness is Sameness.DIFFERENT:
                found = f" ({one.reason})" if one.reason else f": was {one.recorded!r}, is {one.replayed!r}"
                self.example(f"{name}, turn {verdict.turn + 1}, {one.aspect.value}{found}")
            else:
                # What numbers a reason holds (pixels, turns) would make one kind of difference many.
                reason = (one.reason or "").split(":")[0] if one.sameness is Sameness.EXPLAINED else "rounding"
                self.reasons[f"{one.aspect.value}, {one.sameness.value}: {reason}"] += 1

    def example(self, text: str) -> None:
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(text)

    def check(self) -> Check:
        failed = self.different + self.failures
        compared = sum(count for one, count in self.cells.items() if one is not Sameness.UNRECORDED)
        return Check(
            name=CheckName.RERUN,
            passed=failed == 0 if compared or failed else None,
            examined=self.ran + self.failures,
            failed=failed,
            note=", ".join(f"{self.cells[one]} cells {one.value}" for one in Sameness if self.cells[one]),
            examples=tuple(self.examples),
        )


async def _one(run: RunFolder, line: bytes, sandbox: Sandbox, tally: _Tally) -> None:
    name = "a trajectory"
    different = False
    try:
        trajectory = _trajectory(line)
        name = trajectory.id
        async with aclosing(replay(trajectory, run.pictures.get, sandbox=sandbox)) as verdicts:
            async for verdict in verdicts:
                tally.verdict(name, verdict)
                different = different or verdict.sameness is Sameness.DIFFERENT
    except (DataError, PictureError, StoreError, SandboxError) as error:
        tally.failures += 1
        tally.example(f"{name} could not run: {error}")
        if isinstance(error, SandboxError):
            tally.broken = error
        return
    tally.ran += 1
    tally.different += different


def _trajectory(line: bytes) -> Trajectory:
    try:
        return Trajectory.model_validate_json(line)
    except ValidationError:
        raise DataError("its line has changed since it was read") from None
