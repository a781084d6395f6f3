"""What pages show of the index: runs, facets, a page of the table, groups, neighbours."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codedance.errors import StoreError
from codedance.viewer.runs.facts import Verdict
from codedance.viewer.runs.filters import CHOICES, Filter, condition, order
from codedance.viewer.trace import Judged

__all__ = ["GroupLine", "Row", "RunLine", "Tally", "changes_of", "count_facets", "find_row", "judged_of",
           "list_groups", "list_runs", "row_at", "rows_by_number", "run_number", "table_page", "tally"]  # fmt: skip

_ROW = """SELECT t.id, r.name, t.name, t.task, t.attempt, t.source, t.difficulty, t.category, t.verdict, t.stop,
  t.turns, t.calls, t.failed, t.tokens, t.seconds, t.offset, t.length, t.replaced, s.question, s.answer, s.reference,
  s.picture, t.decided
  FROM trajectories t JOIN runs r ON r.id = t.run JOIN shown s ON s.id = t.id"""
_TALLY = """count(*), coalesce(sum(t.verdict = 'right'), 0), coalesce(sum(t.verdict = 'wrong'), 0),
  coalesce(sum(t.verdict = 'no_answer'), 0), coalesce(sum(t.verdict = 'unscored'), 0),
  coalesce(sum(t.verdict = 'error'), 0), coalesce(sum(t.calls > 0), 0), avg(t.turns), avg(t.tokens), avg(t.seconds)"""


@dataclass(frozen=True, slots=True)
class Row:
    """A trajectory in a table."""

    id: int
    run: str
    name: str
    task: str
    attempt: int
    source: str
    difficulty: str
    category: str
    verdict: Verdict
    stop: str
    turns: int
    calls: int
    failed: int
    tokens: int | None
    seconds: float
    offset: int
    length: int
    replaced: bool
    question: str
    answer: str | None
    reference: str | None
    picture: str | None
    decided: str
    """Who said so: ``rules``, ``judge`` or ``text``."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts, counted."""

    count: int
    right: int
    wrong: int
    no_answer: int
    unscored: int
    error: int
    with_code: int
    turns: float | None
    """Mean number of replies."""
    tokens: float | None
    seconds: float | None

    @property
    def scored(self) -> int:
        """Those that were found right or wrong."""
        return self.right + self.wrong + self.no_answer

    @property
    def accuracy(self) -> float | None:
        """Share of the scored ones that are right; ``None`` without any."""
        return self.right / self.scored if self.scored else None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list of runs."""

    number: int
    name: str
    kind: str
    created: str
    step: int | None
    model: str
    tally: Tally
    bad: int
    """Lines that cannot be read."""
    unasked: int
    """Rows of an evaluation that could not be asked."""
    has_curve: bool


@dataclass(frozen=True, slots=True)
class GroupLine:
    """All attempts at one task of one run, in the list of groups."""

    run: str
    task: str
    question: str
    attempts: int
    scored: int
    right: int
    turns: float
    failed: int


def changes_of(base: sqlite3.Connection) -> int:
    """A number that is another one whenever the index has changed."""
    return int(base.execute("SELECT value FROM meta WHERE key = 'changes'").fetchone()[0])


def run_number(base: sqlite3.Connection, name: str) -> int | None:
    """The number of the run of this name; ``None`` for no name.

    Raises:
        StoreError: there is no such run.
    """
    if not name:
        return None
    row = base.execute("SELECT id FROM runs WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise StoreError(f"there is no run '{name}' here")
    return int(row[0])


def list_runs(base: sqlite3.Connection) -> list[RunLine]:
    """Every run with its tally, by name."""
    tallies = {
        row[0]: Tally(*row[1:])
        for row in base.execute(f"SELECT t.run, {_TALLY} FROM trajectories t WHERE NOT t.replaced GROUP BY t.run")  # noqa: S608 - our own text
    }
    nothing = Tally(0, 0, 0, 0, 0, 0, 0, None, None, None)
    found = base.execute(
        "SELECT id, name, kind, created, step, bad, unasked, curve <> '', "
        "(SELECT model FROM trajectories t WHERE t.run = runs.id LIMIT 1) FROM runs ORDER BY name"
    )
    return [
        RunLine(number, name, kind, created, step, model or "", tallies.get(number, nothing), bad, unasked, bool(curve))
        for number, name, kind, created, step, bad, unasked, curve, model in found
    ]


def count_facets(base: sqlite3.Connection, run: int | None) -> Mapping[str, Sequence[tuple[str, int]]]:
    """The values of every column of choices with how often they occur, the most frequent first."""
    where, values = ("AND t.run = ?", (run,)) if run is not None else ("", ())
    columns = ", ".join(f"t.{name}" for name in CHOICES)
    counters: dict[str, Counter[str]] = {name: Counter() for name in CHOICES}
    query = f"SELECT {columns}, count(*) FROM trajectories t WHERE NOT t.replaced {where} GROUP BY {columns}"  # noqa: S608 - our own names
    for *row, count in base.execute(query, values):
        for name, value in zip(CHOICES, row, strict=True):
            counters[name][value or "(none)"] += count
    return {name: counter.most_common(200) for name, counter in counters.items()}


def tally(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> Tally:
    """All attempts that a filter leaves, counted."""
    where = condition(chosen, run=run)
    row = base.execute(f"SELECT {_TALLY} FROM trajectories t WHERE {where.sql}", where.values).fetchone()  # noqa: S608 - values are bound
    return Tally(*row)


def table_page(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> list[Row]:
    """The rows of one page of the table."""
    return _rows(base, chosen, run=run, limit=chosen.size, skip=(chosen.page - 1) * chosen.size)


def row_at(base: sqlite3.Connection, chosen: Filter, *, run: int | None, place: int) -> Row | None:
    """The row at a place of the whole table, from 0; ``None`` if there is none."""
    found = _rows(base, chosen, run=run, limit=1, skip=place) if place >= 0 else []
    return found[0] if found else None


def find_row(base: sqlite3.Connection, run: str, name: str, *, offset: int | None = None) -> Row:
    """The trajectory of this name in a run: the one that counts, or the one at this place of its file.

    Raises:
        StoreError: there is none.
    """
    number = run_number(base, run or ".")
    place = ("AND t.offset = ?", (offset,)) if offset is not None else ("", ())
    row = base.execute(
        f"{_ROW} WHERE t.run = ? AND t.name = ? {place[0]} ORDER BY t.replaced, t.id DESC LIMIT 1",
        (number, name, *place[1]),
    ).fetchone()
    if row is None:
        raise StoreError(f"the run holds no trajectory '{name}' (or not yet)")
    return _row(row)


def judged_of(base: sqlite3.Connection, row: Row) -> Judged | None:
    """What a judge said of a trajectory; ``None`` if none was asked about it."""
    found = base.execute(
        "SELECT judge, by_rules, score, read, undecided, detail FROM judged WHERE id = ?", (row.id,)
    ).fetchone()
    return Judged(*found) if found is not None else None


def rows_by_number(base: sqlite3.Connection, numbers: Sequence[int]) -> Mapping[int, Row]:
    """Rows by their number in the index; those that are gone are missing."""
    marks = ", ".join("?" * len(numbers))
    return {row[0]: _row(row) for row in base.execute(f"{_ROW} WHERE t.id IN ({marks})", numbers)}


def list_groups(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> tuple[list[GroupLine], int, int]:
    """A page of groups, those whose attempts disagree first; how many groups there are; how many disagree."""
    where = condition(chosen, run=run)
    grouped = f"""SELECT t.run AS run, t.task AS task, count(*) AS n,
      sum(t.verdict IN ('right', 'wrong', 'no_answer')) AS scored, sum(t.verdict = 'right') AS good,
      avg(t.turns) AS turns, sum(t.failed) AS failed, min(t.id) AS first
      FROM trajectories t WHERE {where.sql} GROUP BY t.task, t.run"""  # noqa: S608 - values are bound
    counting = f"SELECT count(*), coalesce(sum(good > 0 AND good < scored), 0) FROM ({grouped})"  # noqa: S608
    count, mixed = base.execute(counting, where.values).fetchone()
    found = base.execute(
        f"SELECT r.name, g.task, s.question, g.n, g.scored, g.good, g.turns, g.failed FROM ({grouped}) g "  # noqa: S608
        "JOIN runs r ON r.id = g.run JOIN shown s ON s.id = g.first "
        "ORDER BY (g.good > 0 AND g.good < g.scored) DESC, g.first LIMIT ? OFFSET ?",
        (*where.values, chosen.size, (chosen.page - 1) * chosen.size),
    )
    return [GroupLine(*row) for row in found], count, mixed


def _rows(base: sqlite3.Connection, chosen: Filter, *, run: int | None, limit: int, skip: int) -> list[Row]:
    where = condition(chosen, run=run)
    # The numbers first: joining before sorting would drag every row's texts along.
    inner = f"SELECT t.id FROM trajectories t WHERE {where.sql} ORDER BY {order(chosen)} LIMIT ? OFFSET ?"  # noqa: S608
    numbers = [one[0] for one in base.execute(inner, (*where.values, limit, skip))]
    found = rows_by_number(base, numbers)
    return [found[number] for number in numbers]


def _row(values: Sequence[object]) -> Row:
    row = list(values)
    row[8], row[17] = Verdict(str(row[8])), bool(row[17])
    return Row(*row)  # type: ignore[arg-type]
