"""Verdicts of an evaluation from its files of scores and judgements, of which only a few fields are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from codedance.viewer.runs.facts import Verdict
from codedance.viewer.runs.found import JUDGEMENTS, SCORES
from codedance.viewer.runs.lines import complete_lines
from codedance.viewer.trace import Judged

__all__ = ["ScoreLine", "read_scores"]

_VERDICTS = {
    "right": Verdict.RIGHT,
    "wrong": Verdict.WRONG,
    "no_answer": Verdict.NO_ANSWER,
    "needs_judge": Verdict.UNSCORED,
    "error": Verdict.ERROR,
}
_NOT_JUDGED = ("no_answer", "error")
_SHORT = 500
T = TypeVar("T", bound=BaseModel)


class _Mode(BaseModel):
    outcome: str
    asks_judge: bool = False


class ScoreLine(BaseModel):
    """What is read of a line of ``scores.jsonl``: how an attempt at a row ended, by the strict scorers."""

    trajectory: str | None
    """``None`` if the row could not be asked."""
    benchmark: str = ""
    key: str = ""
    attempt: int = 0
    scores: dict[str, _Mode]
    groups: dict[str, list[str]] = Field(default_factory=dict)
    _judged: Judged | None = PrivateAttr(default=None)

    @property
    def judged(self) -> Judged | None:
        """What a judge said of it, from the file beside; ``None`` where rules decide."""
        return self._judged

    @property
    def mode(self) -> _Mode | None:
        """What the strict scorers say, or the first that there are."""
        return self.scores.get("strict") or next(iter(self.scores.values()), None)

    @property
    def verdict(self) -> Verdict:
        """The judge's where there is one, else the rules'."""
        if self.judged is not None:
            return {None: Verdict.UNSCORED, 1.0: Verdict.RIGHT}.get(self.judged.score, Verdict.WRONG)
        return _VERDICTS.get(self.mode.outcome, Verdict.UNSCORED) if self.mode is not None else Verdict.UNSCORED

    @property
    def category(self) -> str:
        """The first category that the benchmark breaks its rows down by; empty without one."""
        names = self.groups.get("category") or next(iter(self.groups.values()), [])
        return names[0][:200] if names else ""


class _Judgement(BaseModel):
    """What is read of a line of ``judgements.jsonl``."""

    benchmark: str
    key: str
    attempt: int
    judge: str
    score: float | None
    read: str | None = None
    undecided: str | None = None
    detail: str = ""


def read_scores(folder: Path) -> Iterator[ScoreLine]:
    """The lines of a run that can be read; a file that is missing or being replaced holds none."""
    said = {(one.benchmark, one.key, one.attempt): one for one in _lines(folder / JUDGEMENTS, _Judgement)}
    for line in _lines(folder / SCORES, ScoreLine):
        word, mode = said.get((line.benchmark, line.key, line.attempt)), line.mode
        if word is not None and mode is not None and mode.asks_judge and mode.outcome not in _NOT_JUDGED:
            line._judged = Judged(
                judge=word.judge[:_SHORT],
                by_rules=mode.outcome,
                score=word.score,
                read=word.read[:_SHORT] if word.read is not None else None,
                undecided=(word.undecided or "")[:_SHORT],
                detail=word.detail[:_SHORT],
            )
        yield line


def _lines(path: Path, kind: type[T]) -> Iterator[T]:
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for line in complete_lines(file, 0):
            try:
                if line.data is not None:
                    yield kind.model_validate_json(line.data)
            except (ValidationError, RecursionError):
                continue
