"""Graphs of functions on a grid: values, slopes, crossings, and the turning points of parabolas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS, Point
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.geometry.axes import Axes, chosen_axes, draw_axes
from codedance.tasks.worlds.mathematics.graph_scripts import graph_script
from codedance.tasks.worlds.scene import Box

__all__ = ["GRAPH_KINDS"]


@dataclass(frozen=True, slots=True)
class _Straight:
    """A line y = rise / run * x + start."""

    rise: int
    run: int
    start: int

    def at(self, x: float) -> float:
        """Its value."""
        return self.rise * x / self.run + self.start

    def lattice(self, axes: Axes) -> list[tuple[int, int]]:
        """Grid points on it, from left to right."""
        low_x, high_x, low_y, high_y = axes.reach
        points = [(x, self.at(x)) for x in range(low_x, high_x + 1)]
        return [(x, int(y)) for x, y in points if y == int(y) and low_y <= y <= high_y]


def _straight(rng: Random, axes: Axes, *, hard: bool) -> _Straight:
    while True:
        run = rng.choice((1, 1, 2, 3) if hard else (1, 1, 2))
        rise = rng.choice((-3, -2, -1, 1, 2, 3) if hard else (-1, 1, 2))
        line = _Straight(rise, run, rng.randint(axes.reach[2], axes.reach[3]))
        if rise % run or run == 1:
            points = line.lattice(axes)
            if len(points) >= 3:
                return line


def _plot(panel: Panel, axes: Axes, points: Sequence[Point], *, colour: tuple[int, int, int]) -> None:
    """Draw a curve through points given in units, as far as it lies on the grid."""
    low_x, high_x, low_y, high_y = axes.reach
    inside = [one for one in points if low_x <= one[0] <= high_x + 0.5 and low_y <= one[1] <= high_y + 0.5]
    pixels = [(axes.origin[0] + x * axes.unit, axes.origin[1] - y * axes.unit) for x, y in inside]
    panel.sheet.path(pixels, colour, 3.5 if panel.hard else 6.0)


def _line(panel: Panel, rng: Random) -> Puzzle:
    axes = chosen_axes(panel, rng)
    draw_axes(panel, axes)
    two = panel.hard and rng.random() < 0.35
    colours = rng.sample(INKS, 2 if two or (panel.hard and rng.random() < 0.5) else 1)
    first = _straight(rng, axes, hard=panel.hard)
    lines = [first]
    while len(lines) < len(colours):
        other = _straight(rng, axes, hard=True)
        if other.rise * first.run != first.rise * other.run:
            meet = (
                (first.start - other.start) * other.run * first.run / (other.rise * first.run - first.rise * other.run)
            )
            if not two or (
                meet == int(meet)
                and (int(meet), int(first.at(meet))) in first.lattice(axes)
                and first.at(meet) == int(first.at(meet))
            ):
                lines.append(other)
        if rng.random() < 0.01:
            lines[0] = first = _straight(rng, axes, hard=True)
    fine = [axes.reach[0] + step / 20 for step in range(20 * (axes.reach[1] - axes.reach[0]) + 11)]
    for line, colour in zip(lines, colours, strict=True):
        inside = [(x, line.at(x)) for x in fine if axes.reach[2] <= line.at(x) <= axes.reach[3] + 0.5]
        _plot(panel, axes, [inside[0], inside[-1]], colour=jittered(colour, rng))
    if two:
        return _meeting(rng, axes, (lines[0], lines[1]), colours=colours)
    return _about(panel, rng, axes, shown=(first, colours[0]))


def _point_givens(axes: Axes, points: Sequence[tuple[int, int]], it: str) -> list[Given]:
    """Two points of a line, with their coordinates."""
    givens = []
    for number, (x, y) in enumerate(points, 1):
        column, row = axes.at(x, y)
        box: Box = (column - axes.unit, row - axes.unit, column + axes.unit, row + axes.unit)
        start = f"the x of a point on {it}" if number == 1 else "the x of another point there"
        givens.append(Given(name=f"x{number}", meaning=start, value=x, text=str(x), box=box))
        givens.append(Given(name=f"y{number}", meaning="its y", value=y, text=str(y), box=box))
    return givens


def _about(panel: Panel, rng: Random, axes: Axes, *, shown: tuple[_Straight, str]) -> Puzzle:
    """A value that can be read off; hard: slope, start, or a value beyond the grid."""
    line, colour = shown
    it, points = f"the {colour} line", line.lattice(axes)
    values: dict[str, object] = {"ask": "line", "colours": [colour], "frame": list(_frame(axes))}
    if panel.hard:
        far = [one for one in range(axes.reach[1] + 1, axes.reach[1] + 25) if line.rise * one % line.run == 0]
        recipe = rng.choice(_equations(colour, rng.choice(far)))
        givens = _point_givens(axes, sorted(rng.sample(points, 2)), it)
    else:
        x, y = rng.choice(points)
        recipe, values = _height(colour, x), {**values, "ask": "value", "at": x}
        givens = _point_givens(axes, [(x, y)], it)
    puzzle = prepared(rng, recipe, givens, noun="graph")
    return puzzle.knowing(values, colour=colour, evidence=tuple(dict.fromkeys(one.box for one in givens)))


def _height(colour: str, x: int) -> Recipe:
    """How high a line is above a place."""
    it = f"the {colour} line"
    return Recipe(
        sought=f"the y-value of {it} at x = {x}",
        steps=(("y", f"What is y at x = {x}?", "y1", "reading a graph"),),
        plans=(
            f"I go up from {x} on the x-axis to the line and across to the y-axis.",
            f"Above x = {x} the line is at that height.",
        ),
        also=(
            f"Which y belongs to x = {x} on {it}?",
            f"How high is {it} at x = {x}?",
            f"At x = {x}, what is the value of the {colour} function?",
        ),
        wrong=("y1 + 1", "y1 - 1", "y1 + 2", "x1"),
        power=0,
    )


def _equations(colour: str, far: int) -> tuple[Recipe, ...]:
    """What follows from two points of a line."""
    it = f"the {colour} line"
    slope = ("slope", "What is the slope?", "(y2 - y1) / (x2 - x1)", "slope of a line")
    start = ("start", "Where does it cross the y-axis?", "y1 - slope * x1", "y-intercept")
    gradient = Recipe(
        sought=f"the slope of {it}",
        steps=(
            ("up", "How much does it rise between two points?", "y2 - y1", "difference"),
            ("across", "How far apart are they?", "x2 - x1", "difference"),
            ("slope", "What is rise over run?", "round(up / across, 2)", "slope of a line"),
        ),
        plans=(
            "I take two grid points on the line; the slope is rise over run.",
            "Slope means rise over run between two points.",
        ),
        also=(f"How steep is {it}, as rise over run?", f"What is the gradient of {it}?"),
        wrong=("-slope", "slope + 1", "slope - 1", "slope * 2", "up"),
        power=0,
    )
    beyond = Recipe(
        sought=f"the y-value of {it} at x = {far}, if the line goes on",
        steps=(slope, start, ("y", f"What is y at x = {far}?", f"round(slope * {far} + start, 2)", "linear functions")),
        plans=(
            "Two points give slope and start; with these I compute the value.",
            "First the equation of the line, then x put in.",
        ),
        also=(
            f"{capital(it)} is continued. Which y does it have at x = {far}?",
            f"What value does the {colour} function take at x = {far}?",
        ),
        wrong=(f"slope * {far}", f"slope * {far} - start", "y + 1", "y - 1"),
        power=0,
        exact=True,
    )
    crossing = Recipe(
        sought=f"the value b in the equation y = mx + b of {it}",
        steps=(slope, ("b", "Where does it cross the y-axis?", "round(y1 - slope * x1, 2)", "y-intercept")),
        plans=("b is the value at x = 0; it follows from the slope and a point.", "Slope first, then back to x = 0."),
        also=(f"Where does {it} cross the y-axis?", f"At which y does {it} meet the vertical axis?"),
        wrong=("-b", "b + 1", "b - 1", "slope", "y1"),
        power=0,
        exact=True,
    )
    return gradient, beyond, crossing


def _frame(axes: Axes) -> Box:
    """The part of the picture that the grid takes."""
    left, bottom = axes.at(axes.reach[0], axes.reach[2])
    right, top = axes.at(axes.reach[1] + 0.5, axes.reach[3] + 0.5)
    return (left, top, right, bottom)


def _meeting(rng: Random, axes: Axes, lines: tuple[_Straight, _Straight], *, colours: Sequence[str]) -> Puzzle:
    """Where two lines cross."""
    first, second = lines
    x = (first.start - second.start) * second.run * first.run // (second.rise * first.run - first.rise * second.run)
    y = int(first.at(x))
    axis = rng.choice("xy")
    column, row = axes.at(x, y)
    box: Box = (column - axes.unit, row - axes.unit, column + axes.unit, row + axes.unit)
    one, other = (f"the {colour} line" for colour in colours)
    givens = (
        Given(name="x", meaning="the x of the crossing", value=x, text=str(x), box=box),
        Given(name="y", meaning="its y", value=y, text=str(y), box=box),
    )
    recipe = Recipe(
        sought=f"the {axis}-coordinate of the point where {one} and {other} cross",
        steps=((f"crossing_{axis}", f"What is the {axis} of the crossing?", axis, "intersection of lines"),),
        plans=("Both equations hold where the lines cross.", "The crossing lies on both lines."),
        also=(
            f"Where do {one} and {other} meet? Give the {axis}-coordinate.",
            f"At which {axis} do {one} and {other} have the same point?",
        ),
        wrong=("y" if axis == "x" else "x", f"{axis} + 1", f"{axis} - 1", f"-{axis}"),
        power=0,
    )
    puzzle = prepared(rng, recipe, givens, noun="graph")
    values = {"ask": "crossing", "axis": axis, "colours": list(colours), "frame": list(_frame(axes))}
    return puzzle.knowing(values, colour=colours[0], evidence=(box,))


def _parabola(panel: Panel, rng: Random) -> Puzzle:
    """A parabola on the grid: its turning point, or the sum or product of its zeros."""
    axes = chosen_axes(panel, rng)
    draw_axes(panel, axes)
    low_x, high_x, low_y, high_y = axes.reach
    colour, opens = rng.choice(INKS), rng.choice((1, 1, -1))
    half = rng.randint(1, 2)
    x = rng.randint(low_x + half, high_x - half)
    y = -opens * half * half
    if not low_y <= y <= high_y:
        opens, y = -opens, -y
    fine = [(x + step / 12, opens * (step / 12) ** 2 + y) for step in range(-60, 61)]
    _plot(panel, axes, fine, colour=jittered(colour, rng))
    it = f"the {colour} parabola"
    ask_zeros = rng.random() < 0.5

    def spot(u: int, v: int) -> Box:
        column, row = axes.at(u, v)
        return (column - axes.unit, row - axes.unit, column + axes.unit, row + axes.unit)

    if ask_zeros:
        givens = [
            Given(name="left", meaning="the left zero", value=x - half, text=str(x - half), box=spot(x - half, 0)),
            Given(name="right", meaning="the right zero", value=x + half, text=str(x + half), box=spot(x + half, 0)),
        ]
        way = rng.choice(("sum", "product"))
        recipe = Recipe(
            sought=f"the {way} of the zeros of {it}",
            steps=(
                (
                    way,
                    f"What is the {way} of both zeros?",
                    "left + right" if way == "sum" else "left * right",
                    "zeros of a function",
                ),
            ),
            plans=(
                "The zeros are where the curve crosses the x-axis.",
                "I read where the curve meets the horizontal axis.",
            ),
            also=(f"{capital(it)} crosses the x-axis twice. What is the {way} of both x-values?",),
            wrong=("left * right" if way == "sum" else "left + right", "right - left", "left", "right"),
            power=0,
        )
    else:
        givens = [
            Given(name="x", meaning="the x of its turning point", value=x, text=str(x), box=spot(x, y)),
            Given(name="y", meaning="its y", value=y, text=str(y), box=spot(x, y)),
        ]
        recipe = Recipe(
            sought=f"the sum of the coordinates of the turning point of {it}",
            steps=(("sum", "What is x plus y there?", "x + y", "vertex of a parabola"),),
            plans=(
                "The turning point is where the curve is lowest or highest.",
                "I look for the vertex and add its coordinates.",
            ),
            also=(
                f"{capital(it)} turns at one point. What do you get if you add its x and its y?",
                f"Add both coordinates of the vertex of {it}.",
            ),
            wrong=("x - y", "x", "y", "x * y", "-x - y"),
            power=0,
        )
    puzzle = prepared(rng, recipe, givens, noun="graph")
    values = {"ask": "parabola", "colours": [colour], "frame": list(_frame(axes))}
    return puzzle.knowing(values, colour=colour, evidence=tuple(dict.fromkeys(one.box for one in givens)))


GRAPH_KINDS = (
    Kind(
        name="line-graph", draw=_line, script=graph_script, easy=4, hard=4, shared=False, plain=True, extent=(640, 950)
    ),
    Kind(name="parabola", draw=_parabola, script=graph_script, hard=2, shared=False, plain=True, extent=(640, 950)),
)
