"""What a report says of a judge: its score beside that of rules alone, its name, and what it left open."""

from __future__ import annotations

from collections.abc import Iterator

from codedance.bench.contract import Mode
from codedance.bench.reports.blocks import Block, Facts, Paragraph, Table, percent, span
from codedance.bench.reports.summary import BenchReport, JudgedReport, RunReport

__all__ = ["judged_blocks"]

_HEAD = (
    *("benchmark", "strict, rules %", "strict, judged %", "95 %", "k/N"),
    *("compat, rules %", "compat, judged %", "95 %", "k/N"),
    *("asked about", "right", "wrong", "undecided"),
)
_ORDER = (Mode.STRICT, Mode.COMPAT)


def judged_blocks(report: RunReport) -> Iterator[Block]:
    """Nothing if no judge was asked."""
    found = [(one, one.judged) for one in report.benchmarks if one.judged is not None]
    if not found:
        return
    yield Table(_HEAD, tuple(_line(one, judged) for one, judged in found))
    for one, judged in found:
        headline = judged.scores[Mode.STRICT].metrics.headline
        if headline is not None:
            yield Paragraph(f"{one.benchmark}, judged: its own measure {headline} is {_own(judged, headline)}.")
    yield Facts(tuple(_facts(found)))


def _line(one: BenchReport, judged: JudgedReport) -> tuple[str, ...]:
    cells = [one.benchmark]
    for mode in _ORDER:
        tally = judged.scores[mode].overall
        by_rules = percent(one.scores[mode].overall.accuracy)
        cells += [by_rules, percent(tally.accuracy), span(tally.interval), tally.fraction]
    judge = judged.judge
    return (*cells, str(judge.asked), str(judge.right), str(judge.wrong), str(judge.undecided))


def _own(judged: JudgedReport, headline: str) -> str:
    values = {mode: part.metrics.values.get(headline) for mode, part in judged.scores.items()}
    return ", ".join(f"{percent(value.value)} {mode.value}" for mode in _ORDER if (value := values[mode]) is not None)


def _facts(found: list[tuple[BenchReport, JudgedReport]]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(judged.judge.judge for _, judged in found):
        mine = [(one, judged) for one, judged in found if judged.judge.judge == name]
        asked = sum(judged.judge.asked for _, judged in mine)
        versions = ", ".join(f"{prompt}@{version}" for prompt, version in mine[0][1].judge.prompts.items())
        yield "judge", f"{name}, temperature 0, prompts {versions}; asked about {asked} attempts"
        for one, judged in mine:
            for reason, count in judged.judge.reasons.items():
                yield f"{one.benchmark}, undecided", f"{reason}: {count} (counted as wrong)"
            if judged.unasked:
                yield f"{one.benchmark}, not asked about", f"{judged.unasked} (start eval with --judge again)"
