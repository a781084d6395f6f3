"""A task: a question about pictures, with its reference answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from codedance.schema.images import ImageRef
from codedance.schema.record import Record, Text

__all__ = ["Answer", "ChoiceAnswer", "MathAnswer", "NumberAnswer", "Task", "TextAnswer"]


class ChoiceAnswer(Record):
    """One of several lettered options is right."""

    kind: Literal["choice"] = "choice"
    letter: Annotated[str, Field(pattern=r"^[A-Z]$")]
    """Letter of the right option."""
    options: tuple[str, ...] = ()
    """Texts of the options in the order A, B, C, ...; empty if the question itself holds them."""

    @model_validator(mode="after")
    def _letter_is_an_option(self) -> ChoiceAnswer:
        if self.options and ord(self.letter) - ord("A") >= len(self.options):
            raise ValueError(f"letter {self.letter} is not among {len(self.options)} options")
        return self


class NumberAnswer(Record):
    """A number is right if it is close enough."""

    kind: Literal["number"] = "number"
    value: float
    tolerance: float = Field(default=0.0, ge=0.0)
    """Largest absolute difference that still counts as right."""


class TextAnswer(Record):
    """Any of several texts is right."""

    kind: Literal["text"] = "text"
    accepted: tuple[str, ...] = Field(min_length=1)


class MathAnswer(Record):
    """A mathematical expression is right if it is equivalent."""

    kind: Literal["math"] = "math"
    latex: str


Answer = Annotated[ChoiceAnswer | NumberAnswer | TextAnswer | MathAnswer, Field(discriminator="kind")]


class Task(Record):
    """A question about one or more pictures.

    >>> task = Task(id="mine/1", source="mine", question="How many?", answer=NumberAnswer(value=3))
    >>> Task.model_validate_json(task.model_dump_json()) == task
    True
    """

    id: str = Field(min_length=1)
    """Unique within its source, for example ``vstar/direct_attributes/17``."""
    source: str
    """Where the question comes from: a benchmark's name, ``worlds``, ``ask``."""
    question: Text
    images: tuple[ImageRef, ...] = ()
    """In the order in which the question refers to them."""
    answer: Answer | None = None
    """The reference; ``None`` when nobody knows it (an open question of a user)."""
    meta: dict[str, JsonValue] = Field(default_factory=dict)
    """What the source knows beyond the question: family, difficulty, boxes, seed, ..."""
