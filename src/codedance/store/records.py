"""Append-only files of one JSON record a line that survive a kill at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from codedance.errors import StoreError
from codedance.schema import SCHEMA_VERSION, Record
from codedance.schema.faults import first_fault
from codedance.store.atomic import write_bytes

__all__ = ["NO_JSON", "RecordFile", "count_lines", "count_unreadable", "line_fault", "unknown_schema"]

NO_JSON = "is no JSON (damaged?)"
_RESTORE = "restore the file from a copy"
_OBJECT = TypeAdapter(dict[str, object])
R = TypeVar("R", bound=Record)


class RecordFile(Generic[R]):
    """A JSON-lines file of records of one type.

    A line counts once its newline is on disk. A line without one is the trace of a kill: readers pass over it, and the
    next append begins by cutting it off. One writer at a time.

    Args:
        path: of the file; it need not exist.
        record: what each line is.
        remedy: what to do about a line that cannot be read, for the error.
    """

    def __init__(self, path: Path, record: type[R], *, remedy: str = _RESTORE) -> None:
        self.path = path
        self._record = record
        self._remedy = remedy
        self._healed = False

    def append(self, record: R) -> None:
        """Write one record and sync it; when this returns, the record survives a power cut."""
        self.extend((record,))

    def extend(self, records: Iterable[R]) -> None:
        """Write several records and sync them once; a kill in between leaves the first few of them."""
        lines = b"".join(record.model_dump_json().encode("utf-8", errors="replace") + b"\n" for record in records)
        if not lines:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._healed:
                self._heal()
            with self.path.open("ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._healed = False
            raise StoreError(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def __iter__(self) -> Iterator[R]:
        """Every complete record in order; raises :class:`StoreError` with the line's number if one is wrong."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error.strerror or error})") from None
        with file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return
                if not line.strip():
                    continue
                yield self._parse(line, number)

    def last(self) -> R | None:
        """The last complete record, read from the end of the file; raises :class:`StoreError` if it is wrong."""
        try:
            with self.path.open("rb") as file:
                end = _after_last_newline(file.fileno(), file.seek(0, os.SEEK_END))
                start = _after_last_newline(file.fileno(), max(0, end - 1))
                line = os.pread(file.fileno(), end - start, start)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error.strerror or error})") from None
        return self._parse(line, None) if line.strip() else None

    def ends_unfinished(self) -> bool:
        """True if the last line has no newline, and is passed over: a kill's trace, or just being written."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                return end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
        except OSError:
            return False

    def complete_bytes(self) -> int:
        """Length of the complete lines; 0 if there is no such file or it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return _after_last_newline(file.fileno(), file.seek(0, os.SEEK_END))
        except OSError:
            return 0

    def replace(self, records: Iterable[R]) -> None:
        """Write the whole file anew, at once."""
        lines = b"".join(record.model_dump_json().encode("utf-8", errors="replace") + b"\n" for record in records)
        try:
            write_bytes(self.path, lines)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def _parse(self, line: bytes, number: int | None) -> R:
        try:
            return self._record.model_validate_json(line)
        except ValidationError as error:
            place = f"{self.path}, line {number}" if number is not None else f"{self.path}, its last line"
            fault = first_fault(error)
            if fault.where == "schema_version":
                raise StoreError(f"{place}: {unknown_schema(fault.value)}") from None
            raise StoreError(f"{place}: {line_fault(error)}; {self._remedy}") from None

    def _heal(self) -> None:
        """Cut off a last line that has no newline."""
        if self.path.exists():
            with self.path.open("rb+") as file:
                end = file.seek(0, os.SEEK_END)
                keep = _after_last_newline(file.fileno(), end)
                if keep < end:
                    file.truncate(keep)
        self._healed = True


def unknown_schema(version: object) -> str:
    """What to say of a record whose schema this program does not know.

    >>> unknown_schema(2)
    'has schema version 2, this program reads 1; a newer CodeDance wrote it, read it with that'
    """
    newer = isinstance(version, int) and version > SCHEMA_VERSION
    what = "; a newer CodeDance wrote it, read it with that" if newer else ""
    return f"has schema version {version}, this program reads {SCHEMA_VERSION}{what}"


def line_fault(error: ValidationError) -> str:
    r"""What is wrong with a line of a file of ours, as the end of a sentence that begins with its place.

    >>> from codedance.schema import Budgets
    >>> for line in ("garbage", '{"turns":0}'):
    ...     try:
    ...         Budgets.model_validate_json(line)
    ...     except ValidationError as error:
    ...         print(line_fault(error))
    is no JSON (damaged?)
    turns: Input should be greater than or equal to 1
    """
    fault = first_fault(error)
    return NO_JSON if fault.kind == "json_invalid" else fault.at("the line")


def count_unreadable(path: Path) -> int:
    """Complete lines of a file that are not blank and no JSON object; none of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(line.endswith(b"\n") and bool(line.strip()) and not _is_object(line) for line in file)
    except OSError:
        return 0


def count_lines(path: Path) -> int:
    """Complete lines of a file, quickly, for progress bars; none of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def _is_object(line: bytes) -> bool:
    try:
        _OBJECT.validate_json(line)
    except ValidationError:
        return False
    return True


def _after_last_newline(descriptor: int, end: int) -> int:
    """Offset just after the last newline before ``end``, read backwards in blocks."""
    block = 1 << 16
    while end > 0:
        begin = max(0, end - block)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
