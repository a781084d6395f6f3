"""The index of a folder of runs, kept up to date while the runs are being written.

What is indexed of a run is the beginning of its file, up to an offset that is stored in the transaction of the rows:
killed at any moment, the next start goes on from there. A file that is shorter than before, or whose bytes before the
offset are others, was written anew, and so are its rows.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from codedance.errors import StoreError
from codedance.schema import Trajectory
from codedance.schema.faults import first_fault
from codedance.viewer.runs.base import open_base, remove_base, storable
from codedance.viewer.runs.facts import Verdict, facts_of, shown_of, texts_of
from codedance.viewer.runs.found import TRAJECTORIES, FoundRun, find_runs
from codedance.viewer.runs.lines import Line, complete_lines, fingerprint
from codedance.viewer.runs.scored import ScoreLine, read_scores

__all__ = ["IndexProgress", "RunIndex"]

_BATCH_LINES = 400
_BATCH_SECONDS = 1.0
_MOST_BAD_LINES = 100
"""Of a run, that are told one by one; all are counted."""
_LONGEST_SETTINGS = 1 << 20
_FORGET_JUDGED = "DELETE FROM judged WHERE id IN (SELECT id FROM trajectories WHERE run = ?)"
_ROW = (
    "run, offset, length, name, task, attempt, source, family, difficulty, category, verdict, rule, stop, mode, model, "
    "turns, calls, failed, tokens, seconds, outcomes, fault"
)
_INSERT = f"INSERT INTO trajectories ({_ROW}) VALUES ({', '.join('?' * (_ROW.count(',') + 1))})"  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far a pass over all runs has come."""

    bytes_done: int
    bytes_total: int
    trajectories: int
    """Added by this pass."""


