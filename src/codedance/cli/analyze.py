"""``codedance analyze``: what code does in finished runs, and what that is evidence of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from codedance.cli.failures import tell_cut_off
from codedance.cli.progress import progress_bar
from codedance.cli.text import visible
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.analysis.attempts import Analysed
    from codedance.analysis.operations import Operation
    from codedance.analysis.operations.labelled import LabelledReport
    from codedance.analysis.tables import Section

__all__ = ["JsonFlag", "Limit", "Out", "app", "attempts_of", "deliver", "operation_named"]

app = typer.Typer(no_args_is_help=True, help="What code does in finished runs, and what that is evidence of.")

Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write the report and its figures there.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first so many attempts of each run.")]

OPERATIONS_EPILOG = """
Examples:

- `codedance analyze operations data/worlds --limit 2000`

- `codedance analyze operations runs/bat runs/outcome -o reports/operations`

- `codedance analyze operations --labelled` (precision and recall against labelled cells)

- `codedance analyze operations --code cell.py` (what one file of code does)

A run is a run folder, or a folder of `codedance train grpo`. Nothing is executed.
"""

HOLDOUT_EPILOG = """
Examples:

- `codedance analyze holdout data/worlds --operation draw_grid -o data/without-grids`

- `codedance analyze holdout data/worlds --operation tile --operation crop -o data/without-looking --limit 5000`

- `codedance analyze holdout data/worlds --operation contours --domain counting -o data/carry-over` (contours stay in
  charts and elsewhere; does training carry them over?)

