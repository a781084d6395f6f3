"""A scene: a generated picture, a question about it, and everything that is known about both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from PIL import Image
from pydantic import JsonValue

from codedance.imaging import Picture
from codedance.schema import Answer, ChoiceAnswer, EditCheck, NumberAnswer, Task, TextAnswer

__all__ = [
    "HELD_OUT_SEEDS",
    "Box",
    "Category",
    "Difficulty",
    "GlyphKind",
    "Scene",
    "SceneObject",
    "scene_answer",
    "scene_id",
    "scene_task",
]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

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


class Category(StrEnum):
    """The atomic skill that a question asks for."""

    VISUAL = "visual"
    """Finding, looking closer, counting."""
    COMPUTATION = "computation"
    """Reading values and computing with them."""
    EDITING = "editing"
    """Drawing, marking, annotating: the result is a picture as well."""


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
    asks: str
    """What kind of question it is, for example ``count`` or ``difference``."""
    colour: str = ""
    """The colour that the question names, if it does."""
    shape: str | None = None
    """The shape that the question names, if it does."""
    objects: tuple[SceneObject, ...] = ()
    target: SceneObject | None = None
    """The object that must be looked at; ``None`` where all must be, or where none was drawn."""
    category: Category = Category.VISUAL
    tolerance: float = 0.0
    """Largest difference from a number that still counts as right."""
    accepted: tuple[str, ...] = ()
    """Other texts that are right too."""
    options: tuple[str, ...] = ()
    """Texts of the lettered options, if the question has such; then ``answer`` is a letter. The question names them."""
    edit: EditCheck | None = None
    """What the last picture that is shown must look like, if the task is to edit."""
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the family knows beyond this: values, and the boxes where they can be read."""


def scene_id(family: str, difficulty: Difficulty, seed: int) -> str:
    """Identifier of a scene's task.

    >>> scene_id("counting", Difficulty.HARD, 17)
    'worlds/counting/hard/17'
    """
    return f"worlds/{family}/{difficulty.value}/{seed}"


def scene_answer(scene: Scene) -> Answer:
    """The reference answer as the reward and the scorers read it.

    A number is compared within the scene's tolerance; an option by its letter; any other text as it is.
    """
    if scene.options:
        return ChoiceAnswer(letter=scene.answer, options=scene.options)
    if _NUMBER.fullmatch(scene.answer):
        return NumberAnswer(value=float(scene.answer), tolerance=scene.tolerance)
    return TextAnswer(accepted=(scene.answer, *scene.accepted))


def scene_task(scene: Scene) -> tuple[Task, tuple[Picture, ...]]:
    """The scene as a task with its picture encoded; ``meta`` holds family, difficulty, seed and the objects' boxes."""
    picture = Picture.from_image(scene.image)
    task = Task(
        id=scene_id(scene.family, scene.difficulty, scene.seed),
        source="worlds",
        question=scene.question,
        images=(picture.ref,),
        answer=scene_answer(scene),
        meta={
            "family": scene.family,
            "difficulty": scene.difficulty.value,
            "seed": scene.seed,
            "asks": scene.asks,
            "category": scene.category.value,
            "target": list(scene.target.box) if scene.target else None,
            "objects": [{"colour": one.colour, "shape": one.shape, "box": list(one.box)} for one in scene.objects],
            **({"facts": dict(scene.facts)} if scene.facts else {}),
            **({"edit": scene.edit.model_dump(mode="json")} if scene.edit else {}),
        },
    )
    return task, (picture,)
