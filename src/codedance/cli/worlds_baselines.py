"""``codedance worlds baselines``: what guesses are worth in each cell, beside the oracle's code that really runs."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell
from codedance.cli.progress import progress_bar
from codedance.cli.worlds_plan import (
    BLOCK,
    AsJson,
    DifficultyName,
    FamilyName,
    Seed,
    check_count,
    chosen_cells,
    print_table,
    scene_plan,
)
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.tasks.worlds import Difficulty
    from codedance.tasks.worlds.baselines import Question

__all__ = ["EPILOG", "baselines"]

EPILOG = """
Examples:

- `codedance worlds baselines --count 200 --oracle 20`

- `codedance worlds baselines --family search --difficulty hard --by-question --json`

A row with the mark `!` is a cell that is no test of seeing: who sees no picture is within 30 points of the oracle. An
oracle that was not run counts as always right.
"""

_TRAIN = 2
"""Questions to learn from for each that is asked."""
_NEAR = 0.3
"""How near the oracle a blind solver must not come."""
_CHUNK = 20
_FEW = 200
"""Scenes below which starting more processes takes longer than it saves."""
_TOLD = 3
"""Faults of the oracle that are told for each cell."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What guessing is worth for one kind of question of a cell."""

    asks: str
    scenes: int
    constant_answer: str
    constant_accuracy: float
    blind_accuracy: float


@dataclass(frozen=True, slots=True)
class _Oracle:
    """The oracle's episodes about some scenes of a cell."""

    episodes: int
    accuracy: float
    """Share without any fault."""
    turns_with_code: float
    """Mean of an episode."""
    faults: tuple[str, ...]
    """The first few."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What is told about one family and difficulty."""

    family: str
    difficulty: str
    scenes: int
    constant_answer: str
    constant_accuracy: float
    blind_accuracy: float
    """Of the best solver that sees the question only."""
    blind_solver: str
    oracle: _Oracle | None
    flagged: bool
    """True if the blind accuracy is near the oracle's."""
    by_question: tuple[_Asked, ...] = field(default=())


def baselines(
    count: Annotated[int, typer.Option(metavar="N", help="Scenes of each family and difficulty.")] = 200,
    seed: Seed = 0,
    family: FamilyName = None,
    difficulty: DifficultyName = None,
    oracle: Annotated[
        int, typer.Option("--oracle", metavar="N", help="Scenes of each cell that the oracle answers, its code run.")
    ] = 0,
    by_question: Annotated[
        bool, typer.Option("--by-question", help="Show each kind of question of a cell as well.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes. [one for each processor]")] = None,
    as_json: AsJson = False,
) -> None:
    """Print how often each kind of question is answered right without looking at the picture.

    The best constant answer is chosen with the scenes in sight. Who sees no picture learns from twice as many other
    scenes, with the best of many solvers; cross-validation chooses it.
    """
    cells = chosen_cells(family, difficulty)
    check_count(count, most=BLOCK // (1 + _TRAIN))
    if not 0 <= oracle <= count:
        raise UsageError(f"--oracle {oracle}: choose a number from 0 to {count}, the count of scenes")
    total = (1 + _TRAIN) * count * len(cells)
    plan = list(scene_plan(cells, count=total, seed=seed))
    jobs = jobs or os.cpu_count() or 1
    asked: dict[tuple[str, Difficulty], list[Question]] = {cell: [] for cell in cells}
    with progress_bar("scenes", total) as step:
        for (name, level, _), question in zip(plan, _questions(plan, jobs=jobs), strict=True):
            asked[name, level].append(question)
            step()
    shown = _oracles(cells, count=oracle, seed=seed, jobs=jobs) if oracle else {}
    rows = [_cell(cell, made, count, shown.get(cell)) for cell, made in asked.items()]
    if as_json:
        typer.echo(json.dumps([_told(row, by_question=by_question) for row in rows], indent=2))
    else:
        _print(rows, by_question=by_question)
    for row in rows:
        for fault in row.oracle.faults if row.oracle else ():
            tell(fault)


def _questions(plan: Sequence[tuple[str, Difficulty, int]], *, jobs: int) -> Iterator[Question]:
    """The questions of the scenes, in order; drawn in several processes where that pays."""
    chunks = [plan[start : start + _CHUNK] for start in range(0, len(plan), _CHUNK)]
    if jobs == 1 or len(plan) < _FEW:
        for chunk in chunks:
            yield from _asked_in(chunk)
        return
    # Spawned, not forked: a bar is drawn by a thread of this process.
    processes, spawn = min(jobs, len(chunks)), get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_leave_interrupts_to_the_parent)
    try:
        for questions in pool.map(_asked_in, chunks):
            yield from questions
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _asked_in(chunk: Sequence[tuple[str, Difficulty, int]]) -> list[Question]:
    from codedance.tasks.worlds import make_scene
    from codedance.tasks.worlds.baselines import Question

    return [Question.of(make_scene(*one)) for one in chunk]


