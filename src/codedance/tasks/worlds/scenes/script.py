"""How a perfect model searches a scene: which ways suit the question, and which one it goes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from codedance.tasks.worlds.family import Script
from codedance.tasks.worlds.scene import Difficulty, Scene
from codedance.tasks.worlds.scenes.facts import ScenesFacts, facts_of
from codedance.tasks.worlds.scenes.looks import by_closer_looks, by_measuring, by_tiles, tiling
from codedance.tasks.worlds.scenes.masks import by_candidates, by_comparison, by_positions, can_compare, can_show

__all__ = ["GLANCES", "script"]

GLANCES = (
    "It is large enough to be seen at once.",
    "There are only a few things, and I can see all of them well.",
    "No closer look is needed.",
    "I find it right away.",
    "The picture is simple, so one look is enough.",
    "I look at it directly.",
)
_Way = Callable[[Scene, ScenesFacts, Random], Script]


def script(scene: Scene, rng: Random) -> Script:
    """Find what the question asks for, in one of the ways that suit it."""
    facts = facts_of(scene)
    return rng.choice(_ways(scene, facts, rng))(scene, facts, rng)


def _ways(scene: Scene, facts: ScenesFacts, rng: Random) -> list[_Way]:
    """Ways that lead to the answer, the better ones more often."""
    tiled = tiling(scene, facts, rng) is not None
    compared = facts.asks in ("side", "nearer")
    hidden = scene.difficulty is Difficulty.HARD and any("text" in one.keys for one in facts.targets)
    ways: list[_Way] = []
    if can_compare(scene, facts):
        ways += [by_comparison] * 5
    if can_show(scene, facts):
        ways += [by_positions if compared else by_candidates] * 4
    if tiled and (hidden or not ways or rng.random() < 0.3):
        ways += [by_tiles]
    if facts.evidence and (not hidden or not ways):
        ways += [by_measuring if compared else by_closer_looks]
    return ways or [by_tiles]
