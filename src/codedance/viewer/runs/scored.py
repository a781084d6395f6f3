"""Verdicts of an evaluation from its file of scores, of which only a few fields are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from codedance.viewer.runs.facts import Verdict
from codedance.viewer.runs.lines import complete_lines

__all__ = ["ScoreLine", "read_scores"]

_VERDICTS = {
    "right": Verdict.RIGHT,
    "wrong": Verdict.WRONG,
    "no_answer": Verdict.NO_ANSWER,
    "needs_judge": Verdict.UNSCORED,
    "error": Verdict.ERROR,
}


class _Mode(BaseModel):
    outcome: str


class ScoreLine(BaseModel):
    """What is read of a line of ``scores.jsonl``: how an attempt at a row ended, by the strict scorers."""

    trajectory: str | None
    """``None`` if the row could not be asked."""
    scores: dict[str, _Mode]
    groups: dict[str, list[str]] = Field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """By the strict scorers, or by the first there are."""
        mode = self.scores.get("strict") or next(iter(self.scores.values()), None)
        return _VERDICTS.get(mode.outcome, Verdict.UNSCORED) if mode is not None else Verdict.UNSCORED

    @property
    def category(self) -> str:
        """The first category that the benchmark breaks its rows down by; empty without one."""
        names = self.groups.get("category") or next(iter(self.groups.values()), [])
        return names[0][:200] if names else ""


def read_scores(path: Path) -> Iterator[ScoreLine]:
    """The lines that can be read; a file that is missing or being replaced holds none."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for line in complete_lines(file, 0):
            try:
                if line.data is not None:
                    yield ScoreLine.model_validate_json(line.data)
            except (ValidationError, RecursionError):
                continue
