"""What a family of runs shows together: each reward over its seeds, against the policy that they began with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pydantic import JsonValue

from codedance.errors import DataError, StoreError
from codedance.schema import Record
from codedance.store import RunFolder
from codedance.train.curves import Behaviour, CurveLine, figures, read_curve

__all__ = [
    "COLUMNS",
    "REWARDS",
    "Ablation",
    "AblationRow",
    "ExaminedRun",
    "Figure",
    "ablation",
    "ablation_table",
    "figures_of",
    "is_examined",
    "late_mean",
    "read_runs",
    "start_of",
]

REWARDS = ("outcome", "deepeyes", "bat-no-turn", "bat")
"""Reward variants of the paper's ablation."""
_LAST_STEPS = 5
"""Steps whose mean stands for the end of a run, for figures that every step has."""

COLUMNS: tuple[tuple[str, str], ...] = (
    ("accuracy, easy", "exam/accuracy_easy"),
    ("accuracy, hard", "exam/accuracy_hard"),
    ("turns, easy", "exam/turns_easy"),
    ("turns, hard", "exam/turns_hard"),
    ("tool rate, easy", "exam/tool_rate_easy"),
    ("tool rate, hard", "exam/tool_rate_hard"),
    ("code that succeeded", "exam/execution_success"),
    ("entropy", "update/entropy"),
)
"""Heading and figure (:func:`codedance.train.curves.figures`) of each column; exams are of the last step."""


class Figure(Record):
    """One figure of one reward: mean over seeds, and the lowest and the highest of them."""

    mean: float
    low: float
    high: float
    change: float | None
    """Mean difference to the policy that the runs began with; ``None`` where that has no such figure."""
    values: tuple[float, ...] = ()
    """Of each seed that has the figure, in their order; tables made before there were any hold none."""


class AblationRow(Record):
    """One reward."""

    variant: str
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    """Last step of each run."""
    figures: dict[str, Figure]


class Ablation(Record):
    """Runs that began with one policy and differ in reward and seed only."""

    start: dict[str, float]
    """Figures of the policy that they began with: the mean of the runs' exams before their first step."""
    exam: int
    """Held-out tasks of each exam."""
    rows: tuple[AblationRow, ...]


@dataclass(frozen=True, slots=True)
class ExaminedRun:
    """A run of reinforcement learning with exams before and after."""

    folder: Path
    variant: str
    seed: int
    settings: Mapping[str, JsonValue]
    """As its manifest has them."""
    curve: Sequence[CurveLine]


def read_runs(folders: Sequence[Path]) -> list[ExaminedRun]:
    """Settings and curve of each run folder.

    Raises:
        StoreError: no run folder, or one of another schema version.
        DataError: no run of reinforcement learning, or one without exams.
    """
    found = []
    for folder in folders:
        settings = RunFolder.open(folder).manifest().settings
        variant, seed = settings.get("variant"), settings.get("seed")
        if not isinstance(variant, str) or not isinstance(seed, int):
            raise DataError(f"{folder}: its manifest names no reward variant; is it a run of `codedance train grpo`?")
        curve = read_curve(folder)
        if curve[0].step or curve[0].exam is None or not _exams(curve):
            raise DataError(f"{folder}: has no exam before and after training; set exam_every above 0 and run on")
        found.append(ExaminedRun(folder, variant, seed, settings, curve))
    return found


def is_examined(folder: Path) -> bool:
    """Whether a run has come to an exam after that of its start; ``False`` too for one whose curve cannot be read.

    Another process may be at work there: such a run can be compared later.
    """
    try:
        return bool(_exams(read_curve(folder)))
    except (DataError, StoreError):
        return False


def ablation(runs: Sequence[ExaminedRun]) -> Ablation:
    """Put runs together by their reward, in the order of their first appearance.

    Raises:
        DataError: there are none, or they began with different policies or had different exams.
    """
    names = [name for _, name in COLUMNS]
    start, exam = start_of(runs, names)
    rows = []
    for variant in dict.fromkeys(one.variant for one in runs):
        mine = sorted((one for one in runs if one.variant == variant), key=lambda one: one.seed)
        steps = tuple(one.curve[-1].step for one in mine)
        cells = figures_of(mine, names, start)
        rows.append(AblationRow(variant=variant, seeds=tuple(one.seed for one in mine), steps=steps, figures=cells))
    return Ablation(start=start, exam=exam, rows=tuple(rows))


