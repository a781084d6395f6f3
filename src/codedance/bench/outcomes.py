"""How rows end and how they add up: nothing leaves the denominator."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from codedance.bench.answers.extract import AnswerPath
from codedance.schema import Record

__all__ = ["Metric", "Metrics", "Outcome", "Report", "RowScore", "Tally"]


class Outcome(StrEnum):
    """How a row ended."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    """There was a reply and no answer in it."""
    NEEDS_JUDGE = "needs_judge"
    """There was an answer, and only a judge can tell whether it is right. It counts as wrong until one has."""
    ERROR = "error"
    """There was no reply: the picture, the server or the program failed. It counts as wrong."""


class RowScore(Record):
    """One row's end."""

    row: dict[str, str] = Field(default_factory=dict)
    """The columns that the benchmark's own metrics need, as text."""
    outcome: Outcome
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    """As the scorer gave it: ``None`` where a judge is needed, and for errors."""
    path: AnswerPath | None = None
    """How the answer was found; ``None`` for errors."""
    asks_judge: bool = False
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Categories by breakdown."""
    cluster: str | None = None
    """Rows with the same one depend on each other."""
    note: str = ""
    """What failed."""

    @property
    def value(self) -> float:
        """What it adds to the sum: nothing without a score."""
        return self.score or 0.0


class Tally(Record):
    """Rows of a kind, counted."""

    rows: int
    right: int
    no_answer: int
    errors: int
    undecided: int
    """Rows that only a judge can decide; they count as wrong until one has."""
    accuracy: float | None
    """``None`` if there are no rows."""
    interval: tuple[float, float] | None
    """95 % interval of the accuracy."""
    interval_kind: str = "wilson"

    @property
    def fraction(self) -> str:
        """As people print it.

        >>> Tally(rows=8, right=3, no_answer=0, errors=0, undecided=0, accuracy=0.375, interval=None).fraction
        '3/8'
        """
        return f"{self.right}/{self.rows}"


class Metric(Record):
    """A number that the benchmark defines itself."""

    value: float | None
    """``None`` where it is undefined (a share of nothing)."""
    interval: tuple[float, float] | None = None
    count: int | None = None
    """Rows or problems it counts, where it is a count's share."""
    of: int | None = None


class Metrics(Record):
    """Numbers beyond accuracies, or why there are none."""

    values: dict[str, Metric] = Field(default_factory=dict)
    headline: str | None = None
    """Which of them is the benchmark's headline; ``None``: the accuracy is."""
    refused: str | None = None
    """Why they were not computed."""


class Report(Record):
    """What a set of replies is worth."""

    benchmark: str
    mode: str
    split: str
    rows: int
    expected_rows: int
    """Rows of the whole split."""
    partial: bool
    """The rows are not the whole split, each once: the numbers are not the benchmark's."""
    repeated: int
    """Rows whose name came before."""
    overall: Tally
    paths: dict[str, int]
    """How often each way of finding the answer was taken."""
    asks_judge: int
    """Rows that the benchmark's own protocol would have sent to a judge."""
    groups: dict[str, dict[str, Tally]]
    metrics: Metrics = Metrics()
