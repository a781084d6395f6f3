"""Which is longest, largest, widest: coloured lines, discs and angles with letters, to be compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.figures.drawing import INKS, Point, polar
from codedance.tasks.worlds.figures.looking import colour_look
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.figures.puzzle import Figure, Kind, Panel, Puzzle, stepped
from codedance.tasks.worlds.figures.reading import Turns, figure_of
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.scene import Box, Category, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["COMPARE_KINDS"]

_LETTERS = "ABCDEFGHKLMNPRST"
_ASKS = {
    "line": (("longest", "shortest"), ("line", "segment", "stroke"), "How long is each {noun} in pixels?"),
    "disc": (("largest", "smallest"), ("circle", "disc"), "How many pixels does each {noun} have?"),
    "square": (("largest", "smallest"), ("square",), "How many pixels does each {noun} have?"),
    "angle": (("largest", "smallest"), ("angle",), "How many pixels does each sector have?"),
}
_WORDS = (
    "Which {noun} is the {most}?",
    "Find the {most} {noun}.",
    "Which of the {noun}s is the {most}?",
    "Look at the {noun}s. Which one is the {most}?",
    "One {noun} is the {most} of all. Which?",
    "Pick out the {most} {noun}.",
    "Compare the {noun}s: which is the {most}?",
    "Of all {noun}s shown, which is the {most}?",
    "Tell me the {most} {noun}.",
)
_BY_LETTER = (" Answer with its letter.", " Give its letter.", " Name it by its letter.", " Which letter does it have?")
_BY_COLOUR = (" Answer with its colour.", " Give its colour.", " Name it by its colour.", " Which colour does it have?")


@dataclass(frozen=True, slots=True)
class _Thing:
    """One of the things to be compared, and the cell in which it lies."""

    colour: str
    letter: str
    size: float
    centre: Point
    half: float
    """Half of the cell's side."""


def _sizes(rng: Random, count: int, top: float, *, hard: bool, most: bool) -> list[float]:
    """Sizes up to a largest one; the extreme one stands out clearly, or, hard, by little."""
    gap = rng.uniform(1.06, 1.1) if hard else rng.uniform(1.35, 1.6)
    if most:
        second = top / gap
        rest = [second * rng.uniform(0.6 if not hard else 0.85, 1.0) for _ in range(count - 2)]
        return [top, second, *rest]
    least = top * (0.62 if hard else 0.42)
    second = least * gap
    return [least, second, *(rng.uniform(second, top) for _ in range(count - 2))]