def start_of(runs: Sequence[ExaminedRun], names: Sequence[str]) -> tuple[dict[str, float], int]:
    """Figures of the policy that all began with, the mean of its exams, and the tasks of each exam.

    Raises:
        DataError: there are no runs, or they began with different policies or had different exams.
    """
    if not runs:
        raise DataError("there is no run to compare")
    firsts = [_begun(one.curve) for one in runs]
    if len({(first.accuracy, first.attempts) for first in firsts}) > 1:
        raise DataError("the runs began with different policies or had different exams, so they cannot be compared")
    start = {name: fmean(values) for name in names if (values := _values(runs, name, _first))}
    return start, firsts[0].attempts


def figures_of(runs: Sequence[ExaminedRun], names: Sequence[str], start: Mapping[str, float]) -> dict[str, Figure]:
    """What runs that differ in their seed led to: figures of the last exam, others as the mean of the last steps."""
    found: dict[str, Figure] = {}
    for name in names:
        values = _values(runs, name, _last)
        if values:
            mean = fmean(values)
            change = mean - start[name] if name in start else None
            found[name] = Figure(mean=mean, low=min(values), high=max(values), change=change, values=tuple(values))
    return found


def ablation_table(found: Ablation) -> str:
    """The table in Markdown: mean over seeds, lowest to highest in brackets.

    >>> one = Figure(mean=0.5, low=0.4, high=0.6, change=0.1)
    >>> row = AblationRow(variant="bat", seeds=(0, 1), steps=(60, 60), figures={"exam/accuracy_hard": one})
    >>> ablation_table(Ablation(start={"exam/accuracy_hard": 0.4}, exam=200, rows=(row,))).splitlines()[-1]
    '| bat | 0, 1 | 60 | | 0.500 (0.400-0.600) | | | | | | |'
    """
    names = [name for _, name in COLUMNS]
    heads = ["reward", "seeds", "steps", *(title for title, _ in COLUMNS)]
    lines = [_line(heads), "|" + " --- |" * len(heads)]
    lines.append(_line(["(start)", "", "0", *(_number(found.start.get(name)) for name in names)]))
    for row in found.rows:
        steps = sorted(set(row.steps))
        shown = str(steps[0]) if len(steps) == 1 else f"{steps[0]}-{steps[-1]}"
        cells = [_cell(row.figures.get(name)) for name in names]
        lines.append(_line([row.variant, ", ".join(map(str, row.seeds)), shown, *cells]))
    return "\n".join(lines)


def late_mean(curve: Sequence[CurveLine], name: str) -> float | None:
    """Mean of a figure over the last steps of a run; ``None`` where none of them has it."""
    values = [found[name] for line in curve[-_LAST_STEPS:] if name in (found := figures(line))]
    return fmean(values) if values else None


def _begun(curve: Sequence[CurveLine]) -> Behaviour:
    exam = curve[0].exam
    assert exam is not None  # read_runs has seen to it
    return exam


def _exams(curve: Sequence[CurveLine]) -> list[CurveLine]:
    return [line for line in curve if line.exam is not None and line.step]


def _values(runs: Sequence[ExaminedRun], name: str, value: Callable[[ExaminedRun, str], float | None]) -> list[float]:
    return [found for one in runs if (found := value(one, name)) is not None]


def _first(run: ExaminedRun, name: str) -> float | None:
    """Before training; of figures that only steps have, those of the first one, which the start's policy sampled."""
    for line in run.curve[:2]:
        if name in figures(line):
            return figures(line)[name]
    return None


def _last(run: ExaminedRun, name: str) -> float | None:
    if name.startswith("exam/"):
        return figures(_exams(run.curve)[-1]).get(name)
    return late_mean(run.curve, name)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    spread = f" ({figure.low:.3f}-{figure.high:.3f})" if figure.low != figure.high else ""
    return f"{figure.mean:.3f}{spread}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
