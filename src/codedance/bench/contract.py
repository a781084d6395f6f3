"""What a benchmark is: where its rows lie, how they are asked, how a reply is scored, how scores are added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from codedance.bench.answers.extract import AnswerPath, extract
from codedance.errors import DataError, UsageError
from codedance.imaging import Picture
from codedance.schema import Answer, Trajectory

if TYPE_CHECKING:
    from codedance.bench.outcomes import Metrics, RowScore

__all__ = ["Benchmark", "Hub", "Mode", "Prompt", "Row", "Split", "Verdict", "field_text"]

Row = Mapping[str, Any]
"""A row of a benchmark, with the column names of its data set or of VLMEvalKit's table."""
Scorer = Callable[[str, Row], float | None]


class Mode(StrEnum):
    """Two ways to score the same reply."""

    COMPAT = "compat"
    """What the benchmark's own scorer, or VLMEvalKit's, gives, with its quirks."""
    STRICT = "strict"
    """What a careful person gives."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the rows lie on the Hugging Face hub.

    No commit is known to this program: whoever loads from the hub names one, or has the present one looked up, and it
    is recorded (:mod:`codedance.bench.data.hub`).
    """

    repo: str
    config: str | None = None
    split: str = "test"
    files: str | None = None
    """A file of the repository with the rows, where ``datasets`` cannot load them with their pictures."""


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the benchmark that is scored as a whole."""

    name: str
    rows: int
    hub: Hub | None
    """``None``: the rows are generated."""
    counts: tuple[tuple[str, str, int], ...] = ()
    """Rows of some categories: breakdown, category, number."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A way to ask, with where it comes from."""

    name: str
    source: str
    ask: Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one reply was scored."""

    score: float | None
    """From 0 to 1; ``None`` where rules cannot decide and a judge has to."""
    path: AnswerPath
    read: str
    """What the scorer was given."""
    asks_judge: bool = False
    """The benchmark's own protocol would send this reply to a judge model: the score is what rules alone give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark, as data and pure functions."""

    name: str
    title: str
    metric: str
    """What the headline number is, in a few words."""
    splits: tuple[Split, ...]
    """The first is the default."""
    columns: tuple[tuple[str, ...], ...]
    """Columns a data file must have; of each group any one."""
    keys: tuple[str, ...]
    """Columns that together name a row; without them its place in the file does."""
    prompts: tuple[Prompt, ...]
    """The first is the default."""
    compat: Scorer
    strict: Scorer
    answer: Callable[[Row], Answer]
    """The reference answer as one of our kinds."""
    groups: Callable[[Row], Mapping[str, tuple[str, ...]]] = field(default=lambda _: {})
    """The categories a row counts in, by the name of the breakdown."""
    metrics: Callable[[Sequence[RowScore]], Metrics] | None = None
    """Numbers beyond accuracies, where the benchmark has its own."""
    judged: bool = False
    """Its own protocol has a judge model decide where rules fail."""
    facts: tuple[str, ...] = ()
    """Columns that ``metrics`` needs."""
    cluster: Callable[[Row], str | None] | None = None
    """What makes rows depend on each other, for the interval; ``None`` where a row does not tell."""
    keep: Callable[[Row], bool] | None = None
    """Which rows of the data set are the benchmark's; all without it."""
    whole: Callable[[Trajectory, Callable[[], Mapping[str, Picture]]], float | None] | None = None
    """Scores an episode where its text does not tell: the task, what was shown, and how to read the pictures."""

    def score_text(
        self,
        prediction: str | None,
        row: Row,
        mode: Mode | Literal["compat", "strict"] = Mode.COMPAT,
        *,
        raw: bool | None = None,
    ) -> float | None:
        """Score of a reply to a row; see :meth:`verdict`.

        >>> from codedance.bench import get
        >>> [get("countbench").score_text("17", {"number": 7}, mode) for mode in ("compat", "strict")]
        [1.0, 0.0]
        """
        return self.verdict(prediction, row, mode, raw=raw).score

    def verdict(
        self,
        prediction: str | None,
        row: Row,
        mode: Mode | Literal["compat", "strict"] = Mode.COMPAT,
        *,
        raw: bool | None = None,
    ) -> Verdict:
        """Score a reply and tell how.

        Args:
            prediction: the reply; ``None`` is an empty one.
            row: a row with the columns that the scorer needs.
            mode: as :class:`Mode` says.
            raw: give the scorer the reply as it is, instead of the answer in it; by default so for ``compat``, whose
                scorers extract by rules of their own, and not for ``strict``.

        Raises:
            UsageError: there is no such mode.
            DataError: the row lacks its answer, or it is of a wrong kind.
        """
        if mode not in list(Mode):
            raise UsageError(f"mode {mode!r}: choose {' or '.join(Mode)}")
        mode = Mode(mode)
        text = prediction or ""
        found = extract(text) if raw is False or (raw is None and mode is Mode.STRICT) else None
        read = text if found is None else found.text
        path = AnswerPath.RAW if found is None else found.path
        score = (self.compat if mode is Mode.COMPAT else self.strict)(read, row)
        return Verdict(score, path, read, asks_judge=score is None or (self.judged and score == 0))

    def split(self, name: str | None = None) -> Split:
        """The split of that name, or the default one; raises :class:`UsageError` with those that there are."""
        for split in self.splits:
            if name in (None, split.name):
                return split
        names = ", ".join(split.name for split in self.splits)
        raise UsageError(f"{self.name} has no split {name!r}; choose {names}")

    def prompt(self, name: str | None = None) -> Prompt:
        """The prompt of that name, or the default one; raises :class:`UsageError` with those that there are."""
        for prompt in self.prompts:
            if name in (None, prompt.name):
                return prompt
        names = ", ".join(prompt.name for prompt in self.prompts)
        raise UsageError(f"{self.name} has no prompt {name!r}; choose {names}")


def field_text(row: Row, *names: str) -> str:
    """The first of these columns that holds something, as text; raises :class:`DataError` if none does.

    >>> field_text({"answer": None, "number": 7}, "answer", "number")
    '7'
    """
    for name in names:
        value = row.get(name)
        if value is not None and value != "" and value == value:  # NaN of an empty cell
            return str(value)
    raise DataError(f"the row has no {' or '.join(repr(name) for name in names)}")
