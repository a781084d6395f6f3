"""The families of scenes that there are, by name."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.charts import CHARTS
from codedance.tasks.worlds.counting import COUNTING
from codedance.tasks.worlds.editing import EDITING
from codedance.tasks.worlds.family import Family
from codedance.tasks.worlds.geometry import GEOMETRY
from codedance.tasks.worlds.mathematics import MATHEMATICS
from codedance.tasks.worlds.objects import OBJECTS
from codedance.tasks.worlds.scene import Difficulty, Scene, scene_id
from codedance.tasks.worlds.scenes import SCENES
from codedance.tasks.worlds.search import SEARCH
from codedance.tasks.worlds.tables import TABLES

__all__ = ["FAMILIES", "family_named", "make_scene"]

_BY_NAME = {
    family.name: family
    for family in (COUNTING, SEARCH, OBJECTS, SCENES, CHARTS, TABLES, GEOMETRY, MATHEMATICS, EDITING)
}
FAMILIES: tuple[str, ...] = tuple(_BY_NAME)
"""Names of all families."""


def family_named(name: str) -> Family:
    """The family of that name; raises ``ValueError`` with the names that there are."""
    if name not in _BY_NAME:
        raise ValueError(f"there is no family {name!r}; there are {', '.join(FAMILIES)}")
    return _BY_NAME[name]


def make_scene(family: str, difficulty: Difficulty, seed: int) -> Scene:
    """The scene of a family with this seed: the same arguments give the same pixels, question and answer.

    Raises:
        ValueError: there is no such family.

    >>> scene = make_scene("counting", Difficulty.EASY, 1)
    >>> scene.answer == str(sum(one.colour == scene.colour for one in scene.objects))
    True
    """
    maker = family_named(family).make
    # A string seeds Random by its SHA-512, which is the same on every machine and for every hash seed.
    return maker(difficulty, seed, Random(scene_id(family, difficulty, seed)))  # noqa: S311 - reproducible, no secret