def _cells(panel: Panel, rng: Random, count: int) -> list[tuple[Point, float]]:
    """Centres and half sides of equal cells, shuffled."""
    left, top, right, bottom = panel.box
    columns = 2 if count <= 4 else 3
    rows = -(-count // columns)
    wide, high = (right - left) / columns, (bottom - top) / rows
    cells = [
        ((left + (index % columns + 0.5) * wide, top + (index // columns + 0.5) * high), min(wide, high) / 2)
        for index in range(columns * rows)
    ]
    return rng.sample(cells, count)


def _draw_line(panel: Panel, rng: Random, thing: _Thing) -> Box:
    (x, y), length = thing.centre, thing.size
    turn = rng.randrange(180)
    ends = (polar((x, y), length / 2, turn), polar((x, y), length / 2, turn + 180))
    panel.sheet.line(*ends, jittered(thing.colour, rng), width=max(5.0, panel.size * 0.2))
    aside = polar((x, y), 0.75 * panel.size, turn + rng.choice((90, -90)))
    label = panel.sheet.write(thing.letter, aside, panel.pen())
    xs, ys = [round(one[0]) for one in ends], [round(one[1]) for one in ends]
    return (min(*xs, label[0]) - 3, min(*ys, label[1]) - 3, max(*xs, label[2]) + 3, max(*ys, label[3]) + 3)


def _draw_disc(panel: Panel, rng: Random, thing: _Thing) -> Box:
    (x, y), size = thing.centre, thing.size
    top = y - 0.5 * panel.size
    panel.sheet.disc((x, top), size / 2, jittered(thing.colour, rng))
    label = panel.sheet.write(thing.letter, (x, top + size / 2 + 0.6 * panel.size), panel.pen())
    return (round(x - size / 2) - 2, round(top - size / 2) - 2, round(x + size / 2) + 2, label[3] + 2)


def _draw_square(panel: Panel, rng: Random, thing: _Thing) -> Box:
    (x, y), size = thing.centre, thing.size
    turn = rng.choice((45, 45, 45, 20, 60, 75))
    middle = (x, y - 0.5 * panel.size)
    panel.sheet.area(
        [polar(middle, size * 0.5, turn + quarter * 90) for quarter in range(4)], jittered(thing.colour, rng)
    )
    label = panel.sheet.write(thing.letter, (x, middle[1] + size / 2 + 0.6 * panel.size), panel.pen())
    return (round(x - size / 2) - 2, round(middle[1] - size / 2) - 2, round(x + size / 2) + 2, label[3] + 2)


def _draw_angle(panel: Panel, rng: Random, thing: _Thing) -> Box:
    """Arms of different lengths, and an equally large sector in each angle."""
    (x, y), half, degrees = thing.centre, thing.half, thing.size
    turn = rng.randrange(360)
    radius = half * 0.42
    panel.sheet.sector((x, y), radius, (turn, turn + degrees), fill=jittered(thing.colour, rng))
    for way in (turn, turn + degrees):
        end = polar((x, y), half * rng.uniform(0.55, 0.85), way)
        panel.sheet.line((x, y), end, panel.theme.ink, width=panel.stroke)
    away = polar((x, y), 0.75 * panel.size, turn + degrees / 2 + 180)
    panel.sheet.write(thing.letter, away, panel.pen())
    return (round(x - half), round(y - half), round(x + half), round(y + half))


_DRAWERS: dict[str, Callable[[Panel, Random, _Thing], Box]] = {
    "line": _draw_line,
    "disc": _draw_disc,
    "square": _draw_square,
    "angle": _draw_angle,
}


def _draw(panel: Panel, rng: Random) -> Puzzle:
    what = rng.choice(tuple(_ASKS))
    extremes, nouns, measure = _ASKS[what]
    most, noun = rng.random() < 0.6, rng.choice(nouns)
    count = rng.randint(5, 6) if panel.hard else rng.randint(3, 4)
    cells, colours = _cells(panel, rng, count), rng.sample(INKS, count)
    letters = rng.sample(_LETTERS, count) if rng.random() < 0.5 else sorted(rng.sample(_LETTERS[:count], count))
    half = min(cell[1] for cell in cells)
    top = {
        "line": 1.75 * half,
        "disc": 2 * half - 1.7 * panel.size,
        "square": 2 * half - 1.7 * panel.size,
        "angle": 150.0,
    }[what]
    sizes = _sizes(rng, count, top, hard=panel.hard, most=most)
    order = list(range(count))
    rng.shuffle(order)
    things, boxes, winner = [], [], 0
    for place, index in enumerate(order):
        thing = _Thing(colours[place], letters[place], sizes[index], *cells[place])
        things.append(thing)
        boxes.append(_DRAWERS[what](panel, rng, thing))
        winner = place if index == 0 else winner
    by_letter = rng.random() < 0.5
    extreme = extremes[0] if most else extremes[1]
    question = rng.choice(_WORDS).format(noun=noun, most=extreme) + rng.choice(_BY_LETTER if by_letter else _BY_COLOUR)
    answer = things[winner].letter if by_letter else things[winner].colour
    figure = Figure(
        kind="",
        steps=stepped(
            (
                "sizes",
                measure.format(noun=noun),
                "sizes",
                ", ".join(f"{one.colour} {one.size:.0f}" for one in things),
                "measuring",
            ),
            ("winner", f"Which is the {extreme}?", f"{'max' if most else 'min'}(sizes)", answer, "comparing"),
        ),
        sought=f"the {extreme} {noun}",
        noun=noun,
        values={
            "what": what,
            "most": most,
            "by_letter": by_letter,
            "colours": [one.colour for one in things],
            "winner": things[winner].colour,
            "letter": things[winner].letter,
            "box": list(boxes[winner]),
        },
    )
    puzzle = Puzzle(question=question, figure=figure)
    return puzzle.knowing(figure.values, evidence=tuple(boxes))


_PLANS = {
    "line": (
        "I measure every {noun}: the extent of its pixels across and down gives the length.",
        "Each {noun} has its own colour. I take the length from the box of its pixels.",
        "By eye this is close; I compute all lengths from the outermost pixels of each colour.",
    ),
    "disc": (
        "I count the pixels of each colour: the {most} {noun} has the {count} of them.",
        "Every {noun} has its own colour, so the number of pixels compares them.",
        "Counting pixels by colour settles it.",
    ),
    "angle": (
        "All the coloured sectors have the same radius, so their pixels grow with the angle. I count them.",
        "The sectors are equally large circles' parts; the number of pixels tells the angle.",
        "I compare the angles by the pixels of their sectors, which have one radius.",
    ),
}
_NAMED = (
    "It is the {colour} one. I look which letter stands there.",
    "{Colour} wins. Now its letter: I crop it.",
    "The {colour} {noun} is the {most}. I zoom in to read its letter.",
)
_ENDS = (
    "The {most} {noun} is {answer}.",
    "It is {answer}.",
    "So the answer is {answer}.",
    "{answer} is the {most}.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Measure each colour, take the extreme, look up its letter if that is asked for."""
    figure = figure_of(scene)
    what, most = str(figure.values["what"]), bool(figure.values["most"])
    colours = figure.values["colours"]
    assert isinstance(colours, list)
    order = [str(one) for one in colours]
    rng.shuffle(order)
    measure = "round(math.hypot(np.ptp(columns), np.ptp(rows)))" if what == "line" else "int(near.sum())"
    sizes: dict[str, int] = {}
    for colour in order:
        found = blob(near_mask(scene.image, colour))
        assert found is not None
        (left, top, right, bottom), count = found.box, found.count
        sizes[colour] = round(math.hypot(right - left - 1, bottom - top - 1)) if what == "line" else count
    pick = "max" if most else "min"
    winner = (max if most else min)(sizes, key=lambda colour: sizes[colour])
    code = "import math\n" * (what == "line") + CODE_LINES["import"].replace("import cv2\n", "")
    code += f"pixels = np.array(input_image).astype(int)\nsizes = {{}}\nfor colour in {order}:\n"
    code += "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
    code += "    rows, columns = np.where(near)\n" * (what == "line")
    code += f"    sizes[colour] = {measure}\nprint(sizes)\nprint({pick}(sizes, key=sizes.get))"
    extreme = figure.sought.split()[1]
    words = {"noun": figure.noun, "most": extreme, "count": "most" if most else "fewest"}
    thought = rng.choice(_PLANS["disc" if what == "square" else what]).format(**words)
    shown = yield Code(thought, code, views=(), prints=f"{sizes}\n{winner}")
    answer = shown.split()[-1]
    if figure.values["by_letter"]:
        yield from _letter(
            scene, figure, answer, thought=rng.choice(_NAMED).format(colour=answer, Colour=capital(answer), **words)
        )
        answer = str(figure.values["letter"])
    return Final(rng.choice(_ENDS).format(answer=answer, **words), answer)


def _letter(scene: Scene, figure: Figure, colour: str, *, thought: str) -> Turns:
    """A crop around the thing of a colour with its letter."""
    found = blob(near_mask(scene.image, colour))
    assert found is not None
    box = figure.values["box"]
    assert isinstance(box, list)
    left, top, right, bottom = found.box
    wanted = [int(str(one)) for one in box]
    margin = max(10, left - wanted[0], top - wanted[1], wanted[2] - right, wanted[3] - bottom)
    code, views = colour_look(scene.image, colour, margin=-(-margin // 10) * 10)
    yield Code(thought, code, views=views, prints="")


COMPARE_KINDS = (
    Kind(
        name="compare",
        draw=_draw,
        script=_script,
        easy=5,
        hard=5,
        category=Category.VISUAL,
        shared=False,
        plain=True,
        extent=(700, 1000),
    ),
)
