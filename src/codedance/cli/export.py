"""``codedance export``: trajectories and tasks as files of other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.errors import UsageError
from codedance.schema import CodeFormat

if TYPE_CHECKING:
    from codedance.synth.interop import ExportReport

__all__ = ["EPILOG", "export"]

EPILOG = """
Examples:

- `codedance export swift runs/oracle --out exports/swift --failed-turns-no-loss`

- `codedance export trl runs/oracle runs/teacher --out exports/trl`

- `codedance export verl runs/tasks --out exports/verl --split train`

- `codedance export hf runs/oracle --out exports/hf`

- `codedance export vlmevalkit runs/eval --benchmark mathvista --out CodeDance_MathVista_MINI.xlsx`

- `codedance export inspect runs/eval --benchmark vstar --out logs/vstar.json`
"""

_Benchmark = Annotated[
    str | None, typer.Option(metavar="NAME", help="vlmevalkit, inspect: which benchmark of the run. [the only one]")
]
_Whole = Annotated[bool, typer.Option("--whole", help="vlmevalkit: write the last reply, not the answer in it.")]
_ToolPictures = Annotated[
    bool, typer.Option("--tool-pictures", help="verl: also put the first picture into tools_kwargs.")
]
_Absolute = Annotated[
    bool, typer.Option("--absolute", help="swift, trl --jsonl: absolute paths of pictures, not relative to DIR.")
]


def export(
    format_name: Annotated[
        str, typer.Argument(metavar="FORMAT", help="swift, trl, verl or hf; of an evaluation vlmevalkit or inspect.")
    ],
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders with trajectories or tasks.")],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder to write, which must not be there or be empty; for results a file."),
    ],
    split: Annotated[str, typer.Option(metavar="NAME", help="Name of the split.")] = "train",
    failed_turns_no_loss: Annotated[
        bool, typer.Option("--failed-turns-no-loss", help='swift: mark replies whose code failed with "loss": false.')
    ] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="trl: write JSON lines and picture files instead of parquet.")
    ] = False,
    absolute: _Absolute = False,
    tool_pictures: _ToolPictures = False,
    code_format: Annotated[
        CodeFormat, typer.Option("--format", help="Which system prompt goes before tasks that have no trajectory.")
    ] = CodeFormat.CODE,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Add our whole record, which makes an import lossless.")
    ] = True,
    benchmark: _Benchmark = None,
    attempt: Annotated[int, typer.Option(min=0, metavar="K", help="vlmevalkit, inspect: which attempt.")] = 0,
    whole: _Whole = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON and nothing else.")] = False,
) -> None:
    """Write run folders as a data set of ms-swift, TRL, verl or the `datasets` library.

    The folder appears when it is complete; a run that is stopped leaves nothing behind.
    """
    from pydantic import ValidationError

    from codedance.cli.export_results import RESULT_FORMATS, export_results
    from codedance.cli.progress import progress_bar
    from codedance.synth.interop import ExportFormat, ExportSettings, count_records, export_runs

    if format_name in RESULT_FORMATS:
        typer.echo(export_results(format_name, runs, out, benchmark, attempt=attempt, whole=whole, as_json=as_json))
        return
    if format_name not in list(ExportFormat):
        names = ", ".join((*ExportFormat, *RESULT_FORMATS))
        raise UsageError(f"{format_name}: there is no such format; choose {names}")
    try:
        settings = ExportSettings(
            failed_turns_no_loss=failed_turns_no_loss,
            absolute=absolute,
            jsonl=jsonl,
            record=record,
            split=split,
            code_format=code_format,
            tool_pictures=tool_pictures,
        )
    except ValidationError:
        raise UsageError(f"--split {split}: choose a lower-case name such as train") from None
    with progress_bar("exporting", count_records(runs)) as tick:
        report = export_runs(ExportFormat(format_name), runs, out, settings=settings, tick=tick)
    if as_json:
        typer.echo(report.model_dump_json())
        return
    typer.echo("\n".join(_told(report, out)))


def _told(report: ExportReport, out: Path) -> Iterator[str]:
    yield f"{report.trajectories} trajectories, {report.tasks} tasks, {report.pictures} pictures: {out}"
    for count, what in (
        (report.escaped, "texts held a literal <image> or special token, which was escaped"),
        (report.repeated, "tasks came again and were written once"),
        (report.empty, "trajectories without any reply were left out"),
        (report.unreferenced, "tasks without a reference answer were left out"),
    ):
        if count:
            yield f"{count} {what}"
