"""Two runs on the same rows: is one better, or lucky? Which rows did it fix, which did it break?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import comb
from pathlib import Path

from pydantic import Field

from codedance.bench.contract import Mode
from codedance.bench.evaluation.ends import RowEnd
from codedance.bench.evaluation.run import read_data, read_ends
from codedance.bench.evaluation.verdicts import judged_end, read_verdicts
from codedance.bench.reports.summary import RunReport, summarize
from codedance.bench.statistics import cluster_bootstrap
from codedance.errors import DataError
from codedance.schema import Record, Text

__all__ = ["Comparison", "PairedCell", "compare_runs", "mcnemar"]

_BUDGETS = ("turns", "tokens", "seconds", "output_characters", "images", "pixels")


class PairedCell(Record):
    """Two runs on the rows of one benchmark that both have."""

    benchmark: str
    rows: int
    left_accuracy: float
    right_accuracy: float
    difference: float
    """Right minus left."""
    interval: tuple[float, float] | None
    """95 % interval of the difference: a bootstrap of rows, or of the benchmark's clusters of rows."""
    p_value: float | None
    """Exact McNemar test, two-sided; ``None`` with several attempts a row, or where rows depend on each other."""
    fixed: tuple[str, ...] = ()
    """Rows that the left run has wrong and the right one right; of several attempts: more often right."""
    broken: tuple[str, ...] = ()
    only_left: int = 0
    """Rows that only the left run has."""
    only_right: int = 0


class Comparison(Record):
    """Two runs beside each other."""

    left: str
    right: str
    scoring: Mode
    judge: Text | None = None
    """Who decided what rules leave open; ``None``: such rows count as wrong."""
    cells: tuple[PairedCell, ...]
    unlike: tuple[str, ...] = Field(default=())
    """What else differs between the runs: budgets, prompts, rows. Read the difference with it in mind."""


def mcnemar(fixed: int, broken: int) -> float:
    """Two-sided p-value of the exact test (McNemar, 1947): were ``fixed`` and ``broken`` equally likely?

    >>> mcnemar(8, 1), mcnemar(0, 0)
    (0.0390625, 1.0)
    """
    changed = fixed + broken
    tail = sum(comb(changed, count) for count in range(min(fixed, broken) + 1))
    # Whole numbers until the last step: 2^changed may be beyond any float.
    return min(1.0, 2 * tail / 2**changed) if changed < 1000 else min(1.0, _ratio(2 * tail, 2**changed))


def compare_runs(left: Path, right: Path, *, scoring: Mode = Mode.STRICT, judged: bool = False) -> Comparison:
    """Compare row by row what both runs have asked.

    Args:
        left: the run to compare with.
        right: the run that may be better.
        scoring: as a careful person, or as the benchmark's own scorer.
        judged: with the scores of the judge that each run was given to, where rules leave a row open.

    Raises:
        StoreError: one of them is no evaluation.
        DataError: they have no row in common, or are to be compared by a judge that only one of them had.
    """
    judges = [_judge_of(folder) for folder in (left, right)] if judged else []
    rows = tuple(_by_row(folder, judged=judged) for folder in (left, right))
    shared = [name for name in rows[0] if name in rows[1]]
    cells = [_cell(name, rows[0][name], rows[1][name], scoring) for name in shared]
    found = tuple(cell for cell in cells if cell is not None)
    if not found:
        raise DataError(f"{left} and {right} have no row in common: they cannot be compared")
    reports = summarize(left), summarize(right)
    unlike = [f"judge: {judges[0]} and {judges[1]}"] if len(set(judges)) > 1 else []
    return Comparison(
        left=str(left),
        right=str(right),
        scoring=scoring,
        judge=" and ".join(dict.fromkeys(judges)) or None,
        cells=found,
        unlike=(*unlike, *_unlike(*reports, left, right)),
    )


def _judge_of(folder: Path) -> str:
    names = dict.fromkeys(one.judge for one in read_verdicts(folder).values())
    if not names:
        raise DataError(
            f"{folder}: no judge has decided anything; start eval with --judge, or compare without --judged"
        )
    return ", ".join(names)


