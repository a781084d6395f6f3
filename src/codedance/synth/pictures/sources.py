"""Picture files as they are given: folders and files, each under a name that stays the same from run to run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codedance.errors import UsageError

__all__ = ["Source", "find_pictures"]

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm"})


@dataclass(frozen=True, slots=True)
class Source:
    """A picture file."""

    name: str
    """Path within the folder that was given; for a file that was given itself, its name."""
    path: Path


def find_pictures(given: Sequence[Path], *, skip: Path | None = None) -> list[Source]:
    """All picture files in these folders (known by their suffix) and all files named themselves, sorted by name.

    Args:
        given: folders and files.
        skip: a folder that is passed over: what a run writes is not what it reads.

    Raises:
        UsageError: a path that is not there or cannot be looked into, or no picture at all.
    """
    found: dict[str, Path] = {}
    for path in given:
        for source in _within(path, skip.resolve() if skip is not None else None):
            # Of two files of one name, the second is known by its whole path as it was given.
            name = source.name if source.name not in found else _text(str(source.path))
            if name in found and found[name] != source.path:
                raise UsageError(f"{source.path}: another picture has the same name; give the folder above both")
            found[name] = source.path
    if not found:
        suffixes = ", ".join(sorted(_SUFFIXES))
        raise UsageError(f"{', '.join(map(str, given))}: holds no pictures (files that end in {suffixes})")
    return [Source(name, found[name]) for name in sorted(found)]


def _within(path: Path, skip: Path | None) -> list[Source]:
    if path.is_file():
        return [Source(_text(path.name), path)]
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such file or folder")
    refused: list[OSError] = []
    found = []
    for folder, below, names in os.walk(path, onerror=refused.append):
        below[:] = [one for one in below if not one.startswith(".") and Path(folder, one).resolve() != skip]
        for name in names:
            file = Path(folder, name)
            if file.suffix.lower() in _SUFFIXES and not name.startswith("."):
                found.append(Source(_text(file.relative_to(path).as_posix()), file))
    if refused:
        raise UsageError(f"{refused[0].filename}: cannot be read ({refused[0].strerror})")
    return found


def _text(name: str) -> str:
    """The name as text that any file can hold: bytes that are no UTF-8 become visible escapes."""
    return name.encode("utf-8", errors="backslashreplace").decode()
