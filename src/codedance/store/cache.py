"""Records by key on disk: what was dear to get is got once, however often a run is stopped."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import ValidationError

from codedance.errors import StoreError
from codedance.schema import Record

__all__ = ["RecordCache"]

R = TypeVar("R", bound=Record)


class RecordCache(Generic[R]):
    """A file of records of one type by key; a context manager, for one thread of one process at a time.

    When :meth:`put` returns, the record survives the end of the process at any moment (a power cut may cost the last
    ones). A record that this version can no longer read counts as absent.

    Raises:
        StoreError: the file is damaged, cannot be written, or another process has it open.

    >>> import tempfile
    >>> from codedance.schema import Term
    >>> with RecordCache(Path(tempfile.mkdtemp()) / "cache.sqlite", Term) as cache:
    ...     cache.put("a", Term(value=1.0))
    ...     cache.get("a").value, cache.get("b")
    (1.0, None)
    """

    def __init__(self, path: Path, record: type[R]) -> None:
        self.path = path
        self._record = record
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from None
        try:
            # The lock is kept: a second run in the same folder is refused, and the write-ahead log, which spares a
            # sync for every record, then needs no shared memory and works on network file systems too.
            for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._base.execute(f"PRAGMA {setting}").close()
            self._base.execute("BEGIN EXCLUSIVE")
            self._base.execute("COMMIT")
            self._base.execute("CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
        except sqlite3.Error as error:
            self._base.close()
            raise self._failed(error) from None

    def get(self, key: str) -> R | None:
        """The record under this key; ``None`` if there is none.

        Raises:
            StoreError: the file is damaged or cannot be read.
        """
        try:
            with closing(self._base.execute("SELECT value FROM records WHERE key = ?", (key,))) as found:
                row = found.fetchone()
        except sqlite3.Error as error:
            raise self._failed(error) from None
        if row is None:
            return None
        try:
            return self._record.model_validate_json(row[0])
        except ValidationError:
            return None

    def put(self, key: str, record: R) -> None:
        """Store a record, in place of the one that was there; raises as :meth:`get` does."""
        try:
            self._base.execute("INSERT OR REPLACE INTO records VALUES (?, ?)", (key, record.model_dump_json()))
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failed(self, error: Exception) -> StoreError:
        if "locked" in str(error):
            return StoreError(f"{self.path}: another run is using it; wait for its end, or choose another folder")
        return StoreError(f"{self.path}: the cache cannot be used ({error}); if it is damaged, delete it and go on")
