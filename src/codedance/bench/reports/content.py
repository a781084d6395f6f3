"""What a report says, in the order in which it is read: the numbers first, then what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codedance.bench.contract import Mode
from codedance.bench.outcomes import Metric, Tally
from codedance.bench.reports.blocks import Block, Facts, Figure, Heading, Names, Paragraph, Table, number, percent, span
from codedance.bench.reports.comparison import Comparison, PairedCell
from codedance.bench.reports.judged import judged_blocks
from codedance.bench.reports.plots import accuracy_plot, difference_plot, stops_plot
from codedance.bench.reports.published import published_for
from codedance.bench.reports.summary import BenchReport, RunReport

__all__ = ["comparison_blocks", "report_blocks", "short_blocks"]

_SCORE_HEAD = (
    *("benchmark", "rows", "strict %", "95 %", "k/N", "compat %", "95 %", "k/N"),
    *("no answer", "errors", "need a judge", "of the whole"),
)
_BEHAVIOUR_HEAD = (
    *("benchmark", "turns", "tool use %", "calls ok %", "seconds", "model s", "code s", "tokens read", "written"),
    *("pixels shown", "asked again", "how episodes stopped"),
)
_HOW_COUNTED = (
    "Every row is in the denominator: no answer, errors and rows that need a judge (strict / compat) count as wrong. "
    "Where a judge was asked, its table stands below the scores of rules alone. "
    "Intervals are 95 %: Wilson's, or a bootstrap of what belongs together (attempts at one row, turned options, steps "
    "of one problem)."
)
_LANDMARKS = "Prompts, judges and the order of options differ from place to place; no number here was made to fit."


def short_blocks(report: RunReport) -> Iterator[Block]:
    """What is printed at the end of a run."""
    yield Table(_SCORE_HEAD, tuple(_score_line(one) for one in report.benchmarks))
    yield from _own_measures(report)
    yield from judged_blocks(report)
    yield from _unfinished(report)


def report_blocks(reports: Sequence[RunReport]) -> Iterator[Block]:
    """One report about one or several runs, with the numbers of several side by side."""
    if len(reports) > 1:
        yield Heading("Runs side by side", 1)
        yield from _side_by_side(reports)
    yield Figure(
        accuracy_plot(reports), "Strict accuracy in percent with its 95 % interval; diamonds: reported elsewhere."
    )
    yield Figure(stops_plot(reports), "How episodes stopped, in percent of them.")
    for report in reports:
        yield from _run(report)
    yield from _beside_others(reports)


def comparison_blocks(comparison: Comparison) -> Iterator[Block]:
    """Two runs, the test, and the rows that changed."""
    yield Heading(f"{comparison.left} against {comparison.right}", 1)
    by = f", what rules leave open decided by {comparison.judge}" if comparison.judge is not None else ""
    yield Paragraph(
        f"Scored {comparison.scoring.value}{by}. The difference is the second run minus the first, in points, over the "
        "rows that both have."
    )
    if comparison.unlike:
        yield Facts(tuple(("not the same", one) for one in comparison.unlike))
    head = ("benchmark", "rows", "first %", "second %", "difference", "95 %", "McNemar p", "fixed", "broken")
    yield Table(head, tuple(_pair(cell) for cell in comparison.cells))
    yield Figure(difference_plot(comparison.cells), "Difference in points, with its 95 % interval.")
    for cell in comparison.cells:
        for what, rows in (("fixed", cell.fixed), ("broken", cell.broken)):
            if rows:
                yield Names(f"{cell.benchmark}, {what} ({len(rows)})", rows)
        if cell.only_left or cell.only_right:
            yield Paragraph(
                f"{cell.benchmark}: {cell.only_left} rows in the first run only, {cell.only_right} in the second."
            )


def _score_line(one: BenchReport) -> tuple[str, ...]:
    strict, compat = one.scores[Mode.STRICT].overall, one.scores[Mode.COMPAT].overall
    whole = "all" if one.complete else f"{one.rows} of {one.data.expected_rows} rows"
    judge = f"{strict.undecided} / {compat.undecided}"
    return (
        *(one.benchmark, str(one.rows), *_tallied(strict), *_tallied(compat)),
        *(str(strict.no_answer), str(strict.errors), judge, whole),
    )


def _tallied(tally: Tally) -> tuple[str, str, str]:
    return percent(tally.accuracy), span(tally.interval), tally.fraction


def _own_measures(report: RunReport) -> Iterator[Block]:
    """The headline of benchmarks whose number is not the plain accuracy, or why there is none."""
    for one in report.benchmarks:
        metrics = one.scores[Mode.STRICT].metrics
        if metrics.refused is not None:
            yield Paragraph(f"{one.benchmark}: its own measure is not computed: {metrics.refused}.")
        elif metrics.headline is not None:
            values = {mode: part.metrics.values[metrics.headline].value for mode, part in one.scores.items()}
            said = f"{percent(values[Mode.STRICT])} strict, {percent(values[Mode.COMPAT])} compat"
            yield Paragraph(f"{one.benchmark}: its own measure {metrics.headline} is {said}.")


def _unfinished(report: RunReport) -> Iterator[Block]:
    if not report.finished:
        yield Paragraph("The run has not come to its end: these are the rows that have ended.")


def _run(report: RunReport) -> Iterator[Block]:
    yield Heading(report.name, 1)
    yield Facts(tuple(_facts(report).items()))
    yield from short_blocks(report)
    yield Paragraph(_HOW_COUNTED)
    if report.together:
        yield Heading("Worlds together")
        lines = tuple((name, *_tallied(scores[Mode.STRICT])) for name, scores in report.together.items())
        yield Table(("worlds", "%", "95 %", "k/N"), lines)
    yield Heading("What the model did")
    yield Table(_BEHAVIOUR_HEAD, tuple(_behaviour_line(one) for one in report.benchmarks))
    yield Paragraph("Means over episodes that ran. A call is a piece of code that was run or a box that was looked at.")
    yield from _passes(report)
    for one in report.benchmarks:
        yield from _details(one)
    notes = tuple((one.benchmark, why, str(count)) for one in report.benchmarks for why, count in one.notes.items())
    if notes:
        yield Heading("What failed")
        yield Table(("benchmark", "why", "attempts"), notes)


def _facts(report: RunReport) -> dict[str, str]:
    """What a reader must know of a run before its numbers."""
    episode = _inner(report.settings, "episode")
    rows = _inner(report.settings, "rows")
    facts = {
        "model": report.model,
        "reasoning": f"{report.mode} (system prompt {report.prompt or 'of its own'})",
        "budgets": _listed(_inner(episode, "budgets")),
        "sampling": _listed(_inner(episode, "sampling")),
        "attempts": f"{report.settings.get('attempts', 1)}, seed {report.settings.get('seed')}",
        "rows": f"the first {rows['limit']} of each benchmark" if rows.get("limit") else "all",
        "questions": "; ".join(f"{one.benchmark}: {_data_line(one)}" for one in report.benchmarks[:10]),
        "begun": report.created_at,
        "versions": ", ".join(f"{name} {value[:12]}" for name, value in report.versions.items()),
    }
    return {name: value for name, value in facts.items() if value}


def _listed(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if value is not None)


def _data_line(one: BenchReport) -> str:
    revision = f" at {one.data.revision[:10]}" if one.data.revision else ""
    return f"{one.data.split}{revision}, put as '{one.data.prompt}', rows {one.data.rows_sha256[:10]}"


def _behaviour_line(one: BenchReport) -> tuple[str, ...]:
    done = one.behaviour
    return (
        one.benchmark,
        number(done.turns, 2),
        percent(done.tool_use),
        f"{percent(done.execution_success)} ({done.calls_ok}/{done.calls})" if done.calls else "",
        *(number(value, 2) for value in (done.seconds, done.model_seconds, done.sandbox_seconds)),
        *(number(value, 0) for value in (done.prompt_tokens, done.completion_tokens, done.pixels)),
        str(done.retries),
        ", ".join(f"{name} {count}" for name, count in done.stops.items()),
    )


def _passes(report: RunReport) -> Iterator[Block]:
    found = [(one, one.scores[Mode.STRICT].pass_at) for one in report.benchmarks if one.scores[Mode.STRICT].pass_at]
    if found:
        steps = sorted({k for _, chances in found for k in chances})
        yield Heading("One of k attempts is right (strict, %)")
        lines = tuple((one.benchmark, *(percent(chances.get(k)) for k in steps)) for one, chances in found)
        yield Table(("benchmark", *(f"pass@{k}" for k in steps)), lines)


def _details(one: BenchReport) -> Iterator[Block]:
    strict, compat = one.scores[Mode.STRICT], one.scores[Mode.COMPAT]
    groups = {name: found for name, found in strict.groups.items() if len(found) > 1}
    measured = {mode: part.metrics for mode, part in one.scores.items() if part.metrics.values}
    if not groups and not measured:
        return
    yield Heading(one.title)
    for mode, metrics in sorted(measured.items(), reverse=True):
        lines = [
            (name, percent(value.value), span(value.interval), _share(value)) for name, value in metrics.values.items()
        ]
        yield Table((f"measure, {mode.value}", "%", "95 %", "k/N"), tuple(lines))
    for name, found in groups.items():
        rows = tuple(
            (category, *_tallied(one), *_tallied(compat.groups[name][category])) for category, one in found.items()
        )
        yield Table((name, "strict %", "95 %", "k/N", "compat %", "95 %", "k/N"), rows)


def _share(metric: Metric) -> str:
    return f"{metric.count}/{metric.of}" if metric.count is not None and metric.of is not None else ""


def _side_by_side(reports: Sequence[RunReport]) -> Iterator[Block]:
    names = list(dict.fromkeys(one.benchmark for report in reports for one in report.benchmarks))
    lines = []
    for name in names:
        line = [name]
        for report in reports:
            tally = next((one.scores[Mode.STRICT].overall for one in report.benchmarks if one.benchmark == name), None)
            line.append(f"{percent(tally.accuracy)} ({span(tally.interval)}; {tally.fraction})" if tally else "")
        lines.append(tuple(line))
    yield Table(("strict %", *(report.name for report in reports)), tuple(lines))
    yield Facts(tuple((one.name, f"{one.model}, {one.mode}, {_budget_line(one)}") for one in reports))
    if len({_budget_line(report) for report in reports}) > 1:
        yield Paragraph("These runs had unequal budgets: what differs may be theirs.")


def _budget_line(report: RunReport) -> str:
    budgets = _inner(_inner(report.settings, "episode"), "budgets")
    return ", ".join(f"{budgets.get(name)} {name}" for name in ("turns", "tokens", "seconds", "images", "pixels"))


def _beside_others(reports: Sequence[RunReport]) -> Iterator[Block]:
    lines: list[tuple[str, ...]] = []
    for name in dict.fromkeys(one.benchmark for report in reports for one in report.benchmarks):
        others = published_for(name)
        for report in reports if others else ():
            for one in report.benchmarks:
                if one.benchmark == name:
                    part = "" if one.complete else ", a part of the rows"
                    lines.append(
                        (name, f"{report.model} ({report.mode})", _headline(one), f"{report.name}, strict{part}")
                    )
        lines += [(name, one.model, f"{one.percent:.1f}", one.source) for one in others]
    if lines:
        yield Heading("Beside what others have reported")
        yield Table(("benchmark", "model", "%", "where"), tuple(lines))
        yield Paragraph(_LANDMARKS)


def _headline(one: BenchReport) -> str:
    """The benchmark's own number; none where it is refused."""
    part = one.scores[Mode.STRICT]
    if part.metrics.refused is not None:
        return "not computed"
    if part.metrics.headline is not None:
        return percent(part.metrics.values[part.metrics.headline].value)
    return percent(part.overall.accuracy)


def _pair(cell: PairedCell) -> tuple[str, ...]:
    reach = "" if cell.interval is None else f"{100 * cell.interval[0]:+.1f} to {100 * cell.interval[1]:+.1f}"
    return (
        *(cell.benchmark, str(cell.rows), percent(cell.left_accuracy), percent(cell.right_accuracy)),
        *(f"{100 * cell.difference:+.1f}", reach, "" if cell.p_value is None else f"{cell.p_value:.3g}"),
        *(str(len(cell.fixed)), str(len(cell.broken))),
    )


def _inner(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
