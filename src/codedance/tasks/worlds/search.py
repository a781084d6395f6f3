"""Visual search: find the card of a colour and read it, or say what shape it has."""

from __future__ import annotations

from random import Random
from typing import Literal

from codedance.tasks.worlds.drawing import box_around, draw_card, ground, place
from codedance.tasks.worlds.family import Code, Family, Final, Script, View
from codedance.tasks.worlds.scene import Difficulty, GlyphKind, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import (
    CODE_LINES,
    COLOURS,
    GLYPH_KINDS,
    LETTERS,
    READ_QUESTIONS,
    SHAPE_QUESTIONS,
    SHAPES,
    THOUGHTS,
)

__all__ = ["SEARCH"]

_SHAPE_ASKED = 0.2


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    size = rng.choice((1024, 1024, 1152, 1280, 1536)) if hard else 448
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
    asks: Literal["glyph", "shape"] = "shape" if rng.random() < _SHAPE_ASKED else "glyph"
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
    match kind:
        case "digit":
            return kind, str(rng.randrange(10))
        case "letter":
            return kind, rng.choice(LETTERS)
        case "dots":
            return kind, str(rng.randint(1, 5))


def _script(scene: Scene, rng: Random) -> Script:
    assert scene.target is not None
    thought = rng.choice(THOUGHTS["search"]).format(colour=scene.colour)
    lines = CODE_LINES
    code = lines["import"] + lines["near"].format(colour=scene.colour) + lines["where"] + lines["crop"]
    left, top, right, bottom = scene.target.box
    yield Code(thought, code, views=(View((left - 9, top - 9, right + 8, bottom + 8)),))
    return Final(rng.choice(THOUGHTS["read"]), scene.answer)


SEARCH = Family(name="search", make=_make, script=_script)
