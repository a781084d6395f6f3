"""What a perfect model would write about a scene: thoughts, code, answers; running the code is somebody else's work."""

from __future__ import annotations

from random import Random
from typing import Literal

from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.schema import CodeFormat
from codedance.tasks.worlds.families import family_named
from codedance.tasks.worlds.scene import Difficulty, Scene
from codedance.tasks.worlds.vocabulary import THOUGHTS

__all__ = ["answer_reply", "code_reply", "oracle_replies", "scene_code"]


def scene_code(scene: Scene) -> str:
    """Self-contained Python that looks at what the question asks for: it prints a count, or shows a crop."""
    return family_named(scene.family).code(scene)


def code_reply(scene: Scene, rng: Random, *, code_format: CodeFormat = CodeFormat.CODE) -> str:
    """The first reply: a thought and the code."""
    thought = rng.choice(family_named(scene.family).plans).format(colour=scene.colour, noun=_noun(scene))
    return render_reply(thought, CodeAction(scene_code(scene), code_format))


def answer_reply(scene: Scene, rng: Random, *, found: str) -> str:
    """The last reply: a thought and what was found, as the code printed it or the crop shows it."""
    thought = rng.choice(family_named(scene.family).findings).format(answer=found)
    return render_reply(thought, AnswerAction(found))


def oracle_replies(scene: Scene, rng: Random, *, mode: Literal["code", "direct"] = "code") -> tuple[str, ...]:
    """All replies in order, with the known answer; ``direct`` answers without code, which only easy scenes allow.

    Raises:
        ValueError: a direct answer about a hard scene, which nobody can see without a closer look.

    >>> from codedance.tasks.worlds import make_scene
    >>> print(oracle_replies(make_scene("search", Difficulty.EASY, 1), Random(0), mode="direct")[0])
    <think>I can see it.</think>
    <answer>K</answer>
    """
    if mode == "direct":
        if scene.difficulty is Difficulty.HARD:
            raise ValueError("a hard scene cannot be answered directly")
        return (render_reply(rng.choice(THOUGHTS["seen"]), AnswerAction(scene.answer)),)
    return code_reply(scene, rng), answer_reply(scene, rng, found=scene.answer)


def _noun(scene: Scene) -> str:
    return f"{scene.shape}s" if scene.shape else "objects"
