"""Is a run still what was recorded? Trajectories are held against their seals, pictures against their hashes."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError

from codedance.schema import ImageRef, Record, Text, Trajectory
from codedance.schema.counts import counted
from codedance.store.pictures import PictureStore
from codedance.store.records import line_fault
from codedance.store.run import picture_refs
from codedance.store.seals import SEALS, Content, Seal, complete_lines, content_of, first_head, next_head

__all__ = ["MOST_FAULTS", "Fault", "FaultKind", "VerifyReport", "verify_run", "verify_trajectory"]

MOST_FAULTS = 20
"""Faults that are kept with their text; all are counted."""


class FaultKind(StrEnum):
    """What is not as it was."""

    CHANGED = "changed"
    """A trajectory is not the one that was sealed in its place."""
    REMOVED = "removed"
    """A sealed trajectory is not there."""
    ADDED = "added"
    """A trajectory has no seal, and sealed ones follow it; or it comes twice."""
    MOVED = "moved"
    """A trajectory stands elsewhere than where it was sealed."""
    UNSEALED = "unsealed"
    """A trajectory at the end has no seal: its writer was killed, is at work, or did not write it."""
    UNREADABLE = "unreadable"
    """A line is no trajectory."""
    PICTURE = "picture"
    """A picture is missing, or its bytes have another hash."""
    SEALS = "seals"
    """The chain of seals is broken: one was changed or removed, or the run's settings were."""
    HEAD = "head"
    """The head that was kept elsewhere is none of this run's."""


class Fault(Record):
    """One thing that is not as it was."""

    kind: FaultKind
    text: Text


class VerifyReport(Record):
    """What was found."""

    path: Text
    trajectories: int = 0
    turns: int = 0
    sealed: int = 0
    """Trajectories that are what was sealed."""
    late: int = 0
    """Of them, sealed by a later start: not vouched for before it."""
    pictures: int = 0
    """Pictures that were looked at, each once."""
    seals: bool = True
    """False if the run has none: nothing tells what its trajectories were."""
    head: str
    """The chain's hash over the trajectories that are there; of one alone, the hash of its content."""
    expected: Text | None = None
    """A head that was kept elsewhere."""
    expected_after: int | None = None
    """How many trajectories the expected head is of; ``None`` if it is none of this run's."""
    counts: dict[FaultKind, int] = Field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    """The first ones."""

    @property
    def intact(self) -> bool:
        """True if everything is what was recorded, by its seals or by the expected head."""
        vouched = self.seals or self.expected_after == self.trajectories
        return vouched and not any(self.counts.values())


def verify_run(folder: Path, *, expected: str | None = None, tick: Callable[[], None] = lambda: None) -> VerifyReport:
    """Look at every trajectory, seal and picture of a run; faults are values and do not raise.

    Args:
        folder: of the run.
        expected: a head that was kept elsewhere, of this run as it is or as it was before more was added.
        tick: called after each trajectory.

    Raises:
        StoreError: there is no run, or a file cannot be read.
    """
    found = _Found(PictureStore(folder / "pictures"))
    head = first_head(folder)
    seals = _Seals(folder, head, found)
    after = 0 if expected == head else None
    for number, (line, _) in enumerate(complete_lines(folder / "trajectories.jsonl"), start=1):
        content = found.look(line, f"line {number}")
        if content is not None:
            head = next_head(head, content.digest)
            after = number if head == expected else after
            if seals.exist:
                seals.hold(content)
        tick()
    seals.end()
    if expected is not None and after is None:
        found.fault(FaultKind.HEAD, f"the head {expected[:12]}... is not one of this run's, at no length of it")
    return found.report(folder, head).model_copy(
        update={
            "sealed": seals.same,
            "late": seals.late,
            "seals": seals.exist,
            "expected": expected,
            "expected_after": after,
        }
    )


def verify_trajectory(path: Path, line: bytes, *, pictures: Path | None, expected: str | None) -> VerifyReport:
    """Look at one trajectory in its JSON form, which has no seal beside it.

    Args:
        path: its file, for the report.
        line: its content.
        pictures: where its pictures lie, if they do.
        expected: its hash that was kept elsewhere.
    """
    found = _Found(PictureStore(pictures) if pictures is not None else None)
    content = found.look(line, "the file")
    head = content.digest if content is not None else ""
    same = content is not None and expected == head
    if expected is not None and not same:
        found.fault(FaultKind.HEAD, f"its hash is {head[:12]}..., not {expected[:12]}...")
    update = {"seals": False, "expected": expected, "expected_after": 1 if same else None}
    return found.report(path, head).model_copy(update=update)


