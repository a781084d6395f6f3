"""What is wrong with a value that failed validation, said once for every room that reads foreign data."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

__all__ = ["Fault", "first_fault"]

_CUSTOM = "Value error, "
"""What pydantic puts before messages of our own checks."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong; as text: where, and what."""

    steps: tuple[int | str, ...]
    """The way to the place, from the outside in; empty for the whole."""
    message: str
    kind: str
    """As pydantic calls it, for example ``missing``."""
    value: object
    """What stood there."""

    @property
    def where(self) -> str:
        """The place with dots between its steps; empty for the whole."""
        return ".".join(str(step) for step in self.steps)

    def at(self, whole: str) -> str:
        """Place and message, with a name for the whole."""
        return f"{self.where or whole}: {self.message}"

    def __str__(self) -> str:
        return self.at("") if self.steps else self.message


def first_fault(error: ValidationError) -> Fault:
    """The first fault of several.

    >>> from codedance.schema import Budgets
    >>> try:
    ...     Budgets(turns=0)
    ... except ValidationError as error:
    ...     print(first_fault(error))
    turns: Input should be greater than or equal to 1
    """
    first = error.errors(include_url=False, include_context=False)[0]
    return Fault(first["loc"], first["msg"].removeprefix(_CUSTOM), first["type"], first["input"])
