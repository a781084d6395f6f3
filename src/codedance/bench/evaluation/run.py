"""A run folder of an evaluation: which rows there are, which have ended and how, and the files that tell it."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from codedance.bench.contract import Benchmark, Mode
from codedance.bench.data.loading import DataManifest, Loaded
from codedance.bench.evaluation.ends import CostLine, RowEnd, cost_of, is_failed, score_episode
from codedance.bench.evaluation.settings import EvalSettings
from codedance.bench.outcomes import Outcome
from codedance.bench.registry import expand
from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import ImageRef, Record, Trajectory
from codedance.store import Manifest, RecordFile, RunFolder, write_bytes, write_text

__all__ = ["EvalRun", "RunData", "read_costs", "read_data", "read_ends"]

_SCORES, _COSTS, _DATA, _LOCK = "scores.jsonl", "costs.jsonl", "data.json", ".lock"
_MADE_AGAIN = "give the run's own command again: it makes this file anew from the trajectories, and asks nothing again"


class RunData(Record):
    """Which rows a run asks, benchmark by benchmark."""

    attempts: int
    data: tuple[DataManifest, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """One benchmark's part of the run."""

    benchmark: Benchmark
    loaded: Loaded
    first: int
    """Index of its first line."""


class EvalRun:
    """The state of an evaluation on disk; a context manager, for one process at a time.

    The trajectories are the truth: what has ended, and how it is scored, is made from them again when a run is opened.
    Trajectories of failed infrastructure are kept, and their rows asked again.

    Args:
        folder: of the run; it may hold the beginning of the same one.
        benchmarks: which are asked.
        loaded: their rows, in the same order.
        settings: what the results depend on.
        model: its specification.
        flags: how settings are given on the command line, by their names; for the error.

    Raises:
        StoreError: the folder holds something else or a run with other settings, or another process works on it.
    """

    def __init__(
        self,
        folder: Path,
        benchmarks: Sequence[Benchmark],
        loaded: Sequence[Loaded],
        *,
        settings: EvalSettings,
        model: str,
        flags: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        asked = {one.manifest.benchmark: _identity(one.manifest) for one in loaded}
        described: dict[str, JsonValue] = {
            "model": model,
            "benchmarks": [one.name for one in benchmarks],
            "data": {**asked},
            **settings.model_dump(mode="json"),
        }
        self.folder = RunFolder.create(folder, Manifest(kind="eval", settings=described), flags=flags)
        self._lock = _lock(folder / _LOCK)
        self.places: list[_Place] = []
        self._index: dict[str, int] = {}
        for benchmark, rows in zip(benchmarks, loaded, strict=True):
            first = len(self._index) * settings.attempts
            self.places.append(_Place(benchmark, rows, first))
            for key in rows.keys:
                self._index[f"{benchmark.name}/{key}"] = len(self._index)
        self._ends: list[bytes | None] = [None] * (len(self._index) * settings.attempts)
        self._costs: list[bytes | None] = [None] * len(self._ends)
        self._again = bytearray(len(self._ends))
        """1 where the end is an error that is tried again when the run is started again."""
        self.counts: Counter[Outcome] = Counter()
        """How attempts have ended, by the strict scorers."""
        self.retries = 0
        data = RunData(attempts=settings.attempts, data=tuple(one.manifest for one in loaded))
        write_text(folder / _DATA, data.model_dump_json(indent=2) + "\n")
        self._read_back()

    @property
    def total(self) -> int:
        """Attempts at all rows."""
        return len(self._ends)

    @property
    def ended(self) -> int:
        """Attempts that have ended, errors included."""
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """Attempts that are still to be made, errors that are tried again included."""
        return sum(end is None for end in self._ends) + sum(self._again)

    def is_done(self, benchmark: Benchmark, key: str, attempt: int) -> bool:
        """True if the attempt has ended otherwise than by an error that may pass."""
        index = self._at(benchmark, key, attempt)
        return self._ends[index] is not None and not self._again[index]

    def add(self, finished: Sequence[tuple[Benchmark, str, Trajectory, Mapping[str, Picture]]]) -> None:
        """Store trajectories, then score them; when this returns they are never asked again."""
        self.folder.add_all([(trajectory, pictures) for _, _, trajectory, pictures in finished])
        for benchmark, key, trajectory, pictures in finished:
            end = score_episode(benchmark, key, trajectory, find=_finder(pictures))
            self._set(benchmark, end, cost_of(benchmark, key, trajectory), again=is_failed(trajectory))

    def add_fault(self, benchmark: Benchmark, end: RowEnd) -> None:
        """Note an attempt at a row that could not be asked; it is read again when the run is started again."""
        self._set(benchmark, end, None, again=True)

    def finish(self) -> None:
        """Write ``scores.jsonl`` and ``costs.jsonl``, in the order of rows and attempts."""
        folder = self.folder.folder
        write_bytes(folder / _COSTS, b"".join(line for line in self._costs if line is not None))
        write_bytes(folder / _SCORES, b"".join(line for line in self._ends if line is not None))

    def close(self) -> None:
        """Let other processes have the folder."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _at(self, benchmark: Benchmark, key: str, attempt: int) -> int:
        return self._index[f"{benchmark.name}/{key}"] * self.settings.attempts + attempt

    def _set(self, benchmark: Benchmark, end: RowEnd, cost: CostLine | None, *, again: bool) -> None:
        index = self._at(benchmark, end.key, end.attempt)
        before = self._ends[index]
        if before is not None:
            self.counts[RowEnd.model_validate_json(before).scores[Mode.STRICT].outcome] -= 1
        self._ends[index] = _line(end)
        self._costs[index] = _line(cost) if cost is not None else None
        self._again[index] = again
        self.counts[end.scores[Mode.STRICT].outcome] += 1
        self.retries += cost.retries if cost is not None else 0

    def _read_back(self) -> None:
        """Take in what has ended before; what was written at the end of an earlier start is out of date from now on."""
        names = {place.benchmark.name: place.benchmark for place in self.places}
        for trajectory in self.folder.trajectories():
            name, key = _split_id(trajectory.task.id, names)
            benchmark = names.get(name)
            if benchmark is None or f"{name}/{key}" not in self._index:
                raise StoreError(
                    f"{self.folder.folder}: holds a trajectory of {trajectory.task.id}, which is no row of it"
                )
            if not (is_failed(trajectory) and self.is_done(benchmark, key, trajectory.attempt)):
                end = score_episode(benchmark, key, trajectory, find=self.folder.pictures.get)
                self._set(benchmark, end, cost_of(benchmark, key, trajectory), again=is_failed(trajectory))
        for name in (_SCORES, _COSTS):
            (self.folder.folder / name).unlink(missing_ok=True)


def read_data(folder: Path) -> RunData:
    """Which rows a run asks; raises :class:`StoreError` if the folder holds no evaluation."""
    path = folder / _DATA
    try:
        return RunData.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its data.json cannot be read"
        raise StoreError(f"{folder}: is no run of codedance eval ({reason})") from None


def read_ends(folder: Path) -> Iterator[RowEnd]:
    """How every attempt ended: from ``scores.jsonl``, or of an unfinished run from the trajectories that are there.

    Raises:
        StoreError: the folder holds no evaluation, or a line cannot be read.
    """
    if (folder / _SCORES).exists():
        yield from RecordFile(folder / _SCORES, RowEnd, remedy=_MADE_AGAIN)
        return
    run = RunFolder.open(folder)
    names = {one.name: one for one in expand(data.benchmark for data in read_data(folder).data)}
    last: dict[str, RowEnd] = {}
    for trajectory in run.trajectories():
        name, key = _split_id(trajectory.task.id, names)
        if name in names and not (trajectory.id in last and is_failed(trajectory)):
            last[trajectory.id] = score_episode(names[name], key, trajectory, find=run.pictures.get)
    yield from last.values()


def read_costs(folder: Path) -> Iterator[CostLine]:
    """What every attempt took; nothing for a run that has not come to its end."""
    return iter(RecordFile(folder / _COSTS, CostLine, remedy=_MADE_AGAIN))


def _identity(manifest: DataManifest) -> dict[str, JsonValue]:
    """What makes rows the same rows: not where a copy of them lies."""
    return manifest.model_dump(mode="json", exclude={"location", "benchmark"})


def _split_id(task_id: str, names: Iterable[str]) -> tuple[str, str]:
    """A task's benchmark and the name of its row; both may hold slashes. Empty if it is of none of these."""
    name = max((one for one in names if task_id.startswith(f"{one}/")), key=len, default="")
    return name, task_id[len(name) + 1 :]


def _finder(pictures: Mapping[str, Picture]) -> Callable[[ImageRef], Picture]:
    return lambda ref: pictures[ref.sha256]


def _line(record: Record) -> bytes:
    return record.model_dump_json().encode("utf-8", errors="replace") + b"\n"


def _lock(path: Path) -> int:
    """Hold the folder for this process: the system lets go of it at any end of the process."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StoreError(f"{path.parent}: another process is evaluating into it; wait for its end") from None
    return descriptor
