"""Reading one side of an audit: every record once, its pictures marked in several threads, nothing kept whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from codedance.bench.data.loading import Loaded
from codedance.bench.data.local_files import LocalFiles
from codedance.bench.data.row_images import has_picture, row_pictures
from codedance.bench.leakage.contract import SideCounts
from codedance.errors import DataError, PictureError, StoreError
from codedance.imaging import Picture
from codedance.schema import Answer, ChoiceAnswer, ImageRef, MathAnswer, NumberAnswer, Task, TextAnswer
from codedance.similarity.neighbours import Item, Neighbours
from codedance.similarity.picture_marks import PictureMark, mark_image
from codedance.similarity.previews import PreviewFile, make_preview
from codedance.similarity.threads import in_order
from codedance.store import RunFolder

__all__ = ["Side", "Source", "collect", "from_benchmark", "from_run", "from_table", "from_task"]

_FAULTS_SHOWN = 20
_QUESTIONS = ("question", "query", "problem", "text", "label", "prompt")
"""Columns of plain tables that may hold the question; the first that does is."""
_NO_PICTURE = "its picture could not be read"
_ANSWERS = ("answer", "label", "number", "count", "ground_truth", "solution")


@dataclass(frozen=True, slots=True)
class Source:
    """A record that is to be compared."""

    key: str
    question: str
    answer: str | None
    load: Callable[[], Sequence[Picture]]
    """Its pictures; raises :class:`~codedance.errors.PictureError` or :class:`~codedance.errors.StoreError`."""
    fault: str | None = None
    """Why it cannot be compared."""


@dataclass(slots=True)
class Side:
    """What was gathered: about a kilobyte a picture and a question, and their previews on disk."""

    place: str
    previews: PreviewFile
    neighbours: Neighbours = field(default_factory=Neighbours)
    rows: list[tuple[str, int | str]] = field(default_factory=list)
    """Every record's key with the number of its item, or the reason why it has none."""
    seconds: float = 0.0

    def counts(self) -> SideCounts:
        """Numbers for the report."""
        faults = [(key, why) for key, why in self.rows if isinstance(why, str)]
        return SideCounts(
            place=self.place,
            rows=len(self.rows),
            items=len(self.neighbours),
            pictures=len(self.neighbours.pictures),
            questions=len(self.neighbours.questions),
            unreadable=len(faults),
            faults=tuple(f"{key}: {why}" for key, why in faults[:_FAULTS_SHOWN]),
            crowded=self.neighbours.pictures.crowded,
            seconds=self.seconds,
        )


def collect(
    sources: Iterable[Source],
    *,
    place: str,
    scratch: Path,
    threads: int = 2,
    tick: Callable[[], None] = lambda: None,
) -> Side:
    """Read every record of one side.

    Args:
        sources: the records.
        place: where they come from, for people.
        scratch: a folder for the previews' unnamed file.
        threads: pictures are decoded in so many.
        tick: called after each record.

    Raises:
        DataError: there is no record, or not one could be read.
        MissingExtraError: the extra ``data`` is not installed.
    """
    begin = time.monotonic()
    side = Side(place, PreviewFile(scratch))
    for source, looks in in_order(_look, sources, threads=threads):
        if isinstance(looks, str):
            side.rows.append((source.key, looks))
        else:
            marks = tuple(mark for mark, _ in looks)
            number = side.neighbours.add(Item(source.key, source.question, marks, source.answer))
            for picture, (_, preview) in zip(side.neighbours.shown(number), looks, strict=True):
                if picture == len(side.previews):
                    side.previews.add(preview)
            side.rows.append((source.key, number))
        tick()
    if not side.rows:
        raise DataError(f"{place}: holds nothing to compare")
    if not len(side.neighbours):
        key, why = side.rows[0]
        raise DataError(f"{place}: none of {len(side.rows)} records could be read (first: {key[:80]}: {why})")
    side.seconds = time.monotonic() - begin
    return side


def _look(source: Source) -> tuple[Source, list[tuple[PictureMark, bytes]] | str]:
    if source.fault is not None:
        return source, source.fault
    try:
        images = [picture.to_image() for picture in source.load()]
    except (PictureError, StoreError) as error:
        return source, str(error)
    return source, [(mark_image(image), make_preview(image)) for image in images]


def from_task(task: Task, load: Callable[[], Sequence[Picture]]) -> Source:
    """A task of ours."""
    return Source(task.id, task.question, _said(task.answer) if task.answer is not None else None, load)


def from_run(run: RunFolder) -> Iterator[Source]:
    """Every different task of a run folder, of tasks and of trajectories; raises :class:`StoreError`."""
    seen: set[tuple[str, str, tuple[str, ...]]] = set()

    def records() -> Iterator[Task]:
        yield from run.tasks()
        yield from (trajectory.task for trajectory in run.trajectories())

    for task in records():
        identity = (task.id, task.question, tuple(ref.sha256 for ref in task.images))
        if identity not in seen:
            seen.add(identity)
            yield from_task(task, partial(_stored, run, task.images))


def from_benchmark(loaded: Loaded) -> Iterator[Source]:
    """Every row of a benchmark by its key; a row without its picture is told, not passed over."""
    missing = dict.fromkeys(loaded.keys)
    for row in loaded:
        missing.pop(row.key, None)
        if row.task is None:
            yield Source(row.key, "", None, tuple, row.fault or _NO_PICTURE)
            continue
        answer = _said(row.task.answer) if row.task.answer is not None else None
        yield Source(row.key, row.task.question, answer, partial(tuple, row.pictures))
    # A loader that may leave rows out says nothing of them.
    yield from (Source(key, "", None, tuple, _NO_PICTURE) for key in missing)


def from_table(path: Path) -> Iterator[Source]:
    """Rows of a plain table: parquet, TSV or JSON lines with a column for the question and one for the picture.

    Raises:
        DataError: the file cannot be read, or a row has no question.
    """
    files = LocalFiles(path)
    for number, row in enumerate(files):
        name = next((one for one in _QUESTIONS if isinstance(row.get(one), str) and row[one].strip()), None)
        if name is None:
            columns = ", ".join(sorted(row)[:20])
            raise DataError(
                f"{path}, row {number + 1}: no question in the columns {', '.join(_QUESTIONS)}; there are {columns}"
            )
        told = next((row[one] for one in _ANSWERS if one != name and row.get(one) not in (None, "", [])), None)
        fault = "only the picture's address is known" if row.get("image_url") and not has_picture(row) else None
        yield Source(
            f"row {number}",
            row[name],
            str(told) if told is not None else None,
            partial(row_pictures, row, files.folder) if has_picture(row) else tuple,
            fault,
        )


def _stored(run: RunFolder, refs: Sequence[ImageRef]) -> list[Picture]:
    return [run.pictures.get(ref) for ref in refs]


def _said(answer: Answer) -> str:
    match answer:
        case ChoiceAnswer(letter=letter, options=options):
            place = ord(letter) - ord("A")
            return f"{letter}. {options[place]}" if options else letter
        case NumberAnswer(value=value):
            return f"{value:g}"
        case TextAnswer(accepted=accepted):
            return accepted[0]
        case MathAnswer(latex=latex):
            return latex
