"""How a policy does on held-out scenes while it is taught: exams in the real loop, by family, difficulty and mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.episode import EpisodeSettings
from codedance.models.contract import Model
from codedance.protocol import protocol_info
from codedance.sandbox import Sandbox
from codedance.schema import ReasoningMode, Record, Sampling
from codedance.store import RecordFile, write_text
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty
from codedance.train.evaluate import ask_scenes, held

if TYPE_CHECKING:
    from codedance.train.nano import NanoRecipe

__all__ = ["EXAMS", "ExamCell", "ExamLine", "add_exam", "exam_cells", "examine", "read_exams"]

EXAMS = "exams.jsonl"
"""Name of the exams' file in a run's folder: a line for each cell of each exam."""
EXAM_SEEDS = HELD_OUT_SEEDS + 5_000_000
"""First seed of the scenes: held out, and others than ``codedance train evaluate`` asks about at the end."""
_LONGEST = 400
"""Tokens of a reply: nothing that is taught is longer, and who has not learnt to stop yet must be stopped."""


class ExamCell(Record):
    """What is asked about, and whether code may be written."""

    family: str
    difficulty: Difficulty
    mode: ReasoningMode = ReasoningMode.CODE
    asks: tuple[str, ...] = ()
    """Only these kinds of questions; empty: all."""

    @property
    def name(self) -> str:
        """The cell in a curve.

        >>> ExamCell(family="counting", difficulty=Difficulty.HARD).name
        'counting/hard/code'
        """
        return f"{self.family}/{self.difficulty.value}/{self.mode.value}"


class ExamLine(Record):
    """How a policy did in one cell after a step."""

    step: int
    cell: str
    count: int
    """Scenes that were asked about, the same at every exam of a run; fewer if the model or the sandbox failed."""
    right: int
    cells: int
    """Pieces of code that ran."""
    cells_ok: int
    """Those that ran without an error."""
    direct: int
    """Episodes that were answered without running any code."""


def exam_cells(recipe: NanoRecipe) -> tuple[ExamCell, ...]:
    """What a recipe teaches, as cells: its families by code, and by direct answers what it gives lessons in.

    >>> from codedance.train.nano import NanoRecipe
    >>> [cell.name for cell in exam_cells(NanoRecipe(families={"counting": 1}))]
    ['counting/easy/code', 'counting/hard/code', 'counting/easy/direct', 'scenes/easy/direct']
    """
    taught = [family for family, share in recipe.families.items() if share and recipe.mix.get("episode")]
    cells = [
        ExamCell(family=family, difficulty=difficulty, asks=recipe.asks.get(family, ()))
        for family in taught
        for difficulty in Difficulty
    ]
    easy = {"difficulty": Difficulty.EASY, "mode": ReasoningMode.DIRECT}
    if recipe.mix.get("see-counts"):
        cells.append(ExamCell(family="counting", **easy))
    if recipe.mix.get("see-sides"):
        cells.append(ExamCell(family="scenes", asks=("side",), **easy))
    return tuple(cells)


async def examine(
    model: Model,
    sandbox: Sandbox,
    cells: Sequence[ExamCell],
    *,
    step: int,
    count: int,
    tick: Callable[[], None] = lambda: None,
) -> list[ExamLine]:
    """Ask a policy about ``count`` held-out scenes of each cell, greedy.

    Raises:
        UsageError: a cell has no such questions.
        ModelError: the model or the sandbox failed in every episode of a cell.
    """
    lines = []
    for cell in cells:
        sampling = Sampling(temperature=0.0, seed=0, max_tokens=_LONGEST)
        settings = EpisodeSettings(protocol=protocol_info(mode=cell.mode), sampling=sampling)
        asked = await ask_scenes(
            model,
            sandbox,
            family=cell.family,
            difficulty=cell.difficulty,
            count=count,
            asks=cell.asks,
            first_seed=EXAM_SEEDS,
            settings=settings,
        )
        answers = held(asked)
        executed = [[turn.execution for turn in one.trajectory.turns if turn.execution] for one in answers]
        lines.append(
            ExamLine(
                step=step,
                cell=cell.name,
                count=len(answers),
                right=sum(one.right for one in answers),
                cells=sum(len(one) for one in executed),
                cells_ok=sum(execution.ok for one in executed for execution in one),
                direct=sum(not one for one in executed),
            )
        )
        tick()
    return lines


def add_exam(folder: Path, lines: Sequence[ExamLine]) -> None:
    """Add an exam to a run's, in place of the same one or later ones of a start that was killed before it was saved.

    Raises:
        StoreError: the file cannot be written, or holds something else.
    """
    step = min((one.step for one in lines), default=0)
    kept = [one for one in read_exams(folder) if one.step < step]
    write_text(folder / EXAMS, "".join(f"{one.model_dump_json()}\n" for one in (*kept, *lines)))


def read_exams(folder: Path) -> list[ExamLine]:
    """The exams of a run, the earliest first; none if it has none.

    Raises:
        StoreError: the file holds something else.
    """
    return list(RecordFile(folder / EXAMS, ExamLine))
