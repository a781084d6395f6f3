"""Parquet files with the features of ``datasets``: row groups of bounded size, shards of bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codedance.errors import MissingExtraError

__all__ = ["ParquetShards", "load_features"]

_GROUP_BYTES = 32 << 20
_GROUP_ROWS = 256
_SHARD_BYTES = 512 << 20


def load_features() -> Any:  # noqa: ANN401 - a library without types
    """The module ``datasets``; raises :class:`MissingExtraError` where it is not installed."""
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("writing parquet for `datasets`", "data") from None
    return datasets


class ParquetShards:
    """Writes rows into ``FOLDER/NAME-00000-of-0000N.parquet``.

    Memory holds one row group. The features are written as ``datasets`` does, so that pictures are decoded on reading.

    Args:
        folder: where to write.
        name: beginning of the files' names.
        features: ``datasets.Features`` of the rows.
        sharded: false writes one file, ``NAME.parquet``.
    """

    def __init__(self, folder: Path, name: str, features: Any, *, sharded: bool = True) -> None:  # noqa: ANN401
        self._folder = folder
        self._name = name
        self._schema = features.arrow_schema
        self._sharded = sharded
        self._rows: list[Mapping[str, Any]] = []
        self._row_bytes = 0
        self._shard_bytes = 0
        self._writer: Any = None
        self._paths: list[Path] = []

    def add(self, row: Mapping[str, Any], size: int) -> None:
        """Write one row; ``size`` is about what its pictures and texts take in memory."""
        self._rows.append({name: _storable(value) for name, value in row.items()})
        self._row_bytes += size
        if self._row_bytes >= _GROUP_BYTES or len(self._rows) >= _GROUP_ROWS:
            self._flush()

    def close(self) -> tuple[Path, ...]:
        """Finish and name the files; without any row one empty file is written."""
        if self._rows or not self._paths:
            self._flush()
        self._end_shard()
        if not self._sharded:
            return tuple(self._paths)
        named = []
        for index, path in enumerate(self._paths):
            named.append(path.rename(self._folder / f"{self._name}-{index:05d}-of-{len(self._paths):05d}.parquet"))
        return tuple(named)

    def _flush(self) -> None:
        import pyarrow
        import pyarrow.parquet

        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            number = f"-{len(self._paths):05d}" if self._sharded else ""
            self._paths.append(self._folder / f"{self._name}{number}.parquet")
            # Pictures are compressed already; texts of trajectories repeat each other.
            self._writer = pyarrow.parquet.ParquetWriter(self._paths[-1], self._schema, compression="zstd")
        table = pyarrow.Table.from_pylist(self._rows, schema=self._schema)
        self._writer.write_table(table, row_group_size=len(self._rows) or None)
        self._shard_bytes += self._row_bytes
        self._rows, self._row_bytes = [], 0
        if self._sharded and self._shard_bytes >= _SHARD_BYTES:
            self._end_shard()

    def _end_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._shard_bytes = None, 0


def _storable(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    """The value with question marks for lone surrogates, which no file can hold."""
    match value:
        case str():
            return value.encode("utf-8", errors="replace").decode()
        case list() | tuple():
            return [_storable(one) for one in value]
        case dict():
            return {name: _storable(one) for name, one in value.items()}
        case _:
            return value
