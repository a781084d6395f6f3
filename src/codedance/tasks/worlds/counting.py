"""Counting: how many objects of a colour, or of a colour and shape, are in the picture?"""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.drawing import box_around, draw_shape, ground, jittered, place
from codedance.tasks.worlds.family import Code, Family, Final, Script
from codedance.tasks.worlds.scene import Difficulty, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import CODE_LINES, COLOURS, COUNT_QUESTIONS, SHAPES, THOUGHTS

__all__ = ["COUNTING"]

Kind = tuple[str, str]
"""Colour and shape."""
_SHAPE_ASKED = 0.4
_NONE_THERE = 0.08


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    size = rng.choice((448, 560, 672, 896, 1024)) if hard else 448
    image = ground(size, rng, marks=(4, 14))
    colour, shape = rng.choice(COLOURS), rng.choice(SHAPES) if rng.random() < _SHAPE_ASKED else None
    kinds = _many(colour, shape, rng) if hard else _few(colour, shape, rng)
    halves = (size * 9 // 448, size * 17 // 448) if hard else (28, 46)
    objects = []
    for kind, (x, y, half) in zip(kinds, place(rng, size, halves=halves, count=len(kinds), gap=5), strict=False):
        one = SceneObject(colour=kind[0], shape=kind[1], box=box_around(x, y, half))
        draw_shape(image, one.shape, one.box, fill=jittered(one.colour, rng))
        objects.append(one)
    noun = f"{shape}s" if shape else "objects"
    return Scene(
        family="counting",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=rng.choice(COUNT_QUESTIONS).format(colour=colour, noun=noun),
        answer=str(sum(one.colour == colour and shape in (None, one.shape) for one in objects)),
        asks="count",
        colour=colour,
        shape=shape,
        objects=tuple(objects),
        target=None,
    )


def _many(colour: str, shape: str | None, rng: Random) -> list[Kind]:
    """Ten to forty objects of two or three colours; what is asked for is nearly always there."""
    others = rng.sample([one for one in COLOURS if one != colour], 2)
    palette = [colour, *others[: rng.randint(1, 2)]]
    kinds = [(rng.choice(palette), rng.choice(SHAPES)) for _ in range(rng.randint(10, 40))]
    if rng.random() < _NONE_THERE / 2:
        return [(others[0] if kind[0] == colour else kind[0], kind[1]) for kind in kinds]
    return [(colour, shape or kinds[0][1]), *kinds[1:]]


def _few(colour: str, shape: str | None, rng: Random) -> list[Kind]:
    """Up to five objects of which one to four are asked for, each number as often; now and then none is."""
    wanted = 0 if rng.random() < _NONE_THERE else rng.randint(1, 4)
    kinds = [(colour, shape or rng.choice(SHAPES)) for _ in range(wanted)]
    distractors = [
        (other, form)
        for other in COLOURS
        for form in SHAPES
        if other != colour or (shape is not None and form != shape)
    ]
    kinds += rng.choices(distractors, k=rng.randint(0 if wanted else 1, 5 - wanted))
    rng.shuffle(kinds)
    return kinds


def _script(scene: Scene, rng: Random) -> Script:
    noun = f"{scene.shape}s" if scene.shape else "objects"
    thought = rng.choice(THOUGHTS["count"]).format(colour=scene.colour, noun=noun)
    lines = CODE_LINES
    code = lines["import"] + lines["near"].format(colour=scene.colour) + lines["components"] + lines["sizes"]
    if scene.shape is None:
        code += lines["count"]
    else:
        code += lines["fills"].format(shape=scene.shape) + lines["count_shape"]
    counted = yield Code(thought, code, views=(), prints=scene.answer)
    return Final(rng.choice(THOUGHTS["counted"]).format(answer=counted), counted)


COUNTING = Family(name="counting", make=_make, script=_script)
