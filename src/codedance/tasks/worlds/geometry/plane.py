"""Lengths and areas of plain figures whose sides are given: rectangles, triangles, parallelograms, trapeziums."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.figures.drawing import Point, fitted
from codedance.tasks.worlds.figures.marks import right_mark, side_mark
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import LENGTHS
from codedance.tasks.worlds.scene import Box

__all__ = ["PLANE_KINDS", "given_length", "shape", "two_sides"]

_TRIPLES = (
    (3, 4, 5), (6, 8, 10), (5, 12, 13), (8, 15, 17), (9, 12, 15), (7, 24, 25), (12, 16, 20), (20, 21, 29),
    (15, 20, 25), (10, 24, 26), (12, 35, 37), (18, 24, 30), (16, 30, 34), (21, 28, 35), (24, 32, 40), (14, 48, 50),
)  # fmt: skip


def given_length(name: str, meaning: str, value: int | float, *, written: tuple[str, Box]) -> Given:
    """A length that is written in the figure: its text and its box."""
    return Given(name=name, meaning=meaning, value=value, text=written[0], box=written[1])


def shape(panel: Panel, rng: Random, points: Sequence[Point]) -> Point:
    """Fill a polygon, draw its sides; its middle."""
    panel.sheet.area(points, rng.choice(panel.theme.fills))
    panel.sheet.path(points, panel.theme.ink, panel.stroke, closed=True)
    return (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))


def two_sides(rng: Random, most: int, ratios: tuple[float, float], *, least: int = 2) -> tuple[int, int]:
    """Two different whole lengths, the second so many times the first."""
    while True:
        first, second = rng.randint(least, most), rng.randint(least, most)
        if first != second and ratios[0] < second / first < ratios[1]:
            return first, second


_AREA = Recipe(
    sought="the area of the rectangle",
    steps=(("area", "What is width times height?", "width * height", "area of a rectangle"),),
    plans=(
        "The area is width times height.",
        "A rectangle's area is the product of its sides.",
        "I multiply the two sides.",
    ),
    also=("How large is the rectangle's area?", "What area does the rectangle cover?"),
    wrong=("2 * (width + height)", "width + height", "width * height // 2", "width * (height + 1)"),
    power=2,
    check="area / width == height",
)
_PERIMETER = Recipe(
    sought="the perimeter of the rectangle",
    steps=(
        ("both", "How long are two neighbouring sides together?", "width + height", "sum of lengths"),
        ("perimeter", "How long is the way around?", "2 * both", "perimeter of a rectangle"),
    ),
    plans=(
        "The way around has each side twice.",
        "I add two neighbouring sides and double that.",
        "Opposite sides are equal, so I double the sum.",
    ),
    also=("How long is the way around the rectangle?", "What is the rectangle's perimeter?"),
    wrong=("both", "width * height", "2 * width + height", "both + 2 * height"),
    check="perimeter - 2 * width - 2 * height == 0",
)
_DIAGONAL = Recipe(
    sought="the diagonal of the rectangle",
    steps=(
        ("square", "What is the diagonal's square?", "width ** 2 + height ** 2", "Pythagoras' theorem"),
        ("diagonal", "How long is the diagonal?", "round(math.sqrt(square), 1)", "square root"),
    ),
    plans=("Width, height and diagonal form a right triangle.", "Pythagoras gives the diagonal from the two sides."),
    also=("How long is a diagonal of the rectangle?", "What does a diagonal of the rectangle measure?"),
    wrong=("width + height", "abs(width - height)", "diagonal / 2", "max(width, height)"),
)


def _rectangle(panel: Panel, rng: Random) -> Puzzle:
    width, height = two_sides(rng, 60 if panel.hard else 9, (0.35, 1.7))
    unit = rng.choice(LENGTHS)
    points = fitted([(0, 0), (width, 0), (width, height), (0, height)], panel.inner(3.5 if panel.hard else 1.7, 1.5))
    middle = shape(panel, rng, points)
    right_mark(panel, points[0], (points[1], points[3]))
    texts = (f"{width} {unit[0]}", f"{height} {unit[0]}" if panel.hard else f"{height}")
    below, beside = rng.random() < 0.5, rng.random() < 0.5 and panel.hard
    first = side_mark(panel, (points[3], points[2]) if below else (points[0], points[1]), middle, text=texts[0])
    second = side_mark(panel, (points[0], points[3]) if beside else (points[1], points[2]), middle, text=texts[1])
    givens = (
        given_length("width", "the width", width, written=(texts[0], first)),
        given_length("height", "the height", height, written=(texts[1], second)),
    )
    recipe = rng.choice((_AREA, _PERIMETER, _DIAGONAL) if panel.hard else (_AREA, _PERIMETER))
    return prepared(rng, recipe, givens, noun="rectangle", unit=unit)


_HYPOTENUSE = Recipe(
    sought="the side marked x",
    steps=(
        ("square", "What is the sum of the squares?", "a ** 2 + b ** 2", "Pythagoras' theorem"),
        ("x", "What is its square root?", "round(math.sqrt(square), 1)", "square root"),
    ),
    plans=(
        "x lies opposite the right angle, so its square is the sum of the other two squares.",
        "The triangle is right-angled and x is the longest side: Pythagoras.",
        "By Pythagoras x is the root of the sum of both squares.",
    ),
    also=("How long is x?", "How long is the side x of the triangle?", "Which length does x stand for?"),
    wrong=("a + b", "abs(a - b)", "round(math.sqrt(abs(a ** 2 - b ** 2)), 1)", "x + 1"),
)
_LEG = Recipe(
    sought="the side marked x",
    steps=(
        ("square", "What is the difference of the squares?", "c ** 2 - a ** 2", "Pythagoras' theorem"),
        ("x", "What is its square root?", "round(math.sqrt(square), 1)", "square root"),
    ),
    plans=(
        "x is a leg; its square is the square of the longest side minus that of the other leg.",
        "The longest side is known, so I subtract the squares and take the root.",
        "Pythagoras, solved for a leg.",
    ),
    also=("How long is x?", "How long is the side x of the triangle?", "Which length does x stand for?"),
    wrong=("c - a", "round(math.sqrt(c ** 2 + a ** 2), 1)", "(a + c) / 2", "x + 1"),
)
_PLAIN_HYPOTENUSE, _PLAIN_LEG = (
    Recipe(
        sought=one.sought,
        steps=(one.steps[0], ("x", "What is its square root?", "int(math.sqrt(square))", "square root")),
        plans=one.plans,
        also=one.also,
        wrong=(*one.wrong[:2], "x + 1", "x + 2", "x - 1"),
        check=check,
    )
    for one, check in ((_HYPOTENUSE, "x ** 2 == a ** 2 + b ** 2"), (_LEG, "x ** 2 + a ** 2 == c ** 2"))
)


def _right_triangle(panel: Panel, rng: Random) -> Puzzle:
    """Pythagoras: whole numbers, or one decimal."""
    whole = rng.random() < 0.5
    if whole:
        a, b, c = rng.choice(_TRIPLES)
        a, b = rng.choice(((a, b), (b, a)))
    else:
        a, b = two_sides(rng, 30, (0.5, 2.0), least=3)
        c = a + rng.randint(max(1, b // 3), b)
    leg = rng.random() < 0.5
    unit = rng.choice(LENGTHS)
    drawn = b if whole or not leg else (c * c - a * a) ** 0.5
    flip = rng.choice((1, -1))
    points = fitted([(0, 0), (flip * a, 0), (0, -rng.choice((1, 1, -1)) * drawn)], panel.inner(3.5, 1.5))
    middle = shape(panel, rng, points)
    right_mark(panel, points[0], (points[1], points[2]))
    texts = [f"{a} {unit[0]}", "x" if leg else f"{b} {unit[0]}", f"{c} {unit[0]}" if leg else "x"]
    sides = ((points[0], points[1]), (points[0], points[2]), (points[1], points[2]))
    boxes = [side_mark(panel, side, middle, text=text) for side, text in zip(sides, texts, strict=True)]
    first = given_length("a", "one leg", a, written=(texts[0], boxes[0]))
    if leg:
        givens = (first, given_length("c", "the longest side", c, written=(texts[2], boxes[2])))
    else:
        givens = (first, given_length("b", "the other leg", b, written=(texts[1], boxes[1])))
    recipe = (_PLAIN_LEG if leg else _PLAIN_HYPOTENUSE) if whole else (_LEG if leg else _HYPOTENUSE)
    return prepared(rng, recipe, givens, noun="triangle", unit=unit)


_HALF = Recipe(
    sought="the area of the triangle",
    steps=(
        ("product", "What is base times height?", "base * height", "product"),
        ("area", "What is half of it?", "product / 2", "area of a triangle"),
    ),
    plans=(
        "The area is half of base times height; the dashed line is the height.",
        "The dashed line stands at right angles on the base: it is the height. I halve base times height.",
        "I multiply the base by the height and halve it.",
    ),
    also=("How large is the triangle's area?", "What area does the triangle cover?"),
    wrong=("product", "base + height", "base + 2 * height", "product / 4"),
    power=2,
)
_SLANTED = Recipe(
    sought="the area of the parallelogram",
    steps=(("area", "What is base times height?", "base * height", "area of a parallelogram"),),
    plans=(
        "A parallelogram has base times height as its area; the slanted side does not matter.",
        "The dashed line is the height, so I multiply it by the base.",
    ),
    also=("How large is the parallelogram?", "What area does the parallelogram have?"),
    wrong=("area // 2", "2 * (base + height)", "base + height", "area + base"),
    power=2,
    check="area / base == height",
)
_TRAPEZIUM = Recipe(
    sought="the area of the trapezium",
    steps=(
        ("parallel", "How long are the parallel sides together?", "below + above", "sum of lengths"),
        ("area", "What is half of that times the height?", "parallel * height / 2", "area of a trapezium"),
    ),
    plans=(
        "The area of a trapezium is the mean of the parallel sides times the height.",
        "I add the parallel sides, multiply by the height and halve.",
    ),
    also=("How large is the trapezium?", "What area does the trapezium have?"),
    wrong=("parallel * height", "below * height", "above * height", "parallel + height"),
    power=2,
)


def _with_height(panel: Panel, rng: Random) -> Puzzle:
    """A triangle, a parallelogram or a trapezium with its height as a dashed line."""
    base, height = two_sides(rng, 36 if panel.hard else 10, (0.5, 1.1), least=4)
    unit = rng.choice(LENGTHS)
    what = rng.choice(("triangle", "parallelogram", "trapezium") if panel.hard else ("triangle", "parallelogram"))
    above = {"triangle": 0, "parallelogram": base, "trapezium": rng.randint(base // 3, base - 2)}[what]
    shift = rng.uniform(0.15, 0.45) * base
    corners = [(0, 0), (base, 0), (shift + above, -height), (shift, -height)]
    if what == "triangle":
        corners = corners[:3]
    points = fitted(corners, panel.inner(0.8, 1.5))
    middle = shape(panel, rng, points)
    top = points[2] if what == "triangle" else points[3]
    foot = (top[0], points[0][1])
    panel.sheet.dashes(top, foot, panel.theme.ink, width=max(2.0, panel.stroke * 0.7))
    right_mark(panel, foot, (top, points[1]))
    texts = [f"{one} {unit[0]}" for one in (base, height, above)]
    if not panel.hard:
        texts[1] = str(height)
    first = side_mark(panel, (points[0], points[1]), middle, text=texts[0])
    low = (top[0], top[1] * 0.6 + foot[1] * 0.4)
    second = side_mark(panel, (low, foot), (top[0] - 1, middle[1]), text=texts[1])
    base_name = "below" if what == "trapezium" else "base"
    givens = [
        given_length(
            base_name, "the side below" if what == "trapezium" else "the base", base, written=(texts[0], first)
        ),
        given_length("height", "the height", height, written=(texts[1], second)),
    ]
    if what == "trapezium":
        third = side_mark(panel, (points[3], points[2]), middle, text=texts[2])
        givens.insert(1, given_length("above", "the side above", above, written=(texts[2], third)))
    recipe = {"triangle": _HALF, "parallelogram": _SLANTED, "trapezium": _TRAPEZIUM}[what]
    return prepared(rng, recipe, givens, noun=what, unit=unit)


PLANE_KINDS = (
    Kind(name="rectangle", draw=_rectangle, script=reading_script, easy=3, hard=1, shape="wide"),
    Kind(name="right-triangle", draw=_right_triangle, script=reading_script, hard=3),
    Kind(name="height-area", draw=_with_height, script=reading_script, easy=2, hard=3, shape="wide"),
)
