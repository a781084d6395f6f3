"""``codedance import``: data sets of other programs as run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codedance.errors import UsageError

__all__ = ["EPILOG", "import_data"]

EPILOG = """
Examples:

- `codedance import codedance-sft downloads/CodeDance-SFT --out runs/codedance-sft`

- `codedance import deepeyes data_0.1.2_visual_toolbox_v2.parquet --out runs/deepeyes --limit 1000`

- `codedance import swift train.jsonl --out runs/mine --images pictures`

Rows that cannot be read are counted by reason and listed in rejected.jsonl. A stopped import goes on where it was.
Exit codes: 0 done, 2 bad input, or no row at all could be read.
"""


def import_data(
    format_name: Annotated[
        str,
        typer.Argument(metavar="FORMAT", help="codedance-sft, codedance-rl, deepeyes, swift, trl, verl or hf."),
    ],
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A .jsonl, .json, .parquet or .arrow file, or a folder with such.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Run folder to write.")],
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where relative paths of pictures begin. [the file's folder]")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Read the format's own columns even where a row holds our record.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Read at most so many rows. [all]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was read as JSON and nothing else.")] = False,
) -> None:
    """Read a data set into a run folder of trajectories or tasks."""
    from codedance.cli.progress import progress_bar
    from codedance.synth.interop import ImportFormat, import_source, source_rows

    if format_name not in list(ImportFormat):
        raise UsageError(f"{format_name}: there is no such format; choose {', '.join(ImportFormat)}")
    total = source_rows(source)
    with progress_bar("importing", limit if total is None else min(total, limit or total)) as tick:
        report = import_source(
            ImportFormat(format_name),
            source,
            out,
            pictures=images,
            use_record=not plain,
            limit=limit,
            tick=tick,
        )
    if as_json:
        typer.echo(report.model_dump_json())
        return
    typer.echo(f"{report.trajectories} trajectories, {report.tasks} tasks from {report.rows} rows: {out}")
    if report.trajectories:
        typer.echo(f"{report.answered} trajectories end with an answer, {report.restored} rows held our own record")
    if report.moved:
        typer.echo(f"{report.moved} questions had pictures within the text; they stand before it now")
    for fault, count in report.rejected.items():
        typer.echo(f"{count} rows rejected: {fault} (see {out / 'rejected.jsonl'})")
