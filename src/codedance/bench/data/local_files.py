"""Rows from files: parquet, the tables of VLMEvalKit (TSV), and JSON lines.

Files are read from the beginning to the end as often as they are asked for, a few rows at a time: HR-Bench 8K has
5 GB.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codedance.bench.data.row_images import PICTURE_COLUMNS
from codedance.errors import DataError, MissingExtraError

__all__ = ["FORMATS", "LocalFiles"]

FORMATS = (".parquet", ".tsv", ".jsonl")
"""Endings of files that can be read."""
_LARGEST_CELL = 256 * 2**20
_LARGEST_LINE = 256 * 2**20
_LONGEST_REFERENCE = 64
"""VLMEvalKit's tables write the index of another row where a picture comes again; pictures are longer than that."""
_BATCH = 16


class LocalFiles:
    """One or more files with the rows of a benchmark.

    Args:
        place: a file, or a folder with files of one kind, which are read in the order of their names.
        named: which file of a folder holds the rows, where the data set has others beside it.

    Raises:
        DataError: there is no such file, or none of a known kind.
    """

    def __init__(self, place: Path, *, named: str | None = None) -> None:
        self.files = _find(place, named)
        self.folder = self.files[0].parent

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row; raises :class:`DataError` with the file and the line where one cannot be read."""
        for path in self.files:
            match path.suffix:
                case ".parquet":
                    yield from _parquet(path, pictures=True)
                case ".tsv":
                    yield from _table(path)
                case _:
                    yield from _json_lines(path)

    def without_pictures(self) -> Iterator[dict[str, Any]]:
        """Every row, its pictures left out where that saves reading them; a cell that is there stays as a mark."""
        for path in self.files:
            if path.suffix == ".parquet":
                yield from _parquet(path, pictures=False)
            else:
                rows = _table(path, resolve=False) if path.suffix == ".tsv" else _json_lines(path)
                yield from (
                    {name: bool(cell) if name in PICTURE_COLUMNS else cell for name, cell in row.items()}
                    for row in rows
                )


def _find(place: Path, named: str | None) -> list[Path]:
    if place.is_file():
        if place.suffix not in FORMATS:
            raise DataError(f"{place}: cannot be read; choose a file that ends in {', '.join(FORMATS)}")
        return [place]
    if not place.is_dir():
        raise DataError(f"{place}: there is no such file or folder")
    if named is not None and (place / named).is_file():
        return [place / named]
    for ending in FORMATS:
        found = sorted(path for path in place.rglob(f"*{ending}") if path.is_file())
        if found:
            return found
    raise DataError(f"{place}: the folder holds no file that ends in {', '.join(FORMATS)}")


def _parquet(path: Path, *, pictures: bool) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtraError("reading parquet files", "data") from None
    try:
        with parquet.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if pictures or name not in PICTURE_COLUMNS]
            left_out = [name for name in file.schema_arrow.names if name not in names]
            for batch in file.iter_batches(batch_size=_BATCH, columns=names):
                for row in batch.to_pylist():
                    yield row | dict.fromkeys(left_out, True)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: is no parquet file, or is cut off ({_first_line(error)})") from None


def _table(path: Path, *, resolve: bool = True) -> Iterator[dict[str, Any]]:
    shared = _shared_pictures(path) if resolve else {}
    for row in _table_rows(path):
        image = row.get("image")
        if resolve and image and len(image) <= _LONGEST_REFERENCE:
            if image not in shared:
                raise DataError(
                    f"{path}: row {row.get('index')} refers to the picture of row {image[:20]!r}, which has none"
                )
            row["image"] = shared[image]
        yield row


def _shared_pictures(path: Path) -> dict[str, str]:
    """Pictures that other rows refer to, by the index of the row that holds them."""
    wanted = {row["image"] for row in _table_rows(path) if 0 < len(row.get("image") or "") <= _LONGEST_REFERENCE}
    if not wanted:
        return {}
    return {
        str(row.get("index")): row["image"]
        for row in _table_rows(path)
        if str(row.get("index")) in wanted and len(row.get("image") or "") > _LONGEST_REFERENCE
    }


def _table_rows(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(min(_LARGEST_CELL, sys.maxsize))
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter="\t")
            names = next(reader, None)
            if not names:
                raise DataError(f"{path}: the file is empty")
            for cells in reader:
                if len(cells) != len(names):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(cells)} cells under {len(names)} names; is it cut off?"
                    )
                yield {name: cell if cell != "" else None for name, cell in zip(names, cells, strict=True)}
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason} at byte {error.start})") from None
    except csv.Error as error:
        raise DataError(f"{path}: is no table ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LARGEST_LINE):
                number += 1
                if line.strip():
                    yield _json_row(line, f"{path}, line {number}")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _json_row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        cut = "" if line.endswith(b"\n") else "; is the file cut off?"
        raise DataError(f"{where}: is not JSON ({_first_line(error)}){cut}") from None
    if not isinstance(row, dict):
        raise DataError(f"{where}: is {type(row).__name__}, not a row")
    return row


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
