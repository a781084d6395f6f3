"""``codedance score`` and ``codedance benchmarks``: replies from elsewhere, scored as authors or as people do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.text import visible
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.bench import Metric, Report, RowScore, Tally
    from codedance.cli.score_judge import Judged

__all__ = ["BENCHMARKS_EPILOG", "SCORE_EPILOG", "benchmarks", "score"]

SCORE_EPILOG = """
Examples:

- `codedance score vstar --predictions replies.jsonl --mode strict`

- `codedance score chartqa --predictions replies.jsonl --mode compat --extract --json`

- `codedance score wemath --predictions replies.jsonl --nodes knowledge_structure_nodes.json`

- `codedance score mathvista --predictions replies.jsonl --judge server:Qwen2.5-72B --base-url http://localhost:8000/v1`

A line of the file: `{"prediction": "B", "row": {"question": "...", "answer": "B", "A": "red", "B": "blue"}}`, with the
benchmark's own column names; `"prediction": null` where there was no reply, which counts as wrong and is shown.
A judge decides what rules leave open, in closed answers that are kept; what it does not decide stays undecided.
Exit codes: 0 scored, 2 bad input, 4 the judge cannot be reached.
"""

BENCHMARKS_EPILOG = "Example: `codedance benchmarks --json`"


def score(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark; `codedance benchmarks` lists them.")],
    predictions: Annotated[Path, typer.Option(metavar="FILE", help="JSON lines with prediction and row.")],
    mode: Annotated[
        str, typer.Option(metavar="MODE", help="compat: as the benchmark's own scorer; strict: as a careful person.")
    ] = "compat",
    raw: Annotated[
        bool | None,
        typer.Option("--raw/--extract", help="Score the reply as it is, or the answer in it. [raw for compat]"),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="Which split the rows are. [by their number]")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="wemath: compute the measures on the problems that are there.")
    ] = False,
    nodes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="wemath: the official list of knowledge nodes, for domains.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(metavar="SPEC", help="A model that decides what rules leave open: server:NAME.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="The judge's server.")] = None,
    judge_cache: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where its answers are kept. [PREDICTIONS.judge.sqlite]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print scores and report as JSON and nothing else.")] = False,
) -> None:
    """Score replies to the rows of a benchmark and add them up; nothing leaves the denominator."""
    from codedance.bench import Mode, get
    from codedance.bench.predictions import scored_replies
    from codedance.bench.scoring import make_report, row_key
    from codedance.bench.wemath_metrics import read_domains
    from codedance.cli.progress import progress_bar

    benchmark = get(name)
    if mode not in list(Mode):
        raise UsageError(f"--mode {mode}: choose {' or '.join(Mode)}")
    if nodes is not None and name != "wemath":
        raise UsageError("--nodes: only wemath has knowledge nodes")
    benchmark.split(split)
    domains = read_domains(nodes) if nodes is not None else None
    if judge is None and (base_url is not None or judge_cache is not None):
        raise UsageError("--base-url and --judge-cache go with --judge")
    rows = []
    with progress_bar("scoring", None) as tick:
        for reply, score_of_row in scored_replies(predictions, benchmark, Mode(mode), raw=raw):
            rows.append((reply, score_of_row))
            tick()
    keys = [row_key(benchmark, reply.row) for reply, _ in rows]

    def report_of(scores: Sequence[RowScore]) -> Report:
        return make_report(
            benchmark, scores, mode=Mode(mode), keys=keys, split=split, allow_partial=allow_partial, domains=domains
        )

    scores = [one for _, one in rows]
    report, judged = report_of(scores), None
    if judge is not None:
        from codedance.cli.score_judge import Judged, judge_replies

        cache = judge_cache or predictions.with_name(f"{predictions.name}.judge.sqlite")
        by_judge, summary = judge_replies(benchmark, rows, spec=judge, base_url=base_url, cache=cache)
        judged = Judged(judge=summary, scores=tuple(one.score for one in by_judge), report=report_of(by_judge))
    if as_json:
        told = {"scores": [one.score for one in scores], **report.model_dump(mode="json")}
        told |= {"judged": judged.model_dump(mode="json")} if judged is not None else {}
        typer.echo(json.dumps(told))
    else:
        typer.echo(visible("\n".join(_pages(report, judged))))


def _pages(report: Report, judged: Judged | None) -> list[str]:
    """The report by rules alone and, if there was a judge, the judged one beside it."""
    if judged is None:
        return [*_page(report)]
    from codedance.cli.score_judge import judged_lines

    head = judged_lines(report.overall, judged)
    return [*head, "", "Rules alone:", *_page(report), "", "Judged:", *_page(judged.report)]


def benchmarks(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List the benchmarks: rows, metric, prompts, where the data lie."""
    from codedance.bench import BENCHMARKS, expand

    every = [*BENCHMARKS.values(), *expand(["worlds"])]
    if as_json:
        listed = [
            {
                "name": one.name,
                "title": one.title,
                "metric": one.metric,
                "judged": one.judged,
                "splits": [
                    {
                        "name": part.name,
                        "rows": part.rows,
                        "hub": part.hub.repo if part.hub else None,
                        "config": part.hub.config if part.hub else None,
                    }
                    for part in one.splits
                ],
                "prompts": [{"name": prompt.name, "source": prompt.source} for prompt in one.prompts],
            }
            for one in every
        ]
        typer.echo(json.dumps(listed, indent=2))
        return
    rows = [
        (
            one.name,
            ", ".join(f"{part.name} {part.rows}" for part in one.splits),
            one.splits[0].hub.repo if one.splits[0].hub else "generated",
            ", ".join(prompt.name for prompt in one.prompts),
            one.metric + (" (rules alone; its own protocol has a judge)" if one.judged else ""),
        )
        for one in every
    ]
    typer.echo("\n".join(_table(("name", "rows", "hub", "prompts", "metric"), rows)))


