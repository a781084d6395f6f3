"""Levels to be read off an upright scale: thermometers, measuring glasses and tanks with coloured contents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB
from codedance.tasks.worlds.figures.looking import near_line
from codedance.tasks.worlds.figures.pixels import blob, dark_mask, near_mask, runs
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import choosing, computing, concluding, option_values, reading
from codedance.tasks.worlds.figures.words import as_text
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["LEVEL_KINDS"]

_DARK = 110
_GLASS: RGB = (255, 255, 255)
_INK: RGB = (30, 30, 30)
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100)
_DEGREES = (1, 2, 5, 5, 10, 10, 20)
_WHAT = (
    (
        "thermometer",
        ("°C", "degrees Celsius"),
        (
            "What temperature does {it} show?",
            "How warm is it by {it}?",
            "Read {it}.",
            "Which temperature can be read off {it}?",
        ),
    ),
    (
        "measuring glass",
        (" ml", "millilitres"),
        (
            "How much liquid is in {it}?",
            "What is the volume in {it}?",
            "Read the level of {it}.",
            "How far is {it} filled?",
        ),
    ),
    (
        "tank",
        (" l", "litres"),
        ("How much is in {it}?", "How full is {it}?", "Read the level of {it}.", "What does the scale of {it} say?"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Scale:
    """An upright scale and what it shows."""

    colour: str
    box: Box
    """The inside of the tube, filled to the level."""
    first: int
    """Number at the bottom mark."""
    step: int
    """Difference between two numbers."""
    count: int
    """How many numbers follow the first."""
    parts: int
    """Into how many parts the marks divide a step."""
    level: int
    """How many parts above the first mark the content reaches."""

    @property
    def value(self) -> float:
        """What it shows."""
        return self.first + self.level * self.step / self.parts

    def row(self, parts: float) -> int:
        """The row of so many parts above the first mark."""
        low, high = self.box[3] - 6, self.box[1] + 6
        return round(low - (low - high) * parts / (self.count * self.parts))


def _tube(panel: Panel, scale: _Scale, rng: Random) -> tuple[Box, Box]:
    """Draw it; the boxes of the part around the level and of the whole with its numbers."""
    sheet, size, (left, top, right, bottom) = panel.sheet, panel.size, scale.box
    edge = max(2, size // 9)
    sheet.rounded((left - edge, top - edge - 4, right + edge, bottom + edge), edge + 4, (120, 120, 120))
    sheet.rect((left, top - 4, right, bottom), _GLASS)
    sheet.rect((left, scale.row(scale.level), right, bottom), jittered(scale.colour, rng))
    long, short, x = round(0.7 * size), round(0.35 * size), right + edge + 3
    thick = max(1, size // 12)
    end = x
    for part in range(scale.count * scale.parts + 1):
        y, main = scale.row(part), part % scale.parts == 0
        sheet.rect((x, y - thick // 2, x + (long if main else short), y - thick // 2 + thick), _INK)
        if main:
            text = str(scale.first + part // scale.parts * scale.step)
            end = max(end, sheet.write(text, (x + long + 0.25 * size, y), panel.pen(colour=_INK), anchor="lm")[2])
    step = (scale.row(0) - scale.row(scale.parts)) * 1.15
    row = scale.row(scale.level)
    around: Box = (left - edge - 4, round(row - step), end + 4, round(row + step))
    return around, (left - edge - 4, top - size, end + 4, bottom + edge + 4)


def _scales(panel: Panel, rng: Random, count: int, *, degrees: bool) -> list[_Scale]:
    """Scales of one kind side by side, each with a content of its own colour."""
    left, top, right, bottom = (round(one) for one in panel.box)
    step, parts = rng.choice(_DEGREES if degrees else _STEPS), 1
    numbers = rng.randint(4, 5) if not panel.hard else rng.randint(4, 8)
    if panel.hard:
        parts = rng.choice(
            [one for one in (2, 4, 5, 10) if (step * 10) % one == 0 and (step % one == 0 or step in (1, 2, 5))]
        )
    first = rng.choice((0, 0, -2 * step, -step, 3 * step) if degrees else (0, 0, 0, step, 3 * step))
    lane = (right - left) // count
    wide = round(panel.size * rng.uniform(0.9, 1.6))
    found = []
    for index, colour in enumerate(rng.sample(INKS, count)):
        x = left + index * lane + max(8, (lane - wide - round(3.2 * panel.size)) // 2)
        high = top + round(panel.size * (1 if not panel.hard else rng.uniform(0.8, 2.0)))
        box: Box = (x, high, x + wide, bottom - round(0.8 * panel.size))
        level = rng.randint(1, numbers) * parts if not panel.hard else rng.randint(1, numbers * parts - 1)
        while panel.hard and level % parts == 0:
            level = rng.randint(1, numbers * parts - 1)
        found.append(_Scale(colour, box, first, step, numbers, parts, level))
    return found


def _givens(scale: _Scale, spot: Box, names: tuple[str, str], *, level: str) -> list[Given]:
    """The number below the level, what a mark is worth, and how many marks above the number the level is."""
    below = scale.first + scale.level // scale.parts * scale.step
    if scale.level % scale.parts == 0:
        return [Given(name=names[0], meaning=level, value=below, text=f"at {below}", box=spot)]
    part = scale.step / scale.parts
    width: int | float = int(part) if part == int(part) else part
    marks = scale.level % scale.parts
    rows: list[tuple[str, str, int | float, str]] = [(names[0], f"the number below {level}", below, str(below))]
    if names[0] == "below":
        rows.append(("mark", "one small mark", width, f"worth {width}"))
    rows.append((names[1], level, marks, f"{marks} mark{'s' * (marks > 1)} above it"))
    return [Given(name=name, meaning=meaning, value=value, text=text, box=spot) for name, meaning, value, text in rows]


def _recipe(used: list[_Scale], what: str, also: tuple[str, ...]) -> Recipe:
    """What one shows, or how far apart two are."""
    called = [f"the {scale.colour} {what}" for scale in used]
    steps: list[tuple[str, str, str, str]] = []
    for scale, name, names in zip(used, called, (("below", "marks"), ("low", "parts")), strict=False):
        whole = scale.level % scale.parts == 0
        value = names[0] if whole else f"round({names[0]} + {names[1]} * mark, 2)"
        result = "reading" if name == called[0] else "other"
        steps.append((result, f"What does {name} show?", value, "reading a scale"))
    plan = "I count the small marks from the number below."
    if len(used) == 2:
        steps.append(("difference", "How much do both differ?", "round(abs(reading - other), 2)", "difference"))
        return Recipe(
            sought=f"the difference between {called[0]} and {called[1]}",
            steps=tuple(steps),
            plans=(plan,),
            also=(
                f"By how much do the readings of {called[0]} and {called[1]} differ?",
                f"Read {called[0]} and {called[1]}. What is the difference?",
            ),
            wrong=("reading", "other", "abs(reading + other)"),
            exact=True,
        )
    on_number = used[0].level % used[0].parts == 0
    near = ("reading + 1", "reading + 2", "reading - 1")
    return Recipe(
        sought=f"the reading of {called[0]}",
        steps=tuple(steps),
        plans=("The level lies right at a number.",)
        if on_number
        else (plan, "From the number below I go up mark by mark."),
        also=tuple(one.format(it=called[0]) for one in also),
        wrong=near if on_number else ("below", "below + marks", "below + mark", "below + (marks + 1) * mark"),
        exact=True,
    )


def _draw(panel: Panel, rng: Random) -> Puzzle:
    what, unit, also = rng.choice(_WHAT)
    count = rng.randint(2, 4) if panel.hard else rng.randint(1, 2)
    scales = _scales(panel, rng, count, degrees=what == "thermometer")
    spots = {scale.colour: _tube(panel, scale, rng) for scale in scales}
    rng.shuffle(scales)
    two = panel.hard and rng.random() < 0.35 and scales[0].value != scales[1].value
    used = scales[: 2 if two else 1]
    givens: list[Given] = []
    for scale, names in zip(used, (("below", "marks"), ("low", "parts")), strict=False):
        level = f"the {scale.colour} level" if two else "the level"
        givens += _givens(scale, spots[scale.colour][0], names, level=level)
    puzzle = prepared(rng, _recipe(used, what, also), givens, noun=what, unit=unit)
    first = used[0]
    values = {
        "colours": [scale.colour for scale in used],
        "ends": [first.first, first.first + first.count * first.step],
        "grain": first.step / first.parts,
        "offset": max(2, panel.size // 9) + 3 + round(0.52 * panel.size),
        "whole": list(spots[first.colour][1]),
    }
    puzzle = replace(puzzle, tolerance=first.step / first.parts / 2 - 0.001 if panel.hard else 0.0)
    return puzzle.knowing(values, colour=first.colour, evidence=tuple(spots[scale.colour][0] for scale in used))


_LOOKS = (
    "I enlarge the level of {it}, together with the numbers beside it.",
    "The level of {it} has to be read off exactly, so I zoom in there.",
    "A closer look at the level of {it} and at the marks.",
    "I crop the part around the level of {it}.",
)
_WHOLES = (
    "I look at the {colour} {noun} as a whole first, with its numbers.",
    "First a view of the {colour} {noun} and its scale.",
    "I cut out the {colour} {noun} to see how its scale runs.",
)
_TOPS = (
    "The scale runs from {low} to {high}. Now I measure: the topmost {colour} pixel, and the rows of the long marks.",
    "It goes from {low} up to {high}. I find the row where {colour} begins and the rows of the long marks.",
    "From {low} below to {high} above, evenly. A column right of the tube crosses only the long marks; I list them.",
)
_BETWEEN = (
    "The level lies in proportion between the lowest and the highest mark; one small mark is {grain}.",
    "I interpolate between the first and the last mark and round to a small mark, which is {grain}.",
    "A proportion gives the reading. The small marks stand for {grain}, so I round to that.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Read the level in a crop and count marks, or measure rows and interpolate."""
    figure = figure_of(scene)
    colours = figure.values["colours"]
    assert isinstance(colours, list)
    if len(colours) == 1 and scene.difficulty is Difficulty.HARD and rng.random() < 0.55:
        return (yield from _measuring(scene, rng))
    it = " and ".join(f"the {colour} {figure.noun}" for colour in colours)
    yield showing(rng.choice(_LOOKS).format(it=it), look_at(scene, list(figure.evidence), rng))
    shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def _measuring(scene: Scene, rng: Random) -> Script:
    figure = figure_of(scene)
    values = figure.values
    whole, ends = values["whole"], values["ends"]
    assert isinstance(whole, list)
    assert isinstance(ends, list)
    low, high = (int(str(one)) for one in ends)
    left, top, right, bottom = (int(str(one)) for one in whole)
    grain = float(str(values["grain"]))
    words = {"colour": scene.colour, "noun": figure.noun, "low": low, "high": high, "grain": as_text(grain)}
    yield showing(rng.choice(_WHOLES).format(**words), look_at(scene, [(left, top, right, bottom)], rng))
    found = blob(near_mask(scene.image, scene.colour))
    assert found is not None
    column = found.box[2] - 1 + int(str(values["offset"]))
    line = dark_mask(scene.image, _DARK).crop((column, 0, column + 1, scene.image.height)).tobytes()
    marks = [start for start, _ in runs(line) if start > 0]
    code = CODE_LINES["import"].replace("import cv2\n", "") + near_line(scene.colour) + CODE_LINES["where"]
    code += f"top, x = rows.min(), columns.max() + {values['offset']}\n"
    code += f"dark = np.array(input_image.convert('L')) < {_DARK}\n"
    code += "marks = np.where(np.diff(dark[:, x].astype(int)) == 1)[0] + 1\nprint(top, marks.tolist())"
    yield Code(rng.choice(_TOPS).format(**words), code, views=(), prints=f"{found.box[1]} {marks}")
    code = f"low, high = {low}, {high}\n"
    code += "level = low + (marks[-1] - top) / (marks[-1] - marks[0]) * (high - low)\n"
    level = low + (marks[-1] - found.box[1]) / (marks[-1] - marks[0]) * (high - low)
    options = option_values(scene, figure.unit)
    if options:
        code, prints = code + choosing(options, "level", rng, nearest=True), scene.answer
    elif grain == int(grain):
        code, prints = (
            f"{code}print(round(level / {int(grain)}) * {int(grain)})",
            str(round(level / grain) * int(grain)),
        )
    else:
        code, prints = (
            f"{code}print(round(round(level / {grain}) * {grain}, 2))",
            str(round(round(level / grain) * grain, 2)),
        )
    shown = yield Code(rng.choice(_BETWEEN).format(**words), code, views=(), prints=prints)
    return concluding(scene, figure, shown, rng=rng)


LEVEL_KINDS = (
    Kind(
        name="level",
        draw=_draw,
        script=_script,
        easy=4,
        hard=4,
        category=Category.VISUAL,
        shared=False,
        plain=True,
        extent=(640, 900),
    ),
)
