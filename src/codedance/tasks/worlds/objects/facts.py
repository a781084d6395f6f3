"""What is known about a picture of objects besides its answer; the oracle reads it back from the scene."""

from __future__ import annotations

from codedance.schema import Record
from codedance.tasks.worlds.scene import Box, Scene

__all__ = ["ObjectsFacts", "facts_of"]


class ObjectsFacts(Record):
    """How the picture was made and what the question means by it; objects are numbered as in the scene."""

    layout: str
    """The arrangement."""
    rows: int
    """Number of equally high rows in which the objects stand; 0 if they do not."""
    sortable: bool
    """Code can find the objects by their difference from the ground and sort them by their colours."""
    kinds: tuple[str, ...]
    """Kinds that the question is about, in its order; a group's members; empty if it is about all."""
    group: str | None
    """Name of the group that is asked for."""
    region: Box | None
    """Bounding box of the part of the picture that is asked about."""
    where: str
    """How the question names that part; empty if it names none."""
    counted: tuple[int, ...]
    """Numbers of the objects that must be looked at: those of the kinds and in the part that are asked about."""
    evidence: tuple[Box, ...]
    """Their boxes."""


def facts_of(scene: Scene) -> ObjectsFacts:
    """The facts that a scene carries."""
    return ObjectsFacts.model_validate(dict(scene.facts))
