"""The report of adaptivity: tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codedance.analysis.adaptivity import Adaptivity, Effort, Mean, TrainingPoint
from codedance.analysis.figures import Curve, curves
from codedance.analysis.tables import Section, Table, share_text

__all__ = ["adaptivity_figures", "adaptivity_sections"]


def adaptivity_sections(found: Sequence[Adaptivity]) -> list[Section]:
    """The text, run by run."""
    sections: list[Section] = []
    for one in found:
        name = f" ({one.run})" if len(found) > 1 else ""
        sections.append(
            Section(f"Effort by difficulty{name}", f"{one.attempts:,} attempts.", _efforts(one.by_difficulty))
        )
        if one.by_error:
            text = "Difficulty as the policy meets it: wrong answers among the other attempts at the same task."
            sections.append(Section(f"Calibration{name}", text, _efforts(one.by_error)))
        sections.append(Section(f"What turns buy{name}", "Attempts by their number of turns.", _efforts(one.by_turns)))
        if one.training:
            sections.append(Section(f"Over training{name}", "", _training(one)))
    figures = [
        ("Tool use against difficulty", "calibration.svg", any(one.by_error for one in found)),
        ("Cost and accuracy", "frontier.svg", True),
        ("Entropy and groups without variance", "training.svg", any(one.training for one in found)),
    ]
    return [*sections, *(Section(title, figure=file) for title, file, there in figures if there)]


def adaptivity_figures(found: Sequence[Adaptivity]) -> dict[str, Callable[[], bytes]]:
    """What draws the figures, by file name."""
    figures: dict[str, Callable[[], bytes]] = {}
    if any(one.by_error for one in found):
        figures["calibration.svg"] = lambda: curves(
            [line for one in found for line in _calibration(one)],
            title="Tool use and turns against difficulty",
            axes_names=("share of wrong answers among the other attempts (bins)", "share, or turns / 10"),
        )
    figures["frontier.svg"] = lambda: curves(
        [_frontier(one) for one in found],
        title="Cost and accuracy, by domain and difficulty",
        axes_names=("turns of an attempt, mean", "share of right answers"),
    )
    if any(one.training for one in found):
        figures["training.svg"] = lambda: curves(
            [line for one in found for line in _over_training(one)],
            title="Over training",
            axes_names=("step", "nats a token; share of groups"),
        )
    return figures


def _calibration(one: Adaptivity) -> list[Curve]:
    places = [(int(row.name.split("-")[0]) + 10) / 100 for row in one.by_error]
    rows = list(zip(places, one.by_error, strict=True))
    return [
        Curve(
            f"{one.run} runs code",
            [(place, row.code.value) for place, row in rows],
            [(row.code.low, row.code.high) for _, row in rows],
        ),
        Curve(f"{one.run} turns / 10", [(place, row.turns.value / 10) for place, row in rows], dashed=True),
    ]


def _frontier(one: Adaptivity) -> Curve:
    rows = [row for row in one.by_difficulty if row.accuracy is not None and not row.name.startswith("all,")]
    points = [(row.turns.value, row.accuracy.value) for row in rows if row.accuracy is not None]
    spans = [(row.accuracy.low, row.accuracy.high) for row in rows if row.accuracy is not None]
    return Curve(one.run, points, spans, line=False)


def _over_training(one: Adaptivity) -> list[Curve]:
    entropy = [(float(point.step), point.entropy) for point in one.training if point.entropy is not None]
    flat = [(float(point.step), point.zero_variance) for point in one.training if point.zero_variance is not None]
    return [Curve(f"{one.run} entropy", entropy), Curve(f"{one.run} without variance", flat, dashed=True)]


def _efforts(rows: Sequence[Effort]) -> Table:
    head = ("tasks", "attempts", "right, %", "ran code, %", "turns", "cells", "tokens", "cells that failed, %")
    return Table(
        head,
        tuple(
            (
                one.name,
                f"{one.attempts:,}",
                share_text(one.accuracy),
                share_text(one.code),
                _mean(one.turns),
                _mean(one.cells),
                _mean(one.tokens, digits=0),
                share_text(one.failed),
            )
            for one in rows
        ),
    )


def _mean(found: Mean | None, *, digits: int = 2) -> str:
    if found is None:
        return "-"
    interval = (
        f" ({found.low:.{digits}f}-{found.high:.{digits}f})" if found.low is not None and found.high is not None else ""
    )
    return f"{found.value:.{digits}f}{interval}"


def _training(one: Adaptivity) -> Table:
    rows = tuple(
        (str(point.step), *(f"{value:.3f}" if value is not None else "-" for value in figures))
        for point in _thinned(one)
        for figures in ((point.entropy, point.zero_variance, point.accuracy, point.turns, point.tool_rate),)
    )
    return Table(("step", "entropy, nats a token", "groups without variance", "accuracy", "turns", "ran code"), rows)


def _thinned(one: Adaptivity, most: int = 20) -> list[TrainingPoint]:
    every = list(one.training)
    stride = max(1, -(-len(every) // most))
    return [*every[::stride], *([every[-1]] if every and (len(every) - 1) % stride else [])]
