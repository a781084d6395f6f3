"""Draw a line from one shape to another, then say how long it is or how many shapes it crosses."""

from __future__ import annotations

import itertools
import math
from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import Pen, imports
from codedance.tasks.worlds.editing.kind import (
    INKS,
    Kind,
    Size,
    canvas,
    centre,
    draw_objects,
    looks,
    number_fact,
    request,
    text_fact,
)
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["LINES"]

_DRAW = (
    "draw a straight {ink} line from the centre of the {a} to the centre of the {b}",
    "connect the middle of the {a} with the middle of the {b} by a {ink} line",
    "join the centres of the {a} and the {b} with a straight {ink} line",
    "link the {a} and the {b}, centre to centre, with a {ink} line",
    "draw the {ink} line that runs from the middle of the {a} to the middle of the {b}",
)
_VIA = (
    "draw a {ink} line from the centre of the {a} to the centre of the {b} and on to the centre of the {c}",
    "connect the centres of the {a}, the {b} and the {c}, in this order, with a {ink} line",
    "join the middle of the {a} to that of the {b}, and that of the {b} to that of the {c}, in {ink}",
)
_ASK = {
    "length": (
        "How long is it in pixels, to the nearest ten?",
        "What is its length in pixels, rounded to tens?",
        "Rounded to the nearest ten, how many pixels long is the line?",
        "How many pixels does it measure, to the nearest ten?",
    ),
    "total": (
        "How long is all of it in pixels, to the nearest ten?",
        "What is the whole length in pixels, rounded to tens?",
        "Rounded to the nearest ten, how many pixels do both parts have together?",
    ),
    "crosses": (
        "How many other shapes does the line cross?",
        "Over how many of the other shapes does it run?",
        "How many shapes lie on the line, not counting the two at its ends?",
        "What is the number of shapes that it cuts, its two ends aside?",
    ),
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    asks = rng.choice(("length", "total", "crosses", "crosses") if hard else ("crosses",))
    stops = 3 if asks == "total" else 2
    crossed = rng.randint(0, 6 if hard else 4) if asks == "crosses" else 0
    image, others = canvas(difficulty, rng), rng.randint(5, 12) if hard else rng.randint(1, 3)
    short, spots = min(image.size), None
    while spots is None:
        halves = (short // 50, short // 26) if hard else (short // 24, short // 16)
        spots = _places(image.size, halves, stops, crossed, rng, others=others)
    kinds = rng.sample([(colour, shape) for colour in COLOURS for shape in SHAPES], stops)
    while len(kinds) < len(spots):
        other = (rng.choice(COLOURS), rng.choice(SHAPES))
        if other not in kinds[:stops]:
            kinds.append(other)
    objects = draw_objects(image, kinds, spots, rng)
    ends = [centre(one.box) for one in objects[:stops]]
    length = sum(math.dist(a, b) for a, b in itertools.pairwise(ends))
    used = {one.colour for one in objects}
    ink = rng.choice([one for one in ("red", "blue", "black", "magenta") if one not in used])
    names = {letter: f"{one.colour} {one.shape}" for letter, one in zip("abc", objects[:stops], strict=False)}
    draw = rng.choice(_VIA if asks == "total" else _DRAW).format(ink=ink, **names)
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, rng.choice(_ASK[asks])),
        answer=str(crossed if asks == "crosses" else round(length / 10) * 10),
        asks=f"line-{asks}",
        objects=objects,
        category=Category.EDITING,
        tolerance=0.0 if asks == "crosses" else 10.0,
        edit=EditCheck(
            colour=INKS[ink],
            strokes=tuple((*a, *b) for a, b in itertools.pairwise(ends)),
            reach=7,
        ),
        facts={
            "kind": "line",
            "asked": asks,
            "ink": ink,
            "stops": stops,
            "length": round(length, 2),
            "crossed": crossed,
            "evidence": [list(one.box) for one in objects[:stops]],
        },
    )


