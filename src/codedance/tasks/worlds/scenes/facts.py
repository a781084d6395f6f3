"""What is known about a scene besides its answer; the oracle reads it back from the scene."""

from __future__ import annotations

from codedance.schema import Record
from codedance.tasks.worlds.scene import Box, Scene
from codedance.tasks.worlds.scenes.plan import Asks
from codedance.tasks.worlds.scenes.specs import Key

__all__ = ["ScenesFacts", "Target", "facts_of"]


class Target(Record):
    """Something that the question names."""

    phrase: str
    """Its name in the question, without an article."""
    keys: tuple[Key, ...]
    """The attributes that the name holds."""
    noun: str
    colour: str
    pattern: str
    box: Box | None
    """Where it is; ``None`` if it is not there."""
    main: Box | None
    """Around its coloured part."""


class ScenesFacts(Record):
    """How the scene was made and what the question means."""

    place: str
    asks: Asks
    truth: str
    """The answer in words, also where the answer is an option's letter."""
    targets: tuple[Target, ...]
    """The item; two that are compared; or the two and the third that they are near to."""
    beside: str
    """``left`` or ``right`` if the neighbour on that side is asked about."""
    axis: str
    """``across`` or ``down`` if it is asked which side something is on."""
    patterns: tuple[str, ...]
    """Pattern of every object of the scene, in its order; empty for what has none."""
    pure: bool
    """Nothing in the picture has a named colour but the coloured parts of its items."""
    evidence: tuple[Box, ...]
    """What must be looked at."""


def facts_of(scene: Scene) -> ScenesFacts:
    """The facts that a scene carries."""
    return ScenesFacts.model_validate(dict(scene.facts))
