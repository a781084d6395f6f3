"""What the formats share: a sample, the settings of an export, what is counted, and why a row cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.schema import CodeFormat, Record, Task, Text, Trajectory

__all__ = [
    "ExportFormat",
    "ExportReport",
    "ExportSettings",
    "ImportFormat",
    "ImportReport",
    "Rejected",
    "RowFault",
    "Sample",
    "UnreadableRowError",
    "Writer",
]


class ExportFormat(StrEnum):
    """Who is to read the export."""

    SWIFT = "swift"
    """ms-swift: JSON lines with ``messages`` and ``images``."""
    TRL = "trl"
    """TRL: conversational rows whose content is a list of parts."""
    VERL = "verl"
    """verl: one prompt a row with its reference, for reinforcement learning."""
    HF = "hf"
    """The ``datasets`` library: everything, with pictures as ``Image`` features."""


class ImportFormat(StrEnum):
    """Whose rows are read."""

    CODEDANCE_SFT = "codedance-sft"
    """The published trajectories: ``messages`` (or ``conversations``) and ``images``."""
    CODEDANCE_RL = "codedance-rl"
    """The published prompts: verl's columns."""
    DEEPEYES = "deepeyes"
    """DeepEyes' prompts: verl's columns and ``env_name``."""
    SWIFT = "swift"
    TRL = "trl"
    VERL = "verl"
    HF = "hf"


class ExportSettings(Record):
    """How an export is written."""

    failed_turns_no_loss: bool = False
    """Mark replies whose code failed with ``"loss": false`` (ms-swift)."""
    absolute: bool = False
    """Write absolute paths of pictures (JSON lines)."""
    jsonl: bool = False
    """Write JSON lines and picture files instead of parquet (TRL)."""
    record: bool = True
    """Add the column ``codedance`` that holds our whole record."""
    split: str = Field(default="train", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    """Name of the split."""
    code_format: CodeFormat = CodeFormat.CODE
    """Which system prompt goes before a task that nobody has answered yet."""
    tool_pictures: bool = False
    """Also put the first picture into ``tools_kwargs``, for verl's own tool loop."""


class ExportReport(Record):
    """What was written."""

    format: ExportFormat
    trajectories: int = 0
    tasks: int = 0
    pictures: int = 0
    """Pictures in rows, repeats included."""
    escaped: int = 0
    """Texts in which a literal ``<image>`` or special token had to be escaped."""
    repeated: int = 0
    """Tasks left out because the same identifier came before (several attempts at one question)."""
    unreferenced: int = 0
    """Tasks left out because they have no reference answer."""
    empty: int = 0
    """Trajectories left out because the model never said anything: there is nothing to learn from."""
    files: tuple[str, ...] = ()
    """Data files, relative to the folder."""

    def plus(self, **counts: int) -> ExportReport:
        """A copy with these counts added.

        >>> ExportReport(format=ExportFormat.HF, tasks=1).plus(tasks=2).tasks
        3
        """
        return self.model_copy(update={name: getattr(self, name) + count for name, count in counts.items()})


class RowFault(StrEnum):
    """Why a row cannot be read."""

    FILE = "file"
    """The file is broken or cannot be read; the rows before the break are kept."""
    NOT_A_ROW = "not_a_row"
    """Not JSON, or no object."""
    TOO_LONG = "too_long"
    """A line over the limit of a line."""
    NO_MESSAGES = "no_messages"
    """No conversation where one must be."""
    ROLES = "roles"
    """Unknown speakers, or not in turns."""
    CONTENT = "content"
    """A message that is neither text nor parts."""
    NO_QUESTION = "no_question"
    """Nothing is asked."""
    PLACEHOLDERS = "placeholders"
    """More places for pictures than pictures."""
    PICTURE_MISSING = "picture_missing"
    """A picture's file is not there, is on the network, or holds nothing."""
    PICTURE_BROKEN = "picture_broken"
    """A picture cannot be decoded or is over the limits."""
    PICTURE_IN_REPLY = "picture_in_reply"
    """The model's own message holds a picture."""
    AFTER_ANSWER = "after_answer"
    """The conversation goes on after the answer."""
    RECORD = "record"
    """The column ``codedance`` holds no record of ours, or one whose pictures are not there."""


class UnreadableRowError(DataError):
    """A row that is not fit to be read; counted and listed, never fatal."""

    def __init__(self, fault: RowFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


class Rejected(Record):
    """A row that could not be read, as ``rejected.jsonl`` lists it."""

    file: Text
    row: int
    """Index within the whole source, from 0."""
    fault: RowFault
    detail: Text


class ImportReport(Record):
    """What was read."""

    format: ImportFormat
    rows: int = 0
    trajectories: int = 0
    tasks: int = 0
    restored: int = 0
    """Rows that held our own record (of another source than this import's)."""
    answered: int = 0
    """Trajectories that end with an answer."""
    moved: int = 0
    """Questions whose pictures stood within or after the text; ours stand before it."""
    rejected: dict[str, int] = Field(default_factory=dict)
    """Rows that could not be read, by fault."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A trajectory or a task, and every picture that it refers to by SHA-256."""

    record: Trajectory | Task
    pictures: Mapping[str, Picture]


class Writer(Protocol):
    """Writes samples of one format into a folder."""

    def add(self, sample: Sample) -> None:
        """Write one sample."""
        ...

    def close(self) -> ExportReport:
        """Finish the files and tell what was written."""
        ...