@dataclass(slots=True)
class _Found:
    """What has been seen so far."""

    store: PictureStore | None
    counts: Counter[FaultKind] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    trajectories: int = 0
    turns: int = 0
    seen: set[bytes] = field(default_factory=set)

    def fault(self, kind: FaultKind, text: str) -> None:
        self.counts[kind] += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(kind=kind, text=text))

    def look(self, line: bytes, where: str) -> Content | None:
        """Read a trajectory and look at its pictures; ``None`` if it cannot be read."""
        self.trajectories += 1
        try:
            content = content_of(line)
            trajectory = Trajectory.model_validate_json(line)
        except ValidationError as error:
            self.fault(FaultKind.UNREADABLE, f"{where}: {line_fault(error)}")
            return None
        except ValueError as error:
            self.fault(FaultKind.UNREADABLE, f"{where}: {error}")
            return None
        self.turns += len(trajectory.turns)
        for ref in picture_refs(trajectory) if self.store is not None else ():
            self._picture(ref, trajectory.id)
        return content

    def _picture(self, ref: ImageRef, name: str) -> None:
        key = bytes.fromhex(ref.sha256)
        if self.store is None or key in self.seen:
            return
        self.seen.add(key)
        try:
            content = self.store.path(ref).read_bytes()
        except OSError as error:
            self.fault(FaultKind.PICTURE, f"{name}: {ref.file_name[:12]}... cannot be read ({error.strerror or error})")
            return
        if hashlib.sha256(content).digest() != key:
            self.fault(FaultKind.PICTURE, f"{name}: {ref.file_name[:12]}... has other bytes than when it was stored")

    def report(self, path: Path, head: str) -> VerifyReport:
        return VerifyReport(
            path=str(path),
            trajectories=self.trajectories,
            turns=self.turns,
            pictures=len(self.seen),
            head=head,
            counts={kind: self.counts[kind] for kind in FaultKind if self.counts[kind]},
            faults=tuple(self.faults),
        )


class _Seals:
    """The seals of a run; each trajectory is held against the one that it should have, in the order of the file."""

    def __init__(self, folder: Path, head: str, found: _Found) -> None:
        self._path = folder / SEALS
        self._found = found
        self._names: list[str] = []
        self._places: dict[bytes, deque[int]] = defaultdict(deque)
        self._by_name: dict[str, deque[int]] = defaultdict(deque)
        self._lines: list[int] = []
        self._late = bytearray()
        self._next = 0
        self._passed: set[int] = set()
        """Seals that were passed over: their trajectories may come later."""
        self._strangers: list[str] = []
        """Trajectories without a seal since the last one with a seal."""
        self.same = 0
        self.late = 0
        self.exist = self._path.exists()
        if self.exist:
            self._read(head)

    def hold(self, content: Content) -> None:
        """Hold the next trajectory against its seal."""
        place = self._take(self._places.get(bytes.fromhex(content.digest)))
        if place is None:
            place = self._take(self._by_name.get(content.id), at_least=self._next)
            if place is None:
                self._strangers.append(content.id)
                return
            self._places[bytes.fromhex(self._seal(place).content.digest)].remove(place)
            self._found.fault(FaultKind.CHANGED, _changed(content, self._seal(place).content))
        elif place >= self._next:
            self.same += 1
            self.late += self._late[place]
        else:
            self._found.fault(FaultKind.MOVED, f"{content.id}: was stored before others that now stand before it")
        self._passed.discard(place)
        for stranger in self._strangers:
            self._found.fault(FaultKind.ADDED, f"{stranger}: no seal is of it")
        self._strangers.clear()
        self._passed.update(range(self._next, place))
        self._next = max(self._next, place + 1)

    def end(self) -> None:
        """After the last trajectory: what is left over on either side."""
        for place in sorted(self._passed | set(range(self._next, len(self._names)))):
            self._found.fault(
                FaultKind.REMOVED, f"{self._names[place]}: was sealed as number {place + 1}, is not there"
            )
        for stranger in self._strangers:
            self._found.fault(FaultKind.UNSEALED, f"{stranger}: stands at the end and has no seal")

    def _read(self, head: str) -> None:
        for number, (line, end) in enumerate(complete_lines(self._path)):
            try:
                seal = Seal.model_validate_json(line)
            except ValidationError:
                self._found.fault(FaultKind.SEALS, f"line {number + 1} of {SEALS} is no seal")
                continue
            if seal.head != next_head(head, seal.content.digest):
                what = "the run's settings or the first seal" if number == 0 else f"seal {number + 1} or the one before"
                self._found.fault(FaultKind.SEALS, f"{what} has changed: the chain of {SEALS} does not hold there")
            head = seal.head
            place = len(self._names)
            self._names.append(seal.content.id)
            self._places[bytes.fromhex(seal.content.digest)].append(place)
            self._by_name[seal.content.id].append(place)
            self._lines.append(end - len(line))
            self._late.append(seal.late)

    def _seal(self, place: int) -> Seal:
        with self._path.open("rb") as file:
            file.seek(self._lines[place])
            return Seal.model_validate_json(file.readline())

    def _take(self, places: deque[int] | None, *, at_least: int = 0) -> int | None:
        while places:
            place = places.popleft()
            if place >= at_least or place in self._passed:
                return place
        return None


def _changed(now: Content, then: Content) -> str:
    if now.start != then.start:
        return f"{now.id}: what was set before its first turn (task, model, budgets, ...) has changed"
    if len(now.turns) != len(then.turns):
        return f"{now.id}: has {counted(len(now.turns), 'turn')} and was sealed with {len(then.turns)}"
    for number, (one, other) in enumerate(zip(now.turns, then.turns, strict=True), start=1):
        if one != other:
            return f"{now.id}: turn {number} has changed"
    return f"{now.id}: how it ended (answer, stop, ...) has changed"
