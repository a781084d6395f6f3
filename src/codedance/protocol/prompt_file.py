"""Prompts that are files of their own, each with a version that goes into records and cache keys."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources
from string import Template

__all__ = ["PromptFile", "read_prompt"]

_HEAD = re.compile(r"version: (\d+)\n\n")


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt."""

    name: str
    version: int
    text: str
    """With ``$field`` where something is filled in."""

    @property
    def label(self) -> str:
        """Name and version, for records.

        >>> PromptFile("box", 2, "").label
        'box@2'
        """
        return f"{self.name}@{self.version}"

    def render(self, **fields: str) -> str:
        """The text with its fields filled in, in one pass: what is filled in is not looked into.

        Raises:
            KeyError: a field of the prompt was not given.

        >>> PromptFile("box", 1, "Where is $what?").render(what="$5")
        'Where is $5?'
        """
        return Template(self.text).substitute(fields)


@functools.cache
def read_prompt(package: str, name: str) -> PromptFile:
    """The prompt in ``prompts/NAME.md`` of a package, whose first line is ``version: N``."""
    text = resources.files(package).joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    head = _HEAD.match(text)
    if head is None:
        raise ValueError(f"prompts/{name}.md: the first line must be 'version: N', and an empty one must follow")
    return PromptFile(name, int(head[1]), text[head.end() :].strip())
