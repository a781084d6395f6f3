"""How a perfect model counts objects: which ways suit a picture, and which one it goes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from codedance.tasks.worlds.family import Script
from codedance.tasks.worlds.objects.facts import ObjectsFacts, facts_of
from codedance.tasks.worlds.objects.marks import by_dots, in_part
from codedance.tasks.worlds.objects.sorting import by_colours, by_pieces, examples_of
from codedance.tasks.worlds.objects.tiles import by_tiles
from codedance.tasks.worlds.scene import Scene

__all__ = ["GLANCES", "script"]

GLANCES = (
    "The things are large and few, so I can count them at a glance.",
    "I can see all of it at once.",
    "Nothing is hidden or small here: I simply look and count.",
    "There are only a few objects, and I see them clearly.",
    "One look is enough.",
    "I go through the picture from left to right; a closer look is not needed.",
)
_MOST_DOTS = 20
_Way = Callable[[Scene, ObjectsFacts, Random], Script]


def script(scene: Scene, rng: Random) -> Script:
    """Count what the question asks for, in one of the ways that suit the picture."""
    facts = facts_of(scene)
    ways: list[_Way] = [by_tiles, by_tiles] if facts.region is None else [in_part, in_part]
    if scene.asks in ("kind", "group", "region") and 1 <= len(facts.counted) <= _MOST_DOTS:
        ways += [by_dots]
    if facts.sortable and scene.asks in ("all", "kinds"):
        ways += [by_pieces, by_pieces]
    elif facts.sortable and not (facts.rows and facts.region) and examples_of(scene, facts, rng):
        ways += [by_colours, by_colours, by_colours]
    return rng.choice(ways)(scene, facts, rng)
