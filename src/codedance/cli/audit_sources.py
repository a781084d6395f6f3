"""The two sides of an audit by what a person names: run folders, exported sets, plain tables, benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.bench.contract import Benchmark
    from codedance.bench.data.loading import DataManifest, LoadSettings
    from codedance.bench.leakage.collecting import Source

__all__ = ["Named", "named_benchmark", "training_set"]

_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Named:
    """One side, not yet read."""

    place: str
    sources: Iterable[Source]
    count: int | None
    """Records, where that is known."""
    benchmark: Benchmark | None = None
    manifest: DataManifest | None = None


def training_set(place: Path) -> Named:
    """A run folder, a file or folder of conversations, or a plain table.

    Raises:
        DataError: there is nothing, or nothing of a known kind.
        StoreError: a run folder cannot be read.
    """
    from codedance.bench.data.local_files import FORMATS
    from codedance.bench.leakage.collecting import from_run, from_table
    from codedance.store import RunFolder
    from codedance.synth.interop import count_records, source_rows
    from codedance.synth.interop.reading import holds_conversations

    if (place / _MANIFEST).is_file():
        return Named(str(place), from_run(RunFolder.open(place)), count_records([place]))
    if place.suffix == ".tsv" or not holds_conversations(place):
        table = place.suffix in FORMATS or place.is_dir()
        count = None if place.suffix == ".tsv" or not table else source_rows(place)
        return Named(str(place), from_table(place), count)
    return Named(str(place), _conversations(place), source_rows(place))


def _conversations(place: Path) -> Iterator[Source]:
    """Every different task of exported rows; a row that cannot be read is told in its place."""
    from codedance.bench.leakage.collecting import Source, from_task
    from codedance.schema import Task
    from codedance.synth.interop.contract import UnreadableRowError
    from codedance.synth.interop.reading import iterate_samples

    seen: set[tuple[str, tuple[str, ...]]] = set()
    for number, sample in enumerate(iterate_samples(place)):
        if isinstance(sample, UnreadableRowError):
            yield Source(f"row {number}", "", None, tuple, f"{sample.fault.value}: {sample}")
            continue
        task = sample.record if isinstance(sample.record, Task) else sample.record.task
        identity = (task.question, tuple(ref.sha256 for ref in task.images))
        if identity not in seen:
            seen.add(identity)
            pictures = [sample.pictures[ref.sha256] for ref in task.images]
            yield from_task(task, partial(tuple, pictures))


def named_benchmark(name: str, data: Path | None, settings: LoadSettings) -> Named:
    """A benchmark by its name, or the run folder or file of that path.

    Raises:
        UsageError: there is neither.
        DataError: the data are not the benchmark's.
    """
    from codedance.bench import BENCHMARKS, get
    from codedance.bench.evaluation.sources import open_rows
    from codedance.bench.leakage.collecting import from_benchmark

    if name not in BENCHMARKS and not name.startswith("worlds"):
        if not Path(name).exists():
            raise UsageError(
                f"--against {name}: is no path and no benchmark ({', '.join(BENCHMARKS)}, worlds/FAMILY/DIFFICULTY)"
            )
        if data is not None:
            raise UsageError("--data goes with the name of a benchmark, not with a path")
        return training_set(Path(name))
    benchmark = get(name)
    (loaded,) = open_rows([benchmark], settings, data)
    manifest = loaded.manifest
    return Named(manifest.location, from_benchmark(loaded), manifest.rows, benchmark, manifest)