class RunIndex:
    """Writes the index; a context manager. Several processes may have it open: one of them writes, the others look on.

    Args:
        root: a run folder, or a folder that holds some.
        place: the index's file.

    Raises:
        StoreError: the index cannot be written.
    """

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place
        self._base: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._seen: dict[str, tuple[object, ...]] = {}
        self.stopped = False
        """Set from another thread to end a pass early."""
        self.damaged = False
        """Set from another thread to have the file made anew by the next pass."""
        if not self._locked() and not place.exists():
            raise StoreError(f"{place}: another process is just beginning the index; try again")
        self.runs: list[FoundRun] = []

    def refresh(self, listener: Callable[[IndexProgress], None] = lambda progress: None) -> bool:
        """Take in what is new; true if anything has changed. Does nothing while another process writes the index.

        Raises:
            StoreError: the folder is gone, or the index can no longer be written.
        """
        self.runs = find_runs(self.root)
        if not self._locked():
            return False
        try:
            return self._refresh(listener)
        except sqlite3.OperationalError as error:  # no room, no right, a disk that fails
            self._close_base()
            raise StoreError(f"{self.place}: the index cannot be written ({error})") from None
        except sqlite3.DatabaseError as error:
            self._close_base(delete=True)
            raise StoreError(f"{self.place}: the index was damaged and is made anew ({error})") from None

    def close(self) -> None:
        """Let another process write."""
        self._close_base()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refresh(self, listener: Callable[[IndexProgress], None]) -> bool:
        if self.damaged or not self.place.exists():  # somebody deleted it while we had it open
            self.damaged = False
            self._close_base(delete=True)
            if not self._locked():
                return False
        changed = self._forget_lost()
        waiting = [run for run in self.runs if self._seen.get(run.name) != _state(run)]
        counter = _Counter(sum(run.trajectories.size for run in waiting if run.trajectories), listener)
        for run in waiting:
            changed |= self._take_in(run, counter)
            if self.stopped:
                return changed
            self._seen[run.name] = _state(run)
        return changed

    def _take_in(self, run: FoundRun, counter: _Counter) -> bool:
        """All of a run that is not indexed yet."""
        number, changed = self._row_of(run)
        if run.trajectories is not None:
            try:
                file = (run.folder / TRAJECTORIES).open("rb")
            except OSError as error:
                return self._note(number, f"cannot be read ({error.strerror or error})") or changed
            with file:
                changed |= self._append(number, file, counter)
        return self._take_scores(number, run) or changed

    def _row_of(self, run: FoundRun) -> tuple[int, bool]:
        """The run's number, made if there is none; whether its description has changed."""
        kind, settings, created = run.manifest()
        step = settings.get("step")
        described = json.dumps(settings)
        values = (
            storable(kind),
            storable(created),
            step if isinstance(step, int) and abs(step) < 1 << 60 else None,
            storable(described) if len(described) <= _LONGEST_SETTINGS else "{}",
            run.curve.text if run.curve is not None else "",
        )
        name, base = storable(run.name), self._open
        there = base.execute("SELECT id, kind, created, step, settings, curve FROM runs WHERE name = ?", (name,))
        row = there.fetchone()
        if row is not None and tuple(row[1:]) == values:
            return int(row[0]), False
        with self._transaction() as base:
            if row is None:
                base.execute(
                    "INSERT INTO runs (kind, created, step, settings, curve, name) VALUES (?, ?, ?, ?, ?, ?)",
                    (*values, name),
                )
            else:
                base.execute(
                    "UPDATE runs SET kind = ?, created = ?, step = ?, settings = ?, curve = ? WHERE name = ?",
                    (*values, name),
                )
        return int(base.execute("SELECT id FROM runs WHERE name = ?", (name,)).fetchone()[0]), True

    def _append(self, number: int, file: BinaryIO, counter: _Counter) -> bool:
        """Rows for the lines behind the stored offset; all rows anew if the file is another one."""
        base, changed = self._open, False
        offset, known = base.execute("SELECT offset, print FROM runs WHERE id = ?", (number,)).fetchone()
        if offset and (os.fstat(file.fileno()).st_size < offset or fingerprint(file, offset) != known):
            with self._transaction():
                self._clear(number)
            offset, changed = 0, True
        counter.skip(offset)
        lines = complete_lines(file, offset)
        while batch := list(_timely(lines)):
            end = batch[-1].offset + batch[-1].length
            with self._transaction():
                added = self._add(number, batch)
                # The bytes are read again: what was rewritten meanwhile is noticed by the next pass.
                mark = fingerprint_of(file, end)
                base.execute(
                    "UPDATE runs SET offset = ?, print = ?, "
                    "scores = CASE WHEN scores IN ('', 'none') THEN scores ELSE 'older' END WHERE id = ?",
                    (end, mark, number),
                )
            changed = True
            counter.add(sum(line.length for line in batch), added)
            if self.stopped:
                break
        return changed

    def _add(self, run: int, batch: list[Line]) -> int:
        base, added = self._open, 0
        (lines, bad) = base.execute("SELECT lines, bad FROM runs WHERE id = ?", (run,)).fetchone()
        for line in batch:
            lines += 1
            if line.data is not None and not line.data.strip():
                continue
            found = _parsed(line)
            if isinstance(found, str):
                bad += 1
                if bad <= _MOST_BAD_LINES:
                    base.execute("INSERT INTO bad_lines VALUES (?, ?, ?)", (run, lines, storable(found)))
            else:
                self._add_one(run, line, found)
                added += 1
        base.execute("UPDATE runs SET lines = ?, bad = ? WHERE id = ?", (lines, bad, run))
        return added

    def _add_one(self, run: int, line: Line, trajectory: Trajectory) -> None:
        base, facts = self._open, facts_of(trajectory)
        shown, texts = shown_of(trajectory), texts_of(trajectory)
        name = storable(facts.name)
        before = base.execute(
            "SELECT id, verdict FROM trajectories WHERE run = ? AND name = ? AND NOT replaced", (run, name)
        ).fetchone()
        row = base.execute(
            _INSERT,
            (run, line.offset, line.length, name, storable(facts.task), facts.attempt, storable(facts.source),
             storable(facts.family), storable(facts.difficulty), storable(facts.category), facts.verdict.value,
             facts.verdict.value, facts.stop.value, facts.mode.value, storable(facts.model), facts.turns, facts.calls,
             facts.failed, facts.tokens, facts.seconds, facts.outcomes, facts.fault),
        ).lastrowid  # fmt: skip
        base.execute(
            "INSERT INTO shown VALUES (?, ?, ?, ?, ?)",
            (row, storable(shown.question), _maybe(shown.answer), _maybe(shown.reference), shown.picture),
        )
        base.execute(
            "INSERT INTO texts (rowid, question, thought, code, output, answer) VALUES (?, ?, ?, ?, ?, ?)",
            (row, *(storable(one) for one in (texts.question, texts.thought, texts.code, texts.output, texts.answer))),
        )
        if before is not None:  # as evaluations count: the last attempt that did not fail
            old, verdict = before
            failed = facts.verdict is Verdict.ERROR and verdict != Verdict.ERROR.value
            base.execute("UPDATE trajectories SET replaced = 1 WHERE id = ?", (row if failed else old,))

    def _take_scores(self, number: int, run: FoundRun) -> bool:
        """Verdicts from the run's file of scores where there is one, by rule where there is none."""
        both = (run.scores, run.judgements)
        marks = " ".join(one.text for one in both if one is not None) if run.scores is not None else "none"
        (known,) = self._open.execute("SELECT scores FROM runs WHERE id = ?", (number,)).fetchone()
        if known == marks:
            return False
        with self._transaction() as base:
            if known not in ("", "none"):
                base.execute("UPDATE trajectories SET verdict = rule, decided = 'text' WHERE run = ?", (number,))
                base.execute(_FORGET_JUDGED, (number,))
            unasked = 0
            if run.scores is not None:
                for score in read_scores(run.folder):
                    if score.trajectory is None:
                        unasked += 1
                    else:
                        _take_score(base, number, score)
            base.execute("UPDATE runs SET scores = ?, unasked = ? WHERE id = ?", (marks, unasked, number))
        return True

    def _forget_lost(self) -> bool:
        """Drop the runs whose folders are gone."""
        there = {storable(run.name) for run in self.runs}
        lost = [one for one in self._open.execute("SELECT id, name FROM runs").fetchall() if one[1] not in there]
        for number, name in lost:
            with self._transaction() as base:
                self._clear(number)
                base.execute("DELETE FROM runs WHERE id = ?", (number,))
            self._seen.pop(name, None)
        return bool(lost)

    def _clear(self, run: int) -> None:
        """Drop a run's rows. Its texts stay: their numbers are never given again, and no query shows them."""
        base = self._open
        base.execute(_FORGET_JUDGED, (run,))
        base.execute("DELETE FROM shown WHERE id IN (SELECT id FROM trajectories WHERE run = ?)", (run,))
        base.execute("DELETE FROM trajectories WHERE run = ?", (run,))
        base.execute("DELETE FROM bad_lines WHERE run = ?", (run,))
        base.execute(
            "UPDATE runs SET offset = 0, lines = 0, bad = 0, print = '', scores = '', unasked = 0 WHERE id = ?", (run,)
        )

    def _note(self, run: int, reason: str) -> bool:
        with self._transaction() as base:
            base.execute("DELETE FROM bad_lines WHERE run = ? AND number = 0", (run,))
            base.execute("INSERT INTO bad_lines VALUES (?, 0, ?)", (run, storable(reason)))
        return True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and a new number of changes for those who look on."""
        base = self._open
        base.execute("BEGIN IMMEDIATE")
        try:
            yield base
            base.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'changes'")
            base.execute("COMMIT")
        except BaseException:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise

    @property
    def _open(self) -> sqlite3.Connection:
        if self._base is None:
            raise StoreError(f"{self.place}: the index is closed")
        return self._base

    def _locked(self) -> bool:
        """Whether this process may write; takes the lock when it is free, and opens the file."""
        if self._base is not None:
            return True
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.place.with_name("lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{self.place.parent}: cannot be written ({error.strerror or error})") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        try:
            self._base = open_base(self.place)
        except BaseException:
            os.close(lock)
            raise
        self._lock, self._seen = lock, {}
        return True

    def _close_base(self, *, delete: bool = False) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None
            if delete:
                remove_base(self.place)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class _Counter:
    """Adds up what a pass has done, and tells it."""

    def __init__(self, total: int, listener: Callable[[IndexProgress], None]) -> None:
        self._total, self._listener = total, listener
        self._bytes = self._trajectories = 0

    def skip(self, count: int) -> None:
        self._bytes += count

    def add(self, count: int, trajectories: int) -> None:
        self._bytes += count
        self._trajectories += trajectories
        self._listener(IndexProgress(self._bytes, max(self._total, self._bytes), self._trajectories))


def fingerprint_of(file: BinaryIO, end: int) -> str:
    """The fingerprint up to a place, leaving the file where it was."""
    place = file.tell()
    try:
        return fingerprint(file, end)
    finally:
        file.seek(place)


def _timely(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines for one transaction: a number of them, or what a moment brings."""
    begin, held = time.monotonic(), 0
    for line in islice(lines, _BATCH_LINES):
        yield line
        held += line.length
        if time.monotonic() - begin > _BATCH_SECONDS or held > 16 << 20:
            return


