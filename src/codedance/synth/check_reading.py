"""Reading a set once, record by record: faults, counts, and what duplicates are looked for by."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from codedance.errors import DataError, MissingExtraError, StoreError, UsageError
from codedance.rewards import algebra_on_demand
from codedance.schema import ImageRef, Task, Trajectory
from codedance.similarity.neighbours import Neighbours
from codedance.similarity.threads import in_order
from codedance.store import RunFolder
from codedance.store.records import line_fault
from codedance.synth.check_items import Examiner, Findings
from codedance.synth.check_report import MOST_EXAMPLES, CheckName

__all__ = ["CHARACTERS_PER_TOKEN", "Scan", "load_tokenizer", "read_set"]

CHARACTERS_PER_TOKEN = 4
"""How tokens are counted without a tokenizer."""


@dataclass(slots=True)
class Scan:
    """What reading a folder has gathered; a few kilobytes a task."""

    folder: Path
    faults: Counter[CheckName] = field(default_factory=Counter)
    examples: dict[CheckName, list[str]] = field(default_factory=dict)
    examined: Counter[CheckName] = field(default_factory=Counter)
    neighbours: Neighbours = field(default_factory=Neighbours)
    images: dict[str, tuple[ImageRef, ...]] = field(default_factory=dict)
    """The pictures of each task."""
    seeds: dict[tuple[str, str, int], str] = field(default_factory=dict)
    balance: dict[str, Counter[str]] = field(default_factory=dict)
    turns: Counter[int] = field(default_factory=Counter)
    with_code: array[int] = field(default_factory=lambda: array("q"))
    """Where in the file the trajectories with code begin."""
    names: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    context: array[int] = field(default_factory=lambda: array("q"))
    written: array[int] = field(default_factory=lambda: array("q"))
    trajectories: int = 0
    cells: int = 0
    failed_cells: int = 0
    unrecorded_cells: int = 0
    tails: int = 0

    def fault(self, name: CheckName, text: str) -> None:
        """Count a fault and keep the first few."""
        self.faults[name] += 1
        kept = self.examples.setdefault(name, [])
        if len(kept) < MOST_EXAMPLES:
            kept.append(text)


def load_tokenizer(path: Path) -> Callable[[str], int]:
    """A function that counts tokens by a ``tokenizer.json``.

    Raises:
        MissingExtraError: the library is not installed.
        UsageError: the file is no tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtraError("counting tokens by a tokenizer", "local") from None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise UsageError(f"--tokenizer {path}: is no tokenizer.json ({' '.join(str(error).split())[:120]})") from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def read_set(
    folder: Path,
    *,
    count_tokens: Callable[[str], int] | None = None,
    threads: int = 2,
    tick: Callable[[], None] = lambda: None,
) -> Scan:
    """Read a folder once and look at every record and picture.

    Args:
        folder: a run folder with trajectories, tasks or both.
        count_tokens: tokens of a text; ``None`` is a quarter of its characters.
        threads: pictures are decoded in so many.
        tick: called after each record.

    Raises:
        StoreError: there is no run folder.
        DataError: it holds nothing.
        MissingExtraError: a mathematical answer is to be compared, and math-verify is not installed.
    """
    run = RunFolder.open(folder)
    scan = Scan(folder)
    count = count_tokens or (lambda text: -(-len(text) // CHARACTERS_PER_TOKEN))
    with algebra_on_demand() as equivalent:
        _scan(scan, Examiner(run.pictures, count, equivalent=equivalent), threads=threads, tick=tick)
    if not scan.trajectories and not scan.tasks and not scan.faults:
        raise DataError(f"{folder}: holds neither trajectories nor tasks")
    return scan


def _scan(scan: Scan, examiner: Examiner, *, threads: int, tick: Callable[[], None]) -> None:
    def look(job: _Line) -> tuple[int, Findings | str, str]:
        kind: type[Trajectory] | type[Task] = Trajectory if job.attempted else Task
        record = _parsed(job.data, kind)
        if isinstance(record, Trajectory):
            return job.offset, examiner.trajectory(record), record.id
        return job.offset, examiner.task(record) if isinstance(record, Task) else f"{job.place}: {record}", ""

    for offset, found, name in in_order(look, _lines(scan.folder), threads=threads):
        _gather(scan, found, offset, name)
        tick()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the set."""

    data: bytes
    offset: int
    """Of its first byte in its file."""
    place: str
    attempted: bool
    """True if it is to be a trajectory, else a task."""


def _lines(folder: Path) -> Iterator[_Line]:
    """Every complete line, trajectories first; a line cut off by a kill is passed over."""
    for name, attempted in (("trajectories.jsonl", True), ("tasks.jsonl", False)):
        path = folder / name
        try:
            with path.open("rb") as file:
                offset = 0
                for number, line in enumerate(file, start=1):
                    if line.endswith(b"\n") and line.strip():
                        yield _Line(line, offset, f"{name}, line {number}", attempted)
                    offset += len(line)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from None


def _parsed(line: bytes, kind: type[Trajectory] | type[Task]) -> Trajectory | Task | str:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        return line_fault(error)


def _gather(scan: Scan, found: Findings | str, offset: int, name: str) -> None:
    scan.examined[CheckName.READABLE] += 1
    if isinstance(found, str):
        scan.fault(CheckName.READABLE, found)
        return
    for check, text in found.faults:
        scan.fault(check, text)
    scan.examined.update(found.examined)
    if found.task not in scan.tasks:
        scan.tasks.add(found.task)
        for fact, value in found.facts.items():
            scan.balance.setdefault(fact, Counter())[value] += 1
        if found.seed is not None:
            scan.seeds.setdefault(found.seed, found.task)
    if found.item is not None:
        scan.neighbours.add(found.item)
        scan.images[found.task] = found.images
        scan.examined[CheckName.DUPLICATES] += 1
    if found.turns is None:
        return
    if name in scan.names:
        scan.fault(CheckName.READABLE, f"{name}: two trajectories have this identifier")
    scan.names.add(name)
    scan.trajectories += 1
    scan.turns[found.turns] += 1
    scan.cells += found.cells
    scan.failed_cells += found.failed_cells
    scan.unrecorded_cells += found.unrecorded_cells
    scan.tails += found.tails
    scan.context.append(found.context_tokens)
    scan.written.append(found.written_tokens)
    if found.cells:
        scan.with_code.append(offset)
