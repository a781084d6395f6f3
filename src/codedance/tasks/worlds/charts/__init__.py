"""Charts: bars, lines, discs and clouds of points with values to read, to measure and to compute with."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image

from codedance.tasks.worlds.charts.clouds import ask_points, points_fit
from codedance.tasks.worlds.charts.drawing import draw_chart, pick_plan
from codedance.tasks.worlds.charts.measuring import find_frame, gauge, shares
from codedance.tasks.worlds.charts.model import Asked, ChartFacts, ChartKind, Drawing
from codedance.tasks.worlds.charts.points import draw_points
from codedance.tasks.worlds.charts.questions import ChartQuestion, answer_names, ask, evidence
from codedance.tasks.worlds.charts.scripts import chart_script
from codedance.tasks.worlds.charts.style import blends, pick_style, pick_tints
from codedance.tasks.worlds.charts.values import pick_chart
from codedance.tasks.worlds.family import Family
from codedance.tasks.worlds.scene import Category, Difficulty, Scene
from codedance.tasks.worlds.sums import computed

__all__ = ["CHARTS"]

_QUESTIONS = 6
"""Questions that are tried with one drawing."""
_SLACK = 0.7
"""Share of the tolerance by which a careful measurement may differ from the truth."""


_SOFT = (ChartKind.LINE, ChartKind.SCATTER, ChartKind.PIE)
"""Kinds whose marks have soft edges."""


@dataclass(frozen=True, slots=True)
class _Make:
    """What charts of a kind are made of, in hard scenes."""

    weight: float
    items: tuple[int, int]
    series: tuple[int, int]
    labelled: float
    by_item: float = 0.0


_HARD: dict[ChartKind, _Make] = {
    ChartKind.BAR: _Make(0.23, (5, 16), (1, 1), 0.45, 0.45),
    ChartKind.ROW: _Make(0.15, (5, 12), (1, 1), 0.45, 0.45),
    ChartKind.GROUPED: _Make(0.19, (3, 8), (2, 4), 0.4),
    ChartKind.STACKED: _Make(0.12, (4, 8), (2, 4), 0.4),
    ChartKind.LINE: _Make(0.19, (5, 14), (1, 4), 0.3),
    ChartKind.PIE: _Make(0.12, (4, 6), (1, 1), 0.5, 1.0),
    ChartKind.SCATTER: _Make(0.12, (3, 14), (1, 4), 0.0),
}
_EASY: dict[ChartKind, float] = {
    ChartKind.BAR: 0.4,
    ChartKind.ROW: 0.25,
    ChartKind.PIE: 0.2,
    ChartKind.LINE: 0.15,
    ChartKind.SCATTER: 0.1,
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    """A chart with a question about it."""
    easy = difficulty is Difficulty.EASY
    while True:
        drawn = _easy(rng) if easy else _hard(rng)
        if drawn is None:
            continue
        image, drawing = drawn
        for _ in range(_QUESTIONS):
            asked = _ask(drawing, rng, easy=easy)
            if asked is not None and _answerable(image, drawing, asked) and (easy or not _plain(drawing, asked.asked)):
                return _scene(difficulty, seed, image, drawing, asked)


def _ask(drawing: Drawing, rng: Random, *, easy: bool) -> ChartQuestion | None:
    return (ask_points if drawing.kind is ChartKind.SCATTER else ask)(drawing, rng, easy=easy)


def _scene(difficulty: Difficulty, seed: int, image: Image.Image, drawing: Drawing, asked: ChartQuestion) -> Scene:
    facts = ChartFacts(**dict(drawing), asked=asked.asked, evidence=evidence(drawing, asked.asked))
    easy = difficulty is Difficulty.EASY
    looking = asked.asked.asks in ("value", "inverse", "highest", "lowest", "count")
    return Scene(
        family="charts",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=asked.question,
        answer=asked.answer,
        asks=asked.asked.asks,
        colour=drawing.entry(*asked.asked.needed[0]).word if asked.asked.by_colour else "",
        category=Category.VISUAL if looking and (drawing.labelled or easy) else Category.COMPUTATION,
        tolerance=asked.tolerance,
        facts=facts.model_dump(mode="json", exclude_none=True),
    )


def _hard(rng: Random) -> tuple[Image.Image, Drawing] | None:
    kind = rng.choices(list(_HARD), [one.weight for one in _HARD.values()])[0]
    make = _HARD[kind]
    labelled, by_item = rng.random() < make.labelled, rng.random() < make.by_item
    width = rng.randint(480, 1080)
    size = (width, max(380, min(820, width * rng.randint(52, 90) // 100)))
    style = pick_style(rng, size=rng.randint(10, 14) + (width > 800))
    series = rng.randint(*make.series) if not labelled or kind is not ChartKind.LINE else 1
    items = rng.randint(make.items[0], min(make.items[1], 6) if by_item else make.items[1])
    tints = pick_tints(rng, items if by_item else series, dark=style.dark)
    if len(tints) < (items if by_item else series) or (kind in _SOFT and blends(tints, style.ground)):
        return None
    if kind is ChartKind.SCATTER:
        counts = [rng.randint(*make.items) for _ in tints]
        crowded = len(tints) > 1 or counts[0] > 6
        return draw_points(style, tints, size=size, rng=rng, counts=counts, scaled=True) if crowded else None
    chart = pick_chart(kind, rng, tints=tints, count=items, series=series, labelled=labelled)
    return draw_chart(chart, style, pick_plan(chart, rng, easy=False), size=size, rng=rng)


def _easy(rng: Random) -> tuple[Image.Image, Drawing] | None:
    kind = rng.choices(list(_EASY), list(_EASY.values()))[0]
    longer = rng.choice((420, 448, 480, 512, 560))
    shorter = longer * rng.randint(72, 100) // 100
    size = (shorter, longer) if kind is ChartKind.ROW and rng.random() < 0.3 else (longer, shorter)
    style = pick_style(rng, size=longer // 15 + rng.randint(0, 3))
    items = rng.choice((2, 3, 3, 4, 4))
    by_item = kind is ChartKind.PIE or (kind is not ChartKind.LINE and rng.random() < 0.7)
    tints = pick_tints(rng, items if by_item else 1, dark=style.dark, plain_share=0.6)
    if kind is ChartKind.SCATTER:
        tints = pick_tints(rng, rng.randint(2, 3), dark=style.dark, plain_share=0.8)
        if blends(tints, style.ground):
            return None
        return draw_points(style, tints, size=size, rng=rng, counts=[rng.randint(1, 5) for _ in tints], scaled=False)
    labelled = rng.random() < 0.85
    letters = {2: 8, 3: 6, 4: 4}[items] if kind is not ChartKind.ROW else 7
    chart = pick_chart(kind, rng, tints=tints, count=items, series=1, labelled=labelled, letters=letters)
    return draw_chart(chart, style, pick_plan(chart, rng, easy=True), size=size, rng=rng)


def _answerable(image: Image.Image, drawing: Drawing, question: ChartQuestion) -> bool:
    """True if what is not written can be measured well enough."""
    if drawing.kind is ChartKind.SCATTER:
        return not drawing.ticks or points_fit(image, drawing, question)
    if drawing.labelled:
        return True
    asked = question.asked
    if drawing.kind is ChartKind.PIE:
        found = shares(image, drawing)
        measured: list[float] = [found[item] for _, item in asked.needed]
    else:
        frame = find_frame(image, drawing)
        if frame is None:
            return False
        gauged = [gauge(image, drawing, frame, drawing.mark(*place), scaled=True) for place in asked.needed]
        measured = [value for value in gauged if value is not None]
        if len(measured) < len(gauged):
            return False
    names = answer_names(drawing, asked)
    result = computed(asked.asks, measured, names, threshold=asked.threshold, rank=asked.rank)
    if isinstance(result, str):
        return result == question.answer
    return abs(round(result, asked.places) - float(question.answer)) <= question.tolerance * _SLACK


def _plain(drawing: Drawing, asked: Asked) -> bool:
    """True if a glance at the small picture would tell which colour is ahead."""
    if asked.answers != "colour" or drawing.kind is ChartKind.SCATTER:
        return False
    values = sorted(drawing.mark(*place).value for place in asked.needed)
    gap = values[-1] - values[-2] if asked.asks == "highest" else values[1] - values[0]
    return gap > 0.07 * (max(mark.value for mark in drawing.marks))


_GLANCES = (
    "The chart is large enough to read it off directly.",
    "I can read this straight from the chart.",
    "Few values, clearly written: {answer}.",
    "The picture shows it plainly.",
    "No tools needed; the number is in plain sight.",
    "I can see it at a glance: {answer}.",
    "One look at the chart is enough.",
    "It is written large in the chart: {answer}.",
)

CHARTS = Family(name="charts", make=_make, script=chart_script, glances=_GLANCES)
