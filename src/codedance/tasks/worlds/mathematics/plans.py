"""Rectangles of which not every side is given, and plans with a scale."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.figures.drawing import fitted
from codedance.tasks.worlds.figures.marks import measure_line, right_mark, side_mark
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import LENGTHS
from codedance.tasks.worlds.geometry.plane import given_length, shape, two_sides
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.scene import Box

__all__ = ["PLAN_KINDS"]

_SIDE = ("other", "How long is the other side?")


def _from_perimeter(rng: Random, *, hard: bool) -> Recipe:
    half = ("half", "How long are two neighbouring sides together?", "around / 2", "perimeter of a rectangle")
    other = (*_SIDE, "half - side", "difference of lengths")
    if not hard or rng.random() < 0.35:
        return Recipe(
            sought="the side marked x",
            steps=(half, other),
            plans=(
                "Half the perimeter is one of each side; I subtract the known one.",
                "Two neighbouring sides make half the way around.",
            ),
            also=("How long is x?", "How long is the other side of the rectangle?", "Which length does x stand for?"),
            wrong=("around - side", "around / side", "other + 1", "around - 2 * side"),
            check="2 * (side + other) == around",
        )
    return Recipe(
        sought="the area of the rectangle",
        steps=(half, other, ("area", "How large is the rectangle?", "side * other", "area of a rectangle")),
        plans=(
            "From the perimeter I get the other side, and then the area.",
            "First the missing side, then side times side.",
        ),
        also=("How large is the area of the rectangle?", "What area does the rectangle cover?"),
        wrong=("side * around", "around * around / 16", "side * half", "(around - side) * side"),
        power=2,
        check="2 * (side + area / side) == around",
    )


def _from_area(rng: Random, *, hard: bool) -> Recipe:
    other = (*_SIDE, "area / side", "area of a rectangle")
    if not hard or rng.random() < 0.35:
        return Recipe(
            sought="the side marked x",
            steps=(other,),
            plans=("The area divided by the known side gives the other one.", "Side times x is the area, so I divide."),
            also=("How long is x?", "How long is the other side of the rectangle?", "Which length does x stand for?"),
            wrong=("area - side", "area / 2", "other + 1", "other * 2"),
            check="side * other == area",
        )
    return Recipe(
        sought="the perimeter of the rectangle",
        steps=(
            other,
            ("both", "How long are two neighbouring sides?", "side + other", "sum of lengths"),
            ("around", "How long is the way around?", "2 * both", "perimeter of a rectangle"),
        ),
        plans=(
            "First the missing side from the area, then the way around.",
            "Area over side is the other side; twice the sum is the perimeter.",
        ),
        also=("How long is the way around the rectangle?", "What is the rectangle's perimeter?"),
        wrong=("both", "area", "2 * area / side", "area + side"),
        check="side * (around / 2 - side) == area",
    )


def _rectangle(panel: Panel, rng: Random) -> Puzzle:
    """A rectangle with one side and its perimeter or its area written in it."""
    side, other = two_sides(rng, 36 if panel.hard else 9, (0.4, 1.5))
    unit = rng.choice(LENGTHS)
    by_area = rng.random() < 0.5
    recipe = (_from_area if by_area else _from_perimeter)(rng, hard=panel.hard)
    points = fitted([(0, 0), (side, 0), (side, other), (0, other)], panel.inner(1.6, 1.5))
    width, height = points[1][0] - points[0][0], points[2][1] - points[1][1]
    grow = max(1.0, 2.6 * panel.size / height)
    points = [(x, points[0][1] + (y - points[0][1]) * grow) for x, y in points]
    middle = shape(panel, rng, points)
    right_mark(panel, points[0], (points[1], points[3]))
    text = f"{side} {unit[0]}"
    first = side_mark(panel, (points[3], points[2]), middle, text=text)
    if recipe.sought.endswith("x"):
        side_mark(panel, (points[1], points[2]), middle, text="x")
    value = side * other if by_area else 2 * (side + other)
    size = f"{value} {unit[0]}²" if by_area else f"{value} {unit[0]}"
    words = rng.choice(("A = ", "area ") if by_area else ("P = ", "perimeter "))
    pen = panel.pen(0.85)
    at = middle
    if text_size(words + size, pen[0], pen[1])[0] > width - panel.size:
        at = (middle[0], points[0][1] - 0.8 * panel.size)
    inside = panel.sheet.write(words + size, at, pen)
    name, meaning = ("area", "the area") if by_area else ("around", "the perimeter")
    givens = (
        given_length("side", "the given side", side, written=(text, first)),
        Given(name=name, meaning=meaning, value=value, text=size, box=inside),
    )
    return prepared(rng, recipe, givens, noun="rectangle", unit=unit)


_ROOMS = ("kitchen", "bedroom", "hall", "bathroom", "study", "garden", "garage", "terrace", "yard", "pool")


def _plan(panel: Panel, rng: Random) -> Puzzle:
    """A plan of a room in centimetres with its scale: what is it in metres?"""
    room = rng.choice(_ROOMS)
    width, height = two_sides(rng, 16, (0.5, 1.4))
    factor: int | float = rng.choice((2, 3, 4, 5, 0.5, 1.5, 2.5, 10))
    points = fitted([(0, 0), (width, 0), (width, height), (0, height)], panel.inner(3.9, 2.2))
    middle = shape(panel, rng, points)
    panel.sheet.write(room, middle, panel.pen(0.9))
    door = (points[3][0] + (points[2][0] - points[3][0]) * 0.6, points[3][1])
    panel.sheet.line(
        (door[0] - panel.size, door[1]),
        (door[0] + panel.size, door[1]),
        panel.theme.ground,
        width=max(4.0, panel.stroke * 1.6),
    )
    texts = (f"{width} cm", f"{height} cm")
    first = measure_line(panel, (points[0], points[1]), middle, text=texts[0])
    second = measure_line(panel, (points[1], points[2]), middle, text=texts[1])
    scale = rng.choice((f"1 cm = {factor} m", f"1 cm means {factor} m", f"scale: 1 cm = {factor} m"))
    at = ((points[2][0] + points[3][0]) / 2, points[2][1] + 1.1 * panel.size)
    label: Box = panel.sheet.write(scale, at, panel.pen(0.9))
    givens = (
        given_length("width", "the width on the plan", width, written=(texts[0], first)),
        given_length("height", "the height on the plan", height, written=(texts[1], second)),
        Given(name="factor", meaning="the scale", value=factor, text=f'"{scale}"', box=label),
    )
    recipe = _plan_recipe(rng, room)
    used = [one for one in givens if any(one.name in step[2] for step in recipe.steps)]
    return prepared(rng, recipe, used, noun="plan", unit=("m", "metres"))


def _plan_recipe(rng: Random, room: str) -> Recipe:
    """Area, perimeter or width in truth."""
    real = (
        ("long", "How wide is it in truth?", "width * factor", "scale"),
        ("deep", "How deep is it in truth?", "height * factor", "scale"),
    )
    return rng.choice(
        (
            Recipe(
                sought=f"the real area of the {room}",
                steps=(*real, ("area", "How large is it in truth?", "round(long * deep, 2)", "area of a rectangle")),
                plans=(
                    "I turn both sides into metres first and then multiply.",
                    "First the real sides by the scale, then the area.",
                ),
                also=(
                    f"How large is the {room} in reality?",
                    f"What area does the {room} really have?",
                    f"How many square metres has the {room} in truth?",
                ),
                wrong=("width * height", "width * height * factor", "2 * (long + deep)", "long * height"),
                power=2,
                exact=True,
            ),
            Recipe(
                sought=f"the real perimeter of the {room}",
                steps=(
                    *real,
                    (
                        "around",
                        "How long is the way around?",
                        "round(2 * (long + deep), 2)",
                        "perimeter of a rectangle",
                    ),
                ),
                plans=(
                    "I turn both sides into metres and add them up all around.",
                    "Real sides first, then twice their sum.",
                ),
                also=(
                    f"How long is the way around the {room} in reality?",
                    f"How long are all walls of the {room} together in truth?",
                ),
                wrong=("2 * (width + height)", "long + deep", "long * deep", "2 * long + deep"),
                exact=True,
            ),
            Recipe(
                sought=f"the real width of the {room}, along its upper side",
                steps=(real[0],),
                plans=(
                    "The width on the plan times what a centimetre stands for.",
                    "By the scale each centimetre is so many metres.",
                ),
                also=(f"How wide is the {room} in reality, along its upper side?",),
                wrong=("width", "width + factor", "long + factor", "long - factor", "2 * long"),
            ),
        )
    )


PLAN_KINDS = (
    Kind(name="missing-side", draw=_rectangle, script=reading_script, easy=3, hard=3, shape="wide"),
    Kind(name="plan", draw=_plan, script=reading_script, hard=3),
)
