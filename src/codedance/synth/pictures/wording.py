"""The prompts of the pipeline: files of their own, each with a version that goes into records and cache keys."""

from __future__ import annotations

from codedance.protocol.prompt_file import PromptFile, read_prompt

__all__ = ["DIRECT_VERSION", "PROMPTS", "prompt", "prompt_versions"]

DIRECT_VERSION = 1
"""Version of :func:`codedance.protocol.direct_prompt`, which lives with the other system prompts."""

PROMPTS = (
    "box",
    "box_check",
    "difficulty",
    "image_filter",
    "label_check",
    "question",
    "question_check",
    "rollout_code",
    "rollout_direct",
    "skill_computation",
    "skill_editing",
    "skill_visual",
    "system",
    "work_computation",
    "work_editing",
    "work_visual",
)
"""Names of all prompts; each is the file ``prompts/NAME.md``, whose first line is ``version: N``."""


def prompt(name: str) -> PromptFile:
    """The prompt of that name."""
    return read_prompt("codedance.synth.pictures", name)


def prompt_versions() -> dict[str, int]:
    """Version of every prompt, for the manifest of a run: another version makes another run.

    >>> sorted(prompt_versions()) == sorted([*PROMPTS, "direct"])
    True
    """
    return {**{name: prompt(name).version for name in PROMPTS}, "direct": DIRECT_VERSION}
