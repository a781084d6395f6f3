"""Round instruments: gauges with a coloured needle, and clocks with coloured hands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS, RGB, Point, polar
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.geometry.dial_scripts import gauge_script
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.scene import Box, Category

__all__ = ["DIAL_INK", "DIAL_KINDS", "Dial", "draw_face", "draw_hand", "places"]

DIAL_INK: RGB = (72, 72, 72)
"""Colour of marks and numbers: dark, yet no black, so that only the hub is black."""
_FACES: tuple[RGB, ...] = ((255, 255, 255), (250, 248, 240), (244, 248, 252), (248, 244, 250), (246, 250, 244))
_SWEEPS = ((225, -45), (210, -30), (180, 0))
_STEPS = (1, 2, 5, 10, 20, 25, 50)
_MEASURES = (
    ("gauge", "bar", ("pressure", "What pressure does {it} show?")),
    ("speedometer", "km/h", ("speed", "How fast does {it} say we are going?")),
    ("dial", "", ("value", "What value does {it} show?")),
    ("meter", "V", ("voltage", "What voltage does {it} show?")),
    ("scale", "kg", ("weight", "How heavy is it, by {it}?")),
)


@dataclass(frozen=True, slots=True)
class Dial:
    """A round face in the picture."""

    centre: Point
    radius: float

    @property
    def box(self) -> Box:
        """All of it."""
        (x, y), r = self.centre, self.radius
        return (round(x - r) - 2, round(y - r) - 2, round(x + r) + 3, round(y + r) + 3)


def draw_face(panel: Panel, dial: Dial, rng: Random) -> None:
    """The empty face with its rim."""
    edge = max(2.0, dial.radius / 22)
    panel.sheet.disc(dial.centre, dial.radius, DIAL_INK)
    panel.sheet.disc(dial.centre, dial.radius - edge, rng.choice(_FACES))


def draw_hand(panel: Panel, dial: Dial, degrees: float, *, shape: tuple[float, float, RGB]) -> None:
    """A hand from the middle in a direction: length and width as shares of the radius, and colour."""
    length, width, colour = shape
    half = dial.radius * width / 2
    tip = polar(dial.centre, dial.radius * length, degrees)
    base = [polar(dial.centre, half, degrees + 90), polar(dial.centre, half, degrees - 90)]
    ends = [polar(tip, half * 0.5, degrees - 90), polar(tip, half * 0.5, degrees + 90)]
    panel.sheet.area([*base, *ends], colour)


def places(panel: Panel, rng: Random, count: int, *, above: float = 0.0) -> list[Dial]:
    """So many equal dials side by side, in one row or several, with room for a name above each."""
    left, top, right, bottom = panel.box

    def radius(columns: int) -> float:
        rows = -(-count // columns)
        return min((right - left) / columns / 2, ((bottom - top) / rows - above) / 2)

    columns = max(range(1, count + 1), key=radius)
    if rng.random() < 0.25:
        columns = rng.randint(1, count)
    wide, high = (right - left) / columns, (bottom - top) / -(-count // columns)
    size = radius(columns) * (0.96 if count == 1 else 0.88) * (rng.uniform(0.75, 1.0) if panel.hard else 1.0)
    return [
        Dial((left + (index % columns + 0.5) * wide, top + (index // columns + 0.5) * high + above / 2), size)
        for index in range(count)
    ]


def _gauge(panel: Panel, rng: Random) -> Puzzle:
    noun, unit, (sought, also) = rng.choice(_MEASURES)
    count = rng.choice((1, 2, 2, 3, 4)) if panel.hard else 1
    colours, step = rng.sample(INKS, count), rng.choice(_STEPS)
    parts = (
        rng.choice([one for one in (2, 4, 5, 10) if step % one == 0 or (step * 10 // one) * one == step * 10])
        if panel.hard
        else 1
    )
    numbers, sweep = rng.randint(5, 8) if panel.hard else rng.randint(4, 5), rng.choice(_SWEEPS)
    shown = []
    for colour, dial in zip(colours, places(panel, rng, count), strict=True):
        level = rng.randint(1, numbers * parts - 1)
        while panel.hard and level % parts == 0:
            level = rng.randint(1, numbers * parts - 1)
        _gauge_face(panel, dial, (step, numbers, parts, sweep), rng=rng)
        turn = sweep[0] + (sweep[1] - sweep[0]) * level / (numbers * parts)
        draw_hand(panel, dial, turn, shape=(0.44, 0.09, jittered(colour, rng)))
        panel.sheet.disc(dial.centre, max(4.0, dial.radius * 0.07), (12, 12, 12))
        shown.append((colour, dial, level))
    colour, dial, level = rng.choice(shown)
    called = f"the {noun} with the {colour} needle"
    below, marks = level // parts * step, level % parts
    part: int | float = int(step / parts) if step % parts == 0 else step / parts
    rows: list[tuple[str, str, int | float, str]] = [("below", "the number before the needle", below, str(below))]
    if marks:
        rows += [
            ("mark", "one small mark", part, f"worth {part}"),
            ("marks", "the needle", marks, f"{marks} mark{'s' * (marks > 1)} past it"),
        ]
    else:
        rows = [("below", "the needle", below, f"at {below}")]
    givens = [
        Given(name=name, meaning=meaning, value=value, text=text, box=dial.box) for name, meaning, value, text in rows
    ]
    recipe = _gauge_recipe(rng, called, (sought, also), between=marks > 0)
    puzzle = prepared(rng, recipe, givens, noun=noun, unit=(unit, f"{unit}" if unit else ""))
    puzzle = replace(puzzle, tolerance=step / parts / 2 - 0.001 if panel.hard else 0.0)
    values = {
        "most": numbers * step,
        "sweep": list(sweep),
        "grain": step / parts,
        "alone": count == 1,
        "whole": list(dial.box),
    }
    return puzzle.knowing(values, colour=colour, evidence=(dial.box,))


def _gauge_recipe(rng: Random, called: str, words: tuple[str, str], *, between: bool) -> Recipe:
    """What a needle points at: right at a number, or between two."""
    sought, also = words
    return Recipe(
        sought=rng.choice((f"the reading of {called}", f"the {sought} that {called} shows")),
        steps=(
            (
                "reading",
                "What does the needle point at?",
                "round(below + marks * mark, 2)" if between else "below",
                "reading a scale",
            ),
        ),
        plans=("I count the small marks from the number before the needle.", "From that number I go on mark by mark.")
        if between
        else ("The needle points right at a number.",),
        also=(
            also.format(it=called),
            f"Read {called}.",
            f"{capital(called)} points at which value?",
            f"What does {called} show?",
        ),
        wrong=("below", "below + mark", "below + marks", "below + (marks + 1) * mark")
        if between
        else ("reading + 1", "reading + 5", "reading - 1"),
        exact=True,
    )


def _gauge_face(panel: Panel, dial: Dial, scale: tuple[int, int, int, tuple[int, int]], *, rng: Random) -> None:
    step, numbers, parts, (start, end) = scale
    draw_face(panel, dial, rng)
    panel.sheet.arc(dial.centre, dial.radius * 0.9, (end, start), colour=DIAL_INK, width=max(2.0, dial.radius / 60))
    ring = dial.radius * (0.6 if panel.hard else 0.55)
    apart = 2 * ring * math.sin(math.radians((start - end) / numbers / 2))
    widest = text_size(str(numbers * step), panel.theme.font, panel.size)[0]
    pen = panel.pen(min(0.9, dial.radius * 0.2 / panel.size, 0.8 * apart / widest), DIAL_INK)
    for part in range(numbers * parts + 1):
        way, main = start + (end - start) * part / (numbers * parts), part % parts == 0
        reach = 0.76 if main else 0.83
        thick = max(2.0, dial.radius / (45 if main else 80))
        panel.sheet.line(
            polar(dial.centre, dial.radius * 0.9, way),
            polar(dial.centre, dial.radius * reach, way),
            DIAL_INK,
            width=thick,
        )
        if main:
            panel.sheet.write(str(part // parts * step), polar(dial.centre, ring, way), pen)


DIAL_KINDS = (
    Kind(
        name="gauge",
        draw=_gauge,
        script=gauge_script,
        easy=3,
        hard=3,
        category=Category.VISUAL,
        shared=False,
        plain=True,
        extent=(600, 900),
    ),
)
