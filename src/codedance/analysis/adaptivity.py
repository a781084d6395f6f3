"""Whether effort follows difficulty: code, turns and tokens on easy and hard tasks, and what they buy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import Field, JsonValue, ValidationError

from codedance.analysis.attempts import Analysed
from codedance.analysis.shares import Share, share
from codedance.errors import StoreError
from codedance.rewards.intervals import cluster_bootstrap
from codedance.schema import Record

__all__ = ["Adaptivity", "Effort", "Mean", "TrainingPoint", "adaptivity_of", "training_points"]

_BINS = 5


class Mean(Record):
    """A mean over attempts; its 95 % interval is a bootstrap over tasks."""

    value: float
    low: float | None
    """``None`` with a single task."""
    high: float | None
    count: int


class Effort(Record):
    """What attempts of one sort take and reach."""

    name: str
    """Domain and difficulty, a share of wrong answers, or a number of turns."""
    attempts: int
    accuracy: Share | None
    code: Share
    """Attempts that ran code."""
    turns: Mean
    cells: Mean
    tokens: Mean | None
    failed: Share | None
    """Cells that failed, or ran and showed nothing."""


class TrainingPoint(Record):
    """A step of a run of reinforcement learning."""

    step: int
    entropy: float | None
    zero_variance: float | None
    accuracy: float | None
    turns: float | None
    tool_rate: float | None


class Adaptivity(Record):
    """How effort goes with difficulty in one run."""

    run: str
    attempts: int
    by_difficulty: tuple[Effort, ...]
    """By what the tasks' sources say."""
    by_error: tuple[Effort, ...] = ()
    """By the share of wrong answers among the *other* attempts at the same task: difficulty as the policy meets it."""
    by_turns: tuple[Effort, ...] = ()
    """By the number of turns: what each more turn buys."""
    training: tuple[TrainingPoint, ...] = Field(default=())


def adaptivity_of(attempts: Sequence[Analysed], *, run: str = "", training: Sequence[TrainingPoint] = ()) -> Adaptivity:
    """Summary of effort against difficulty."""
    said: defaultdict[str, list[Analysed]] = defaultdict(list)
    turns: defaultdict[int, list[Analysed]] = defaultdict(list)
    for one in attempts:
        said[f"{one.domain}, {one.difficulty}" if one.difficulty else one.domain].append(one)
        if one.difficulty:
            said[f"all, {one.difficulty}"].append(one)
        turns[one.turns].append(one)
    return Adaptivity(
        run=run,
        attempts=len(attempts),
        by_difficulty=tuple(_effort(name, part) for name, part in sorted(said.items())),
        by_error=tuple(_by_error(attempts)),
        by_turns=tuple(_effort(f"{number}", part) for number, part in sorted(turns.items())),
        training=tuple(training),
    )


def training_points(folder: Path) -> tuple[TrainingPoint, ...]:
    """Entropy, zero-variance groups and behaviour over the steps of a training run; empty for other runs.

    Only the figures that are needed are read, so that curves of later versions can be read too.

    Raises:
        StoreError: the curve cannot be read.
    """
    import json

    path = folder / "curve.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({error})") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n"):
            break  # cut off by a kill
        try:
            values: JsonValue = json.loads(line)
            found.append(_point(values))
        except (ValueError, ValidationError, TypeError) as error:
            raise StoreError(f"{path}, line {number}: is no step of a training run ({type(error).__name__})") from None
    return tuple(found)


def _point(values: JsonValue) -> TrainingPoint:
    def figure(part: str, name: str) -> JsonValue:
        inner = values.get(part) if isinstance(values, dict) else None
        return inner.get(name) if isinstance(inner, dict) else None

    return TrainingPoint.model_validate(
        {
            "step": values.get("step") if isinstance(values, dict) else None,
            "entropy": figure("update", "entropy"),
            "zero_variance": figure("rewards", "zero_variance"),
            "accuracy": figure("batch", "accuracy"),
            "turns": figure("batch", "turns"),
            "tool_rate": figure("batch", "tool_rate"),
        }
    )


def _by_error(attempts: Sequence[Analysed]) -> Iterable[Effort]:
    """Bins of the error rate of the other attempts at the same task, never of the attempt itself."""
    tasks: defaultdict[str, list[Analysed]] = defaultdict(list)
    for one in attempts:
        if one.right is not None:
            tasks[one.task].append(one)
    bins: defaultdict[int, list[Analysed]] = defaultdict(list)
    for group in tasks.values():
        if len(group) < 2:
            continue
        wrong = sum(not one.right for one in group)
        for one in group:
            rate = (wrong - (not one.right)) / (len(group) - 1)
            bins[min(_BINS - 1, int(rate * _BINS))].append(one)
    for number, part in sorted(bins.items()):
        name = f"{100 * number // _BINS}-{100 * (number + 1) // _BINS} % wrong"
        # Within a group an attempt is right where the others are wrong, by arithmetic: its accuracy would tell nothing.
        yield _effort(name, part).model_copy(update={"accuracy": None})


def _effort(name: str, part: Sequence[Analysed]) -> Effort:
    code = share(bool(one.cells) for one in part)
    turns, cells = _mean(part, lambda one: one.turns), _mean(part, lambda one: len(one.cells))
    assert code is not None, "groups are never empty"
    assert turns is not None, "likewise"
    assert cells is not None, "likewise"
    return Effort(
        name=name,
        attempts=len(part),
        accuracy=share(one.right for one in part if one.right is not None),
        code=code,
        turns=turns,
        cells=cells,
        tokens=_mean(part, lambda one: one.tokens),
        failed=share(not cell.outcome.succeeded() for one in part for cell in one.cells if cell.outcome is not None),
    )


def _mean(part: Sequence[Analysed], value: Callable[[Analysed], float | None]) -> Mean | None:
    tasks: defaultdict[str, list[float]] = defaultdict(list)
    for one in part:
        if (found := value(one)) is not None:
            tasks[one.task].append(found)
    every = [one for values in tasks.values() for one in values]
    if not every:
        return None
    sums = {task: (sum(values), len(values)) for task, values in tasks.items()}
    interval = cluster_bootstrap(
        sums, lambda drawn: sum(total for total, _ in drawn) / sum(count for _, count in drawn), resamples=400
    )
    low, high = interval if interval is not None else (None, None)
    return Mean(value=sum(every) / len(every), low=low, high=high, count=len(every))
