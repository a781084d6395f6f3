"""``codedance report`` and ``codedance compare``: what runs are worth, and whether one is better than another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from codedance.cli.failures import tell_damage
from codedance.cli.text import visible
from codedance.errors import StoreError, UsageError

__all__ = ["COMPARE_EPILOG", "REPORT_EPILOG", "compare", "report"]

REPORT_EPILOG = """
Examples:

- `codedance report runs/vstar`

- `codedance report runs/code runs/schema runs/direct --out report` (writes report.md, report.json and report.html)

A run that has not come to its end is reported as far as it is. Lines of its trajectories that cannot be read, and a
last line that is cut off, are told on stderr. Exit codes: 0 reported, 2 no such run, or one that cannot be read.
"""

COMPARE_EPILOG = """
Examples:

- `codedance compare runs/direct runs/code`

- `codedance compare runs/direct runs/code --scoring compat --out comparison --json`

- `codedance compare runs/direct runs/code --judged` (after `codedance eval ... --judge SPEC` of both)

The test is McNemar's, exact; the interval of the difference is a bootstrap of rows that belong together.
"""


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders of `codedance eval`.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.md, report.json and report.html there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Accuracies with intervals, what the model did, what it cost, by category, beside reported numbers."""
    from codedance.bench.reports import summarize
    from codedance.bench.reports.blocks import to_markdown
    from codedance.bench.reports.content import report_blocks
    from codedance.bench.reports.page import html_page

    found = [summarize(run) for run in runs]
    _tell_damage(runs)
    text = to_markdown(report_blocks(found))
    values = [one.model_dump(mode="json") for one in found]
    if out is not None:
        _write(out, "report", {"md": text, "json": json.dumps(values, indent=1) + "\n", "html": html_page(found)})
    if as_json:
        typer.echo(json.dumps(values))
    elif out is not None:
        typer.echo(f"report: {out / 'report.html'}")
    else:
        typer.echo(visible(text.rstrip()))


def compare(
    left: Annotated[Path, typer.Argument(metavar="RUN", help="The run to compare with.")],
    right: Annotated[Path, typer.Argument(metavar="RUN", help="The run that may be better.")],
    scoring: Annotated[
        str, typer.Option(metavar="MODE", help="strict: as a careful person; compat: as the benchmark's own scorer.")
    ] = "strict",
    judged: Annotated[
        bool, typer.Option("--judged", help="Count what the runs' judges decided, where rules leave a row open.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write comparison.md, comparison.json and comparison.html there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compare two runs row by row: a paired test, and the rows that were fixed and broken."""
    from codedance.bench import Mode
    from codedance.bench.reports import compare_runs
    from codedance.bench.reports.blocks import to_markdown
    from codedance.bench.reports.content import comparison_blocks
    from codedance.bench.reports.page import html_comparison

    if scoring not in list(Mode):
        raise UsageError(f"--scoring {scoring}: choose {' or '.join(Mode)}")
    found = compare_runs(left, right, scoring=Mode(scoring), judged=judged)
    _tell_damage([left, right])
    text = to_markdown(comparison_blocks(found))
    values = found.model_dump(mode="json")
    if out is not None:
        pages = {"md": text, "json": json.dumps(values, indent=1) + "\n", "html": html_comparison(found)}
        _write(out, "comparison", pages)
    if as_json:
        typer.echo(json.dumps(values))
    elif out is not None:
        typer.echo(f"comparison: {out / 'comparison.html'}")
    else:
        typer.echo(visible(text.rstrip()))


def _tell_damage(runs: Sequence[Path]) -> None:
    from codedance.store import RunFolder

    for run in dict.fromkeys(runs):
        tell_damage(RunFolder(run))


def _write(folder: Path, name: str, texts: dict[str, str]) -> None:
    from codedance.store import write_text

    try:
        for ending, text in texts.items():
            write_text(folder / f"{name}.{ending}", text)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror or error})") from None
