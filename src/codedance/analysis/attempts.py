"""Finished attempts, reduced to what the analyses ask: what the code did, whether it worked, with what answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from codedance.analysis.operations import CodeOperations, Flow, Operation, operations_of_cells
from codedance.errors import DataError, StoreError
from codedance.rewards import Attempt, CallOutcome, Unscored, algebra_on_demand, attempt_of, turn_outcome
from codedance.schema import StopReason, Task, Trajectory
from codedance.store import RunFolder

__all__ = ["Analysed", "Cell", "Stored", "analysed", "domain_of", "read_attempts", "scored_attempt", "stored_attempts"]

_STEP = re.compile(r"step-(\d+)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of code of an attempt."""

    operations: frozenset[Operation]
    outcome: CallOutcome | None
    """``None`` if nobody recorded how it ended."""
    readable: bool
    """Whether it is Python."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A trajectory with the run that holds its pictures."""

    trajectory: Trajectory
    run: RunFolder
    step: int | None = None
    """Training step that it was made in, for runs of reinforcement learning."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """One attempt."""

    id: str
    task: str
    domain: str
    """Family of generated worlds, or benchmark."""
    difficulty: str | None
    """What the task's source says of it."""
    step: int | None
    right: bool | None
    """``None`` if it could not be scored."""
    answered: bool
    turns: int
    tokens: int | None
    """Sampled in all turns; ``None`` if the model did not tell."""
    seconds: float
    cells: tuple[Cell, ...]
    flows: frozenset[Flow]
    order: tuple[Operation, ...]
    """The operations in the order of their first use."""
    unfinished: int
    """Cells too large to be read to their end."""

    @property
    def operations(self) -> frozenset[Operation]:
        """All that its code does."""
        return frozenset(self.order)


def domain_of(task: Task) -> str:
    """Where a task belongs: its family of generated worlds, else its source.

    >>> domain_of(Task(id="q", source="vstar", question="?"))
    'vstar'
    """
    family = task.meta.get("family")
    return family if isinstance(family, str) and family else task.source


def analysed(stored: Stored, *, equivalent: Callable[[str, str], bool] | None = None) -> Analysed:
    """One stored trajectory, its code read and its answer scored.

    Args:
        stored: the trajectory.
        equivalent: how mathematical answers are compared; without it those that are not written alike are not scored.
    """
    trajectory = stored.trajectory
    codes = [turn for turn in trajectory.turns if turn.code is not None]
    found = operations_of_cells([turn.code or "" for turn in codes])
    scored = scored_attempt(stored, equivalent=equivalent)
    outcomes = tuple(turn_outcome(turn, trajectory) for turn in codes)
    tokens = [turn.completion_tokens for turn in trajectory.turns]
    difficulty = trajectory.task.meta.get("difficulty")
    return Analysed(
        id=trajectory.id,
        task=trajectory.task.id,
        domain=domain_of(trajectory.task),
        difficulty=difficulty if isinstance(difficulty, str) else None,
        step=stored.step,
        right=None if isinstance(scored, Unscored) else scored.correct,
        answered=trajectory.stop is StopReason.ANSWERED,
        turns=len(trajectory.turns),
        tokens=None if any(one is None for one in tokens) else sum(one or 0 for one in tokens),
        seconds=sum(turn.seconds for turn in trajectory.turns),
        cells=_cells(found, outcomes),
        flows=found.flows,
        order=_order(found),
        unfinished=len(found.unfinished),
    )


def scored_attempt(stored: Stored, *, equivalent: Callable[[str, str], bool] | None = None) -> Attempt | Unscored:
    """A stored trajectory scored; its pictures are read only where the answer is one."""
    trajectory = stored.trajectory
    edited = trajectory.task.meta.get("edit") is not None
    pictures = stored.run.load_pictures(trajectory) if edited else None
    return attempt_of(trajectory, pictures=pictures, equivalent=equivalent)


def _cells(found: CodeOperations, outcomes: tuple[CallOutcome | None, ...]) -> tuple[Cell, ...]:
    return tuple(
        Cell(found.in_cell(number), outcome, number not in found.unreadable) for number, outcome in enumerate(outcomes)
    )


def _order(found: CodeOperations) -> tuple[Operation, ...]:
    return tuple(dict.fromkeys(one.operation for one in found.occurrences))


def stored_attempts(folder: Path) -> Iterator[Stored]:
    """Every trajectory of a run: of a run folder in its order, of reinforcement learning step by step.

    Raises:
        StoreError: the folder is no run, or a line of it is broken.
        DataError: the run holds no trajectories.
    """
    steps = sorted((folder / "rollouts").glob("step-*")) if (folder / "rollouts").is_dir() else []
    parts: list[tuple[int | None, Path]] = [
        (int(match[1]), path) for path in steps if (match := _STEP.fullmatch(path.name)) is not None
    ]
    if not parts:
        parts = [(None, folder)]
    empty = True
    for step, part in parts:
        run = RunFolder.open(part)
        for trajectory in run.trajectories():
            empty = False
            yield Stored(trajectory, run, step)
    if empty:
        hint = "reinforcement learning keeps attempts with --set keep_rollouts_every=1" if _is_training(folder) else ""
        raise DataError(f"{folder}: holds no trajectories{'; ' + hint if hint else ''}")


def _is_training(folder: Path) -> bool:
    try:
        return RunFolder.open(folder).manifest().kind == "train"
    except StoreError:
        return False


def read_attempts(
    folder: Path, *, limit: int | None = None, tick: Callable[[], None] = lambda: None
) -> Iterator[Analysed]:
    """Every attempt of a run, or the first so many.

    Raises:
        MissingExtraError: an answer needs algebra, and math-verify is not installed.
        CodeDanceError: as :func:`stored_attempts` does.
    """
    with algebra_on_demand() as equivalent:
        for stored in islice(stored_attempts(folder), limit):
            yield analysed(stored, equivalent=equivalent)
            tick()
