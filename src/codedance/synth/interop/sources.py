"""Rows of files and folders, one after the other: JSON lines, JSON lists, parquet and Arrow; nothing is held whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codedance.errors import DataError, MissingExtraError
from codedance.synth.interop.contract import RowFault, UnreadableRowError

__all__ = ["SourceRow", "find_files", "iterate_rows", "source_rows"]

_SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet", ".arrow")
_BESIDE = ("dataset_info.json", "state.json", "dataset_dict.json", "export.json")
"""What writers lay beside the data."""
_MAX_LINE_BYTES = 64 << 20
_MAX_LIST_BYTES = 256 << 20
_BATCH_ROWS = 16
"""Rows with several pictures each: a batch stays below a few dozen megabytes."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row, or what kept it from being read."""

    file: Path
    value: Mapping[str, Any] | UnreadableRowError


def find_files(source: Path) -> list[Path]:
    """The data files of a source, in order: itself, or everything below a folder.

    A folder that holds several kinds is read by the first kind of parquet, Arrow, JSON lines and JSON that it holds.

    Raises:
        DataError: there is no such thing, or nothing in it can be read.
    """
    if source.is_file():
        if source.suffix.lower() not in _SUFFIXES:
            raise DataError(f"{source}: is none of {', '.join(_SUFFIXES)}")
        return [source]
    if not source.is_dir():
        raise DataError(f"{source}: there is no such file or folder")
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    files = [path for path in files if path.name not in _BESIDE and not _hidden(path.relative_to(source))]
    for kinds in ((".parquet",), (".arrow",), (".jsonl", ".ndjson"), (".json",)):
        chosen = [path for path in files if path.suffix.lower() in kinds]
        if chosen:
            return chosen
    raise DataError(f"{source}: holds no file that ends with {', '.join(_SUFFIXES)}")


def source_rows(source: Path) -> int | None:
    """How many rows a source holds, where that can be known without reading it; for progress bars.

    Raises:
        DataError: as :func:`find_files` does.
    """
    total = 0
    for path in find_files(source):
        if path.suffix.lower() != ".parquet":
            return None
        try:
            total += _arrow_module("parquet").ParquetFile(path).metadata.num_rows
        except (OSError, ValueError):
            return None
    return total


def iterate_rows(files: list[Path]) -> Iterator[SourceRow]:
    """Every row of the files in order; a row or file that cannot be read is told in its place."""
    for path in files:
        rows = _readers(path)
        while True:
            try:
                value = next(rows)
            except StopIteration:
                break
            except (OSError, ValueError, RecursionError) as error:  # pyarrow's errors are ValueErrors and OSErrors
                detail = " ".join(str(error).split())[:200]
                yield SourceRow(path, UnreadableRowError(RowFault.FILE, f"the file is broken here ({detail})"))
                break
            yield SourceRow(path, value)


def _readers(path: Path) -> Iterator[Mapping[str, Any] | UnreadableRowError]:
    match path.suffix.lower():
        case ".parquet":
            return _parquet_rows(path)
        case ".arrow":
            return _arrow_rows(path)
        case ".json":
            return _list_rows(path)
        case _:
            return _line_rows(path)


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with _arrow_module("parquet").ParquetFile(path) as file:
        # One row group after the other: a single pass over the file keeps all that it has decoded until its end.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], use_threads=False):
                yield from batch.to_pylist()


def _arrow_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Files of ``save_to_disk`` (streams) and Arrow files proper."""
    arrow = _arrow_module("ipc")
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        if magic == b"ARROW1":
            reader = arrow.open_file(file)
            batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        else:
            batches = iter(arrow.open_stream(file))
        for batch in batches:
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                yield from batch.slice(start, _BATCH_ROWS).to_pylist()


def _line_rows(path: Path) -> Iterator[Mapping[str, Any] | UnreadableRowError]:
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES + 1):
            if len(line) > _MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = file.readline(_MAX_LINE_BYTES)
                yield UnreadableRowError(RowFault.TOO_LONG, f"a line of more than {_MAX_LINE_BYTES >> 20} MiB")
            elif line.strip():
                yield _parsed(line)


def _parsed(line: bytes) -> Mapping[str, Any] | UnreadableRowError:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return UnreadableRowError(RowFault.NOT_A_ROW, f"not JSON ({' '.join(str(error).split())[:80]})")
    if not isinstance(value, dict):
        return UnreadableRowError(RowFault.NOT_A_ROW, f"a JSON {type(value).__name__}, no object")
    return value


def _list_rows(path: Path) -> Iterator[Mapping[str, Any] | UnreadableRowError]:
    """A JSON file with a list of rows; it has to be read whole, so its size is limited."""
    if path.stat().st_size > _MAX_LIST_BYTES:
        raise ValueError(f"a JSON list of more than {_MAX_LIST_BYTES >> 20} MiB; write one object a line (.jsonl)")
    rows = json.loads(path.read_bytes())
    for row in rows if isinstance(rows, list) else [rows]:
        yield row if isinstance(row, dict) else UnreadableRowError(RowFault.NOT_A_ROW, "an entry that is no object")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _arrow_module(name: str) -> Any:  # noqa: ANN401 - a library without types
    try:
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("reading parquet", "data") from None
    return pyarrow.parquet if name == "parquet" else pyarrow.ipc
