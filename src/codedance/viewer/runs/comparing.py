"""Two runs beside each other, task by task: what one has right and the other wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Change", "ComparedRow", "RunComparison", "compare"]

PairedTest = Callable[[int, int], float]
"""From the numbers of tasks that were fixed and broken to a two-sided p-value."""


class Change(StrEnum):
    """What became of a task from the left run to the right one."""

    FIXED = "fixed"
    """More often right than before."""
    BROKEN = "broken"
    SAME_RIGHT = "same, right"
    SAME_WRONG = "same, wrong"
    """As often right as before, but not always."""
    UNSCORED = "not scored"
    """In one of the runs nobody knows."""
    ONLY_LEFT = "only left"
    ONLY_RIGHT = "only right"


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A task in both runs."""

    task: str
    change: Change
    left: float | None
    """Share of its attempts that are right; ``None`` if none was scored."""
    right: float | None
    left_id: int | None
    """Row of its first attempt; ``None`` if the run has none."""
    right_id: int | None


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The whole comparison, and one page of its rows."""

    counts: dict[Change, int]
    compared: int
    """Tasks that both runs have, scored."""
    left_accuracy: float | None
    right_accuracy: float | None
    p_value: float | None
    """Of the paired test; ``None`` without one, with several attempts at a task, or with nothing to compare."""
    rows: tuple[ComparedRow, ...]
    shown: int
    """Rows of the chosen kind, on all pages."""


# As evaluations count: an error is no right answer; what nobody scored is left out.
_SIDE = """SELECT t.task AS task, min(t.id) AS first, count(*) AS n, avg(CASE t.verdict WHEN 'right' THEN 1.0
  WHEN 'unscored' THEN NULL ELSE 0.0 END) AS share
  FROM trajectories t WHERE t.run = ? AND NOT t.replaced GROUP BY t.task"""
_JOINED = f"""WITH l AS ({_SIDE}), r AS ({_SIDE}), both AS (
  SELECT l.task AS task, l.share AS before, r.share AS after, l.first AS lid, r.first AS rid, max(l.n, r.n) AS n,
    CASE WHEN l.share IS NULL OR r.share IS NULL THEN 'not scored' WHEN r.share > l.share THEN 'fixed'
      WHEN r.share < l.share THEN 'broken' WHEN r.share = 1 THEN 'same, right' ELSE 'same, wrong' END AS change
    FROM l JOIN r ON r.task = l.task
  UNION ALL SELECT task, share, NULL, first, NULL, n, 'only left' FROM l WHERE task NOT IN (SELECT task FROM r)
  UNION ALL SELECT task, NULL, share, NULL, first, n, 'only right' FROM r WHERE task NOT IN (SELECT task FROM l))"""  # noqa: S608 - our own text


def compare(
    base: sqlite3.Connection,
    left: int,
    right: int,
    *,
    show: Change | None,
    page: int,
    size: int,
    paired: PairedTest | None = None,
) -> RunComparison:
    """Compare two runs by their tasks.

    Args:
        base: the index.
        left: number of the run to compare with.
        right: number of the run that may be better.
        show: only rows that changed in this way; all, changed ones first, without.
        page: which page of rows, from 1.
        size: rows on a page.
        paired: a test for two runs with one attempt at each task.
    """
    both = (left, right)
    summed: Sequence[tuple[str, int, float | None, float | None, int]] = base.execute(
        f"{_JOINED} SELECT change, count(*), sum(before), sum(after), max(n) FROM both GROUP BY change",  # noqa: S608
        both,
    ).fetchall()
    counts = dict.fromkeys(Change, 0)
    compared, sums, several = 0, [0.0, 0.0], False
    for name, count, before, after, most in summed:
        change = Change(name)
        counts[change] = count
        if change in (Change.FIXED, Change.BROKEN, Change.SAME_RIGHT, Change.SAME_WRONG):
            compared += count
            sums[0] += before or 0.0
            sums[1] += after or 0.0
            several |= most > 1
    test = paired is not None and compared and not several
    where, values = ("WHERE change = ?", (show.value,)) if show is not None else ("", ())
    ranks = " ".join(f"WHEN '{one.value}' THEN {rank}" for rank, one in enumerate(Change))
    rows = base.execute(
        f"{_JOINED} SELECT task, change, before, after, lid, rid FROM both {where} "  # noqa: S608 - values are bound
        f"ORDER BY CASE change {ranks} END, coalesce(lid, rid) LIMIT ? OFFSET ?",
        (*both, *values, size, (page - 1) * size),
    )
    return RunComparison(
        counts=counts,
        compared=compared,
        left_accuracy=sums[0] / compared if compared else None,
        right_accuracy=sums[1] / compared if compared else None,
        p_value=paired(counts[Change.FIXED], counts[Change.BROKEN]) if test and paired is not None else None,
        rows=tuple(ComparedRow(row[0], Change(row[1]), *row[2:]) for row in rows),
        shown=counts[show] if show is not None else sum(counts.values()),
    )