def _places(
    size: Size, halves: tuple[int, int], stops: int, crossed: int, rng: Random, *, others: int
) -> list[tuple[int, int, int]] | None:
    """Centres and half sides: the line's stops, then what lies on it, then what lies clearly beside it."""
    low, high = halves
    spots: list[tuple[int, int, int]] = []

    def put(x: int, y: int, half: int) -> bool:
        inside = all(half + 14 <= at < length - half - 14 for at, length in ((x, size[0]), (y, size[1])))
        if inside and all(max(abs(x - u), abs(y - v)) > half + other + 8 for u, v, other in spots):
            spots.append((x, y, half))
            return True
        return False

    for _ in range(stops):
        if not put(rng.randrange(size[0]), rng.randrange(size[1]), rng.randint(low, high)):
            return None
    ends = [spot[:2] for spot in spots]
    least = max(max(size) / 4, (crossed + 1) * (2 * high + 12))
    if any(math.dist(a, b) < least for a, b in itertools.pairwise(ends)):
        return None
    for number in range(crossed):
        (x, y), (u, v) = ends[:2]
        part, half = (number + 1 + rng.uniform(-0.15, 0.15)) / (crossed + 1), rng.randint(low, high)
        off = rng.randint(-half // 4, half // 4)
        if not put(round(x + (u - x) * part) + off // 2, round(y + (v - y) * part) + off // 2, half):
            return None
    for _ in range(others):
        x, y, half = rng.randrange(size[0]), rng.randrange(size[1]), rng.randint(low, high)
        if all(_off((x, y), a, b) > 1.5 * half + 8 for a, b in itertools.pairwise(ends)):
            put(x, y, half)
    return spots


def _off(point: tuple[int, int], a: tuple[int, int], b: tuple[int, int]) -> float:
    """Distance of a point from the line between two others."""
    (x, y), (u, v), (p, q) = a, b, point
    part = ((p - x) * (u - x) + (q - y) * (v - y)) / max(1, (u - x) ** 2 + (v - y) ** 2)
    part = min(1.0, max(0.0, part))
    return math.hypot(p - x - part * (u - x), q - y - part * (v - y))


_PLANS = (
    "I need the exact centres of {ends}. A colour mask for each gives them; then I draw the line.",
    "First the centres of {ends}, by colour and form, then the line between them.",
    "Code can find {ends}; the line goes from centre to centre.",
    "Let me locate {ends} and connect their middles.",
)
_LOOKS = ("The {a} is a good start: I look at it more closely.", "I zoom in on the {a} first.")
_SEEN = ("That is the {a}. Now the centres of {ends} by code.", "Found the {a}. Now I measure {ends}.")
_PLACED = (
    "The centres are {points}. I draw the line through them.",
    "So it runs along {points}. Now I draw it.",
    "With {points} known, I can draw.",
)
_SWAPPED = (
    "The line does not run between {ends}: I wrote y before x. Again, on a fresh copy.",
    "That line is in the wrong place, its coordinates are swapped. I draw it once more.",
)
_SWAPS = 0.08
"""Share of the lines that are first drawn with x and y mixed up."""
_DONE = {
    "length": ("To the nearest ten it is {answer} pixels.", "The distance comes to {answer} pixels."),
    "total": ("Both parts together measure {answer} pixels.", "Added up: {answer} pixels."),
    "crosses": (
        "Besides its ends, the line meets {answer}.",
        "{answer} of the other shapes lie on the line.",
        "The code met {answer} other shapes along the line.",
    ),
}


def _script(scene: Scene, rng: Random) -> Script:
    stops, asked = number_fact(scene, "stops"), text_fact(scene, "asked")
    ends = scene.objects[:stops]
    names = [f"the {one.colour} {one.shape}" for one in ends]
    words = {"ends": f"{', '.join(names[:-1])} and {names[-1]}", "a": names[0].removeprefix("the ")}
    pen = Pen(text_fact(scene, "ink"), rng)
    thought = rng.choice(_PLANS).format(**words)
    if rng.random() < 0.2:
        yield from looks(words["a"], ends[0].box, scene, rng=rng, thought=rng.choice(_LOOKS).format(**words))
        thought = rng.choice(_SEEN).format(**words)
    lines = _centres(ends, rng)
    points = [centre(one.box) for one in ends]
    if rng.random() < _SWAPS and all(abs(x - y) > 40 for x, y in points):
        stroke = f"    {pen.line('y', 'x', 'v', 'u')}"
        wrong = [pen.start(), "for (x, y), (u, v) in zip(points, points[1:]):", stroke, pen.show()]
        yield Code(thought, imports("\n".join([*lines, *wrong])), prints="")
        thought, lines = rng.choice(_SWAPPED).format(**words), []
    elif rng.random() < 0.4:
        shown = yield Code(thought, imports("\n".join([*lines, "print(points)"])), views=(), prints=str(points))
        thought = rng.choice(_PLACED).format(points=shown.strip("[]"))
        lines = [f"points = {shown}"]
    lines += [pen.start(), "for (x, y), (u, v) in zip(points, points[1:]):", f"    {pen.line('x', 'y', 'u', 'v')}"]
    lines += _question(asked, rng)
    printed = yield Code(thought, imports("\n".join([*lines, pen.show()])), prints=scene.answer)
    return Final(rng.choice(_DONE[asked]).format(answer=printed), printed)


def _centres(ends: tuple[SceneObject, ...], rng: Random) -> list[str]:
    """Lines that leave the centres of these shapes in ``points``."""
    wanted = [(one.colour, one.shape) for one in ends]
    summed = rng.random() < 0.4
    near = ["    near = (np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60).astype(np.uint8)"]
    if not summed:
        near = ["    wanted = np.array(ImageColor.getrgb(colour))"]
        near.append("    near = cv2.inRange(pixels, wanted - 30, wanted + 30)")
    return [
        "shares = {'triangle': (0, 0.65), 'circle': (0.65, 0.9), 'square': (0.9, 2)}",
        f"pixels, points = np.array(input_image){'.astype(int)' if summed else ''}, []",
        f"for colour, shape in {wanted}:",
        *near,
        "    low, high = shares[shape]",
        "    for x, y, w, h, area in cv2.connectedComponentsWithStats(near)[2][1:].tolist():",
        "        if area > 40 and low <= area / (w * h) < high:",
        "            points.append((x + w // 2, y + h // 2))",
    ]


def _question(asked: str, rng: Random) -> list[str]:
    if asked == "crosses":
        return [
            "vivid = np.array(input_image.convert('HSV'))[..., 1] > 150",
            "_, labels = cv2.connectedComponents(vivid.astype(np.uint8))",
            "(x, y), (u, v) = points",
            "t = np.linspace(0, 1, 3000)",
            "met = set(labels[(y + (v - y) * t).astype(int), (x + (u - x) * t).astype(int)].tolist())",
            "print(len(met - {0, labels[y, x], labels[v, u]}))",
        ]
    length = rng.choice(("np.hypot(u - x, v - y)", "((u - x) ** 2 + (v - y) ** 2) ** 0.5"))
    return [f"length = sum({length} for (x, y), (u, v) in zip(points, points[1:]))", "print(round(length / 10) * 10)"]


LINES = Kind("line", _make, _script)
