"""What policies do on the same tasks, and by how much they differ, with intervals over tasks and seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from random import Random
from statistics import fmean, stdev
from typing import TypeVar, assert_never

from codedance.analysis.attempts import Analysed
from codedance.rewards.intervals import cluster_bootstrap
from codedance.schema import Record

__all__ = ["Estimate", "Measure", "Policy", "Row", "contrast", "gap", "level", "over_seeds", "row_of"]

_RESAMPLES = 1000
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""97.5 % points of Student's t with 1, 2, ... degrees of freedom."""

Pair = tuple[float, float]
"""Numerator and denominator of a ratio, added up over attempts."""
T = TypeVar("T")


class Row(Record):
    """One attempt at a held-out task."""

    task: str
    difficulty: str | None
    right: bool | None
    """``None`` if it could not be scored."""
    turns: int
    cells: int
    """Pieces of code that ran."""
    succeeded: int
    """Those that ran to their end and showed something."""


class Policy(Record):
    """A policy and what it did with the held-out tasks."""

    variant: str | None
    """Reward that it was trained with; ``None``: the policy that all began with."""
    seed: int | None
    rows: tuple[Row, ...]


class Estimate(Record):
    """A number with its 95 % interval."""

    value: float
    low: float | None
    """``None`` where there is too little for an interval."""
    high: float | None


class Measure(StrEnum):
    """What is compared."""

    ACCURACY = "accuracy"
    """Share of right answers."""
    TURNS = "turns"
    """Mean number of replies."""
    TOOL_RATE = "tool rate"
    """Share of the attempts that ran code."""
    SUCCESS = "success of code"
    """Share of the pieces of code that ran to their end and showed something."""


def row_of(one: Analysed) -> Row:
    """An attempt, reduced."""
    known = [cell.outcome for cell in one.cells if cell.outcome is not None]
    return Row(
        task=one.task,
        difficulty=one.difficulty,
        right=one.right,
        turns=one.turns,
        cells=len(known),
        succeeded=sum(outcome.succeeded() for outcome in known),
    )


def level(policies: Sequence[Policy], measure: Measure, difficulty: str | None = None) -> Estimate | None:
    """A measure over policies that differ in their seed; the interval is over tasks and seeds drawn anew.

    Args:
        policies: of one reward.
        measure: what is asked for.
        difficulty: only tasks of this difficulty.

    Returns:
        ``None`` where nothing was done that it could be measured by.
    """
    tasks = _by_task(policies, measure, difficulty)
    return _bootstrap(tasks, lambda draw: lambda drawn: _ratio(drawn, _chosen(draw, len(policies))))


def gap(
    more: Sequence[Policy], less: Sequence[Policy], measure: Measure, *, difficulty: str | None = None
) -> Estimate | None:
    """How much larger a measure is with the first policies than with the second, on the same tasks.

    The interval draws tasks and, on both sides, seeds anew: with few seeds it is too narrow rather than too wide.
    """
    left, right = _by_task(more, measure, difficulty), _by_task(less, measure, difficulty)
    both = {task: (left[task], right[task]) for task in left if task in right}

    def difference(draw: Random | None) -> Callable[[Sequence[tuple[list[Pair], list[Pair]]]], float | None]:
        def of(drawn: Sequence[tuple[list[Pair], list[Pair]]]) -> float | None:
            first = _ratio([one for one, _ in drawn], _chosen(draw, len(more)))
            second = _ratio([one for _, one in drawn], _chosen(draw, len(less)))
            return None if first is None or second is None else first - second

        return of

    return _bootstrap(both, difference)


def contrast(policies: Sequence[Policy], measure: Measure) -> Estimate | None:
    """How much larger a measure is on hard tasks than on easy ones."""
    hard, easy = (_by_task(policies, measure, name) for name in ("hard", "easy"))
    tasks = {task: (pairs, True) for task, pairs in hard.items()} | {
        task: (pairs, False) for task, pairs in easy.items()
    }

    def difference(draw: Random | None) -> Callable[[Sequence[tuple[list[Pair], bool]]], float | None]:
        def of(drawn: Sequence[tuple[list[Pair], bool]]) -> float | None:
            seeds = _chosen(draw, len(policies))
            first, second = (
                _ratio([pairs for pairs, is_hard in drawn if is_hard is side], seeds) for side in (True, False)
            )
            return None if first is None or second is None else first - second

        return of

    return _bootstrap(tasks, difference)


def over_seeds(values: Sequence[float]) -> Estimate | None:
    """The mean of one number a seed, with Student's interval; none with one seed.

    >>> over_seeds([0.1, 0.3])
    Estimate(value=0.2, low=-1.0706, high=1.4706)
    """
    if not values:
        return None
    mean = fmean(values)
    if len(values) < 2:
        return Estimate(value=mean, low=None, high=None)
    reach = _STUDENT[min(len(values) - 2, len(_STUDENT) - 1)] * stdev(values) / len(values) ** 0.5
    return Estimate(value=round(mean, 12), low=round(mean - reach, 12), high=round(mean + reach, 12))


def _by_task(policies: Sequence[Policy], measure: Measure, difficulty: str | None) -> dict[str, list[Pair]]:
    """For each task that every policy was asked: what each has to say."""
    found: list[dict[str, Pair]] = []
    for policy in policies:
        sums: dict[str, Pair] = {}
        for row in policy.rows:
            if difficulty is None or row.difficulty == difficulty:
                above, below = _pair(row, measure)
                before = sums.get(row.task, (0.0, 0.0))
                sums[row.task] = (before[0] + above, before[1] + below)
        found.append(sums)
    if not found:
        return {}
    return {task: [one[task] for one in found] for task in found[0] if all(task in one for one in found)}


def _pair(row: Row, measure: Measure) -> Pair:
    match measure:
        case Measure.ACCURACY:
            return (0.0, 0.0) if row.right is None else (float(row.right), 1.0)
        case Measure.TURNS:
            return float(row.turns), 1.0
        case Measure.TOOL_RATE:
            return float(row.cells > 0), 1.0
        case Measure.SUCCESS:
            return float(row.succeeded), float(row.cells)
        case unreachable:
            assert_never(unreachable)


def _bootstrap(
    tasks: dict[str, T], statistic: Callable[[Random | None], Callable[[Sequence[T]], float | None]]
) -> Estimate | None:
    value = statistic(None)([tasks[name] for name in sorted(tasks)])
    if value is None:
        return None
    draw = Random(1)  # noqa: S311 - reproducible, no secret
    interval = cluster_bootstrap(tasks, statistic(draw), resamples=_RESAMPLES)
    low, high = interval if interval is not None else (None, None)
    return Estimate(value=value, low=low, high=high)


def _chosen(draw: Random | None, count: int) -> Sequence[int]:
    """All seeds, or as many of them drawn anew."""
    return range(count) if draw is None else draw.choices(range(count), k=count)


def _ratio(tasks: Iterable[Sequence[Pair]], seeds: Sequence[int]) -> float | None:
    above = below = 0.0
    for pairs in tasks:
        for seed in seeds:
            above += pairs[seed][0]
            below += pairs[seed][1]
    return above / below if below else None
