"""Generated pictures with questions whose answers are known: unlimited, seeded, nothing to download."""

from codedance.tasks.worlds.families import FAMILIES, make_scene
from codedance.tasks.worlds.family import Code, Final, View
from codedance.tasks.worlds.oracle import Oracle
from codedance.tasks.worlds.scene import (
    HELD_OUT_SEEDS,
    Category,
    Difficulty,
    Scene,
    SceneObject,
    scene_answer,
    scene_id,
    scene_task,
)

__all__ = [
    "FAMILIES",
    "HELD_OUT_SEEDS",
    "Category",
    "Code",
    "Difficulty",
    "Final",
    "Oracle",
    "Scene",
    "SceneObject",
    "View",
    "make_scene",
    "scene_answer",
    "scene_id",
    "scene_task",
]
