"""What a judge decides of a reply, and what is told of a judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import Field

from codedance.models.asking import Usage
from codedance.schema import Record, Text

__all__ = ["JudgeReport", "Judgement", "Undecided"]


class Undecided(StrEnum):
    """Why a judge has not decided: such a row has no score, and is never guessed."""

    UNREADABLE = "unreadable"
    """Its answer was none of those asked for, however often it was asked."""
    NOT_IN_REPLY = "not in the reply"
    """What it copied out of the reply does not stand there."""
    CANNOT_TELL = "cannot tell"
    """It says so itself."""
    FAULT = "fault"
    """Its server failed or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one reply."""

    score: float | None
    """1 or 0; ``None`` if it stays undecided."""
    read: str | None = None
    """The option or the answer that the judge found in the reply; ``None`` if it found none."""
    undecided: Undecided | None = None
    detail: str = ""
    """Why, in a few words."""
    usage: Usage = field(default_factory=Usage)
    """Answers that were used, those from the cache too."""


class JudgeReport(Record):
    """Who judged, and how it went."""

    judge: Text
    """The model's specification."""
    prompts: dict[str, int]
    """Version of every prompt."""
    asked: int = 0
    """Rows that were given to the judge."""
    right: int = 0
    wrong: int = 0
    undecided: int = 0
    """Rows that it left open: they count as wrong and are told apart."""
    reasons: dict[str, int] = Field(default_factory=dict)
    """Undecided rows by reason."""
    calls: int = 0
    """Calls that really went out; the other answers were there already."""
    usage: Usage = Usage()
    """Answers and tokens, those from the cache too."""
