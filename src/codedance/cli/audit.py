"""``codedance audit``: which rows of a benchmark a training set holds already."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.text import visible
from codedance.errors import StoreError, UsageError

if TYPE_CHECKING:
    from codedance.bench.contract import Mode
    from codedance.bench.leakage.collecting import Side
    from codedance.bench.leakage.contract import AuditReport, AuditRow
    from codedance.bench.outcomes import RowScore
    from codedance.cli.audit_sources import Named

__all__ = ["EPILOG", "audit"]

EPILOG = """
Examples:

- `codedance audit data/worlds --against chartqa --data ChartQA_TEST.tsv --out audits/chartqa`

- `codedance audit train.parquet --against vstar --scored runs/vstar --mode strict --out audits/vstar`

- `codedance audit runs/train --against runs/held-out --out audits/held-out --json`

TRAIN is a run folder, an exported set (parquet, JSON lines, Arrow), or a table with a question and a picture a row.
An audit that was stopped is begun again. Exit codes: 0 nothing identical or near, 1 rows are in the training set,
2 bad input, 4 an optional library is missing.
"""

LEAKED = 1


def audit(
    train: Annotated[Path, typer.Argument(metavar="TRAIN", help="What a model was trained on: a folder or a file.")],
    against: Annotated[
        str, typer.Option(metavar="NAME", help="A benchmark (`codedance benchmarks` lists them), or a run folder.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Write audit.md, audit.json, audit.html and rows.jsonl there.")
    ],
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="A local copy of the benchmark. [the hub]")] = None,
    split: Annotated[str | None, typer.Option(metavar="SPLIT", help="Split of the benchmark. [its first]")] = None,
    revision: Annotated[str | None, typer.Option(metavar="REV", help="Commit of the benchmark on the hub.")] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Accept a part of the benchmark's rows.")
    ] = False,
    scored: Annotated[
        Path | None,
        typer.Option(metavar="RUN|FILE", help="A scored run, or JSON lines of predictions: scores on clean rows."),
    ] = None,
    mode: Annotated[str, typer.Option(metavar="MODE", help="How they are scored: compat or strict.")] = "strict",
    jobs: Annotated[int | None, typer.Option(min=1, max=64, metavar="N", help="Decoding threads. [cores]")] = None,
    pairs: Annotated[int, typer.Option(min=0, metavar="N", help="Pairs of pictures in audit.html.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Look for the rows of a benchmark in a training set: pixels, perceptual hashes, crops, questions, words."""
    from codedance.bench.data.loading import LoadSettings
    from codedance.bench.leakage.auditing import make_audit_report
    from codedance.bench.leakage.report import audit_page
    from codedance.cli.audit_sources import named_benchmark, training_set

    begin = time.monotonic()
    settings = LoadSettings(split=split, revision=revision, allow_partial=allow_partial)
    benchmark, training = named_benchmark(against, data, settings), training_set(train)
    scores = _scores(scored, benchmark, mode)
    ours, theirs, rows = _compare(training, benchmark, out=out, threads=jobs or os.cpu_count() or 1)
    report = make_audit_report(against, ours, theirs, rows, data=benchmark.manifest, begin=begin)
    if scores is not None:
        from codedance.bench.leakage.scored import with_scores

        report = with_scores(report, rows, scores, place=str(scored), mode=_mode(mode))
    _write(out, report, rows, sides=(ours, theirs), pairs=pairs)
    typer.echo(report.model_dump_json() if as_json else visible(audit_page(report)))
    raise typer.Exit(LEAKED if report.leaked else 0)


def _mode(mode: str) -> Mode:
    from codedance.bench import Mode

    if mode not in list(Mode):
        raise UsageError(f"--mode {mode}: choose {' or '.join(Mode)}")
    return Mode(mode)


def _scores(scored: Path | None, named: Named, mode: str) -> Mapping[str, RowScore] | None:
    wanted = _mode(mode)
    if scored is None:
        return None
    if named.benchmark is None:
        raise UsageError("--scored goes with the name of a benchmark, not with a path")
    from codedance.bench.leakage.scored import read_scores

    return read_scores(scored, named.benchmark, wanted)


def _compare(training: Named, benchmark: Named, *, out: Path, threads: int) -> tuple[Side, Side, list[AuditRow]]:
    from codedance.bench.leakage.auditing import audit_rows
    from codedance.bench.leakage.collecting import collect
    from codedance.cli.progress import progress_bar

    sides = []
    for side, what in ((training, "reading the training set"), (benchmark, "reading the benchmark")):
        with progress_bar(what, side.count) as tick:
            sides.append(collect(side.sources, place=side.place, scratch=out, threads=threads, tick=tick))
    ours, theirs = sides
    with progress_bar("comparing pictures", len(theirs.neighbours.pictures)) as tick:

        def ticks(done: int) -> None:
            for _ in range(done):
                tick()

        rows = list(audit_rows(ours, theirs, tick=ticks))
    return ours, theirs, rows


def _write(out: Path, report: AuditReport, rows: list[AuditRow], *, sides: tuple[Side, Side], pairs: int) -> None:
    from codedance.bench.leakage.page import audit_html
    from codedance.bench.leakage.report import audit_page
    from codedance.store import write_text

    files = {
        "rows.jsonl": "".join(f"{row.model_dump_json(exclude_none=True)}\n" for row in rows),
        "audit.html": audit_html(report, *sides, pairs=pairs),
        "audit.md": audit_page(report),
        "audit.json": report.model_dump_json(indent=2) + "\n",
    }
    try:
        for name, text in files.items():
            write_text(out / name, text)
    except OSError as error:
        raise StoreError(f"--out {out}: cannot be written ({error.strerror or error})") from None
