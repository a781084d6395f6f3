"""What was decided, one line a decision: the memory of a synthesis run, from which it goes on and is reported."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from pydantic import Field, JsonValue

from codedance.errors import StoreError
from codedance.models.asking import Party, Usage
from codedance.schema import Record, Text
from codedance.store import RecordFile, write_text

__all__ = ["Decision", "Journal", "Outcome", "Stage", "finished_pictures", "forget_faults"]


class Stage(StrEnum):
    """The stages, in order."""

    READ = "read"
    """The picture's file."""
    IMAGE = "image filter"
    QUESTION = "question"
    QUESTION_CHECK = "question check"
    BOX = "box"
    BOX_CHECK = "box check"
    RULES = "rule filter"
    DIFFICULTY = "difficulty"
    ROLLOUT = "roll-out"
    FINAL = "final check"
    DONE = "done"
    """Nothing is left to do about the picture."""


class Outcome(StrEnum):
    """What came of one attempt at a stage."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    """The model answered, and the answer could not be read."""
    FAULT = "fault"
    """There was no answer: a stall, a server's or the sandbox's failure."""


class Decision(Record):
    """What came of one attempt at one stage of a picture or question."""

    picture: Text
    """Name of the picture's file within what was given."""
    question: int | None = Field(default=None, ge=0)
    """Number of the question about this picture; ``None`` for the stages of the picture itself."""
    stage: Stage
    attempt: int = Field(default=0, ge=0)
    outcome: Outcome
    reason: Text = ""
    """A few fixed words, to be counted; empty if accepted."""
    detail: Text = ""
    """What was said, shortened."""
    prompt: str = ""
    """Name and version of the prompts."""
    value: dict[str, JsonValue] = Field(default_factory=dict)
    """What was accepted."""
    usage: dict[Party, Usage] = Field(default_factory=dict)
    """Calls and tokens of this attempt, answered from the cache or not."""

    @property
    def accepted(self) -> bool:
        """True if the item goes on."""
        return self.outcome is Outcome.ACCEPTED


_Key = tuple[int | None, Stage, int]


class Journal:
    """The decisions of a run in a file; those of pictures that are not finished are at hand.

    Raises:
        StoreError: the file cannot be read, or a line is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._file = RecordFile(path, Decision)
        self._open: dict[str, dict[_Key, Decision]] = {}
        self._finished: set[str] = set()
        self._by_hash: dict[str, str] = {}
        for decision in self._file:
            self._take(decision)

    def find(self, picture: str, question: int | None, stage: Stage, attempt: int) -> Decision | None:
        """What was decided before, about a picture that is not finished."""
        return self._open.get(picture, {}).get((question, stage, attempt))

    def decisions(self, picture: str, question: int) -> list[Decision]:
        """Everything decided about a question of a picture that is not finished, and about the picture itself."""
        return [one for one in self._open.get(picture, {}).values() if one.question in (None, question)]

    def add(self, decision: Decision) -> None:
        """Append a decision; when this returns it survives."""
        self._file.append(decision)
        self._take(decision)

    def finished(self, picture: str) -> bool:
        """True if nothing is left to do about a picture."""
        return picture in self._finished

    def first_with(self, sha256: str) -> str | None:
        """Name of the picture with this content that came first; ``None`` if there was none."""
        return self._by_hash.get(sha256)

    def _take(self, decision: Decision) -> None:
        name = decision.picture
        if decision.stage is Stage.DONE:
            self._finished.add(name)
            self._open.pop(name, None)
            return
        if decision.stage is Stage.READ and decision.accepted:
            self._by_hash.setdefault(str(decision.value["sha256"]), name)
        self._open.setdefault(name, {})[decision.question, decision.stage, decision.attempt] = decision


def finished_pictures(path: Path) -> Iterator[tuple[str, list[Decision]]]:
    """Every finished picture with its decisions, in the order in which they were finished."""
    waiting: dict[str, list[Decision]] = {}
    for decision in RecordFile(path, Decision):
        if decision.stage is Stage.DONE:
            yield decision.picture, waiting.pop(decision.picture, [])
        else:
            waiting.setdefault(decision.picture, []).append(decision)


def forget_faults(path: Path) -> int:
    """Take back every stage that ended in a fault, so that it is asked again; returns how many there were.

    The file is replaced as a whole.

    Raises:
        StoreError: the file cannot be read or written.
    """
    last: dict[tuple[str, int | None, Stage], Outcome] = {}
    for decision in RecordFile(path, Decision):
        last[decision.picture, decision.question, decision.stage] = decision.outcome
    faulty = {key for key, outcome in last.items() if outcome is Outcome.FAULT}
    pictures = {picture for picture, _, _ in faulty}
    if not faulty:
        return 0
    kept = [
        decision.model_dump_json()
        for decision in RecordFile(path, Decision)
        if (decision.picture, decision.question, decision.stage) not in faulty
        and not (decision.stage is Stage.DONE and decision.picture in pictures)
    ]
    try:
        write_text(path, "".join(f"{line}\n" for line in kept))
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from None
    return len(faulty)
