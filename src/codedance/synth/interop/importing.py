"""From the files of another program to a run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pydantic import JsonValue

from codedance.errors import DataError
from codedance.schema import Task, Trajectory
from codedance.store import Manifest, RecordFile, RunFolder
from codedance.synth.interop.cells import PictureReader
from codedance.synth.interop.contract import ImportFormat, ImportReport, Rejected, Sample, UnreadableRowError
from codedance.synth.interop.rows import MOVED, RowReader
from codedance.synth.interop.sources import SourceRow, find_files, iterate_rows

__all__ = ["import_source"]

_REJECTED = "rejected.jsonl"
_ESCAPED = frozenset({ImportFormat.SWIFT, ImportFormat.TRL, ImportFormat.VERL, ImportFormat.HF})
"""Formats that we write too: their texts have escaped placeholders."""


def import_source(
    format: ImportFormat,  # noqa: A002 - the word
    source: Path,
    out: Path,
    *,
    pictures: Path | None = None,
    use_record: bool = True,
    limit: int | None = None,
    tick: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Read a file or folder of rows into a run folder; stopped at any moment, it goes on where it was.

    Every row becomes a trajectory, a task, or a line of ``rejected.jsonl``.

    Args:
        format: whose rows they are.
        source: a file, or a folder with files.
        out: the run folder; one of an import with the same settings is gone on with.
        pictures: where relative paths of pictures begin; ``None`` is each file's own folder.
        use_record: restore our own record where a row holds it.
        limit: most rows that are read.
        tick: called after each row.

    Raises:
        DataError: the source is not there, or none of its rows could be read.
        StoreError: the folder holds something else, or cannot be written.
    """
    files = find_files(source)
    run = RunFolder.create(
        out, Manifest(kind="import", settings=_settings(format, source, files, use_record=use_record))
    )
    rejected = RecordFile(run.folder / _REJECTED, Rejected)
    report = _done(run, rejected, ImportReport(format=format))
    done = report.rows
    readers: dict[Path, RowReader] = {}
    for number, row in enumerate(iterate_rows(files)):
        if limit is not None and number >= limit:
            break
        if number >= done:
            root = pictures or row.file.parent
            if root not in readers:
                name = format.value
                reader = PictureReader(root)
                readers[root] = RowReader(name, reader, escaped=format in _ESCAPED, use_record=use_record)
            try:
                sample = _read(row, readers[root], number)
            except UnreadableRowError as error:
                name = _relative(row.file, source)
                rejected.append(Rejected(file=name, row=number, fault=error.fault, detail=str(error)[:300]))
                report = _rejected(report, error.fault.value)
            else:
                _store(run, sample)
                report = _counted(report, sample.record)
        tick()
    if report.rows == 0:
        raise DataError(f"{source}: holds no rows")
    if report.trajectories + report.tasks == 0:
        worst = max(report.rejected, key=lambda fault: report.rejected[fault])
        raise DataError(
            f"{source}: none of {report.rows} rows could be read as {format.value} (most often: {worst}); "
            f"{run.folder / _REJECTED} says why"
        )
    return report


def _read(row: SourceRow, reader: RowReader, number: int) -> Sample:
    if isinstance(row.value, UnreadableRowError):
        raise row.value
    return reader.read(row.value, number)


def _store(run: RunFolder, sample: Sample) -> None:
    if isinstance(sample.record, Trajectory):
        run.add(sample.record, sample.pictures)
    else:
        run.add_task(sample.record, sample.pictures)


def _counted(report: ImportReport, record: Trajectory | Task) -> ImportReport:
    attempt = isinstance(record, Trajectory)
    task = record.task if isinstance(record, Trajectory) else record
    return report.model_copy(
        update={
            "rows": report.rows + 1,
            "trajectories": report.trajectories + attempt,
            "tasks": report.tasks + (not attempt),
            "restored": report.restored + (task.source != report.format.value),
            "answered": report.answered + (isinstance(record, Trajectory) and record.answer is not None),
            "moved": report.moved + (task.meta.get(MOVED) is True),
        }
    )


def _rejected(report: ImportReport, fault: str) -> ImportReport:
    counts = Counter(report.rejected)
    counts[fault] += 1
    return report.model_copy(update={"rows": report.rows + 1, "rejected": dict(sorted(counts.items()))})


def _done(run: RunFolder, rejected: RecordFile[Rejected], report: ImportReport) -> ImportReport:
    """What an earlier, stopped import has dealt with: each of its rows left exactly one line in one of three files."""
    for trajectory in run.trajectories():
        report = _counted(report, trajectory)
    for task in run.tasks():
        report = _counted(report, task)
    for one in rejected:
        report = _rejected(report, one.fault.value)
    return report


def _settings(
    format: ImportFormat,  # noqa: A002
    source: Path,
    files: list[Path],
    *,
    use_record: bool,
) -> dict[str, JsonValue]:
    """What the result depends on: the files by name and size, so that a changed source is not gone on with."""
    sizes: dict[str, JsonValue] = {_relative(path, source): path.stat().st_size for path in files}
    return {"format": format.value, "source": source.name, "files": sizes, "use_record": use_record}


def _relative(path: Path, source: Path) -> str:
    name = path.name if path == source else str(path.relative_to(source))
    return name.encode("utf-8", errors="replace").decode()
