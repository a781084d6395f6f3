"""``codedance data filter``: a set of tasks sorted into easy, medium and hard by a weak and a strong model."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.parties import Named, loaded, named, status_bar
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible

if TYPE_CHECKING:
    from codedance.models.asking import Party
    from codedance.store import RunFolder
    from codedance.synth.pictures.filtering import Weighing
    from codedance.synth.pictures.settings import FilterSettings
    from codedance.synth.pictures.taskset import FilterReport, TaskSet

__all__ = ["FILTER_EPILOG", "filter_command"]

FILTER_EPILOG = """
Examples:

- `codedance data filter data/tasks --weak server:Qwen2.5-VL-7B --base-url http://localhost:8000/v1 --out data/sorted`

- `codedance data filter data/tasks --weak server:Qwen2.5-VL-7B --strong server:Qwen2.5-VL-72B --strong-base-url http://localhost:8001/v1 --attempts 8 --out data/sorted`

- `codedance data filter runs/old --weak hf:./checkpoint --out data/sorted --set rule.easy_share=0.75 --set rule.hard_by=weak`

The same command goes on with a set that was stopped, and asks again what could not be weighed. Exit codes: 0 done, 2 bad input or usage, 4 a model cannot be reached.
"""  # noqa: E501 - paragraphs of the help

_MANY = 10
Url = Annotated[str | None, typer.Option(metavar="URL", help="Where that server is. [as --base-url]")]


def filter_command(
    tasks: Annotated[Path, typer.Argument(metavar="TASKS", help="Run folder with tasks, or with trajectories.")],
    weak: Annotated[
        str, typer.Option(metavar="SPEC", help="Answers without tools: server:NAME, hf:PATH_OR_ID, scripted:FILE.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the sorted set; a stopped one goes on there.")],
    strong: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Checks labels, and tells medium from hard. [nobody]")
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="Answers of the weak model to each question. [4]")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where servers are, for example http://localhost:8000/v1.")
    ] = None,
    weak_base_url: Url = None,
    strong_base_url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example rule.easy_share=0.75."),
    ] = None,
) -> None:
    """Sort tasks into easy, medium and hard, and check their labels.

    The weak model answers each question several times at a glance. The strong one checks the labels of what the weak
    one does not always get right; labels that it disputes are listed in disagreements.md for a human.
    """
    from codedance.models.asking import Party
    from codedance.synth.pictures.settings import FilterSettings
    from codedance.synth.pictures.taskset import open_filter, read_tasks

    given = [*(assignments or []), *([f"attempts={attempts}"] if attempts is not None else [])]
    settings = apply_settings(FilterSettings(), given, file=config)
    parties = named(
        {Party.WEAK: weak, Party.STRONG: strong}, {Party.WEAK: weak_base_url, Party.STRONG: strong_base_url}, base_url
    )
    source = read_tasks(tasks)
    run = open_filter(out, source, settings, models={party: one.spec for party, one in parties.items()})
    begin = time.monotonic()
    report = _work(source, run, parties, settings)
    if as_json:
        sys.stdout.write(report.model_dump_json() + "\n")
        return
    _print(report)
    typer.echo(f"took {time.monotonic() - begin:.0f} s; set: {run.folder}")


def _work(source: TaskSet, run: RunFolder, parties: dict[Party, Named], settings: FilterSettings) -> FilterReport:
    import anyio

    from codedance.synth.pictures.taskset import filter_tasks

    counts: Counter[str] = Counter()
    with status_bar("tasks", total=len(source.tasks)) as update:

        def listener(weighing: Weighing | None) -> None:
            counts[weighing.stratum.value if weighing is not None else "skipped"] += 1
            update(1, "  ".join(f"{name} {count}" for name, count in sorted(counts.items())))

        async def work() -> FilterReport:
            async with loaded(parties) as models:
                return await filter_tasks(source, run, models=models, settings=settings, listener=listener)

        weighed = sum(1 for _ in run.tasks())
        update(weighed + sum(task.answer is None for task in source.tasks), "")
        return anyio.run(work)


def _print(report: FilterReport) -> None:
    rows = [("stratum", "tasks", "weak right", "strong right", "labels")]
    for row in report.strata:
        labels = ", ".join(f"{count} {label.value}" for label, count in row.labels.items())
        rows.append(
            (row.stratum.value, str(row.tasks), _percent(row.weak_accuracy), _percent(row.strong_accuracy), labels)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for line in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    typer.echo(report.rule)
    if report.disputed:
        typer.echo(f"{report.disputed} labels are disputed: see disagreements.md")
    if report.without_answer:
        shown = ", ".join(visible(one) for one in report.without_answer[:_MANY])
        more = f" and {len(report.without_answer) - _MANY} more" if len(report.without_answer) > _MANY else ""
        typer.echo(f"{len(report.without_answer)} tasks have no answer and were left out: {shown}{more}")
    for reason, count in report.skipped_reasons.items():
        typer.echo(f"{count} tasks could not be weighed ({visible(reason)}); the same command asks them again")


def _percent(share: float | None) -> str:
    return f"{share:.1%}" if share is not None else "-"
