"""The prompts of the pipeline: files of their own, each with a version that goes into records and cache keys."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources
from string import Template

__all__ = ["DIRECT_VERSION", "PROMPTS", "Prompt", "prompt", "prompt_versions"]

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

_HEAD = re.compile(r"version: (\d+)\n\n")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt."""

    name: str
    version: int
    text: str
    """With ``$field`` where something is filled in."""

    @property
    def label(self) -> str:
        """Name and version, for records.

        >>> Prompt("box", 2, "").label
        'box@2'
        """
        return f"{self.name}@{self.version}"

    def render(self, **fields: str) -> str:
        """The text with its fields filled in, in one pass: what is filled in is not looked into.

        Raises:
            KeyError: a field of the prompt was not given.

        >>> Prompt("box", 1, "Where is $what?").render(what="$5")
        'Where is $5?'
        """
        return Template(self.text).substitute(fields)


@functools.cache
def prompt(name: str) -> Prompt:
    """The prompt of that name."""
    text = resources.files("codedance.synth.pictures").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    head = _HEAD.match(text)
    if head is None:
        raise ValueError(f"prompts/{name}.md: the first line must be 'version: N', and an empty one must follow")
    return Prompt(name, int(head[1]), text[head.end() :].strip())


def prompt_versions() -> dict[str, int]:
    """Version of every prompt, for the manifest of a run: another version makes another run.

    >>> sorted(prompt_versions()) == sorted([*PROMPTS, "direct"])
    True
    """
    return {**{name: prompt(name).version for name in PROMPTS}, "direct": DIRECT_VERSION}