def _by_row(folder: Path, *, judged: bool) -> dict[str, dict[str, list[RowEnd]]]:
    verdicts = read_verdicts(folder) if judged else {}
    found: dict[str, dict[str, list[RowEnd]]] = defaultdict(lambda: defaultdict(list))
    for end in read_ends(folder):
        verdict = verdicts.get((end.benchmark, end.key, end.attempt))
        found[end.benchmark][end.key].append(judged_end(end, verdict))
    return found


def _cell(
    name: str, left: Mapping[str, Sequence[RowEnd]], right: Mapping[str, Sequence[RowEnd]], scoring: Mode
) -> PairedCell | None:
    keys = [key for key in left if key in right]
    if not keys:
        return None
    before = {key: _share(left[key], scoring) for key in keys}
    after = {key: _share(right[key], scoring) for key in keys}
    fixed = tuple(key for key in keys if after[key] > before[key])
    broken = tuple(key for key in keys if after[key] < before[key])
    clusters: dict[str, list[float]] = defaultdict(list)
    for key in keys:
        clusters[left[key][0].cluster or f"row {key}"].append(after[key] - before[key])
    alone = all(len(side[key]) == 1 for side in (left, right) for key in keys) and len(clusters) == len(keys)
    return PairedCell(
        benchmark=name,
        rows=len(keys),
        left_accuracy=_mean(before.values()),
        right_accuracy=_mean(after.values()),
        difference=_mean(after.values()) - _mean(before.values()),
        interval=cluster_bootstrap(clusters, _mean_of_all),
        p_value=mcnemar(len(fixed), len(broken)) if alone else None,
        fixed=fixed,
        broken=broken,
        only_left=len(left) - len(keys),
        only_right=len(right) - len(keys),
    )


def _share(ends: Sequence[RowEnd], scoring: Mode) -> float:
    return _mean(end.scores[scoring].score or 0.0 for end in ends)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def _mean_of_all(drawn: Sequence[list[float]]) -> float:
    return sum(map(sum, drawn)) / sum(map(len, drawn))


def _ratio(over: int, under: int) -> float:
    """A quotient of whole numbers of any size."""
    shift = max(0, under.bit_length() - 1000)
    return (over >> shift) / (under >> shift)


def _unlike(left: RunReport, right: RunReport, left_folder: Path, right_folder: Path) -> Iterable[str]:
    """What a reader must know before believing that the difference is the model's."""
    if left.model != right.model:
        yield f"model: {left.model} and {right.model}"
    if left.mode != right.mode:
        yield f"mode: {left.mode} and {right.mode}"
    if left.prompt != right.prompt and left.mode == right.mode:
        yield f"system prompt: {left.prompt} and {right.prompt}"
    for name in _BUDGETS:
        one, other = (_budget(report, name) for report in (left, right))
        if one != other:
            yield f"unequal budgets: {name} {one} and {other}"
    for name in ("attempts", "seed"):
        if left.settings.get(name) != right.settings.get(name):
            yield f"{name}: {left.settings.get(name)} and {right.settings.get(name)}"
    datas = [{one.benchmark: one for one in read_data(folder).data} for folder in (left_folder, right_folder)]
    for name in sorted(datas[0].keys() & datas[1].keys()):
        one_data, other_data = datas[0][name], datas[1][name]
        if one_data.prompt != other_data.prompt:
            yield f"{name}: asked with the prompt {one_data.prompt} and {other_data.prompt}"
        elif one_data.rows_sha256 != other_data.rows_sha256:
            yield f"{name}: not the same rows ({one_data.rows} and {other_data.rows}); those of both are compared"


def _budget(report: RunReport, name: str) -> object:
    episode = report.settings.get("episode")
    budgets = episode.get("budgets") if isinstance(episode, dict) else None
    return budgets.get(name) if isinstance(budgets, dict) else None
