"""What a reward needs to know of an attempt: was it right, well formed, and how did its calls end?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, StrictBool

from codedance.imaging import Picture
from codedance.rewards.accuracy import is_right
from codedance.rewards.format import format_fault
from codedance.rewards.settings import RewardSettings, WeightSet
from codedance.schema import Execution, ExecutionStatus, Record, StopReason, Text, Trajectory, Turn

__all__ = ["Attempt", "CallOutcome", "Unscored", "attempt_of", "call_outcome", "turn_outcome"]


class CallOutcome(StrEnum):
    """How one piece of code ended: the sandbox's structured status, never a word found in its output."""

    OK = "ok"
    """Ran to its end and showed something."""
    SILENT = "silent"
    """Ran to its end and showed nothing."""
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    EXITED = "exited"
    CRASHED = "crashed"
    DENIED = "denied"
    LOST = "lost"

    def succeeded(self, *, silent_is_failure: bool = True) -> bool:
        """Whether the call counts as a success.

        >>> CallOutcome.SILENT.succeeded(), CallOutcome.SILENT.succeeded(silent_is_failure=False)
        (False, True)
        """
        return self is CallOutcome.OK or (self is CallOutcome.SILENT and not silent_is_failure)


class Attempt(Record):
    """One attempt, reduced to what rewards are made of.

    >>> Attempt(correct=True, format_ok=True, calls=("ok", "error")).failed()
    (False, True)
    """

    correct: StrictBool
    """Whether the answer is right."""
    format_ok: StrictBool
    """Whether nothing is wrong with the attempt's form."""
    calls: tuple[CallOutcome, ...] = Field(default=(), max_length=10_000)
    """How each piece of code ended, in order."""
    weights: WeightSet = WeightSet.DEFAULT
    """Which weights its task is scored with."""
    note: Text = ""
    """What is wrong with its form, for people."""

    def failed(self, *, silent_is_failure: bool = True) -> tuple[bool, ...]:
        """For each call, whether it failed."""
        return tuple(not call.succeeded(silent_is_failure=silent_is_failure) for call in self.calls)


@dataclass(frozen=True, slots=True)
class Unscored:
    """An attempt that cannot be scored; it takes no part in its group."""

    reason: str


def attempt_of(
    trajectory: Trajectory,
    settings: RewardSettings | None = None,
    *,
    pictures: Mapping[str, Picture] | None = None,
    equivalent: Callable[[str, str], bool] | None = None,
) -> Attempt | Unscored:
    """What rewards need to know of a trajectory.

    Args:
        trajectory: the episode.
        settings: longest answer, which sources are mathematics.
        pictures: every picture of the trajectory by SHA-256; needed for tasks whose result is a picture.
        equivalent: how mathematical answers are compared; see :func:`codedance.rewards.matches`.

    Raises:
        ValueError: the task's result is a picture and ``pictures`` was not given.

    >>> from codedance.schema import NumberAnswer, Task
    >>> task = Task(id="q", source="mine", question="?", answer=NumberAnswer(value=3))
    >>> turn = Turn(text="<answer>3</answer>", kept_characters=18)
    >>> attempt_of(Trajectory(id="a", task=task, model="m", turns=(turn,), answer="3", stop="answered"))
    Attempt(correct=True, format_ok=True, calls=(), weights=<WeightSet.DEFAULT: 'default'>, note='')
    >>> attempt_of(Trajectory(id="a", task=task, model="m", stop="model_failed"))
    Unscored(reason='the model failed')
    """
    settings = settings or RewardSettings()
    if trajectory.stop is StopReason.MODEL_FAILED:
        return Unscored("the model failed")
    if trajectory.stop is StopReason.SANDBOX_FAILED:
        return Unscored("the sandbox failed")
    right = is_right(trajectory, longest=settings.longest_answer, pictures=pictures, equivalent=equivalent)
    if right is None:
        known = trajectory.task.answer is not None
        return Unscored("its answer needs algebra" if known else "the task has no reference answer")
    calls = []
    for turn in trajectory.turns:
        if turn.code is not None:
            outcome = turn_outcome(turn, trajectory)
            if outcome is None:
                return Unscored("nobody recorded how its code ended")
            calls.append(outcome)
    mathematics = trajectory.task.source in settings.mathematics_sources
    fault = format_fault(trajectory, longest=settings.longest_answer)
    return Attempt(
        correct=right,
        format_ok=fault is None,
        calls=tuple(calls),
        weights=WeightSet.MATHEMATICS if mathematics else WeightSet.DEFAULT,
        note=fault or "",
    )


def call_outcome(execution: Execution) -> CallOutcome:
    """How a piece of code ended.

    >>> call_outcome(Execution(status="ok", stdout="Error bars: 3", seconds=0.1))
    <CallOutcome.OK: 'ok'>
    >>> call_outcome(Execution(status="ok", seconds=0.1))
    <CallOutcome.SILENT: 'silent'>
    """
    if execution.status is ExecutionStatus.OK:
        return CallOutcome.OK if execution.showed_something else CallOutcome.SILENT
    return CallOutcome(execution.status.value)


def turn_outcome(turn: Turn, trajectory: Trajectory) -> CallOutcome | None:
    """How the code of a trajectory's turn ended; ``None`` if it has none, or if nobody recorded it."""
    if turn.code is None:
        return None
    if turn.execution is not None:
        return call_outcome(turn.execution)
    if trajectory.stop is StopReason.TIME and turn is trajectory.turns[-1]:
        return CallOutcome.TIMEOUT  # the budget of the episode ended while it ran
    return None
