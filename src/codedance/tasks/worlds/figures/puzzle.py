"""A puzzle: a figure that was drawn, a question about it, and the steps from what is written in it to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter

from codedance.schema import Record
from codedance.tasks.worlds.family import Script
from codedance.tasks.worlds.figures.drawing import RGB, Sheet, Theme
from codedance.tasks.worlds.lettering import FontName
from codedance.tasks.worlds.scene import Box, Category, Scene

__all__ = ["Figure", "Given", "Kind", "Other", "Panel", "Puzzle", "Step", "Value", "stepped"]

Value = int | float | str
_VALUES: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Given(Record):
    """Something that is written in the figure and needed for the answer."""

    name: str
    """As a variable in code."""
    meaning: str
    """In words, with its article."""
    value: Value
    text: str
    """How it is written, with its unit."""
    box: Box
    """Where it is written."""


class Step(Record):
    """One step to the answer: a question of its own with a value."""

    name: str
    """As a variable in code."""
    question: str
    expression: str
    """Python of the givens and of earlier steps; ``math`` and ``Fraction`` may be used."""
    value: Value
    knowledge: str
    """What must be known to take it."""


class Other(Record):
    """A figure beside the one that the question is about."""

    name: str
    box: Box


class Figure(Record):
    """What is known about a puzzle; kept as the facts of its scene."""

    kind: str
    givens: tuple[Given, ...] = ()
    steps: tuple[Step, ...] = ()
    sought: str = "the answer"
    """What is asked for, in words, with its article."""
    plan: str = ""
    """Why the steps lead to the answer, in a sentence or two."""
    check: str | None = None
    """Python that is true if the result is right, found another way."""
    noun: str = "figure"
    """What the figure is called."""
    unit: str = ""
    """As it follows a number: ``" cm"``, ``"°"``."""
    evidence: tuple[Box, ...] = ()
    """Boxes that must be looked at to answer."""
    focus: Box = (0, 0, 0, 0)
    """The part of the picture that shows the figure."""
    name: str | None = None
    """What the figure is called where there are several."""
    frame: str | None = None
    """Colour of the frame around it, which no other thing in the picture has."""
    others: tuple[Other, ...] = ()
    values: dict[str, JsonValue] = Field(default_factory=dict)
    """Whatever else the kind knows."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Where one figure is to be drawn, and how."""

    sheet: Sheet
    box: tuple[float, float, float, float]
    """The room for the figure with all its lettering."""
    size: int
    """Height of the lettering in pixels."""
    theme: Theme
    hard: bool

    @property
    def stroke(self) -> float:
        """Width of the figure's lines."""
        return max(2.0, self.theme.stroke * self.size)

    def pen(self, scale: float = 1.0, colour: RGB | None = None) -> tuple[FontName, int, RGB]:
        """Font, size and colour of lettering, for :meth:`Sheet.write`."""
        return (self.theme.font, max(8, round(self.size * scale)), colour or self.theme.ink)

    def inner(self, across: float, down: float | None = None) -> tuple[float, float, float, float]:
        """The box without margins at the sides and above and below, which are given in heights of the lettering."""
        left, top, right, bottom = self.box
        wide = across * self.size
        high = wide if down is None else down * self.size
        return (left + wide, top + high, right - wide, bottom - high)


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What a kind has drawn into a panel, and asks about it."""

    question: str
    figure: Figure
    tail: str = ""
    """What the question adds when it is not offered with options: unit and rounding."""
    mistakes: tuple[int | float, ...] = ()
    """Numbers that typical mistakes lead to; with some, the question may be offered with options."""
    options: tuple[str, ...] = ()
    """Options in words; one of them is the answer, which is always asked for by its letter then."""
    tolerance: float = 0.0
    accepted: tuple[str, ...] = ()
    colour: str = ""
    """The colour that the question names, if it does."""

    @property
    def answer(self) -> Value:
        """Value of the last step."""
        return self.figure.steps[-1].value

    def knowing(self, values: Mapping[str, object], *, colour: str = "", evidence: tuple[Box, ...] = ()) -> Puzzle:
        """The same puzzle with more that is known about it."""
        update: dict[str, object] = {"values": _VALUES.validate_python(dict(values))}
        if evidence:
            update["evidence"] = evidence
        return replace(self, figure=self.figure.model_copy(update=update), colour=colour or self.colour)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of puzzle within a family."""

    name: str
    draw: Callable[[Panel, Random], Puzzle]
    script: Callable[[Scene, Random], Script]
    easy: float = 0.0
    """How often it is among the easy ones, against the others."""
    hard: float = 0.0
    category: Category = Category.COMPUTATION
    shape: Literal["square", "wide", "tall"] = "square"
    """The room that the figure likes."""
    shared: bool = True
    """May stand in one picture with others of its kind."""
    plain: bool = False
    """Needs a light ground and black ink, as its code looks for colours."""
    extent: tuple[int, int] = field(default=(640, 1000))
    """Longer side of a hard picture with this figure alone, in pixels."""


def stepped(*rows: tuple[str, str, str, Value, str]) -> tuple[Step, ...]:
    """Steps from rows of name, question, expression, value and knowledge."""
    return tuple(
        Step(name=name, question=question, expression=expression, value=value, knowledge=knowledge)
        for name, question, expression, value, knowledge in rows
    )
