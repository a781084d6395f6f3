"""Runs in a folder: what is a run, what it is called, and when its files have changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codedance.errors import StoreError

__all__ = ["CURVE", "JUDGEMENTS", "SCORES", "TRAJECTORIES", "FoundRun", "Marks", "find_runs", "marks_of"]

TRAJECTORIES, SCORES, CURVE, _MANIFEST = "trajectories.jsonl", "scores.jsonl", "curve.jsonl", "manifest.json"
JUDGEMENTS = "judgements.jsonl"
_DEPTH = 5
_MOST_FOLDERS = 50_000
_MOST_MANIFEST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells that a file is no longer the one that was read: its inode, size and time of change."""

    inode: int
    size: int
    changed_ns: int

    @property
    def text(self) -> str:
        """As it is kept in the index."""
        return f"{self.inode}/{self.size}/{self.changed_ns}"


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run folder below the folder that is looked at."""

    name: str
    """Its path below that folder with slashes; ``.`` if it is that folder itself."""
    folder: Path
    trajectories: Marks | None
    """``None`` if the run has no trajectories (yet)."""
    scores: Marks | None
    judgements: Marks | None
    """Of what a judge decided beside the scores by rule."""
    curve: Marks | None

    def manifest(self) -> tuple[str, dict[str, object], str]:
        """Kind, settings and time of the beginning, as far as the manifest can be read."""
        path = self.folder / _MANIFEST
        try:
            if path.stat().st_size > _MOST_MANIFEST_BYTES:
                return "", {}, ""
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return "", {}, ""
        if not isinstance(found, dict):
            return "", {}, ""
        settings = found.get("settings")
        kind, created = found.get("kind"), found.get("created_at")
        return (
            kind if isinstance(kind, str) else "",
            settings if isinstance(settings, dict) else {},
            created if isinstance(created, str) else "",
        )


def find_runs(root: Path) -> list[FoundRun]:
    """Every run in a folder, the folder itself included, by name; folders of pictures and hidden ones are passed over.

    A run is a folder with trajectories, or with a manifest and a training curve. Links to folders are not followed.

    Raises:
        StoreError: there is no such folder, or it cannot be read.
    """
    if not root.is_dir():
        what = "is a file; name the run's folder" if root.exists() else "there is no such folder"
        raise StoreError(f"{root}: {what}")
    try:
        os.scandir(root).close()
    except OSError as error:
        raise StoreError(f"{root}: cannot be read ({error.strerror or error})") from None
    return sorted(_walk(root), key=lambda run: run.name)


def marks_of(path: Path) -> Marks | None:
    """The marks of a file; ``None`` if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Marks(found.st_ino, found.st_size, found.st_mtime_ns)


def _walk(root: Path) -> Iterator[FoundRun]:
    for number, (place, folders, files) in enumerate(os.walk(root)):
        if number >= _MOST_FOLDERS:
            return
        folder = Path(place)
        depth = len(folder.relative_to(root).parts)
        folders[:] = [one for one in folders if depth < _DEPTH and one != "pictures" and not one.startswith(".")]
        if TRAJECTORIES in files or (CURVE in files and _MANIFEST in files):
            yield FoundRun(
                name=folder.relative_to(root).as_posix(),
                folder=folder,
                trajectories=marks_of(folder / TRAJECTORIES),
                scores=marks_of(folder / SCORES),
                judgements=marks_of(folder / JUDGEMENTS),
                curve=marks_of(folder / CURVE),
            )
