"""What a path names that was recorded: a run, several, or one trajectory in a file of its own."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.errors import DataError, StoreError, UsageError

if TYPE_CHECKING:
    from codedance.store import RunFolder

__all__ = ["LARGEST_TRACE_BYTES", "Offsets", "RecordedAt", "offsets", "read_trace", "recorded_place", "run_to_read"]

LARGEST_TRACE_BYTES = 256 * 2**20
"""Of a file that holds one trajectory."""
_TRAJECTORIES, _MANIFEST = "trajectories.jsonl", "manifest.json"
_DOES_SOMETHING = re.compile(rb'"code"\s*:\s*"|"execution"\s*:\s*\{')
"""This stands in the line of every trajectory that ran code or cut out a part of a picture."""


@dataclass(frozen=True, slots=True)
class RecordedAt:
    """Run folders, or one file."""

    runs: tuple[Path, ...] = ()
    trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the lines of a run's trajectories begin, by what is in them."""

    found: array[int]
    """Trajectories that did something."""
    unreadable: array[int]
    """Lines that are no trajectories. Of lines that look as if they did something, it shows when they run."""
    silent: int
    """How many trajectories did nothing."""


def run_to_read(folder: Path) -> RunFolder:
    """Open a run that is of use only with trajectories.

    Raises:
        StoreError: there is no run, or no trajectory in it; the message tells why and what to do.
    """
    from codedance.store import RunFolder

    run = RunFolder.open(folder)
    if not run.has_trajectories():
        raise StoreError(run.why_empty())
    return run


def recorded_place(path: Path, pictures: Path | None) -> RecordedAt:
    """Find out what a path names; a file within a run folder names the run.

    Raises:
        StoreError: there is nothing, or no run in the folder.
        UsageError: a folder of pictures for a run, which has its own.
    """
    if path.is_file() and not ((path.parent / _MANIFEST).exists() and (path.parent / _TRAJECTORIES).exists()):
        return RecordedAt(trace=path)
    if pictures is not None:
        raise UsageError("--pictures goes with a file of one trajectory; a run folder has pictures of its own")
    if path.is_file():
        return RecordedAt(runs=(path.parent,))
    from codedance.store import RunFolder
    from codedance.viewer.runs.found import find_runs

    runs = tuple(one.folder for one in find_runs(path) if one.trajectories is not None)
    if not runs and (path / _MANIFEST).exists():
        raise StoreError(RunFolder(path).why_empty())
    if not runs:
        raise StoreError(f"{path}: holds no run with trajectories")
    return RecordedAt(runs=runs)


def read_trace(path: Path) -> bytes:
    """The one trajectory that a file holds, as JSON on one line or on several.

    Raises:
        DataError: it cannot be read, is too large, or holds several.
    """
    try:
        if path.stat().st_size > LARGEST_TRACE_BYTES:
            raise DataError(f"{path}: is too large for one trajectory ({path.stat().st_size >> 20} MB)")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    lines = content.split(b"\n")
    if sum(line.startswith(b"{") for line in lines) > 1 and lines[0].rstrip().endswith(b"}"):
        raise DataError(f"{path}: holds several trajectories; name their run folder, or a file with one")
    return content


def offsets(run: Path, name: str | None = None) -> Offsets:
    """Where trajectories that did something begin in a run's file, which lines are none, and how many others there are.

    Args:
        run: the run folder.
        name: only trajectories of this identifier; nothing is unreadable then.

    Raises:
        StoreError: the file cannot be read.
        DataError: there is no trajectory of this name.
    """
    wanted = re.compile(rb'"id"\s*:\s*' + re.escape(_json(name).encode()) if name is not None else b"")
    found, unreadable = array("q"), array("q")
    silent, offset = 0, 0
    path = run / _TRAJECTORIES
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and line.strip() and wanted.search(line[: 1024 + len(wanted.pattern)]):
                    if _DOES_SOMETHING.search(line):
                        found.append(offset)
                    elif _is_trajectory(line):
                        silent += 1
                    elif name is None:
                        unreadable.append(offset)
                offset += len(line)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from None
    if name is not None and not found and not silent:
        raise DataError(f"{run}: holds no trajectory {name!r}")
    return Offsets(found, unreadable, silent)


def _is_trajectory(line: bytes) -> bool:
    from pydantic import ValidationError

    from codedance.schema import Trajectory

    try:
        Trajectory.model_validate_json(line)
    except ValidationError:
        return False
    return True


def _json(text: str) -> str:
    from pydantic import TypeAdapter

    return TypeAdapter(str).dump_json(text.encode("utf-8", "replace").decode()).decode()
