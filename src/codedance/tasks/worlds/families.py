"""The families of scenes: counting and visual search, easy and hard."""

from __future__ import annotations

from random import Random
from typing import Literal

from PIL import ImageDraw

from codedance.tasks.worlds.drawing import box_around, draw_card, draw_shape, ground, jittered, place
from codedance.tasks.worlds.scene import Difficulty, GlyphKind, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import (
    COLOURS,
    COUNT_QUESTIONS,
    GLYPH_KINDS,
    LETTERS,
    READ_QUESTIONS,
    SHAPE_QUESTIONS,
    SHAPES,
)

__all__ = ["FAMILIES", "make_scene"]


def make_scene(family: str, difficulty: Difficulty, seed: int) -> Scene:
    """The scene of a family with this seed: the same arguments give the same pixels, question and answer.

    Raises:
        ValueError: there is no such family.

    >>> scene = make_scene("counting", Difficulty.EASY, 1)
    >>> scene.question, scene.answer == str(sum(one.colour == scene.colour for one in scene.objects))
    ('How many yellow objects are there?', True)
    """
    if family not in _MAKERS:
        raise ValueError(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    # A string seeds Random by its SHA-512, which is the same on every machine and for every hash seed.
    rng = Random(f"{family}/{difficulty.value}/{seed}")  # noqa: S311 - a reproducible world is no secret
    return _MAKERS[family](difficulty, seed, rng)


def _counting(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    size = rng.choice((448, 560, 672)) if hard else 448
    halves = (size * 9 // 448, size * 17 // 448) if hard else (26, 48)
    image = ground(size, rng, marks=(0, 12))
    draw = ImageDraw.Draw(image)
    palette = rng.sample(COLOURS, 3)
    objects = []
    for x, y, half in place(rng, size, halves=halves, count=rng.randint(10, 40) if hard else rng.randint(1, 4), gap=5):
        one = SceneObject(colour=rng.choice(palette), shape=rng.choice(SHAPES), box=box_around(x, y, half))
        draw_shape(draw, one.shape, one.box, fill=jittered(one.colour, rng))
        objects.append(one)
    asked = rng.choice(objects)
    colour = asked.colour if rng.random() < 0.93 else rng.choice(COLOURS)
    shape = (asked.shape if rng.random() < 0.8 else rng.choice(SHAPES)) if rng.random() < 0.4 else None
    found = [one for one in objects if one.colour == colour and shape in (None, one.shape)]
    noun = f"{shape}s" if shape else "objects"
    return Scene(
        family="counting",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=rng.choice(COUNT_QUESTIONS).format(colour=colour, noun=noun),
        answer=str(len(found)),
        asks="count",
        colour=colour,
        shape=shape,
        objects=tuple(objects),
        target=None,
    )


def _search(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    size = rng.choice((1024, 1152, 1280, 1536)) if hard else 448
    image = ground(size, rng, marks=(10, 30) if hard else (4, 12))
    halves = (int(size * 0.024), int(size * 0.034)) if hard else (int(size * 0.1), int(size * 0.14))
    places = place(rng, size, halves=halves, count=rng.randint(2, 6) if hard else rng.randint(2, 4), gap=12)
    cards = []
    for colour, (x, y, half) in zip(rng.sample(COLOURS, len(places)), places, strict=True):
        kind, glyph = _glyph(rng)
        box = box_around(x, y, half)
        cards.append(SceneObject(colour=colour, shape=rng.choice(SHAPES), box=box, glyph=glyph, glyph_kind=kind))
        draw_card(image, cards[-1], rng)
    target = rng.choice(cards)
    asks: Literal["glyph", "shape"] = "shape" if rng.random() < 0.2 else "glyph"
    questions = SHAPE_QUESTIONS if asks == "shape" else READ_QUESTIONS[target.glyph_kind or "digit"]
    return Scene(
        family="search",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=rng.choice(questions).format(colour=target.colour),
        answer=target.shape if asks == "shape" else str(target.glyph),
        asks=asks,
        colour=target.colour,
        shape=None,
        objects=tuple(cards),
        target=target,
    )


def _glyph(rng: Random) -> tuple[GlyphKind, str]:
    kind = rng.choice(GLYPH_KINDS)
    if kind == "digit":
        return kind, str(rng.randrange(10))
    return kind, rng.choice(LETTERS) if kind == "letter" else str(rng.randint(1, 5))


_MAKERS = {"counting": _counting, "search": _search}
FAMILIES = tuple(_MAKERS)
"""Names of all families."""
