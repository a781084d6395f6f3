"""Angles between coloured lines, with or without a protractor under them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB, polar
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import choosing, computing, concluding, option_values, reading
from codedance.tasks.worlds.geometry.dial_scripts import measure_turn, turn_of
from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["TURN_KINDS"]

_INK: RGB = (72, 72, 72)
_LINES = ("line", "ray", "arm", "stick")
_CLOSE = (
    " Answer in whole degrees.",
    " Give it to the nearest degree.",
    " Round to a whole number of degrees.",
    " In degrees, rounded to a whole number.",
)


def _recipe(rng: Random, first: str, second: str, *, protractor: bool) -> Recipe:
    sought = f"the angle between {first} and {second}"
    return Recipe(
        sought=sought,
        steps=(("angle", "How far are the two directions apart?", "abs(one - other)", "difference of directions"),),
        plans=("The angle is the difference of the two directions.", "I subtract one direction from the other."),
        also=(
            f"How large is the angle between {first} and {second}?",
            f"How many degrees lie between {first} and {second}?",
            f"By how many degrees must {first} be turned to lie on {second}?",
            f"Measure the angle from {first} to {second}.",
            f"{first[0].upper()}{first[1:]} and {second} enclose an angle. How large is it?",
        ),
        wrong=("180 - angle", "angle + 10", "angle - 10", "one + other")
        if protractor
        else ("180 - angle", "360 - angle", "angle + 15", "angle - 15"),
        power=1,
    )


def _protractor(panel: Panel, centre: tuple[float, float], radius: float, *, fine: int) -> None:
    """A half circle with marks every so many degrees and numbers along its edge."""
    panel.sheet.sector(centre, radius, (0, 180), fill=(252, 252, 252))
    panel.sheet.arc(centre, radius, (0, 180), colour=_INK, width=max(2.0, radius / 120))
    panel.sheet.line(
        (centre[0] - radius, centre[1]), (centre[0] + radius, centre[1]), _INK, width=max(2.0, radius / 120)
    )
    numbered = 30 if not panel.hard else 10 if radius > 14 * panel.size else 20
    for degrees in range(0, 181, fine):
        main = degrees % numbered == 0
        reach = 0.9 if main else 0.94 if degrees % 10 == 0 else 0.965
        width = max(1.5, radius / (110 if main else 200))
        panel.sheet.line(polar(centre, radius, degrees), polar(centre, radius * reach, degrees), _INK, width=width)
        if main:
            x, y = polar(centre, radius * 0.9 - 0.75 * panel.size, degrees)
            at = (x, y + 0.65 * panel.size) if degrees in (0, 180) else (x, y)
            panel.sheet.write(str(degrees), at, panel.pen(0.8, _INK))


def _draw(panel: Panel, rng: Random) -> Puzzle:
    left, top, right, bottom = panel.box
    protractor = not panel.hard or rng.random() < 0.5
    if protractor:
        radius = min((right - left) / 2, bottom - top - panel.size) * (
            0.98 if not panel.hard else rng.uniform(0.8, 0.98)
        )
        centre = ((left + right) / 2, (top + bottom + radius) / 2)
        grain = 30 if not panel.hard else 1
        _protractor(panel, centre, radius, fine=10 if not panel.hard else 2 if radius > 240 else 5)
    else:
        radius = min(right - left, bottom - top) / 2
        centre, grain = ((left + right) / 2, (top + bottom) / 2), 1
    count = rng.randint(3, 4) if panel.hard else 2
    colours = rng.sample(INKS, count)
    ways = _ways(rng, count, grain, half=protractor)
    for colour, way in zip(colours, ways, strict=True):
        reach = radius * ((0.55 if not panel.hard else 0.8) if protractor else rng.uniform(0.6, 0.95))
        panel.sheet.line(centre, polar(centre, reach, way), jittered(colour, rng), width=max(4.0, panel.size * 0.22))
    panel.sheet.disc(centre, max(5.0, panel.size * 0.25), (12, 12, 12))
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
    a, b = rng.choice([pair for pair in pairs if _between(ways[pair[0]], ways[pair[1]]) < 172])
    noun = rng.choice(_LINES)
    called = [f"the {colours[one]} {noun}" for one in (a, b)]
    one, other = (
        (ways[a], ways[b]) if abs(ways[a] - ways[b]) <= 180 else (max(ways[a], ways[b]) - 360, min(ways[a], ways[b]))
    )
    box: Box = (
        round(centre[0] - radius) - 2,
        round(centre[1] - radius) - 2,
        round(centre[0] + radius) + 2,
        round(centre[1] + (0.5 * panel.size if protractor else radius)) + 2,
    )
    givens = [
        Given(name="one", meaning=called[0] if one == ways[a] else called[1], value=one, text=f"at {one}°", box=box),
        Given(
            name="other", meaning=called[1] if one == ways[a] else called[0], value=other, text=f"at {other}°", box=box
        ),
    ]
    puzzle = prepared(
        rng, _recipe(rng, called[0], called[1], protractor=protractor), givens, noun="picture", unit=("°", "degrees")
    )
    puzzle = replace(
        puzzle, tail=rng.choice(_CLOSE) if panel.hard else puzzle.tail, tolerance=2.0 if panel.hard else 0.0
    )
    return puzzle.knowing(
        {"colours": [colours[a], colours[b]], "protractor": protractor}, colour=colours[a], evidence=(box,)
    )


def _between(one: int, other: int) -> int:
    """The smaller angle between two directions."""
    apart = abs(one - other) % 360
    return min(apart, 360 - apart)


def _ways(rng: Random, count: int, grain: int, *, half: bool) -> list[int]:
    """Directions in degrees that keep apart."""
    while True:
        ways = [rng.randrange(0, (180 if half else 359) // grain + 1) * grain for _ in range(count)]
        apart = [_between(a, b) for index, a in enumerate(ways) for b in ways[:index]]
        if min(apart) >= 18 and any(one < 172 for one in apart):
            return ways


_LOOKS = (
    "I enlarge the protractor to see where both lines cross its edge.",
    "A closer look at the protractor and the two lines.",
    "Both lines must be read exactly. I zoom in on the numbers at the edge.",
    "I crop the protractor, to read where {first} and {second} point.",
)
_MEASURES = (
    "I measure both directions from the black point to the mean of the coloured pixels.",
    "Code finds the direction of each line: from the black dot to the middle of its pixels.",
    "By eye this is a guess. I compute each direction from the pixels of that colour.",
)
_TURNS = (
    "The angle is the difference of these directions, at most 180 degrees.",
    "I subtract; if that is more than 180, the other way round is shorter.",
    "The difference, taken the short way round, is the angle.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Read both directions on the protractor, or measure them from the pixels."""
    figure = figure_of(scene)
    colours = figure.values["colours"]
    assert isinstance(colours, list)
    first, second = (str(one) for one in colours)
    if figure.values["protractor"] and (scene.difficulty is Difficulty.EASY or rng.random() < 0.45):
        called = {"first": f"the {first} one", "second": f"the {second} one"}
        yield showing(rng.choice(_LOOKS).format(**called), look_at(scene, list(figure.evidence), rng))
        shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    one, other = turn_of(scene.image, first), turn_of(scene.image, second)
    code = f"{measure_turn('input_image')}\nprint(round(turn({first!r}), 1), round(turn({second!r}), 1))"
    yield Code(rng.choice(_MEASURES), code, views=(), prints=f"{round(one, 1)} {round(other, 1)}")
    apart = abs(one - other)
    code = f"apart = abs(turn({first!r}) - turn({second!r}))\nangle = min(apart, 360 - apart)\n"
    if option_values(scene, figure.unit):
        code += choosing(option_values(scene, figure.unit), "angle", rng, nearest=True)
        shown = yield Code(rng.choice(_TURNS), code, views=(), prints=scene.answer)
    else:
        value = round(min(apart, 360 - apart))
        shown = yield Code(rng.choice(_TURNS), f"{code}print(round(angle))", views=(), prints=str(value))
    return concluding(scene, figure, shown, rng=rng)


TURN_KINDS = (
    Kind(name="angle-between", draw=_draw, script=_script, easy=3, hard=4, shared=False, plain=True, extent=(620, 900)),
)
