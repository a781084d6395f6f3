"""Rows of conversations from files of any of the formats, one after the other, without writing a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codedance.synth.interop.cells import PictureReader
from codedance.synth.interop.contract import Sample, UnreadableRowError
from codedance.synth.interop.records import RECORD
from codedance.synth.interop.rows import RowReader
from codedance.synth.interop.sources import find_files, iterate_rows

__all__ = ["holds_conversations", "iterate_samples"]

_COLUMNS = ("messages", "conversations", RECORD)
_UNNAMED = "file"


def holds_conversations(source: Path) -> bool:
    """True if the first readable row has a column that a conversation stands in; a plain ``prompt`` text is none.

    Raises:
        DataError: there is no such file or folder, or nothing in it can be read.
    """
    for row in iterate_rows(find_files(source)):
        if not isinstance(row.value, UnreadableRowError):
            prompt = row.value.get("prompt")
            return any(row.value.get(name) for name in _COLUMNS) or isinstance(prompt, list)
    return False


def iterate_samples(source: Path) -> Iterator[Sample | UnreadableRowError]:
    """Every row as a trajectory or a task with its pictures, or why it is none; our own record is taken where it is.

    Raises:
        DataError: there is no such file or folder, or nothing in it can be read.
    """
    readers: dict[Path, RowReader] = {}
    for number, row in enumerate(iterate_rows(find_files(source))):
        root = row.file.parent
        if root not in readers:
            readers[root] = RowReader(_UNNAMED, PictureReader(root), escaped=False, use_record=True)
        if isinstance(row.value, UnreadableRowError):
            yield row.value
        else:
            try:
                yield readers[root].read(row.value, number)
            except UnreadableRowError as error:
                yield error
