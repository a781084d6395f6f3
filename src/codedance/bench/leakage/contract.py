"""What an audit says: each row's grade with its evidence, counts, and scores on what is clean."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from codedance.bench.data.loading import DataManifest
from codedance.bench.outcomes import Tally
from codedance.schema import Record, Text
from codedance.similarity.evidence import Leak, PictureMatch, QuestionMatch

__all__ = ["AuditReport", "AuditRow", "Grade", "SideCounts", "Subset", "SubsetScore"]


class Grade(StrEnum):
    """What is known of a row, the worst first."""

    IDENTICAL = "identical"
    """The training set asks the same about the same pixels."""
    NEAR = "near"
    """It asks the same but for changes that do not matter."""
    SUSPICIOUS = "suspicious"
    """Only the picture is there, or only a long question: a person should look."""
    UNREADABLE = "unreadable"
    """The row's picture could not be read: nothing is known, and the row is not clean."""
    CLEAN = "clean"
    """Nothing was found."""

    @classmethod
    def of(cls, leak: Leak) -> Grade:
        """The grade of a match.

        >>> Grade.of(Leak.NEAR).value
        'near'
        """
        return cls(leak.value)


class AuditRow(Record):
    """One row of the benchmark, as a line of ``rows.jsonl``."""

    key: Text
    grade: Grade
    picture: PictureMatch | None = None
    """How the pictures are alike; ``None`` if they are not."""
    question: QuestionMatch | None = None
    """How the questions are alike. A clean row may have one: a short or formulaic question says little."""
    train: Text | None = None
    """The item of the training set that is most like it."""
    bits: int | None = None
    """Bits of 256 in which the pictures' perceptual hashes differ."""
    likeness: float | None = None
    """Correlation of the pictures' brightness once aligned."""
    window: tuple[float, float, float, float] | None = None
    """The part of one picture that is the other: left, top, right, bottom in shares."""
    jaccard: float | None = None
    """Shared part of the runs of three words."""
    shared: Text | None = None
    """The run of words that both questions hold."""
    asked: Text = ""
    """The row's question, normalised."""
    train_asked: Text | None = None
    """The training item's question, normalised."""
    answer: Text | None = None
    train_answer: Text | None = None
    note: Text = ""
    """Why it could not be read."""


class SideCounts(Record):
    """What was read of one side."""

    place: Text
    rows: int
    """Records that were read, repeats included."""
    items: int
    """Different ones whose pictures could be read."""
    pictures: int
    """Different pictures, by their pixels."""
    questions: int
    """Different questions, normalised."""
    unreadable: int = 0
    """Records that could not be read or whose pictures could not: nothing is known of them."""
    faults: tuple[Text, ...] = ()
    """The first few of them, with the reason."""
    crowded: int = 0
    """Pictures whose perceptual hash fits more than 64 others (blank pages): compared by pixels and alignment."""
    seconds: float = 0.0


class Subset(StrEnum):
    """Rows that a score is told on."""

    ALL = "all"
    UNLEAKED = "without identical and near"
    CLEAN = "clean"


class SubsetScore(Record):
    """The score of one part of the rows."""

    subset: Subset
    tally: Tally


class AuditReport(Record):
    """Everything that an audit found but the clean rows themselves."""

    benchmark: Text
    train: SideCounts
    against: SideCounts
    data: DataManifest | None = None
    """Which rows of the benchmark; ``None`` for a run folder."""
    grades: dict[Grade, int]
    """Rows by grade."""
    formulaic: int = 0
    """Clean rows whose short or formulaic question the training set asks about other pictures."""
    evidence: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Rows that are not clean by how pictures and questions are alike."""
    scored: Text | None = None
    """Where the scores come from."""
    mode: str | None = None
    """How they were scored."""
    scores: tuple[SubsetScore, ...] = ()
    unscored: int = 0
    """Rows of the benchmark that the scored file does not hold; they are in no score."""
    unknown: int = 0
    """Scored rows that are none of the audited ones; they are in no score."""
    flagged: tuple[AuditRow, ...] = ()
    """Every row that is not clean, the worst first."""
    seconds: float = 0.0
    settings: dict[str, float] = Field(default_factory=dict)
    """Every threshold."""

    @property
    def leaked(self) -> int:
        """Rows that the training set holds."""
        return self.grades[Grade.IDENTICAL] + self.grades[Grade.NEAR]

    @property
    def rows(self) -> int:
        """All rows of the benchmark."""
        return sum(self.grades.values())
