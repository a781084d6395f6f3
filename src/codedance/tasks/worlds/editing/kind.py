"""What the kinds of editing tasks share: inks, places, strokes of a box, closer looks, and ways to put a request."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image
from pydantic import TypeAdapter

from codedance.tasks.worlds.backgrounds import background
from codedance.tasks.worlds.drawing import box_around, draw_shape, jittered
from codedance.tasks.worlds.family import Code, Script, View
from codedance.tasks.worlds.looking import Eighths
from codedance.tasks.worlds.scene import Box, Difficulty, Scene, SceneObject

__all__ = [
    "INKS",
    "Kind",
    "Size",
    "canvas",
    "centre",
    "draw_objects",
    "enlargement",
    "grown",
    "look_at",
    "looks",
    "number_fact",
    "points_fact",
    "quiet_canvas",
    "rectangle",
    "request",
    "scatter",
    "text_fact",
]

Size = tuple[int, int]

INKS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "black": (0, 0, 0),
    "magenta": (255, 0, 255),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
}
"""Colours that things are drawn in, by the names that ``PIL.ImageColor`` knows."""

_EASY_SIZES: tuple[Size, ...] = ((448, 448), (512, 416), (560, 448), (448, 512))
_HARD_SIZES: tuple[Size, ...] = ((1024, 768), (1200, 900), (900, 1200), (1280, 800), (1100, 1100), (1440, 960))
_POINTS = TypeAdapter(list[tuple[int, int]])
_TRIES = 200
_MISSES = 0.3
"""Share of the first looks that miss."""
_SHOWN = 560
"""Longer side, in pixels, that an enlarged part comes near to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of editing task."""

    name: str
    """Stands in the scene's facts under ``kind``."""
    make: Callable[[Difficulty, int, Random], Scene]
    script: Callable[[Scene, Random], Script]


def canvas(difficulty: Difficulty, rng: Random) -> Image.Image:
    """An empty ground, for shapes that are found by their colours."""
    return background(rng.choice(_HARD_SIZES if difficulty is Difficulty.HARD else _EASY_SIZES), rng)


def quiet_canvas(difficulty: Difficulty, rng: Random, *, sizes: Sequence[Size] | None = None) -> Image.Image:
    """An empty ground of nearly one colour: whatever differs from it was put there."""
    choice = sizes or (_HARD_SIZES if difficulty is Difficulty.HARD else _EASY_SIZES)
    return background(rng.choice(choice), rng, kind="plain")


def scatter(
    rng: Random,
    size: Size,
    halves: Sequence[int],
    *,
    gap: int,
    margin: int = 14,
    fits: Callable[[int, tuple[int, int]], bool] = lambda index, place: True,
) -> list[tuple[int, int]] | None:
    """Centres of squares with these half sides that keep apart and off the edges; ``None`` if that cannot be had.

    Args:
        rng: chooses the places.
        size: width and height of the picture.
        halves: half sides of the squares.
        gap: pixels between any two squares.
        margin: pixels between a square and the picture's edges.
        fits: may the square of this number be at this place?
    """
    placed: list[tuple[int, int, int]] = []
    for index, half in enumerate(halves):
        for _ in range(_TRIES):
            x = rng.randint(half + margin, size[0] - half - margin - 1)
            y = rng.randint(half + margin, size[1] - half - margin - 1)
            apart = all(max(abs(x - u), abs(y - v)) > half + other + gap for u, v, other in placed)
            if apart and fits(index, (x, y)):
                placed.append((x, y, half))
                break
        else:
            return None
    return [(x, y) for x, y, _ in placed]


def draw_objects(
    image: Image.Image, kinds: Sequence[tuple[str, str]], places: Sequence[tuple[int, int, int]], rng: Random
) -> tuple[SceneObject, ...]:
    """Draw shapes of these colours and forms at these centres with these half sides."""
    objects = []
    for (colour, shape), (x, y, half) in zip(kinds, places, strict=True):
        one = SceneObject(colour=colour, shape=shape, box=box_around(x, y, half))
        draw_shape(image, shape, one.box, fill=jittered(colour, rng))
        objects.append(one)
    return tuple(objects)


