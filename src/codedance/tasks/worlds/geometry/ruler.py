"""Rulers with coloured things along them, which hardly ever begin at zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from PIL import Image

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB
from codedance.tasks.worlds.figures.looking import near_line
from codedance.tasks.worlds.figures.misses import too_strict
from codedance.tasks.worlds.figures.pixels import blob, dark_mask, near_mask, runs
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, look_at, reading_script, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import computing, concluding, reading
from codedance.tasks.worlds.scene import Box, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["RULER_KINDS"]

_BODIES: tuple[RGB, ...] = (
    (238, 208, 156),
    (214, 220, 226),
    (250, 236, 150),
    (250, 250, 250),
    (206, 232, 222),
    (240, 214, 214),
)
_THINGS = ("bar", "strip", "ribbon", "stick", "rod", "band", "block")
_UNITS = (("cm", "centimetres"), ("cm", "centimetres"), ("in", "inches"), ("dm", "decimetres"))
_DARK = 110
"""Grey value below which a pixel of the ruler is ink."""


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Where a ruler lies: along the picture's width or its height."""

    panel: Panel
    level: bool
    start: int
    """Pixel of the first mark, along the ruler."""
    edge: int
    """Pixel of the edge with the marks, across the ruler."""
    unit: int
    """Pixels of one unit."""
    first: int
    """Number at the first mark."""
    count: int
    """How many units there are."""
    parts: int
    """Into how many parts a unit is divided."""

    def box(self, along: float, across: float, end: float, *, far: float) -> Box:
        """A box from places along and across the ruler."""
        left, top, right, bottom = (along, across, end, far) if self.level else (across, along, far, end)
        return (round(left), round(top), round(right), round(bottom))

    def at(self, value: float) -> int:
        """Pixel of a value, along the ruler."""
        return round(self.start + (value - self.first) * self.unit)

    def draw(self, body: RGB, mark: str) -> None:
        """The body, all marks and the numbers."""
        size, sheet, ink = self.panel.size, self.panel.sheet, (20, 20, 20)
        pad, deep = round(0.7 * size), round(2.5 * size)
        sheet.rect(
            self.box(self.start - pad, self.edge, self.at(self.first + self.count) + pad, far=self.edge + deep), body
        )
        frame = self.box(self.start - pad, self.edge, self.at(self.first + self.count) + pad, far=self.edge + deep)
        sheet.frame(frame, (150, 150, 150), 2)
        wide = 1 if self.parts > 2 else max(2, size // 14)
        for tick in range(self.count * self.parts + 1):
            long = 0.9 if tick % self.parts == 0 else 0.65 if 2 * tick % self.parts == 0 else 0.4
            place = round(self.start + tick * self.unit / self.parts) - wide // 2
            sheet.rect(self.box(place, self.edge, place + wide, far=self.edge + long * size), ink)
        for number in range(self.count + 1):
            left, top, *_ = self.box(self.at(self.first + number), self.edge + 1.6 * size, 0, far=0)
            sheet.write(str(self.first + number), (left, top), self.panel.pen(colour=ink), anchor="mm")
        if self.parts != 2:
            left, top, *_ = self.box(self.start + 0.5 * self.unit, self.edge + 1.7 * size, 0, far=0)
            sheet.write(mark, (left, top), self.panel.pen(0.6, ink), anchor="mm")


def _placed(panel: Panel, rng: Random) -> _Ruler:
    left, top, right, bottom = panel.box
    level = right - left >= bottom - top
    size, longer, across = panel.size, max(right - left, bottom - top), min(right - left, bottom - top)
    count = rng.randint(6, 7) if not panel.hard else rng.randint(9, 13)
    unit = round((longer - 2.4 * size) / count)
    first = 0 if rng.random() < 0.55 else rng.randint(1, 3 if not panel.hard else 40)
    start = round((left if level else top) + (longer - count * unit) / 2)
    edge = round((top if level else left) + across * rng.uniform(0.52, 0.66))
    return _Ruler(panel, level, start, edge, unit, first, count, 10 if panel.hard else 2)


def _things(ruler: _Ruler, rng: Random) -> list[tuple[str, float, float, Box]]:
    """Coloured things beside the ruler: colour, both ends, box."""
    hard, size = ruler.panel.hard, ruler.panel.size
    colours = rng.sample(INKS, rng.randint(2, 4) if hard else rng.randint(1, 2))
    thick, rows = round(size * (1.3 if hard else 1.6)), []
    for index, colour in enumerate(colours):
        grain = 10 if hard else 1
        least, most = (15, ruler.count * 10 - 4) if hard else (2, ruler.count - 1)
        length = rng.randint(least, most)
        begin = rng.randint(1 if length < ruler.count * grain else 0, ruler.count * grain - length)
        start, end = ruler.first + begin / grain, ruler.first + (begin + length) / grain
        far = ruler.edge - 3 - index * (thick + 8)
        box = ruler.box(ruler.at(start), far - thick, ruler.at(end), far=far)
        fill = jittered(colour, rng)
        if rng.random() < 0.5:
            ruler.panel.sheet.rect(box, fill)
        else:
            ruler.panel.sheet.rounded(box, thick // 4, fill)
        rows.append((colour, start, end, box))
    return rows


def _recipe(rng: Random, thing: str, colours: tuple[str, ...], *, places: int) -> Recipe:
    """How long one is; or how much longer one is than another."""
    way = ("length", "right end minus left end", "length on a scale")
    if len(colours) == 1:
        what = f"the {colours[0]} {thing}"
        span = "end - start" if places == 0 else f"round(end - start, {places})"
        return Recipe(
            sought=f"the length of {what}",
            steps=(("length", "How far is it from one end to the other?", span, way[2]),),
            plans=(
                "It does not begin at zero, so I subtract the two ends.",
                "The length is the difference of the two readings.",
                "From one end to the other it is the difference.",
            ),
            also=(
                f"How long is {what}?",
                f"What does {what} measure?",
                f"Measure {what}.",
                f"How long is {what} on the ruler?",
            ),
            wrong=("end", "end - start + 1", "end - start - 1", "start + end"),
        )
    one, other = (f"the {colour} {thing}" for colour in colours)
    return Recipe(
        sought=f"the difference in length of {one} and {other}",
        steps=(
            ("first", f"How long is {one}?", "round(end - start, 1)", way[2]),
            ("second", f"How long is {other}?", "round(stop - begin, 1)", way[2]),
            ("difference", "How much do they differ?", "round(abs(first - second), 1)", "difference"),
        ),
        plans=(
            "Each length is the difference of its two ends; then I compare both.",
            "I find both lengths first, then their difference.",
        ),
        also=(
            f"By how much do {one} and {other} differ in length?",
            f"How much longer or shorter is {one} than {other}?",
        ),
        wrong=("first", "second", "first + second", "abs(end - stop)"),
    )


def _draw(panel: Panel, rng: Random) -> Puzzle:
    ruler, thing, unit = _placed(panel, rng), rng.choice(_THINGS), rng.choice(_UNITS)
    ruler.draw(rng.choice(_BODIES), unit[0])
    things = _things(ruler, rng)
    rng.shuffle(things)
    asked = things[: 2 if panel.hard and len(things) > 2 and rng.random() < 0.4 else 1]
    if len(asked) == 2 and abs((asked[0][2] - asked[0][1]) - (asked[1][2] - asked[1][1])) < 0.15:
        asked = asked[:1]
    givens, reach = [], ruler.unit * (0.8 if panel.hard else 0.5)
    ends = ("left", "right") if ruler.level else ("upper", "lower")
    for (colour, start, end, box), names in zip(asked, (("start", "end"), ("begin", "stop")), strict=False):
        for name, side, value in zip(names, ends, (start, end), strict=True):
            across = (box[1] if ruler.level else box[0]) - 4
            spot = ruler.box(
                ruler.at(value) - reach, across, ruler.at(value) + reach, far=ruler.edge + 2.4 * panel.size
            )
            number = round(value, 1) if panel.hard else int(value)
            meaning = f"the {side} end of the {colour} {thing}"
            givens.append(Given(name=name, meaning=meaning, value=number, text=f"at {number}", box=spot))
    recipe = _recipe(rng, thing, tuple(one[0] for one in asked), places=1 if panel.hard else 0)
    puzzle = prepared(rng, recipe, givens, noun="ruler", unit=unit)
    values = {
        "level": ruler.level,
        "parts": ruler.parts,
        "thing": thing,
        "colours": [one[0] for one in asked],
        "boxes": [list(one[3]) for one in asked],
    }
    return puzzle.knowing(values, colour=asked[0][0])


_MEASURES = (
    "I measure with code: the pixels of the {colour} {thing} show where it begins and ends.",
    "A colour test finds the {colour} {thing}; its outermost pixels are its ends.",
    "First I locate the {colour} {thing} by its colour.",
    "I look for {colour} pixels to get both ends of the {thing} exactly.",
)
_TICKS = (
    "Now the scale: how many marks are there along the ruler, and where are the first and the last? Ten make one unit.",
    "To convert pixels I need the distance of the ruler's marks. The row that crosses most of them shows it.",
    "The ruler has ten small marks per unit. I find them all to get their distance in pixels.",
)
_SCALES = (
    "{count} marks lie between pixel {first} and {last}, so I can convert.",
    "The marks from {first} to {last} are {count}; this gives the pixels of one unit.",
    "With {count} marks between {first} and {last} the scale is known.",
)
_CONFIRM = (
    "I look at both ends to confirm this.",
    "A look at the ends as a check.",
    "Let me verify with my own eyes at both ends.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Read both ends in enlarged crops, or measure everything in pixels."""
    figure = figure_of(scene)
    if scene.difficulty is Difficulty.EASY and rng.random() < 0.5:
        return (yield from reading_script(scene, rng))
    if len(figure.givens) == 2 and scene.difficulty is Difficulty.HARD and rng.random() < 0.6:
        return (yield from _measuring(scene, rng))
    noun = str(figure.values["thing"])
    colours = figure.values["colours"]
    named = f"the {' and the '.join(map(str, colours))} {noun}" if isinstance(colours, list) else noun
    thought = rng.choice(
        (
            f"I need to see where {named} begins and ends on the ruler, so I enlarge the ends.",
            f"I zoom in on the ends of {named} and on the marks beside them.",
            f"The ends of {named} decide. I crop them together with the ruler below.",
            "The marks are small. I crop the places where the ends lie and enlarge them.",
        )
    )
    yield showing(thought, look_at(scene, [one.box for one in figure.givens], rng))
    shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def _measuring(scene: Scene, rng: Random) -> Script:
    figure = figure_of(scene)
    level, thing, colour = bool(figure.values["level"]), str(figure.values["thing"]), scene.colour
    found = blob(near_mask(scene.image, colour))
    assert found is not None
    start, end = (found.box[0], found.box[2]) if level else (found.box[1], found.box[3])
    along = "columns" if level else "rows"
    code = CODE_LINES["import"].replace("import cv2\n", "") + near_line(colour) + CODE_LINES["where"]
    code += f"start, end = {along}.min(), {along}.max() + 1\nprint(start, end)"
    words = {"colour": colour, "thing": thing}
    plan = rng.choice(_MEASURES).format(**words)
    thought = yield from too_strict(scene, plan, rng)
    yield Code(thought, code, views=(), prints=f"{start} {end}")
    mask = dark_mask(scene.image, _DARK)
    mask = mask if level else mask.transpose(Image.Transpose.TRANSPOSE)
    ticks = _ticks(mask)
    code = f"dark = np.array(input_image.convert('L')){'' if level else '.T'} < {_DARK}\n"
    code += "begins = np.diff(dark.astype(int), axis=1) == 1\nrow = begins.sum(1).argmax()\n"
    code += "marks = np.where(begins[row])[0] + 1\nprint(len(marks), marks[0], marks[-1])"
    prints = f"{len(ticks)} {ticks[0]} {ticks[-1]}"
    shown = yield Code(rng.choice(_TICKS).format(**words), code, views=(), prints=prints)
    count, first, last = (int(one) for one in shown.split())
    scale = rng.choice(_SCALES).format(count=count, first=first, last=last, **words)
    code = "unit = (marks[-1] - marks[0]) / (len(marks) - 1) * 10\nprint(round((end - start) / unit, 1))"
    shown = yield Code(scale, code, views=(), prints=str(round((end - start) / ((last - first) / (count - 1) * 10), 1)))
    if thought == plan and rng.random() < 0.25:
        yield showing(rng.choice(_CONFIRM), look_at(scene, [one.box for one in figure.givens], rng))
    return concluding(scene, figure, shown, rng=rng)


def _ticks(mask: Image.Image) -> list[int]:
    """Where dark stretches begin in the row that has most of them."""
    data, width = mask.tobytes(), mask.width
    rows = [data[row * width : (row + 1) * width] for row in range(mask.height)]
    return [start for start, _ in runs(max(rows, key=lambda row: row.count(b"\x00\xff"))) if start > 0]


_LEVEL = Kind(
    name="ruler",
    draw=_draw,
    script=_script,
    easy=4,
    hard=4,
    shape="wide",
    shared=False,
    plain=True,
    extent=(820, 1150),
)
RULER_KINDS = (_LEVEL, replace(_LEVEL, name="upright-ruler", easy=0, hard=2, shape="tall"))
