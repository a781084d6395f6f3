"""A sweep: one policy trained with BAT under several values of its constants, and what each value led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue, ValidationError

from codedance.errors import DataError
from codedance.rewards import RewardSettings
from codedance.schema import Record
from codedance.train.ablation import ExaminedRun, Figure, figures_of, start_of
from codedance.train.sweep_points import Bounds, Constant, Constants, bounds_of, constants_of

__all__ = [
    "FIGURES",
    "Sweep",
    "SweepPoint",
    "failure_rate",
    "slice_of",
    "sweep",
    "sweep_table",
]


FIGURES = (
    *("exam/accuracy", "exam/turns", "exam/execution_success"),
    *("batch/accuracy", "batch/turns", "batch/turns_easy", "batch/turns_hard", "batch/tool_rate_easy"),
    *("batch/tool_rate_hard", "batch/execution_success", "rewards/d", "update/entropy"),
)
"""What is kept of each point: the last exam's, and of the rest the mean of the last five steps."""


class SweepPoint(Record):
    """What one choice of constants led to."""

    name: str
    constants: Constants
    bounds: Bounds
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    """Last step of each run."""
    figures: dict[str, Figure]


class Sweep(Record):
    """Runs that began with one policy and differ in constants and seed only."""

    start: dict[str, float]
    """Figures of the policy that they began with."""
    exam: int
    """Held-out tasks of each exam."""
    turns: int
    """Replies that an attempt may have."""
    points: tuple[SweepPoint, ...]


def sweep(runs: Sequence[ExaminedRun]) -> Sweep:
    """Put runs together by their constants, in the order of :class:`Constants`, the paper's first.

    Raises:
        DataError: there are none; or they differ in more than constants and seed, or began with different policies.
    """
    start, exam = start_of(runs, FIGURES)
    _comparable(runs)
    by_point: dict[Constants, list[ExaminedRun]] = {}
    for run in sorted(runs, key=lambda one: one.seed):
        by_point.setdefault(constants_of(_reward(run)), []).append(run)
    turns = _turns(runs[0])
    points = [
        SweepPoint(
            name=constants.name,
            constants=constants,
            bounds=bounds_of(constants, turns=turns),
            seeds=tuple(one.seed for one in mine),
            steps=tuple(one.curve[-1].step for one in mine),
            figures=figures_of(mine, FIGURES, start),
        )
        for constants, mine in by_point.items()
    ]
    points.sort(key=lambda one: (one.name != "paper", *(one.constants.number(constant) for constant in Constant)))
    return Sweep(start=start, exam=exam, turns=turns, points=tuple(points))


def slice_of(found: Sweep, constant: Constant) -> list[SweepPoint]:
    """Points that differ from the paper's (from the first one, where that was not made) in this constant only."""
    if not found.points:
        return []
    centre = found.points[0].constants
    others = [one for one in Constant if one is not constant]
    return [one for one in found.points if all(one.constants.text(name) == centre.text(name) for name in others)]


def failure_rate(success: Figure | None) -> Figure | None:
    """Share of the pieces of code that failed, from the share that succeeded.

    >>> failure_rate(Figure(mean=0.75, low=0.5, high=1.0, change=None)).high
    0.5
    """
    if success is None:
        return None
    return Figure(
        mean=1 - success.mean,
        low=1 - success.high,
        high=1 - success.low,
        change=-success.change if success.change is not None else None,
        values=tuple(1 - one for one in success.values),
    )


def sweep_table(found: Sweep) -> str:
    """The table in Markdown: mean over seeds, lowest to highest in brackets; bounds at the end."""
    heads = [
        *(one.value for one in Constant), "seeds", "steps", "exam: accuracy", "turns", "failed code",
        "sampled: accuracy", "turns", "turns, easy", "turns, hard", "tool rate, easy", "tool rate, hard", "failed code",
        "d", "entropy", "d: nobody to everybody right", "calls cost above", "lowest return",
    ]  # fmt: skip
    lines = [_line(heads), "|" + " --- |" * len(heads)]
    start = {name: Figure(mean=value, low=value, high=value, change=None) for name, value in found.start.items()}
    lines.append(_line(["(start)", *[""] * 5, "0", *_cells(start), "", "", ""]))
    for point in found.points:
        values = [point.constants.text(one) for one in Constant]
        bounds = point.bounds
        zero = f"{bounds.zero:.3f}" if bounds.zero is not None else "never" if bounds.everybody > 0 else "always"
        lines.append(
            _line([
                *values, ", ".join(map(str, point.seeds)), _span(point.steps), *_cells(point.figures),
                f"{bounds.nobody:.3f} to {bounds.everybody:.3f}", zero, f"{bounds.lowest_return:.3f}",
            ])
        )  # fmt: skip
    return "\n".join(lines)


def _cells(found: Mapping[str, Figure]) -> list[str]:
    texts = []
    for name in FIGURES:
        figure = found.get(name)
        texts.append(_cell(failure_rate(figure) if name.endswith("execution_success") else figure))
    return texts


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    spread = f" ({figure.low:.3f}-{figure.high:.3f})" if figure.low != figure.high else ""
    return f"{abs(figure.mean) if not figure.mean else figure.mean:.3f}{spread}"


def _span(steps: Sequence[int]) -> str:
    low, high = min(steps), max(steps)
    return str(low) if low == high else f"{low}-{high}"


def _line(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def _reward(run: ExaminedRun) -> RewardSettings:
    try:
        return RewardSettings.model_validate(run.settings.get("reward"))
    except ValidationError:
        raise DataError(f"{run.folder}: its manifest holds no constants of a reward") from None


def _turns(run: ExaminedRun) -> int:
    value: JsonValue = dict(run.settings)
    for name in ("episode", "budgets", "turns"):
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, int):
        raise DataError(f"{run.folder}: its manifest holds no budget of turns")
    return value


def _comparable(runs: Sequence[ExaminedRun]) -> None:
    """All runs are equal but for the constants and the seed."""
    first = _rest(runs[0])
    for run in runs[1:]:
        other = _rest(run)
        names = sorted(name for name in {*first, *other} if first.get(name) != other.get(name))
        if names:
            raise DataError(
                f"{run.folder}: differs from {runs[0].folder} in more than constants and seed ({', '.join(names)})"
            )


def _rest(run: ExaminedRun) -> dict[str, JsonValue]:
    found = {name: value for name, value in run.settings.items() if name != "seed"}
    source = found.get("source")
    if isinstance(source, dict):
        found["source"] = {name: value for name, value in source.items() if name != "seed"}
    found["reward"] = _reward(run).model_dump(mode="json", exclude=set(Constants.model_fields))
    return found
