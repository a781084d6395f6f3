"""Looking at one record: does everything in it hold together?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codedance.errors import PictureError, StoreError
from codedance.protocol import AnswerAction, CodeAction, Reply, ZoomAction, parse_reply
from codedance.rewards import matches
from codedance.schema import ImageRef, ReasoningMode, StopReason, Task, Trajectory, Turn
from codedance.similarity.neighbours import Item
from codedance.similarity.picture_marks import PictureMark, mark_picture
from codedance.store import PictureStore, picture_refs
from codedance.synth.check_report import CheckName
from codedance.synth.interop.references import reference_text

__all__ = ["Examiner", "Findings", "seed_key", "task_key"]

_FACTS = ("category", "family", "difficulty")


@dataclass(slots=True)
class Findings:
    """What was seen of one record."""

    task: str
    """Identifies the task among all."""
    item: Item | None
    """``None`` if a picture of the question could not be read, or the task was seen before."""
    images: tuple[ImageRef, ...] = ()
    """The question's pictures."""
    faults: list[tuple[CheckName, str]] = field(default_factory=list)
    examined: dict[CheckName, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    seed: tuple[str, str, int] | None = None
    turns: int | None = None
    """``None`` for a task without an attempt."""
    cells: int = 0
    failed_cells: int = 0
    unrecorded_cells: int = 0
    tails: int = 0
    context_tokens: int = 0
    written_tokens: int = 0


def task_key(task: Task) -> str:
    """Identifies a task among all: identifiers are unique within a source.

    >>> task_key(Task(id="a", source="mine", question="?")), task_key(Task(id="mine/a", source="mine", question="?"))
    ('mine:a', 'mine/a')
    """
    return task.id if task.id.startswith(f"{task.source}/") else f"{task.source}:{task.id}"


def seed_key(task: Task) -> tuple[str, str, int] | None:
    """Family, difficulty and seed of a generated scene; ``None`` for other tasks.

    >>> seed_key(Task(id="a", source="worlds", question="?", meta={"family": "search", "seed": 3}))
    ('search', '', 3)
    """
    seed = task.meta.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        return None
    return str(task.meta.get("family") or ""), str(task.meta.get("difficulty") or ""), seed


class Examiner:
    """Examines the records of one folder; may be called from several threads.

    Args:
        store: the folder's pictures.
        count_tokens: tokens of a text.
        equivalent: how mathematical answers are compared; without it only those written alike are the same.
    """

    def __init__(
        self,
        store: PictureStore,
        count_tokens: Callable[[str], int],
        *,
        equivalent: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._store = store
        self._equivalent = equivalent
        self._count = count_tokens
        self._sound: dict[str, str | None] = {}
        """What is wrong with a picture, by its hash; ``None`` if nothing is."""
        self._tasks: dict[str, int] = {}
        self._lock = threading.Lock()

    def trajectory(self, record: Trajectory) -> Findings:
        """Look at a trajectory."""
        found = self.task(record.task)
        self._pictures(found, list(picture_refs(record))[len(record.task.images) :], record.id)
        found.turns = len(record.turns)
        replies = [parse_reply(turn.text, record.protocol.mode) for turn in record.turns]
        for index, (turn, reply) in enumerate(zip(record.turns, replies, strict=True)):
            where = f"{record.id}, turn {index + 1}"
            found.faults += [(CheckName.REPLIES, f"{where}: {fault}") for fault in _turn_faults(turn, reply)]
            found.tails += bool(turn.text[reply.end : turn.kept_characters].strip())
            if turn.code is not None:
                found.cells += 1
                found.failed_cells += turn.execution is not None and not turn.execution.ok
                found.unrecorded_cells += turn.execution is None
        found.examined[CheckName.REPLIES] = len(record.turns)
        found.faults += [(CheckName.REPLIES, f"{record.id}: {fault}") for fault in _ending_faults(record, replies)]
        if record.task.answer is not None:
            found.examined[CheckName.ANSWERS] = 1
            if not matches(record.answer, record.task.answer, equivalent=self._equivalent):
                expected = reference_text(record.task.answer)
                said = "no answer" if record.answer is None else repr(record.answer[:60])
                found.faults.append((CheckName.ANSWERS, f"{record.id}: {said}, but it is {expected[:60]!r}"))
        self._tokens(found, record)
        return found

    def task(self, task: Task) -> Findings:
        """Look at a task."""
        found = Findings(task=task_key(task), item=None, images=task.images, seed=seed_key(task))
        found.facts = {name: value for name in _FACTS if isinstance(value := task.meta.get(name), str)}
        found.facts["source"] = task.source
        self._pictures(found, list(task.images), task.id)
        identity = hash((task.question, task.images))
        with self._lock:
            known = self._tasks.get(found.task)
            self._tasks.setdefault(found.task, identity)
        if known is not None and known != identity:
            found.faults.append((CheckName.READABLE, f"{task.id}: two different tasks have this identifier"))
        if known is None:
            marks = self._marks(found, task)
            if marks is not None:
                answer = reference_text(task.answer) if task.answer is not None else None
                found.item = Item(found.task, task.question, marks, answer)
        return found

    def _pictures(self, found: Findings, refs: list[ImageRef], name: str) -> None:
        for ref in {ref.sha256: ref for ref in refs}.values():
            if ref.sha256 not in self._sound:
                found.examined[CheckName.PICTURES] = found.examined.get(CheckName.PICTURES, 0) + 1
                try:
                    self._store.get(ref)
                    self._sound[ref.sha256] = None
                except StoreError as error:
                    self._sound[ref.sha256] = str(error)
            fault = self._sound[ref.sha256]
            if fault is not None:
                found.faults.append((CheckName.PICTURES, f"{name}: {fault}"))

    def _marks(self, found: Findings, task: Task) -> tuple[PictureMark, ...] | None:
        if any(self._sound[ref.sha256] is not None for ref in task.images):
            return None
        try:
            return tuple(mark_picture(self._store.get(ref)) for ref in task.images)
        except (PictureError, StoreError) as error:
            found.faults.append((CheckName.PICTURES, f"{task.id}: {error}"))
            return None

    def _tokens(self, found: Findings, record: Trajectory) -> None:
        read = self._count(record.protocol.system_prompt) + self._count(record.task.question)
        written = 0
        for turn in record.turns:
            written += self._count(turn.text[: turn.kept_characters])
            read += self._count(turn.observation.text) if turn.observation is not None else 0
        found.context_tokens, found.written_tokens = read + written, written


def _turn_faults(turn: Turn, reply: Reply) -> list[str]:
    code = reply.action.code if isinstance(reply.action, CodeAction) else None
    faults = []
    if turn.code != code:
        faults.append("the reply's code is not the code that was recorded")
    if turn.kept_characters not in (reply.end, len(turn.text)):
        faults.append(f"{turn.kept_characters} characters are kept, but the action ends at {reply.end}")
    # What a fixed tool does for the model is done without code of the model's.
    if turn.execution is not None and turn.code is None and not isinstance(reply.action, ZoomAction):
        faults.append("an execution without code")
    if turn.execution is not None and turn.observation is not None:
        captured = {one.image.sha256 for one in turn.execution.images}
        if any(ref.sha256 not in captured for ref in turn.observation.images):
            faults.append("the observation shows a picture that the code did not")
    return faults


def _ending_faults(record: Trajectory, replies: Sequence[Reply]) -> list[str]:
    faults = []
    answers = [reply.action.text if isinstance(reply.action, AnswerAction) else None for reply in replies]
    # A program's result is the answer; no reply says it.
    said = record.answer if record.protocol.mode is ReasoningMode.PROGRAM else answers[-1] if answers else None
    if record.answer != said:
        faults.append("the last reply's answer is not the answer that was recorded")
    if (record.stop is StopReason.ANSWERED) != (record.answer is not None):
        faults.append(f"stopped as {record.stop.value}, {'with' if record.answer is not None else 'without'} an answer")
    if any(answer is not None for answer in answers[:-1]):
        faults.append("turns follow an answer")
    return faults