def _take_score(base: sqlite3.Connection, run: int, score: ScoreLine) -> None:
    """The benchmark's verdict of the attempt that counts, and what a judge said of it."""
    judged, name = score.judged, storable(score.trajectory or "")
    base.execute(
        "UPDATE trajectories SET verdict = ?1, decided = ?2, "
        "category = CASE category WHEN '' THEN ?3 ELSE category END "
        "WHERE run = ?4 AND name = ?5 AND NOT replaced",
        (score.verdict.value, "rules" if judged is None else "judge", storable(score.category), run, name),
    )
    if judged is not None:
        base.execute(
            "INSERT OR REPLACE INTO judged SELECT id, ?, ?, ?, ?, ?, ? FROM trajectories "
            "WHERE run = ? AND name = ? AND NOT replaced",
            (storable(judged.judge), storable(judged.by_rules), judged.score, _maybe(judged.read),
             storable(judged.undecided), storable(judged.detail), run, name),
        )  # fmt: skip


def _parsed(line: Line) -> Trajectory | str:
    if line.data is None:
        return f"is longer than may be read ({line.length:,} bytes)"
    try:
        return Trajectory.model_validate_json(line.data)
    except ValidationError as error:
        fault = first_fault(error)
        return f"{fault.where[:200] or 'the line'}: {fault.message[:300]}"
    except RecursionError:
        return "is nested too deeply"


def _state(run: FoundRun) -> tuple[object, ...]:
    return run.trajectories, run.scores, run.judgements, run.curve


def _maybe(text: str | None) -> str | None:
    return storable(text) if text is not None else None
