"""A scene: a generated picture, a question about it, and everything that is known about both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from PIL import Image

from codedance.imaging import Picture
from codedance.schema import NumberAnswer, Task, TextAnswer

__all__ = ["HELD_OUT_SEEDS", "Box", "Difficulty", "GlyphKind", "Scene", "SceneObject", "scene_id", "scene_task"]

HELD_OUT_SEEDS = 10_000_000
"""Scenes with this seed or a higher one are never trained on."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are one past the last."""
GlyphKind = Literal["digit", "letter", "dots"]


class Difficulty(StrEnum):
    """How hard a question is to answer."""

    EASY = "easy"
    """At a glance, when the picture is scaled to 224 pixels."""
    HARD = "hard"
    """Only with a closer look, or with code."""


@dataclass(frozen=True, slots=True)
class SceneObject:
    """Something that was drawn and can be asked for."""

    colour: str
    shape: str
    box: Box
    glyph: str | None = None
    """What is written on it: a digit, a letter, or the number of its dots."""
    glyph_kind: GlyphKind | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture with a question whose answer is known because we drew it."""

    family: str
    difficulty: Difficulty
    seed: int
    image: Image.Image
    """Mode ``RGB``."""
    question: str
    answer: str
    asks: Literal["count", "glyph", "shape"]
    colour: str
    """The colour that the question names."""
    shape: str | None
    """The shape that the question names, if it does."""
    objects: tuple[SceneObject, ...]
    target: SceneObject | None
    """The object that must be looked at; ``None`` where all must be."""


def scene_id(family: str, difficulty: Difficulty, seed: int) -> str:
    """Identifier of a scene's task.

    >>> scene_id("counting", Difficulty.HARD, 17)
    'worlds/counting/hard/17'
    """
    return f"worlds/{family}/{difficulty.value}/{seed}"


def scene_task(scene: Scene) -> tuple[Task, tuple[Picture, ...]]:
    """The scene as a task with its picture encoded; ``meta`` holds family, difficulty, seed and the objects' boxes."""
    picture = Picture.from_image(scene.image)
    number = scene.answer.isdigit()
    task = Task(
        id=scene_id(scene.family, scene.difficulty, scene.seed),
        source="worlds",
        question=scene.question,
        images=(picture.ref,),
        answer=NumberAnswer(value=float(scene.answer)) if number else TextAnswer(accepted=(scene.answer,)),
        meta={
            "family": scene.family,
            "difficulty": scene.difficulty.value,
            "seed": scene.seed,
            "asks": scene.asks,
            "target": list(scene.target.box) if scene.target else None,
            "objects": [{"colour": one.colour, "shape": one.shape, "box": list(one.box)} for one in scene.objects],
        },
    )
    return task, (picture,)