def centre(box: Box) -> tuple[int, int]:
    """Its middle, rounded down."""
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def grown(box: Box, by: int) -> Box:
    """The box with a margin; a negative one makes it smaller."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def rectangle(box: Box) -> tuple[Box, ...]:
    """The four strokes around a box."""
    left, top, right, bottom = box[0], box[1], box[2] - 1, box[3] - 1
    return (
        (left, top, right, top),
        (right, top, right, bottom),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
    )


def enlargement(box: Box) -> int:
    """By how much a part of a picture is enlarged to be looked at."""
    return max(1, min(6, round(_SHOWN / max(box[2] - box[0], box[3] - box[1]))))


def look_at(part: Eighths, scene: Scene, *, thought: str) -> Code:
    """A turn that shows a part of the picture, enlarged."""
    cut = part.box(scene.image.size)
    scale = enlargement(cut)
    code = f"w, h = input_image.size\npart = {part.expression()}\n"
    code += "part" if scale == 1 else f"part.resize((part.width * {scale}, part.height * {scale}))"
    return Code(thought, code, views=(View(cut, scale),), prints="")


_MISSED = (
    "The {it} is not in this part. It must be farther {way}.",
    "I missed it: the {it} lies farther {way}.",
    "This part does not show the {it}. I look farther {way}.",
)


def looks(it: str, box: Box, scene: Scene, *, rng: Random, thought: str) -> Generator[Code, str, int]:
    """A closer look at something; now and then the first look misses it and a second one follows.

    Returns how many looks it took.

    Args:
        it: what is looked for, without an article.
        box: where it is.
        scene: the picture it is in.
        rng: decides.
        thought: why the look is taken.
    """
    right = Eighths.around(box, scene.image.size, least=2)
    ways = {"left": (2, 0), "right": (-2, 0), "up": (0, 2), "down": (0, -2)}
    missed = {way: right.moved(*step) for way, step in ways.items()}
    choice = [
        (way, part) for way, part in missed.items() if part is not None and _apart(part.box(scene.image.size), box)
    ]
    if not choice or rng.random() > _MISSES:
        yield look_at(right, scene, thought=thought)
        return 1
    way, part = rng.choice(choice)
    yield look_at(part, scene, thought=thought)
    yield look_at(right, scene, thought=rng.choice(_MISSED).format(it=it, way=way))
    return 2


def _apart(a: Box, b: Box) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


_REQUESTS = (
    "{Draw}. {Ask}",
    "{Draw}. {Ask}",
    "{Draw}, then answer: {ask}",
    "{Draw}. Then tell me: {ask}",
    "Edit the picture: {draw}. {Ask}",
    "{Draw} and show me the picture. {Ask}",
    "I need the picture edited. {Draw}. {Ask}",
    "Please {draw}. {Ask}",
    "First {draw}. Then answer this: {ask}",
    "Work on the picture with code: {draw}. {Ask}",
    "{Draw}. Show the result. {Ask}",
)


def request(rng: Random, draw: str, ask: str) -> str:
    """What is to be drawn (without a full stop) and what is asked, as one request.

    >>> request(Random(1), "draw a line", "How long is it?")
    'Draw a line, then answer: how long is it?'
    """
    return rng.choice(_REQUESTS).format(
        draw=draw[0].lower() + draw[1:],
        Draw=draw[0].upper() + draw[1:],
        ask=ask[0].lower() + ask[1:],
        Ask=ask[0].upper() + ask[1:],
    )


def text_fact(scene: Scene, name: str) -> str:
    """A fact that is a text."""
    value = scene.facts[name]
    assert isinstance(value, str)
    return value


def number_fact(scene: Scene, name: str) -> int:
    """A fact that is a whole number."""
    value = scene.facts[name]
    assert isinstance(value, int)
    return value


def points_fact(scene: Scene, name: str) -> list[tuple[int, int]]:
    """A fact that is a list of pairs of whole numbers: points, or rows and columns."""
    return _POINTS.validate_python(scene.facts[name])
