"""Divide the picture by lines, then count what lies in a part, or say which part holds the most."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import Pen, find_lines, imports
from codedance.tasks.worlds.editing.kind import (
    INKS,
    Kind,
    Size,
    canvas,
    centre,
    draw_objects,
    enlargement,
    number_fact,
    quiet_canvas,
    request,
    scatter,
    text_fact,
)
from codedance.tasks.worlds.editing.things import THING_NAMES, draw_things
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene
from codedance.tasks.worlds.things import THINGS
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["HALVES"]

_SPLITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "middle down": (
        "width // 2",
        ("a vertical {ink} line through the middle", "a {ink} line straight down the middle"),
    ),
    "middle across": (
        "height // 2",
        ("a horizontal {ink} line through the middle", "a level {ink} line at half the height"),
    ),
    "third down": ("width // 3", ("a vertical {ink} line at one third of the width, from the left",)),
    "quarter across": ("height // 4", ("a horizontal {ink} line at one quarter of the height, from the top",)),
    "cross": (
        "",
        ("two {ink} lines, one vertical and one horizontal, that cut the picture into four equal parts",),
    ),
}
"""Each way to divide: where its line is, and how it is said."""
_DRAW = ("draw {what}", "add {what}", "divide the picture by {what}", "split the picture with {what}")
_PARTS = {
    "down": {"left": "to the left of the line", "right": "to the right of the line"},
    "across": {"upper": "above the line", "lower": "below the line"},
}
_ASK = {
    "count": (
        "How many {many} are {where}?",
        "How many {many} lie {where}?",
        "What is the number of {many} {where}?",
        "Count the {many} {where}: how many are there?",
    ),
    "most": (
        "Which of the four parts holds the most {many}: upper left, upper right, lower left or lower right?",
        "In which part are the most {many} (upper left, upper right, lower left, lower right)?",
    ),
}
_OPPOSITE = {"left": "right", "right": "left", "upper": "lower", "lower": "upper"}
_CORNERS = ("upper left", "upper right", "lower left", "lower right")


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard, things = difficulty is Difficulty.HARD, rng.random() < 0.6
    split = rng.choice(("middle down", "middle across", "third down", "quarter across", "cross"))
    asks = "most" if split == "cross" else "count"
    count = (rng.randint(8, 18) if hard else rng.randint(3, 6)) + (0 if asks == "count" else 2)
    rest = rng.randint(6, 12) if hard else rng.randint(1, 3)
    image = quiet_canvas(difficulty, rng) if things else canvas(difficulty, rng)
    short = min(image.size)
    low, high = (short // 40, short // 26) if hard else (short // 18, short // 14)
    axis = _axis(split)
    where = rng.choice(tuple(_PARTS[axis])) if axis else ""
    parts = _parts(asks, where, count, rng, hard=hard)
    spots: list[tuple[int, int, int]] = []
    while not spots:
        halves = [rng.randint(low, high) for _ in range(count + rest)]
        places = scatter(rng, image.size, halves, gap=6, fits=_fitting(parts, halves, split, image.size))
        spots = [(*at, half) for at, half in zip(places or (), halves, strict=bool(places))]
    if things:
        name, *others = rng.sample(THING_NAMES, rng.randint(3, 6))
        objects = draw_things(image, [name] * count + [rng.choice(others) for _ in range(rest)], spots, rng)
        many = THINGS[name]
    else:
        kind = (rng.choice(COLOURS), rng.choice(SHAPES))
        kinds = [(c, s) for c in COLOURS for s in SHAPES if (c, s) != kind]
        objects = draw_objects(image, [kind] * count + rng.choices(kinds, k=rest), spots, rng)
        many = f"{kind[0]} {kind[1]}s"
    ink = rng.choice([one for one in ("red", "blue", "black", "magenta") if one != objects[0].colour])
    draw = rng.choice(_DRAW).format(what=rng.choice(_SPLITS[split][1]).format(ink=ink))
    ask = rng.choice(_ASK[asks]).format(many=many, where=_PARTS[axis][where] if axis else "")
    answer = max(_CORNERS, key=parts.count) if asks == "most" else str(parts.count(where))
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, ask),
        answer=answer,
        asks=f"divide-{asks}",
        colour=objects[0].colour,
        shape=objects[0].shape,
        objects=objects,
        category=Category.EDITING,
        accepted=_ways_to_say(answer) if asks == "most" else (),
        edit=EditCheck(colour=INKS[ink], strokes=_strokes(split, image.size), reach=6),
        facts={
            "kind": "divide",
            "asked": asks,
            "split": split,
            "where": where,
            "ink": ink,
            "things": things,
            "many": many,
            "count": count,
            "evidence": [list(one.box) for one in objects[:count]],
        },
    )


def _ways_to_say(corner: str) -> tuple[str, ...]:
    row, column = corner.split()
    high = "top" if row == "upper" else "bottom"
    return tuple(f"{the}{one}{dash}{column}" for the in ("", "the ") for one in (row, high) for dash in (" ", "-"))


def _axis(split: str) -> str:
    return "down" if split.endswith("down") else "across" if split.endswith("across") else ""


def _strokes(split: str, size: Size) -> tuple[Box, ...]:
    width, height = size
    upright = {"middle down": width // 2, "third down": width // 3, "cross": width // 2}
    level = {"middle across": height // 2, "quarter across": height // 4, "cross": height // 2}
    strokes: list[Box] = []
    if split in upright:
        strokes.append((upright[split], 0, upright[split], height - 1))
    if split in level:
        strokes.append((0, level[split], width - 1, level[split]))
    return tuple(strokes)


def _parts(asks: str, where: str, count: int, rng: Random, *, hard: bool) -> list[str]:
    """The part in which each of those that are counted is to lie."""
    if asks == "count":
        there = rng.randint(0, min(count, 8 if hard else 4))
        return [where] * there + [_OPPOSITE[where]] * (count - there)
    best, *others = rng.sample(_CORNERS, 4)
    most = -(-(count + 3) // 4) + rng.randint(0, 1)
    parts = [best] * most
    while len(parts) < count:
        corner = rng.choice(others)
        if parts.count(corner) < most - 1:
            parts.append(corner)
    return parts


def _fitting(parts: list[str], halves: list[int], split: str, size: Size) -> Callable[[int, tuple[int, int]], bool]:
    """May a square be there: in its part, and off the lines?"""
    strokes = _strokes(split, size)

    def fits(index: int, place: tuple[int, int]) -> bool:
        (x, y), least = place, halves[index] + 8
        clear = all(abs((x - a) if a == c else (y - b)) > least for a, b, c, _ in strokes)
        return clear and (index >= len(parts) or _part(place, split, size) == parts[index])

    return fits


def _part(place: tuple[int, int], split: str, size: Size) -> str:
    """The part of the picture in which a place lies."""
    names = []
    for x, y, right, _ in _strokes(split, size):
        names.append(("left" if place[0] < x else "right") if x == right else ("upper" if place[1] < y else "lower"))
    return " ".join(reversed(names))


_PLANS = (
    "I draw with code and let a colour mask count the {many}.",
    "The line is easily drawn; a mask of the {colour} pixels gives me the {many} and where they are.",
    "Code draws the lines and counts the {many} on each side.",
)
_LOOKS = (
    "I look at the part that counts, enlarged, before I draw.",
    "To count the {many} reliably I enlarge what lies there.",
    "First a closer look at the part in question.",
)
_COUNTED = (
    "I count {number} {many} here. Now the line.",
    "There are {number} {many} in this part. I draw the line.",
    "{number} {many}, the rest are other things. Now I draw.",
)
_FOUR_LOOKS = (
    "Four parts: I look at each of them, enlarged, and count the {many}.",
    "I cut the picture into its quarters and look at them one by one.",
)
_FOUR_COUNTED = (
    "Upper left {0}, upper right {1}, lower left {2}, lower right {3}. Now the two lines.",
    "I count {0}, {1}, {2} and {3} {many}, row by row. I draw the lines.",
)
_DONE = {
    "count": (
        "{answer} {many} are in that part.",
        "The line is drawn, and the number is {answer}.",
        "So it is {answer}.",
    ),
    "most": ("The most {many} are in the {answer} part.", "The {answer} part holds the most."),
}


def _script(scene: Scene, rng: Random) -> Script:
    split, asked, many = (text_fact(scene, name) for name in ("split", "asked", "many"))
    words = {"many": many, "colour": scene.colour}
    pen = Pen(text_fact(scene, "ink"), rng)
    draw = [pen.start(), "width, height = input_image.size", *_lines(pen, split)]
    if not scene.facts["things"] and rng.random() < 0.75:
        lines = [*draw, find_lines(scene.colour, scene.shape, rng)]
        lines += _question(scene)
        printed = yield Code(
            rng.choice(_PLANS).format(**words), imports("\n".join([*lines, pen.show()])), prints=_printed(scene)
        )
        answer = _most(printed) if asked == "most" else printed
        return Final(rng.choice(_DONE[asked]).format(answer=answer, **words), answer)
    if asked == "most":
        yield _quarters(scene, rng.choice(_FOUR_LOOKS).format(**words))
        thought = rng.choice(_FOUR_COUNTED).format(*_numbers(scene), **words)
    else:
        yield _look(scene, rng.choice(_LOOKS).format(**words))
        thought = rng.choice(_COUNTED).format(number=scene.answer, **words)
    yield Code(thought, imports("\n".join([*draw, pen.show()])), prints="")
    return Final(rng.choice(_DONE[asked]).format(answer=scene.answer, **words), scene.answer)


def _lines(pen: Pen, split: str) -> list[str]:
    place = _SPLITS[split][0]
    upright, level = ("width // 2", "height // 2") if split == "cross" else (place, place)
    lines = []
    if split == "cross" or split.endswith("down"):
        lines.append(pen.line(upright, "0", upright, "height - 1"))
    if split == "cross" or split.endswith("across"):
        lines.append(pen.line("0", level, "width - 1", level))
    return lines


def _question(scene: Scene) -> list[str]:
    split, where = text_fact(scene, "split"), text_fact(scene, "where")
    if split == "cross":
        return [
            "corners = [(y + h / 2 > height / 2, x + w / 2 > width / 2) for x, y, w, h in found]",
            "print([corners.count((low, right)) for low in (False, True) for right in (False, True)])",
        ]
    middle = "x + w / 2" if split.endswith("down") else "y + h / 2"
    sign = "<" if where in ("left", "upper") else ">"
    return [f"print(sum({middle} {sign} {_SPLITS[split][0]} for x, y, w, h in found))"]


def _numbers(scene: Scene) -> list[int]:
    count = number_fact(scene, "count")
    parts = [_part(centre(one.box), "cross", scene.image.size) for one in scene.objects[:count]]
    return [parts.count(corner) for corner in _CORNERS]


def _printed(scene: Scene) -> str:
    return str(_numbers(scene)) if text_fact(scene, "asked") == "most" else scene.answer


def _most(printed: str) -> str:
    numbers = [int(one) for one in printed.strip("[]").split(",")]
    return _CORNERS[numbers.index(max(numbers))]


def _look(scene: Scene, thought: str) -> Code:
    """The part that is asked about, enlarged."""
    (width, height), split = scene.image.size, text_fact(scene, "split")
    (x, y, right, _), place = _strokes(split, scene.image.size)[0], _SPLITS[split][0]
    where = text_fact(scene, "where")
    cuts: dict[str, tuple[Box, str]] = {
        "left": ((0, 0, x, height), f"0, 0, {place}, height"),
        "right": ((right, 0, width, height), f"{place}, 0, width, height"),
        "upper": ((0, 0, width, y), f"0, 0, width, {place}"),
        "lower": ((0, y, width, height), f"0, {place}, width, height"),
    }
    box, corners = cuts[where]
    scale = enlargement(box)
    code = f"width, height = input_image.size\npart = input_image.crop(({corners}))\n"
    code += "part" if scale == 1 else f"part.resize((part.width * {scale}, part.height * {scale}))"
    return Code(thought, code, views=(View(box, scale),), prints="")


def _quarters(scene: Scene, thought: str) -> Code:
    """The four quarters, one after the other."""
    width, height = scene.image.size
    x, y = width // 2, height // 2
    boxes: tuple[Box, ...] = ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height))
    code = (
        "w, h = input_image.size\n"
        "for top, bottom in ((0, h // 2), (h // 2, h)):\n"
        "    for left, right in ((0, w // 2), (w // 2, w)):\n"
        "        part = input_image.crop((left, top, right, bottom))\n"
        "        display(part.resize((part.width * 2, part.height * 2)))"
    )
    return Code(thought, code, views=tuple(View(box, 2) for box in boxes), prints="")


HALVES = Kind("divide", _make, _script)
