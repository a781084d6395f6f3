"""What the index holds of a trajectory: facts to filter and sort by, short texts to show, long ones to search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from codedance.protocol import parse_reply
from codedance.rewards import Attempt, CallOutcome, RewardSettings, Unscored, format_fault, matches, turn_outcome
from codedance.schema import (
    ChoiceAnswer,
    MathAnswer,
    ReasoningMode,
    StopReason,
    Trajectory,
    Turn,
)
from codedance.viewer.trace.facts import reference, tokens_of

__all__ = ["Facts", "Shown", "Texts", "Verdict", "attempt_from", "facts_of", "shown_of", "texts_of"]

_LONGEST_TEXT = 100_000
"""Characters of each kind of text that can be searched."""
_LONGEST_NAME = 200
_FAILED = (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)
_ROW_CATEGORIES = ("category", "question_type", "subject", "task")


class Verdict(StrEnum):
    """How an attempt was scored."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    """Wrong, because no answer was given."""
    UNSCORED = "unscored"
    """Nobody knows: no reference answer, or only a judge or the pixels can tell."""
    ERROR = "error"
    """The model's server or the sandbox failed, which says nothing about the model."""

    @property
    def correct(self) -> bool | None:
        """Whether the answer is right; ``None`` if nobody knows."""
        return None if self in (Verdict.UNSCORED, Verdict.ERROR) else self is Verdict.RIGHT


@dataclass(frozen=True, slots=True)
class Facts:
    """One row of the index."""

    name: str
    """Identifier of the trajectory."""
    task: str
    attempt: int
    source: str
    """The benchmark, or whatever else the task comes from."""
    family: str
    difficulty: str
    category: str
    verdict: Verdict
    stop: StopReason
    mode: ReasoningMode
    model: str
    turns: int
    calls: int
    """Pieces of code that were run, and boxes that were looked at."""
    failed: int
    """Of them, those that did not run to their end."""
    tokens: int | None
    """Sampled, by the model's own count."""
    seconds: float
    outcomes: str
    """How each piece of code ended, for rewards; ``?`` where nobody recorded it."""
    fault: str | None
    """What is wrong with the form."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Beginnings of texts for tables."""

    question: str
    answer: str | None
    reference: str | None
    picture: str | None
    """File name of the first picture."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What can be searched, kind by kind."""

    question: str
    thought: str
    code: str
    output: str
    answer: str


def facts_of(trajectory: Trajectory) -> Facts:
    """The facts of a trajectory; its verdict is the rule's, by the text of the answer alone.

    >>> task = {"id": "q", "source": "mine", "question": "?", "answer": {"kind": "number", "value": 3}}
    >>> facts_of(Trajectory(id="q#0", task=task, model="m", stop="answered", answer="3")).verdict
    <Verdict.RIGHT: 'right'>
    """
    task, meta = trajectory.task, trajectory.task.meta
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    tokens = tokens_of(trajectory)
    return Facts(
        name=trajectory.id,
        task=task.id,
        attempt=min(trajectory.attempt, 1 << 60),
        source=_short(task.source),
        family=_word(meta, "family"),
        difficulty=_word(meta, "difficulty"),
        category=_category(meta),
        verdict=_verdict(trajectory),
        stop=trajectory.stop,
        mode=trajectory.protocol.mode,
        model=_short(trajectory.model),
        turns=len(trajectory.turns),
        calls=len(executions),
        failed=sum(not one.ok for one in executions),
        tokens=min(tokens, 1 << 60) if tokens is not None else None,
        seconds=trajectory.seconds if math.isfinite(trajectory.seconds) else 0.0,
        outcomes=",".join(one for turn in trajectory.turns if (one := _outcome(turn, trajectory)) is not None),
        fault=format_fault(trajectory),
    )


def attempt_from(
    verdict: Verdict, outcomes: str, fault: str | None, *, source: str, settings: RewardSettings
) -> Attempt | Unscored:
    """What rewards need to know, from what the index holds.

    >>> attempt_from(Verdict.RIGHT, "ok,error", None, source="mine", settings=RewardSettings()).failed()
    (False, True)
    """
    if verdict is Verdict.ERROR:
        return Unscored("the model or the sandbox failed")
    if verdict is Verdict.UNSCORED:
        return Unscored("nobody scored it")
    calls = outcomes.split(",") if outcomes else []
    if "?" in calls:
        return Unscored("nobody recorded how its code ended")
    return Attempt(
        correct=verdict is Verdict.RIGHT,
        format_ok=fault is None,
        calls=tuple(CallOutcome(one) for one in calls[:10_000]),
        weights="mathematics" if source in settings.mathematics_sources else "default",
        note=fault or "",
    )


def shown_of(trajectory: Trajectory) -> Shown:
    """What tables show of a trajectory."""
    task = trajectory.task
    return Shown(
        question=_begin(task.question, 300),
        answer=_begin(trajectory.answer, 120) if trajectory.answer is not None else None,
        reference=_begin(reference(task.answer), 120) if task.answer is not None else None,
        picture=task.images[0].file_name if task.images else None,
    )


def texts_of(trajectory: Trajectory) -> Texts:
    """What of a trajectory can be searched."""
    task, mode = trajectory.task, trajectory.protocol.mode
    options = task.answer.options if isinstance(task.answer, ChoiceAnswer) else ()
    outputs: list[str] = []
    for turn in trajectory.turns:
        execution = turn.execution
        if execution is not None:
            error = execution.error
            outputs += [execution.stdout, execution.value or "", execution.stderr, execution.detail or ""]
            outputs += [f"{error.type}: {error.message}"] if error is not None else []
        elif turn.observation is not None:
            outputs.append(turn.observation.text)
    failure = trajectory.failure
    outputs += [f"{failure.type}: {failure.message}"] if failure is not None else []
    return Texts(
        question=_joined([task.question, *options]),
        thought=_joined([parse_reply(turn.text, mode).thought for turn in trajectory.turns]),
        code=_joined([turn.code or "" for turn in trajectory.turns]),
        output=_joined(outputs),
        answer=_joined([trajectory.answer or ""]),
    )


def _verdict(trajectory: Trajectory) -> Verdict:
    task = trajectory.task
    if trajectory.stop in _FAILED:
        return Verdict.ERROR
    if task.answer is None:
        return Verdict.UNSCORED
    text = trajectory.answer
    if text is None:
        return Verdict.NO_ANSWER
    if len(text) >= 1000 or not matches(text, task.answer):
        return Verdict.UNSCORED if isinstance(task.answer, MathAnswer) else Verdict.WRONG
    return Verdict.UNSCORED if task.meta.get("edit") is not None else Verdict.RIGHT


def _outcome(turn: Turn, trajectory: Trajectory) -> str | None:
    if turn.code is None:
        return None
    outcome = turn_outcome(turn, trajectory)
    return outcome.value if outcome is not None else "?"


def _category(meta: Mapping[str, JsonValue]) -> str:
    row = meta.get("row")
    columns = row if isinstance(row, dict) else {}
    return _word(meta, "category") or next((found for one in _ROW_CATEGORIES if (found := _word(columns, one))), "")


def _word(meta: Mapping[str, JsonValue], name: str) -> str:
    value = meta.get(name)
    return _short(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _short(text: str) -> str:
    return text[:_LONGEST_NAME]


def _begin(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + " …"


def _joined(parts: list[str]) -> str:
    """Cut piece by piece, so that a huge one is not copied first."""
    cut = (part[:_LONGEST_TEXT] for part in parts if part)
    return "\n".join(cut)[:_LONGEST_TEXT]
