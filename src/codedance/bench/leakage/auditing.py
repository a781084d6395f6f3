"""The audit itself: two sides in, every row's grade out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

from codedance.bench.data.loading import DataManifest
from codedance.bench.leakage.collecting import Side
from codedance.bench.leakage.contract import AuditReport, AuditRow, Grade
from codedance.similarity.evidence import Evidence, PictureMatch, find_evidence, link_pictures, thresholds

__all__ = ["audit_rows", "make_audit_report"]

_ORDER = list(Grade)
_PICTURES = list(PictureMatch)


def audit_rows(train: Side, against: Side, *, tick: Callable[[int], None] = lambda done: None) -> Iterator[AuditRow]:
    """The grade of every row of a benchmark, in its order.

    Args:
        train: what a model was trained on.
        against: the benchmark.
        tick: called with how many of its pictures have been looked for.
    """
    links = link_pictures(against.neighbours, train.neighbours, (against.previews, train.previews), tick=tick)
    found = list(find_evidence(against.neighbours, train.neighbours, links))
    for key, number in against.rows:
        if isinstance(number, str):
            yield AuditRow(key=key, grade=Grade.UNREADABLE, note=number)
        else:
            yield _row(key, number, train, against, found[number])


def _row(key: str, number: int, train: Side, against: Side, found: Evidence | None) -> AuditRow:
    ours, theirs = against.neighbours, train.neighbours
    asked, answer = ours.questions.text(ours.question(number)), ours.answer(number)
    if found is None:
        return AuditRow(key=key, grade=Grade.CLEAN, asked=asked, answer=answer)
    link = found.picture
    return AuditRow(
        key=key,
        grade=Grade.of(found.leak),
        picture=link.match if link is not None else None,
        question=found.question,
        train=theirs.key(found.other),
        bits=link.bits if link is not None else None,
        likeness=round(link.likeness, 4) if link is not None and link.likeness is not None else None,
        window=link.window if link is not None else None,
        jaccard=round(found.jaccard, 4),
        shared=found.shared,
        asked=asked,
        train_asked=theirs.questions.text(theirs.question(found.other)),
        answer=answer,
        train_answer=theirs.answer(found.other),
    )


def make_audit_report(
    name: str, train: Side, against: Side, rows: list[AuditRow], *, data: DataManifest | None, begin: float
) -> AuditReport:
    """Count the rows.

    Args:
        name: the benchmark's.
        train: what a model was trained on.
        against: the benchmark.
        rows: of :func:`audit_rows`.
        data: which rows of the benchmark they are.
        begin: when the work began, by the monotonic clock.
    """
    counts = Counter(row.grade for row in rows)
    flagged = [row for row in rows if row.grade is not Grade.CLEAN]
    evidence: dict[str, Counter[str]] = {}
    for row in flagged:
        if row.grade is not Grade.UNREADABLE:
            pictures = evidence.setdefault(row.picture.value if row.picture else "none", Counter())
            pictures[row.question.value if row.question else "none"] += 1
    return AuditReport(
        benchmark=name,
        train=train.counts(),
        against=against.counts(),
        data=data,
        grades={grade: counts[grade] for grade in Grade},
        formulaic=sum(row.grade is Grade.CLEAN and row.question is not None for row in rows),
        evidence={name: dict(found) for name, found in evidence.items()},
        flagged=tuple(sorted(flagged, key=_severity)),
        seconds=time.monotonic() - begin,
        settings=thresholds(),
    )


def _severity(row: AuditRow) -> tuple[int, int, float]:
    strength = _PICTURES.index(row.picture) if row.picture is not None else len(_PICTURES)
    return _ORDER.index(row.grade), strength, -(row.jaccard or 0.0)
