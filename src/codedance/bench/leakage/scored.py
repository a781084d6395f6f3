"""Scores of a run or of a file of predictions, by row, and what they are on the rows that are clean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from codedance.bench.contract import Benchmark, Mode
from codedance.bench.evaluation.ends import RowEnd
from codedance.bench.leakage.contract import AuditReport, AuditRow, Grade, Subset, SubsetScore
from codedance.bench.outcomes import RowScore
from codedance.bench.predictions import score_file
from codedance.bench.scoring import tally
from codedance.errors import DataError
from codedance.store import RecordFile

__all__ = ["read_scores", "with_scores"]

_SCORES = "scores.jsonl"
_LEFT_OUT: dict[Subset, tuple[Grade, ...]] = {
    Subset.ALL: (),
    Subset.UNLEAKED: (Grade.IDENTICAL, Grade.NEAR),
    Subset.CLEAN: (Grade.IDENTICAL, Grade.NEAR, Grade.SUSPICIOUS, Grade.UNREADABLE),
}


def read_scores(place: Path, benchmark: Benchmark, mode: Mode, *, raw: bool | None = None) -> dict[str, RowScore]:
    """The scores of a benchmark's rows by the rows' names.

    Args:
        place: the run folder of an evaluation (of several attempts the first counts), or JSON lines with ``prediction``
            and ``row``, which are scored now.
        benchmark: whose rows.
        mode: how they are scored.
        raw: as in :meth:`~codedance.bench.Benchmark.verdict`, for files.

    Raises:
        DataError: the file cannot be used, or a row comes twice.
        StoreError: the run cannot be read.
    """
    found: dict[str, RowScore] = {}
    if place.is_dir():
        if not (place / _SCORES).is_file():
            raise DataError(f"{place}: is no run folder of an evaluation (it has no {_SCORES})")
        for end in RecordFile(place / _SCORES, RowEnd):
            if end.benchmark == benchmark.name and end.attempt == 0:
                found[end.key] = end.row_score(mode)
        if not found:
            raise DataError(f"{place}: holds no scores of {benchmark.name}")
        return found
    for number, (key, score) in enumerate(score_file(place, benchmark, mode, raw=raw)):
        name = key or str(number)
        if name in found:
            raise DataError(f"{place}: the row {name[:60]!r} comes twice; give each row once")
        found[name] = score
    return found


def with_scores(
    report: AuditReport, rows: Sequence[AuditRow], scores: Mapping[str, RowScore], *, place: str, mode: Mode
) -> AuditReport:
    """The report with the scores on all rows and on those that are clean.

    Raises:
        DataError: not one scored row is among the audited ones.
    """
    grades = {row.key: row.grade for row in rows}
    known = {key: score for key, score in scores.items() if key in grades}
    if not known:
        example = next(iter(scores), "")
        raise DataError(f"{place}: none of its {len(scores)} rows (first: {example[:60]!r}) is a row of the audit")
    parts = tuple(
        SubsetScore(subset=subset, tally=tally([score for key, score in known.items() if grades[key] not in left_out]))
        for subset, left_out in _LEFT_OUT.items()
    )
    return report.model_copy(
        update={
            "scored": place,
            "mode": mode.value,
            "scores": parts,
            "unscored": len(grades) - len(known),
            "unknown": len(scores) - len(known),
        }
    )
