"""What a family of scenes is made of: to add one, write its :class:`Family` and list it in ``families.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.scene import Difficulty, Scene

__all__ = ["Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of picture with a kind of question, and how a perfect model goes about it."""

    name: str
    make: Callable[[Difficulty, int, Random], Scene]
    """Makes the scene of a seed; all chance comes from the random source that is passed."""
    code: Callable[[Scene], str]
    """Self-contained Python for the sandbox that prints what is asked for, or shows the part to look at."""
    plans: tuple[str, ...]
    """Templates of the thought before the code; ``colour`` and ``noun`` are the question's words."""
    findings: tuple[str, ...]
    """Templates of the thought before the answer; ``answer`` is what was found."""