def _page(report: Report) -> Iterator[str]:
    overall = report.overall
    yield f"{report.benchmark} {report.split}, {report.mode}: {_said(overall)}"
    if report.partial:
        again = f", {report.repeated} of them repeated" if report.repeated else ""
        yield f"partial: {report.rows} rows{again}; the whole split has {report.expected_rows}"
    yield f"no answer {overall.no_answer}, errors {overall.errors} (both count as wrong)"
    if report.asks_judge:
        yield f"{report.asks_judge} rows would go to a judge; rules alone give the score above" + (
            f", and leave {overall.undecided} undecided (counted as wrong)" if overall.undecided else ""
        )
    yield "answers found by: " + ", ".join(f"{path} {count}" for path, count in report.paths.items())
    if report.metrics.refused is not None:
        yield f"not computed: {report.metrics.refused}"
    if report.metrics.values:
        yield ""
        yield from _table(("measure", "value", "95 %", "k/N"), [_line(*one) for one in report.metrics.values.items()])
    for breakdown, categories in report.groups.items():
        yield ""
        lines = [(name, _percent(one.accuracy), _range(one.interval), one.fraction) for name, one in categories.items()]
        yield from _table((breakdown, "accuracy", "95 %", "k/N"), lines)


def _said(tally: Tally) -> str:
    kind = "" if tally.interval_kind == "wilson" else f", {tally.interval_kind}"
    return f"{_percent(tally.accuracy)} ({tally.fraction}; 95 % {_range(tally.interval)}{kind})"


def _line(name: str, metric: Metric) -> tuple[str, str, str, str]:
    share = f"{metric.count}/{metric.of}" if metric.count is not None and metric.of is not None else ""
    return name, _percent(metric.value), _range(metric.interval), share


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f}"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{100 * interval[0]:.1f}-{100 * interval[1]:.1f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
