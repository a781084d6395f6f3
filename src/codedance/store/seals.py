"""Seals: what trajectories were when they were stored, as hashes in a chain, in a file beside them.

A trajectory's own chain goes from what was set before the first turn over every turn to its end; the run's chain goes
over its trajectories. Hashes are of values, not of bytes: spaces and the order of names in a line are no change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from codedance.errors import StoreError
from codedance.schema import Record, Text
from codedance.schema.images import Sha256
from codedance.store.records import NO_JSON, RecordFile

__all__ = ["SEALS", "Content", "Seal", "SealFile", "complete_lines", "content_of", "first_head", "next_head"]

SEALS = "seals.jsonl"
_TRAJECTORIES, _MANIFEST = "trajectories.jsonl", "manifest.json"
_END = frozenset({"answer", "stop", "failure", "seconds"})
"""Known only when the episode is over; everything else but the turns was set before the first of them."""
_LATER = frozenset({"created_at", "versions"})
"""Of the manifest: what differs between two runs with the same result."""


class Content(Record):
    """The chain of one trajectory; pictures take part by the hashes that it names."""

    id: Text
    start: Sha256
    """Of what was set before the first turn: task, model, budgets, protocol, ..."""
    turns: tuple[Sha256, ...]
    """Of each turn and all before it."""
    digest: Sha256
    """Of everything, the answer and why it ended included."""


class Seal(Record):
    """A line of ``seals.jsonl``: one stored trajectory."""

    content: Content
    head: Sha256
    """Of this trajectory and all before it in the file."""
    end: int = Field(ge=0)
    """Length of ``trajectories.jsonl`` in bytes after its line."""
    late: bool = False
    """True if it was not sealed when it was stored but by a later start: the first was killed, or knew no seals."""


def content_of(line: bytes) -> Content:
    """The chain of a trajectory in its JSON form.

    Raises:
        ValueError: it is not a JSON object with an identifier and a list of turns, or a name comes twice in an object
            (which readers would understand differently).

    >>> one = content_of(b'{"id": "a", "answer": "3", "turns": [{"text": "x"}]}')
    >>> one == content_of(b'{"turns":[{"text":"x"}],"answer":"3","id":"a"}'), one.turns == (one.digest,)
    (True, False)
    """
    try:
        value = json.loads(line, object_pairs_hook=_no_name_twice)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(NO_JSON) from None
    if not isinstance(value, dict) or not isinstance(value.get("turns"), list) or not isinstance(value.get("id"), str):
        raise ValueError("is no trajectory")
    turns = value.pop("turns")
    end = {name: value.pop(name) for name in _END & value.keys()}
    start = link = _link("codedance trajectory", value)
    links = []
    for turn in turns:
        link = _link(link, turn)
        links.append(link)
    return Content(id=value["id"], start=start, turns=tuple(links), digest=_link(link, end))


def first_head(folder: Path) -> str:
    """The hash that a run's chain begins with: of its kind and settings, not of when and on what it ran.

    Raises:
        StoreError: the folder has no manifest that can be read.
    """
    path = folder / _MANIFEST
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, OSError):
            raise StoreError(f"{folder}: is not a run folder ({path.name}: {error.strerror or error})") from None
        raise StoreError(f"{path}: {NO_JSON}; restore it from a copy") from None
    if not isinstance(value, dict):
        raise StoreError(f"{path}: is no manifest of a run; restore it from a copy")
    return _link("codedance run", {name: one for name, one in value.items() if name not in _LATER})


def next_head(head: str, digest: str) -> str:
    """The run's chain after one more trajectory.

    >>> next_head("0" * 64, "1" * 64)[:12]
    'cc99a8b28f7b'
    """
    return _link(head, digest)


class SealFile:
    """The seals of a run folder, as they are written. One writer at a time, the one that stores the trajectories."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / _TRAJECTORIES
        self._file = RecordFile(folder / SEALS, Seal, remedy="delete the file to seal anew what is there")
        self._head: str | None = None
        self._end = 0

    def settle(self) -> None:
        """Before the first trajectory is stored: seal what an earlier process left unsealed, marked as late.

        Raises:
            StoreError: the file of trajectories is shorter than its seals say, or a file cannot be read or written.
        """
        if self._head is not None:
            return
        last = self._file.last()
        head, self._end = (last.head, last.end) if last is not None else (first_head(self._folder), 0)
        if self._size() < self._end:
            raise StoreError(
                f"{self._data}: is shorter than {SEALS} says: trajectories were removed or cut off; see codedance "
                f"verify, and restore it from a copy, or delete {SEALS} to go on and seal what is left"
            )
        self._head = head
        self._seal(late=True)

    def extend(self) -> None:
        """Seal what has been stored since; raises as :meth:`settle` does."""
        self.settle()
        self._seal(late=False)

    def cut(self, end: int) -> None:
        """Drop the seals of trajectories that end after so many bytes: they were removed on purpose, to be made again.

        Raises:
            StoreError: a file cannot be read or written.
        """
        last = self._file.last()
        if last is not None and last.end > end:
            self._file.replace(seal for seal in self._file if seal.end <= end)
            self._head = None

    def sealed_bytes(self) -> int:
        """Length of the file of trajectories as far as it is sealed; 0 if the seals cannot be read."""
        try:
            last = self._file.last()
        except StoreError:
            return 0
        return last.end if last is not None else 0

    def _seal(self, *, late: bool) -> None:
        assert self._head is not None
        seals = []
        head, end = self._head, self._end
        for line, end in complete_lines(self._data, self._end):
            try:
                content = content_of(line)
            except ValueError as error:
                raise StoreError(
                    f"{self._data}: the line that ends at byte {end} {error}, and cannot be sealed; take it out, or "
                    "restore the file from a copy"
                ) from None
            head = next_head(head, content.digest)
            seals.append(Seal(content=content, head=head, end=end, late=late))
        self._file.extend(seals)
        self._head, self._end = head, end

    def _size(self) -> int:
        return self._data.stat().st_size if self._data.exists() else 0


def complete_lines(path: Path, start: int = 0) -> Iterator[tuple[bytes, int]]:
    """Every complete line that is not blank, from this byte on, and the byte after it; none if there is no file.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                start += len(line)
                if line.strip():
                    yield line, start
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from None


def _link(before: str, value: object) -> str:
    """A hash of a value and of what came before it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("has an object in which a name comes twice")
    return made
