"""Figures made of plain ones: corners cut out, roofs put on, round ends; and triangles of the same shape."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.figures.drawing import Point, arc_points, fitted
from codedance.tasks.worlds.figures.marks import direction, measure_line, right_mark, side_mark
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import LENGTHS
from codedance.tasks.worlds.geometry.plane import given_length, shape

__all__ = ["COMPOSITE_KINDS"]

_CORNER_AREA = Recipe(
    sought="the area of the figure",
    steps=(
        ("whole", "How large is the whole rectangle around the figure?", "width * height", "area of a rectangle"),
        ("corner", "How large is the corner that is missing?", "(width - top) * (height - side)", "missing lengths"),
        ("area", "How large is the figure?", "whole - corner", "area of a composite figure"),
    ),
    plans=(
        "I take the whole rectangle and subtract the missing corner.",
        "The figure is a rectangle with a corner cut out; its sides follow from the given ones.",
    ),
    also=("How large is the figure's area?", "What area does the figure cover?"),
    wrong=("whole", "corner", "whole + corner", "width * height - top * side"),
    power=2,
    check="area == top * height + (width - top) * side",
)
_CORNER_AROUND = Recipe(
    sought="the perimeter of the figure",
    steps=(
        ("both", "How long are width and height together?", "width + height", "sum of lengths"),
        ("around", "How long is the way around?", "2 * both", "perimeter of a figure with a corner cut out"),
    ),
    plans=(
        "Cutting out a corner does not change the way around: it is that of the whole rectangle.",
        "All level sides add up to twice the width, all upright ones to twice the height.",
    ),
    also=("How long is the way around the figure?", "What is the figure's perimeter?"),
    wrong=("both + top + side", "2 * both - top", "2 * both + side", "width + height + top"),
)


def _corner(panel: Panel, rng: Random) -> Puzzle:
    """An L: four of the six sides are given."""
    unit = rng.choice(LENGTHS)
    width, height = rng.randint(8, 30), rng.randint(7, 24)
    top, side = rng.randint(width // 4 + 1, width * 3 // 5), rng.randint(height // 4 + 1, height * 3 // 5)
    corners: list[Point] = [(0, 0), (width, 0), (width, -side), (top, -side), (top, -height), (0, -height)]
    mirrored = rng.random() < 0.5
    points = fitted([(-x if mirrored else x, y) for x, y in corners], panel.inner(3.0, 1.6))
    shape(panel, rng, points)
    centre = (points[0][0] * 0.8 + points[1][0] * 0.2, points[0][1] - 2)
    sides = ((points[0], points[1]), (points[5], points[0]), (points[5], points[4]), (points[1], points[2]))
    rows = (
        ("width", "the width below", width),
        ("height", "the whole height", height),
        ("top", "the side on top", top),
        ("side", "the short upright side", side),
    )
    inside = (centre, (points[4][0], points[1][1]), (points[5][0], points[1][1]), (points[0][0], points[3][1]))
    givens = []
    for (name, meaning, value), line, near in zip(rows, sides, inside, strict=True):
        text = f"{value} {unit[0]}"
        givens.append(given_length(name, meaning, value, written=(text, side_mark(panel, line, near, text=text))))
    for at, arms in ((0, (1, 5)), (2, (1, 3)), (4, (3, 5))):
        right_mark(panel, points[at], (points[arms[0]], points[arms[1]]))
    recipe = rng.choice((_CORNER_AREA, _CORNER_AREA, _CORNER_AROUND))
    return prepared(rng, recipe, givens, noun="figure", unit=unit)


_HOUSE = Recipe(
    sought="the area of the figure",
    steps=(
        ("wall", "How large is the rectangle?", "width * wall_height", "area of a rectangle"),
        ("roof", "How large is the triangle on top?", "width * roof_height / 2", "area of a triangle"),
        ("area", "How large are both together?", "wall + roof", "area of a composite figure"),
    ),
    plans=(
        "The figure is a rectangle with a triangle on top, so I add both areas.",
        "I split it into rectangle and triangle; both have the same width.",
    ),
    also=("How large is the figure's area?", "What area does the figure cover?"),
    wrong=("wall", "wall + 2 * roof", "width * wall_height * roof_height", "width * (wall_height + roof_height) / 2"),
    power=2,
)
_ENDS = Recipe(
    sought="the area of the figure",
    steps=(
        ("straight", "How large is the rectangle?", "length * width", "area of a rectangle"),
        ("ends", "How large are both half discs?", "math.pi * (width / 2) ** 2", "area of a circle"),
        ("area", "How large are they together?", "round(straight + ends, 1)", "area of a composite figure"),
    ),
    plans=(
        "The two half circles at the ends make one full circle, which I add to the rectangle.",
        "Rectangle plus one whole disc, as its halves are at both ends.",
    ),
    also=("How large is the figure with its two round ends?", "What area does the figure cover?"),
    wrong=("length * width", "length * width + math.pi * width ** 2", "length * width + math.pi * width"),
    power=2,
)
_ENDS_AROUND = Recipe(
    sought="the perimeter of the figure",
    steps=(
        ("bends", "How long are both half circles?", "math.pi * width", "circumference of a circle"),
        ("around", "How long is the way around?", "round(2 * length + bends, 1)", "perimeter of a composite figure"),
    ),
    plans=(
        "The way around is two straight sides and one full circle.",
        "Both bends make a circle with the width as its diameter; the straight parts come twice.",
    ),
    also=("How long is the way around the figure with its two round ends?", "How long is one lap around the figure?"),
    wrong=("2 * (length + width)", "2 * length + 2 * math.pi * width", "length + math.pi * width"),
)
_HOLE = Recipe(
    sought="the coloured area",
    steps=(
        ("whole", "How large is the square?", "side ** 2", "area of a square"),
        ("hole", "How large is the disc?", "math.pi * (side / 2) ** 2", "area of a circle"),
        ("left", "How much is left?", "round(whole - hole, 1)", "difference of areas"),
    ),
    plans=(
        "The circle touches all sides, so its radius is half a side; I subtract it from the square.",
        "Square minus the disc inside, whose diameter is one side.",
    ),
    also=("How large is the coloured part of the square?", "What is left of the square without the circle?"),
    wrong=("math.pi * (side / 2) ** 2", "side ** 2 - math.pi * side", "math.pi * side ** 2 - side ** 2"),
    power=2,
)


def _house(panel: Panel, rng: Random) -> Puzzle:
    unit = rng.choice(LENGTHS)
    width, wall, roof = 2 * rng.randint(3, 12), rng.randint(3, 16), rng.randint(2, 10)
    tip = width * rng.choice((0.5, 0.5, 0.35, 0.65))
    points = fitted([(0, 0), (width, 0), (width, -wall), (tip, -wall - roof), (0, -wall)], panel.inner(3.7, 1.6))
    middle = shape(panel, rng, points)
    foot = (points[3][0], points[2][1])
    panel.sheet.dashes(points[4], points[2], panel.theme.ink, width=max(2.0, panel.stroke * 0.6))
    panel.sheet.dashes(points[3], foot, panel.theme.ink, width=max(2.0, panel.stroke * 0.6))
    texts = [f"{one} {unit[0]}" for one in (width, wall, roof)]
    first = side_mark(panel, (points[0], points[1]), middle, text=texts[0])
    second = side_mark(panel, (points[1], points[2]), middle, text=texts[1])
    level = ((points[0][0], points[3][1]), (points[0][0], points[4][1]))
    third = measure_line(panel, level, middle, text=texts[2])
    panel.sheet.dashes(level[0], points[3], panel.theme.soft, width=2)
    givens = (
        given_length("width", "the width", width, written=(texts[0], first)),
        given_length("wall_height", "the height of the rectangle", wall, written=(texts[1], second)),
        given_length("roof_height", "the height of the triangle", roof, written=(texts[2], third)),
    )
    return prepared(rng, _HOUSE, givens, noun="figure", unit=unit)


def _round_ends(panel: Panel, rng: Random) -> Puzzle:
    unit = rng.choice(LENGTHS)
    width = rng.randint(2, 20)
    length = rng.randint(width + 1, 3 * width)
    left, top, right, bottom = panel.inner(0.8, 1.6)
    scale = min((right - left - 2.8 * panel.size) / (length + width), (bottom - top) / width)
    x, y, half, run = (left + right - 2.8 * panel.size) / 2, (top + bottom) / 2, width * scale / 2, length * scale / 2
    ink, stroke = panel.theme.ink, panel.stroke
    outline = [*arc_points((x + run, y), half, (-90, 90)), *arc_points((x - run, y), half, (90, 270))]
    panel.sheet.area(outline, rng.choice(panel.theme.fills))
    panel.sheet.arc((x + run, y), half, (-90, 90), colour=ink, width=stroke)
    panel.sheet.arc((x - run, y), half, (90, 270), colour=ink, width=stroke)
    for edge in (y - half, y + half):
        panel.sheet.line((x - run, edge), (x + run, edge), ink, width=stroke)
    for at in (x - run, x + run):
        panel.sheet.dashes((at, y - half), (at, y + half), panel.theme.ink, width=max(2.0, panel.stroke * 0.6))
    texts = (f"{length} {unit[0]}", f"{width} {unit[0]}")
    first = side_mark(panel, ((x - run, y + half), (x + run, y + half)), (x, y), text=texts[0])
    second = measure_line(panel, ((x + run + half, y - half), (x + run + half, y + half)), (x, y), text=texts[1])
    givens = (
        given_length("length", "the straight side", length, written=(texts[0], first)),
        given_length("width", "the width", width, written=(texts[1], second)),
    )
    return prepared(rng, rng.choice((_ENDS, _ENDS_AROUND)), givens, noun="figure", unit=unit)


def _hole(panel: Panel, rng: Random) -> Puzzle:
    unit, side = rng.choice(LENGTHS), rng.randint(3, 40)
    points = fitted([(0, 0), (1, 0), (1, 1), (0, 1)], panel.inner(1.4, 1.4))
    middle = shape(panel, rng, points)
    radius = (points[1][0] - points[0][0]) / 2 - panel.stroke / 2
    panel.sheet.disc(middle, radius, panel.theme.ground)
    panel.sheet.ring(middle, radius, panel.theme.ink, width=panel.stroke)
    text = f"{side} {unit[0]}"
    box = side_mark(panel, (points[2], points[3]), middle, text=text)
    return prepared(
        rng, _HOLE, (given_length("side", "the side", side, written=(text, box)),), noun="square", unit=unit
    )


_SIMILAR = Recipe(
    sought="the side marked x",
    steps=(
        ("times", "How many times larger is the second triangle?", "b / a", "scale factor"),
        ("x", "How long is the side of the second triangle?", "c * times", "similar triangles"),
    ),
    plans=(
        "Equal angles make the triangles similar, so all sides grow by the same factor.",
        "The triangles have the same shape; I take the factor from the pair of sides that is known.",
    ),
    also=("How long is x?", "Both triangles have the same shape. How long is x?", "Which length does x stand for?"),
    wrong=("c + b - a", "c / times", "b", "c * times + a"),
    check="x / c == b / a",
)


def _similar(panel: Panel, rng: Random) -> Puzzle:
    """Two triangles of one shape; two sides of the one and one of the other are given."""
    unit = rng.choice(LENGTHS)
    times = rng.choice((2, 3, 4, 1.5, 2.5))
    a, c = 2 * rng.randint(2, 9), 2 * rng.randint(2, 9)
    while a == c or not 0.6 < c / a < 1.7:
        a, c = 2 * rng.randint(2, 9), 2 * rng.randint(2, 9)
    left, top, right, bottom = panel.inner(0.7, 1.5)
    cut = left + (right - left) * 0.42
    model = [(0, 0), (1, 0), (0.62 * c / a, -(c / a) * 0.78)]
    small = fitted(model, (left + 1.6 * panel.size, top + (bottom - top) * 0.3, cut - 1.4 * panel.size, bottom))
    large = fitted(model, (cut + 2.2 * panel.size, top, right - 1.0 * panel.size, bottom))
    texts = [f"{one} {unit[0]}" for one in (a, int(a * times), c)]
    boxes = []
    for points, marks in ((small, (texts[0], texts[2])), (large, (texts[1], "x"))):
        middle = shape(panel, rng, points)
        panel.sheet.arc(
            points[0], 0.9 * panel.size, (0, direction(points[0], points[2])), colour=panel.theme.ink, width=2
        )
        for radius in (0.7, 0.95):
            way = direction(points[1], points[2])
            panel.sheet.arc(points[1], radius * panel.size, (way, 180), colour=panel.theme.ink, width=2)
        boxes += [side_mark(panel, (points[0], points[1]), middle, text=marks[0])]
        boxes += [side_mark(panel, (points[0], points[2]), middle, text=marks[1])]
    givens: list[Given] = [
        given_length("a", "the base of the small triangle", a, written=(texts[0], boxes[0])),
        given_length("b", "the base of the large one", int(a * times), written=(texts[1], boxes[2])),
        given_length("c", "the left side of the small one", c, written=(texts[2], boxes[1])),
    ]
    return prepared(rng, _SIMILAR, givens, noun="pair of triangles", unit=unit)


COMPOSITE_KINDS = (
    Kind(name="corner-cut", draw=_corner, script=reading_script, hard=3),
    Kind(name="house", draw=_house, script=reading_script, hard=2),
    Kind(name="round-ends", draw=_round_ends, script=reading_script, hard=2, shape="wide"),
    Kind(name="hole", draw=_hole, script=reading_script, hard=1),
    Kind(name="similar", draw=_similar, script=reading_script, hard=2, shape="wide"),
)
