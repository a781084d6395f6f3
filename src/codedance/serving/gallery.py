"""Examples for the playground: generated pictures with questions whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codedance.imaging import Picture
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, make_scene, scene_id

__all__ = ["Example", "make_gallery"]

_CHOSEN = (
    ("search", Difficulty.HARD, 7),
    ("counting", Difficulty.HARD, 5),
    ("search", Difficulty.EASY, 2),
    ("counting", Difficulty.EASY, 1),
    ("objects", Difficulty.HARD, 3),
    ("scenes", Difficulty.EASY, 3),
    ("charts", Difficulty.HARD, 3),
    ("tables", Difficulty.HARD, 3),
    ("geometry", Difficulty.EASY, 3),
    ("mathematics", Difficulty.EASY, 3),
    ("editing", Difficulty.EASY, 3),
)
"""Family, difficulty, and which of the held-out scenes; the embedded model knows the first two families."""


@dataclass(frozen=True, slots=True)
class Example:
    """A picture and a question about it."""

    name: str
    """Of its scene, with dashes for slashes."""
    family: str
    difficulty: str
    question: str
    answer: str
    for_small: bool
    """Whether it is of a family that the embedded model was trained on."""
    picture: Picture


def make_gallery(small: Sequence[str]) -> tuple[Example, ...]:
    """The examples, drawn now, which takes a second or two.

    Args:
        small: families that the embedded model knows.
    """
    examples = []
    for family, difficulty, number in _CHOSEN:
        scene = make_scene(family, difficulty, seed=HELD_OUT_SEEDS + number)
        examples.append(
            Example(
                name=scene_id(family, difficulty, scene.seed).replace("/", "-"),
                family=family,
                difficulty=difficulty.value,
                question=scene.question,
                answer=scene.answer,
                for_small=family in small,
                picture=Picture.from_image(scene.image),
            )
        )
    return tuple(examples)
