"""Where the rows of a named benchmark come from: a local copy, the hub, or a generator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codedance.bench.contract import Benchmark
from codedance.bench.data.loading import Loaded, LoadSettings, load
from codedance.bench.data.local_files import FORMATS
from codedance.errors import DataError, UsageError

__all__ = ["open_rows"]


def open_rows(benchmarks: Sequence[Benchmark], settings: LoadSettings, data: Path | None = None) -> list[Loaded]:
    """Open every benchmark and check it before anything is asked.

    Args:
        benchmarks: which; worlds are generated, whatever ``data`` says.
        settings: which rows, and how they are put.
        data: a local copy: a folder that holds ``NAME`` or ``NAME.tsv`` (``.parquet``, ``.jsonl``) for each; with a
            single public benchmark also its file or folder itself. The hub without it.

    Raises:
        DataError: the data are not there, or not the benchmark's.
        UsageError: a split, prompt or setting that a benchmark does not have.
    """
    public = [one for one in benchmarks if one.splits[0].hub is not None]
    return [_open(one, settings, data, alone=len(public) == 1) for one in benchmarks]


def _open(benchmark: Benchmark, settings: LoadSettings, data: Path | None, *, alone: bool) -> Loaded:
    if benchmark.splits[0].hub is not None:
        return load(benchmark, _place(benchmark, data, alone=alone) if data is not None else None, settings)
    benchmark.split(settings.split)
    benchmark.prompt(settings.prompt)
    if settings.correct_first:
        raise UsageError(f"{benchmark.name}: has no options to put in another order")
    # Loaded only now: the worlds take a second.
    from codedance.bench.worlds import load_world

    return load_world(benchmark, settings.limit)


def _place(benchmark: Benchmark, data: Path, *, alone: bool) -> Path:
    named = [data / benchmark.name, *(data / f"{benchmark.name}{ending}" for ending in FORMATS)]
    for place in named:
        if place.exists():
            return place
    if alone:
        return data
    looked = ", ".join(place.name for place in named)
    raise DataError(f"{data}: holds no local copy of {benchmark.name} (looked for {looked})")
