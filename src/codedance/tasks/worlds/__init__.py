"""Generated pictures with questions whose answers are known: unlimited, seeded, nothing to download."""

from codedance.tasks.worlds.families import FAMILIES, make_scene
from codedance.tasks.worlds.oracle import answer_reply, code_reply, oracle_replies, scene_code
from codedance.tasks.worlds.scene import HELD_OUT_SEEDS, Difficulty, Scene, SceneObject, scene_id, scene_task

__all__ = [
    "FAMILIES",
    "HELD_OUT_SEEDS",
    "Difficulty",
    "Scene",
    "SceneObject",
    "answer_reply",
    "code_reply",
    "make_scene",
    "oracle_replies",
    "scene_code",
    "scene_id",
    "scene_task",
]