def _oracles(
    cells: Sequence[tuple[str, Difficulty]], *, count: int, seed: int, jobs: int
) -> dict[tuple[str, Difficulty], _Oracle]:
    """Let the oracle answer some scenes of each cell, a few at a time."""
    import anyio

    from codedance.sandbox import LocalSandbox
    from codedance.synth.oracle import demonstrate
    from codedance.tasks.worlds import make_scene

    faults: dict[tuple[str, Difficulty], list[str]] = {cell: [] for cell in cells}
    turns: dict[tuple[str, Difficulty], int] = dict.fromkeys(cells, 0)

    async def run(step: Callable[[], None]) -> None:
        limiter = anyio.CapacityLimiter(jobs)
        async with LocalSandbox() as sandbox, anyio.create_task_group() as group:

            async def one(name: str, level: Difficulty, number: int) -> None:
                async with limiter:
                    result = await demonstrate(make_scene(name, level, number), sandbox=sandbox, seed=number)
                trajectory = result.rollout.trajectory
                turns[name, level] += sum(turn.code is not None for turn in trajectory.turns)
                if result.fault is not None:
                    faults[name, level].append(f"{trajectory.task.id}: {result.fault}")
                step()

            for cell in scene_plan(cells, count=count * len(cells), seed=seed):
                group.start_soon(one, *cell)

    with progress_bar("oracle", count * len(cells)) as step:
        anyio.run(run, step)
    return {
        cell: _Oracle(count, 1 - len(faults[cell]) / count, turns[cell] / count, tuple(sorted(faults[cell])[:_TOLD]))
        for cell in cells
    }


def _cell(cell: tuple[str, Difficulty], made: Sequence[Question], count: int, shown: _Oracle | None) -> _Cell:
    from codedance.rewards import matches
    from codedance.tasks.worlds.baselines import best_constant, best_constants, blind_result

    test, train = made[:count], made[count:]
    constant, blind = best_constant(test, right=matches), blind_result(train, test, right=matches)
    by_asks = best_constants(test, right=matches)
    number = {asks: sum(one.asks == asks for one in test) for asks in by_asks}
    return _Cell(
        family=cell[0],
        difficulty=cell[1].value,
        scenes=count,
        constant_answer=constant.answer,
        constant_accuracy=constant.accuracy,
        blind_accuracy=blind.accuracy,
        blind_solver=blind.solver,
        oracle=shown,
        flagged=blind.accuracy > (shown.accuracy if shown else 1.0) - _NEAR,
        by_question=tuple(
            _Asked(asks, number[asks], one.answer, one.accuracy, blind.by_asks[asks]) for asks, one in by_asks.items()
        ),
    )


def _told(row: _Cell, *, by_question: bool) -> dict[str, object]:
    told = asdict(row)
    if not by_question:
        del told["by_question"]
    return told


def _print(rows: Sequence[_Cell], *, by_question: bool) -> None:
    lines: list[tuple[str, ...]] = []
    for row in rows:
        lines.append(
            (
                row.family,
                row.difficulty,
                f"{row.constant_accuracy:.3f} ({row.constant_answer})",
                f"{row.blind_accuracy:.3f} ({row.blind_solver})",
                f"{row.oracle.accuracy:.3f}" if row.oracle else "-",
                f"{row.oracle.turns_with_code:.2f}" if row.oracle else "-",
                "!" if row.flagged else "",
            )
        )
        for one in row.by_question if by_question else ():
            constant = f"{one.constant_accuracy:.3f} ({one.constant_answer})"
            lines.append((f"- {one.asks}", f"{one.scenes} scenes", constant, f"{one.blind_accuracy:.3f}", "", "", ""))
    print_table(("family", "difficulty", "best constant", "image-blind", "oracle", "turns", ""), lines)
