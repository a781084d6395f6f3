"""What an exported result holds of each row: the row, the trajectory, and what was said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codedance.bench.contract import Row
from codedance.errors import DataError, UsageError
from codedance.schema import Trajectory
from codedance.store import RunFolder

__all__ = ["Result", "benchmark_of", "results"]


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt at a row of a benchmark."""

    key: str
    row: Row
    trajectory: Trajectory


def benchmark_of(run: RunFolder, name: str | None = None) -> str:
    """The one benchmark that a run holds, or the named one of several.

    Raises:
        DataError: the run holds no row of a benchmark.
        UsageError: it holds several and none is named, or not the named one.
    """
    held = sorted({one.task.source for one in run.trajectories() if isinstance(one.task.meta.get("row"), dict)})
    if not held:
        raise DataError(f"{run.folder}: holds no rows of a benchmark; give the run folder of an evaluation")
    if name is not None and name not in held:
        raise UsageError(f"--benchmark {name}: {run.folder} holds {', '.join(held)}")
    if name is None and len(held) > 1:
        raise UsageError(f"{run.folder}: holds {', '.join(held)}; name one with --benchmark")
    return name or held[0]


def results(run: RunFolder, benchmark: str, *, attempt: int = 0) -> Iterator[Result]:
    """Every row that was asked, in the order of the trajectories; raises :class:`DataError` if there is none."""
    count = 0
    for trajectory in run.trajectories():
        row = trajectory.task.meta.get("row")
        if trajectory.task.source == benchmark and trajectory.attempt == attempt and isinstance(row, dict):
            count += 1
            yield Result(trajectory.task.id.removeprefix(f"{benchmark}/"), row, trajectory)
    if count == 0:
        raise DataError(f"{run.folder}: holds no attempt {attempt} at rows of {benchmark}")
