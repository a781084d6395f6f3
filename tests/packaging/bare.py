"""An environment that holds what a wheel asks for and nothing else, made of what is installed here, offline."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["Bare", "make_bare", "metadata_of", "needed", "plain"]


@dataclass(frozen=True, slots=True)
class Bare:
    """A virtual environment: its interpreter and its console script."""

    python: Path
    program: Path


def plain(name: str) -> str:
    """The name of a distribution as indexes compare it.

    >>> plain("Prometheus_client")
    'prometheus-client'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def metadata_of(wheel: Path) -> Message:
    """What a wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def needed(requirements: Iterable[str], extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """The distributions that these requirements bring with these extras, and what those bring, by their plain names."""
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    waiting = list(_asked(requirements, extras))
    while waiting:
        wanted = waiting.pop()
        key = (plain(wanted.name), frozenset(wanted.extras))
        if key not in found:
            found[key] = distribution(wanted.name)
            waiting += _asked(found[key].requires or (), wanted.extras)
    return {name: one for (name, _), one in found.items()}


def make_bare(wheel: Path, folder: Path, *, extras: Iterable[str] = ()) -> Bare:
    """Unpack a wheel by pip into a new environment, and link beside it exactly what it requires with these extras.

    The libraries are those of the environment that runs the tests, so nothing is fetched; what the wheel does not ask
    for cannot be imported. Whether an index can resolve the requirements is the matter of ``make release-check``.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    made = Bare(python=folder / "bin" / "python", program=folder / "bin" / "codedance")
    pip = [sys.executable, "-m", "pip", "--python", str(made.python), "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True, timeout=100)
    (packages,) = folder.glob("lib/python*/site-packages")
    for one in needed(metadata_of(wheel).get_all("Requires-Dist", ()), extras).values():
        for top in {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (packages / top).exists():  # Several distributions share a namespace.
                (packages / top).symlink_to(Path(str(one.locate_file(top))))
    return made


def _asked(requirements: Iterable[str], extras: Iterable[str]) -> Iterator[Requirement]:
    """Those of the requirements that hold here, without an extra or with one of these."""
    for one in map(Requirement, requirements):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield one
