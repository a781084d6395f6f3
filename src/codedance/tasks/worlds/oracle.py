"""What a perfect model would write about a scene: thoughts, code, answers; running the code is somebody else's work."""

from __future__ import annotations

from random import Random
from typing import Literal

from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.schema import CodeFormat
from codedance.tasks.worlds.scene import Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES, THOUGHTS

__all__ = ["answer_reply", "code_reply", "oracle_replies", "scene_code"]


def scene_code(scene: Scene) -> str:
    """Self-contained Python that looks at what the question asks for: it prints a count, or shows a crop."""
    lines = CODE_LINES
    start = lines["import"] + lines["near"].format(colour=scene.colour)
    if scene.asks != "count":
        return start + lines["where"] + lines["crop"]
    found = start + lines["components"] + lines["sizes"]
    if scene.shape is None:
        return found + lines["count"]
    return found + lines["fills"].format(shape=scene.shape) + lines["count_shape"]


def code_reply(scene: Scene, rng: Random, *, code_format: CodeFormat = CodeFormat.CODE) -> str:
    """The first reply: a thought and the code."""
    thoughts = THOUGHTS["count" if scene.asks == "count" else "search"]
    thought = rng.choice(thoughts).format(colour=scene.colour, noun=_noun(scene))
    return render_reply(thought, CodeAction(scene_code(scene), code_format))


def answer_reply(scene: Scene, rng: Random, *, found: str) -> str:
    """The last reply: a thought and what was found, as the code printed it or the crop shows it."""
    thoughts = THOUGHTS["counted" if scene.asks == "count" else "read"]
    return render_reply(rng.choice(thoughts).format(answer=found), AnswerAction(found))


def oracle_replies(scene: Scene, rng: Random, *, mode: Literal["code", "direct"] = "code") -> tuple[str, ...]:
    """All replies in order, with the known answer; ``direct`` answers without code, which only easy scenes allow.

    >>> from codedance.tasks.worlds import Difficulty, make_scene
    >>> print(oracle_replies(make_scene("counting", Difficulty.EASY, 1), Random(0), mode="direct")[0])
    <think>I can see it.</think>
    <answer>1</answer>
    """
    if mode == "direct":
        return (render_reply(rng.choice(THOUGHTS["seen"]), AnswerAction(scene.answer)),)
    return code_reply(scene, rng), answer_reply(scene, rng, found=scene.answer)


def _noun(scene: Scene) -> str:
    return f"{scene.shape}s" if scene.shape else "objects"
