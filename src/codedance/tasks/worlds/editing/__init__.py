"""Open-ended editing: draw, mark, number, cover, compare; the result is a picture, and there is an answer as well."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.editing.boxes import BOXES
from codedance.tasks.worlds.editing.compare import COMPARE
from codedance.tasks.worlds.editing.covers import COVERS
from codedance.tasks.worlds.editing.dots import DOTS
from codedance.tasks.worlds.editing.grids import GRIDS
from codedance.tasks.worlds.editing.halves import HALVES
from codedance.tasks.worlds.editing.kind import Kind, text_fact
from codedance.tasks.worlds.editing.lines import LINES
from codedance.tasks.worlds.editing.map import MAP
from codedance.tasks.worlds.editing.marks import MARKS
from codedance.tasks.worlds.editing.maze import MAZE
from codedance.tasks.worlds.editing.numbers import NUMBERS
from codedance.tasks.worlds.family import Family, Script
from codedance.tasks.worlds.scene import Difficulty, Scene

__all__ = ["EDITING", "KINDS"]

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (BOXES, MARKS, NUMBERS, LINES, HALVES, GRIDS, COVERS, COMPARE, DOTS, MAZE, MAP)
}
"""The kinds of tasks by name, each as often as the others."""


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    return KINDS[rng.choice(tuple(KINDS))].make(difficulty, seed, rng)


def _script(scene: Scene, rng: Random) -> Script:
    return KINDS[text_fact(scene, "kind")].script(scene, rng)


_GLANCES = (
    "I can see it.",
    "Both frames are easy to compare by eye.",
    "Going from one frame to the other by eye, I find {answer}.",
    "Comparing the two frames by eye gives {answer}.",
    "No code is needed here: {answer}.",
)
"""Only comparing can be done without drawing; see the oracle."""

EDITING = Family(name="editing", make=_make, script=_script, glances=_GLANCES)