Train on the set, then on rewards, and `codedance analyze emergence` tells whether the operation comes back.
"""


@app.callback()
def _analyze() -> None:
    """What code does in finished runs, and what that is evidence of."""


@app.command(epilog=OPERATIONS_EPILOG)
def operations(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="RUN...", help="Runs with trajectories.")] = None,
    out: Out = None,
    as_json: JsonFlag = False,
    limit: Limit = None,
    labelled: Annotated[
        bool, typer.Option("--labelled", help="Compare what is found with what people labelled, and stop.")
    ] = False,
    code: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Read these cells of one session, and stop.")
    ] = None,
) -> None:
    """Operations and compositions in the code of attempts: how often, how well they run, with what answers."""
    if sum((bool(runs), labelled, bool(code))) != 1:
        raise UsageError("name one or more runs, or --labelled, or --code FILE")
    if labelled:
        _labelled(as_json=as_json)
        return
    if code:
        _code(code, as_json=as_json)
        return
    from codedance.analysis.report import usage_figures
    from codedance.analysis.usage import usage_of, usage_sections

    named = [str(run) for run in runs or ()]
    usage = usage_of(attempts_of(runs or [], limit=limit), runs=named)
    deliver(
        "operations",
        usage_sections(usage),
        title=f"Operations in {', '.join(Path(name).name for name in named)}",
        values=usage.model_dump(mode="json"),
        figures=usage_figures(usage),
        out=out,
        as_json=as_json,
    )


@app.command(epilog=HOLDOUT_EPILOG)
def holdout(
    run: Annotated[Path, typer.Argument(metavar="SET", help="Run folder with trajectories.")],
    operation: Annotated[
        list[str], typer.Option(metavar="NAME", help="Drop what uses this operation; may be repeated.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the new set; a stopped one goes on.")
    ],
    domains: Annotated[
        list[str] | None,
        typer.Option("--domain", metavar="NAME", help="Drop it in this family of worlds only; may be repeated."),
    ] = None,
    limit: Limit = None,
    as_json: JsonFlag = False,
) -> None:
    """A set without the trajectories whose code uses an operation, to see whether training brings it back."""
    from codedance.analysis.holdout import hold_out

    wanted = [operation_named(name) for name in operation]
    with progress_bar("reading", limit) as tick:
        found = hold_out(run, out, wanted, domains=domains or (), limit=limit, tick=tick)
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(f"kept {found.kept:,}, dropped {found.dropped:,} that use {' or '.join(operation)}")
    for domain, count in found.dropped_by_domain.items():
        typer.echo(f"  {visible(domain)}: dropped {count:,}, kept {found.kept_by_domain.get(domain, 0):,}")
    typer.echo(f"set: {out}")


def attempts_of(runs: Sequence[Path], *, limit: int | None) -> Iterator[Analysed]:
    """The attempts of these runs, with a bar while they are read."""
    from codedance.analysis.attempts import read_attempts
    from codedance.cli.recorded import run_to_read
    from codedance.store import RunFolder

    with progress_bar("attempts", None) as tick:
        for run in runs:
            if not (run / "rollouts").is_dir():  # of reinforcement learning, each step has its own
                run_to_read(run)
            yield from read_attempts(run, limit=limit, tick=tick)
            if (run / "trajectories.jsonl").is_file():
                tell_cut_off(RunFolder.open(run))


def deliver(
    name: str,
    sections: Sequence[Section],
    *,
    title: str,
    values: JsonValue,
    figures: Mapping[str, Callable[[], bytes]],
    out: Path | None,
    as_json: bool,
) -> None:
    """Write a report where one is asked for; print it, or where it lies."""
    from codedance.analysis.report import write_report
    from codedance.analysis.tables import section_text

    path = write_report(out, name, sections, title=title, values=values, figures=figures) if out is not None else None
    if as_json:
        typer.echo(json.dumps(values))
    elif path is not None:
        typer.echo(f"report: {path}")
    else:
        typer.echo(visible(section_text(sections).rstrip()))


def operation_named(name: str) -> Operation:
    """The operation; raises :class:`UsageError` with all of them if there is none of this name."""
    from codedance.analysis.operations import Operation

    try:
        return Operation(name)
    except ValueError:
        raise UsageError(f"--operation {name}: choose among {', '.join(Operation)}") from None


def _labelled(*, as_json: bool) -> None:
    from codedance.analysis.operations.labelled import labelled_cells, labelled_report

    cells = labelled_cells()
    reports = [
        labelled_report("development", [one for one in cells if not one.held_out]),
        labelled_report("held out", [one for one in cells if one.held_out]),
    ]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in reports]))
        return
    for one in reports:
        _print_labelled(one)


def _print_labelled(report: LabelledReport) -> None:
    typer.echo(f"{report.part}: {report.sessions} sessions")
    for what, found in (("operations", report.operations), ("compositions", report.flows)):
        counts = f"{found.both} agreed, {found.only_found} only found, {found.only_labelled} only labelled"
        typer.echo(f"  {what}: precision {_percent(found.precision)}, recall {_percent(found.recall)} ({counts})")
    for name, found in report.by_operation.items():
        if found.only_found or found.only_labelled:
            typer.echo(f"    {name}: precision {_percent(found.precision)}, recall {_percent(found.recall)}")
    for line in report.wrong:
        typer.echo(f"    {line}")


def _percent(value: float | None) -> str:
    return f"{100 * value:.1f} %" if value is not None else "-"


def _code(files: Sequence[Path], *, as_json: bool) -> None:
    from codedance.analysis.operations import operations_of_cells
    from codedance.analysis.usage import flow_name

    texts = []
    for file in files:
        try:
            texts.append(file.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise UsageError(f"--code {file}: cannot be read ({error.strerror or error})") from None
    found = operations_of_cells(texts)
    rows = [{"cell": one.cell, "line": one.line, "operation": one.operation.value} for one in found.occurrences]
    flows = sorted(flow_name(flow) for flow in found.flows)
    if as_json:
        typer.echo(json.dumps({"operations": rows, "flows": flows, "unreadable": list(found.unreadable)}))
        return
    for row in rows:
        typer.echo(f"cell {row['cell']}, line {row['line']}: {row['operation']}")
    for flow in flows:
        typer.echo(flow)
    for number in found.unreadable:
        typer.echo(f"cell {number} is no Python")
