"""The index's file: an SQLite data base that can be thrown away and made again at any time."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path

from codedance.errors import StoreError

__all__ = ["VERSION", "choose_place", "open_base", "open_for_reading", "remove_base", "storable"]

VERSION = 3
"""Raised whenever what is in the file changes its form or meaning: an index of another version is made anew."""
_BESIDE = ".codedance-index"
_FILE = "index.sqlite"
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# codedance view makes it again when it is missing.\n"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
INSERT INTO meta VALUES ('changes', '0');
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created TEXT NOT NULL,
  step INTEGER, settings TEXT NOT NULL, offset INTEGER NOT NULL DEFAULT 0, lines INTEGER NOT NULL DEFAULT 0,
  print TEXT NOT NULL DEFAULT '', scores TEXT NOT NULL DEFAULT '',
  curve TEXT NOT NULL DEFAULT '', unasked INTEGER NOT NULL DEFAULT 0, bad INTEGER NOT NULL DEFAULT 0);
CREATE TABLE trajectories (
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
  name TEXT NOT NULL, task TEXT NOT NULL, attempt INTEGER NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
  source TEXT NOT NULL, family TEXT NOT NULL, difficulty TEXT NOT NULL, category TEXT NOT NULL,
  verdict TEXT NOT NULL, rule TEXT NOT NULL, stop TEXT NOT NULL, mode TEXT NOT NULL, model TEXT NOT NULL,
  turns INTEGER NOT NULL, calls INTEGER NOT NULL, failed INTEGER NOT NULL, tokens INTEGER, seconds REAL NOT NULL,
  outcomes TEXT NOT NULL, fault TEXT, decided TEXT NOT NULL DEFAULT 'text');
CREATE INDEX trajectories_name ON trajectories (run, name);
CREATE INDEX trajectories_task ON trajectories (task, run);
CREATE TABLE shown (id INTEGER PRIMARY KEY, question TEXT NOT NULL, answer TEXT, reference TEXT, picture TEXT);
CREATE TABLE judged (
  id INTEGER PRIMARY KEY, judge TEXT NOT NULL, by_rules TEXT NOT NULL, score REAL, read TEXT, undecided TEXT NOT NULL,
  detail TEXT NOT NULL);
CREATE TABLE bad_lines (run INTEGER NOT NULL, number INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX bad_lines_run ON bad_lines (run);
CREATE VIRTUAL TABLE texts USING fts5 (
  question, thought, code, output, answer, content = '', tokenize = "unicode61 remove_diacritics 2");
"""


def choose_place(root: Path, caches: Path, *, beside: bool = True) -> Path:
    """Where the index of a folder lies: in a hidden folder in it, or in the user's cache if that cannot be written.

    Args:
        root: the run or folder of runs.
        caches: the user's folder for caches.
        beside: false puts the index into the cache in any case.

    Raises:
        StoreError: neither can be written.
    """
    digest = hashlib.sha256(str(root.resolve()).encode("utf-8", errors="surrogateescape")).hexdigest()[:24]
    problem: OSError | None = None
    folders = [root / _BESIDE] if beside else []
    for folder in [*folders, caches / "codedance" / "runs" / digest]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not folder.is_symlink():  # what lies in a run folder may come from anybody
                (folder / "CACHEDIR.TAG").write_text(_TAG, encoding="ascii")
                return folder / _FILE
        except OSError as error:
            problem = error
    reason = problem.strerror or str(problem) if problem is not None else "it is a link"
    raise StoreError(f"{caches}: no index can be written there ({reason}); name a folder with --cache")


def open_base(place: Path) -> sqlite3.Connection:
    """Open the index for writing; one that is damaged or of another version is made anew.

    Raises:
        StoreError: the file cannot be written, or this Python's SQLite cannot search texts.
    """
    try:
        return _opened(place)
    except sqlite3.Error:
        remove_base(place)
    try:
        return _opened(place)
    except sqlite3.Error as error:
        raise StoreError(f"{place}: the index cannot be used ({error})") from None


def open_for_reading(place: Path) -> sqlite3.Connection:
    """A connection for one request, which sees one state of the index and cannot change it."""
    base = sqlite3.connect(place, isolation_level=None, timeout=10.0, check_same_thread=False)
    base.execute("PRAGMA query_only = 1")
    base.execute("PRAGMA cache_size = -16000")
    base.execute("PRAGMA mmap_size = 268435456")
    base.execute("BEGIN")
    return base


def storable(text: str) -> str:
    r"""Text that SQLite can hold: lone surrogates become question marks.

    >>> storable("a\ud800b")
    'a?b'
    """
    return text.encode("utf-8", errors="replace").decode()


def _opened(place: Path) -> sqlite3.Connection:
    base = sqlite3.connect(place, isolation_level=None, timeout=30.0, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute("PRAGMA cache_size = -64000")
        tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables:
            base.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif base.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            raise sqlite3.DatabaseError("of another version")
        # A torn page would otherwise be met only later, in the middle of an answer.
        base.execute("SELECT count(*) FROM runs").fetchone()
    except sqlite3.Error:
        base.close()
        raise
    return base


def remove_base(place: Path) -> None:
    """Delete an index and the files that SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            place.with_name(place.name + ending).unlink()
