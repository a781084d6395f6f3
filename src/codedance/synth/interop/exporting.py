"""From run folders to the files of another program."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import assert_never

from codedance.errors import DataError, UsageError
from codedance.store import RunFolder, count_lines, write_text
from codedance.synth.interop.contract import ExportFormat, ExportReport, ExportSettings, Sample, Writer
from codedance.synth.interop.hf import HfWriter
from codedance.synth.interop.output import new_folder
from codedance.synth.interop.swift import SwiftWriter
from codedance.synth.interop.trl import TrlWriter
from codedance.synth.interop.verl import VerlWriter

__all__ = ["count_records", "export_runs"]

_REPORT = "export.json"


def count_records(runs: Sequence[Path]) -> int:
    """How many trajectories and tasks the folders hold at most, quickly; for progress bars."""
    return sum(count_lines(run / name) for run in runs for name in ("trajectories.jsonl", "tasks.jsonl"))


def export_runs(
    format: ExportFormat,  # noqa: A002 - the word
    runs: Sequence[Path],
    out: Path,
    *,
    settings: ExportSettings | None = None,
    tick: Callable[[], None] = lambda: None,
) -> ExportReport:
    """Write what the run folders hold to a new folder; it appears when it is complete.

    A folder gives its trajectories; one that holds none gives its tasks. ``hf`` writes both.

    Args:
        format: who is to read it.
        runs: run folders.
        out: a folder that is not there, or empty.
        settings: how it is written.
        tick: called after each sample.

    Raises:
        StoreError: a run cannot be read, or ``out`` cannot be written.
        UsageError: a setting that the format has no use for, or runs of different kinds.
        DataError: the runs hold nothing to export.
    """
    settings = settings or ExportSettings()
    _check_settings(format, settings)
    folders = [RunFolder.open(run) for run in runs]
    conversations = _conversations(folders)
    if format in (ExportFormat.SWIFT, ExportFormat.TRL) and len(set(conversations)) > 1:
        raise UsageError("some of the runs hold trajectories and some only tasks; export them one by one")
    with new_folder(out) as partial:
        writer = _writer(format, partial, out, settings=settings, conversations=all(conversations))
        try:
            for folder, answered in zip(folders, conversations, strict=True):
                for sample in _samples(folder, both=format is ExportFormat.HF, answered=answered):
                    writer.add(sample)
                    tick()
            report = writer.close()
        except BaseException:
            # The folder goes away with its files; closing them twice may fail, and the first error is the one to tell.
            with suppress(OSError, ValueError, TypeError):
                writer.close()
            raise
        if report.trajectories + report.tasks == 0:
            raise DataError(_nothing(report))
        write_text(partial / _REPORT, report.model_dump_json(indent=2) + "\n")
    return report


def _check_settings(format: ExportFormat, settings: ExportSettings) -> None:  # noqa: A002
    lines = format is ExportFormat.SWIFT or (format is ExportFormat.TRL and settings.jsonl)
    for given, useful, flag in (
        (settings.failed_turns_no_loss, format is ExportFormat.SWIFT, "--failed-turns-no-loss is for swift"),
        (settings.jsonl, format is ExportFormat.TRL, "--jsonl is for trl (swift always writes JSON lines)"),
        (settings.absolute, lines, "--absolute is for formats with picture files (swift, trl --jsonl)"),
        (settings.tool_pictures, format is ExportFormat.VERL, "--tool-pictures is for verl"),
    ):
        if given and not useful:
            raise UsageError(flag)


def _writer(
    format: ExportFormat,  # noqa: A002
    folder: Path,
    final: Path,
    *,
    settings: ExportSettings,
    conversations: bool,
) -> Writer:
    final = Path(os.path.abspath(final))  # noqa: PTH100 - a link stays as it was named
    match format:
        case ExportFormat.SWIFT:
            return SwiftWriter(folder, final, settings)
        case ExportFormat.TRL:
            return TrlWriter(folder, final, settings, conversations=conversations)
        case ExportFormat.VERL:
            return VerlWriter(folder, settings)
        case ExportFormat.HF:
            return HfWriter(folder, settings)
        case unreachable:
            assert_never(unreachable)


def _conversations(folders: Sequence[RunFolder]) -> list[bool]:
    """For each folder, whether it holds trajectories."""
    return [next(folder.trajectories(), None) is not None for folder in folders]


def _samples(folder: RunFolder, *, both: bool, answered: bool) -> Iterator[Sample]:
    for trajectory in folder.trajectories():
        yield Sample(trajectory, folder.load_pictures(trajectory))
    if both or not answered:
        for task in folder.tasks():
            yield Sample(task, folder.load_pictures(task))


def _nothing(report: ExportReport) -> str:
    if report.unreferenced:
        return f"none of the {report.unreferenced} tasks has a reference answer; without one nothing can be rewarded"
    return "the runs hold neither trajectories nor tasks"
