"""What a family of scenes is made of: to add one, write its :class:`Family` and list it in ``families.py``."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["Code", "Family", "Final", "Script", "View"]


@dataclass(frozen=True, slots=True)
class View:
    """A part of the scene's picture that code shows, enlarged by a whole number or not."""

    box: Box
    scale: int = 1

    @property
    def expression(self) -> str:
        """Python that makes it of ``input_image``.

        >>> View((0, 0, 30, 20), 2).expression
        'input_image.crop((0, 0, 30, 20)).resize((60, 40))'
        """
        cut = f"input_image.crop({tuple(self.box)})"
        return cut if self.scale == 1 else f"{cut}.resize({self.size})"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is shown."""
        left, top, right, bottom = self.box
        return (right - left) * self.scale, (bottom - top) * self.scale


@dataclass(frozen=True, slots=True)
class Code:
    """A turn with code, and what is known about its outcome before it runs; what is not so is a fault of the family."""

    thought: str
    code: str
    views: tuple[View, ...] | None = None
    """The pictures that it shows, in order, if they are parts of the input; ``None`` if that is not known ahead."""
    prints: str | None = None
    """What it prints (or its value's text), without the line's end; ``None`` if that is not known ahead."""
    raises: str | None = None
    """Class name of the exception that it raises: a slip that the next turn mends."""


@dataclass(frozen=True, slots=True)
class Final:
    """The last turn."""

    thought: str
    answer: str


Script = Generator[Code, str, Final]
"""A perfect model at work: yields code, is sent the text that the model is shown of its outcome, returns the answer.

What it says about an outcome must be taken from the text that it was sent.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of picture with a kind of question, and how a perfect model goes about it."""

    name: str
    make: Callable[[Difficulty, int, Random], Scene]
    """Makes the scene of a seed; all chance comes from the random source that is passed."""
    script: Callable[[Scene, Random], Script]
    """The turns of a perfect model with code, one to four; chance is in the way it goes and in its wording."""
    glances: tuple[str, ...] = ("I can see it.",)
    """Templates of the thought before a direct answer; ``answer`` is the answer."""
