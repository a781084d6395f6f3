"""Running a trajectory's code again: is what it showed still what it shows?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence

from pydantic import Field, ValidationError

from codedance.episode.acting import perform
from codedance.episode.comparison import Aspect, Context, Difference, Sameness, compare_executions, worst
from codedance.episode.interpreter import Interpreter
from codedance.imaging import Picture
from codedance.protocol import CodeAction, ZoomAction, parse_reply
from codedance.sandbox.contract import CellResult, Limits, Sandbox
from codedance.schema import ExecutionStatus, ImageRef, Record, Trajectory, Turn

__all__ = ["TurnVerdict", "recorded_limits", "replay"]


class TurnVerdict(Record):
    """How one turn's code fared when it ran again."""

    turn: int = Field(ge=0)
    """Index of the turn."""
    sameness: Sameness
    status: ExecutionStatus
    """How it ended this time."""
    differences: tuple[Difference, ...] = ()
    seconds: float = Field(ge=0.0)
    """Wall-clock time of the code this time."""


def recorded_limits(trajectory: Trajectory) -> Limits:
    """The limits that the trajectory ran under; the usual ones where none were recorded.

    >>> task = {"id": "q", "source": "mine", "question": "?"}
    >>> recorded_limits(Trajectory(id="a", task=task, model="m", stop="no_action")) == Limits()
    True
    """
    try:
        return Limits.model_validate(trajectory.sandbox.get("limits") or {})
    except ValidationError:
        return Limits()


async def replay(
    trajectory: Trajectory,
    find: Callable[[ImageRef], Picture],
    *,
    sandbox: Sandbox,
    limits: Limits | None = None,
) -> AsyncGenerator[TurnVerdict, None]:
    """Run every cell of a trajectory in order in fresh sessions, and tell for each how it compares with the record.

    A part of a picture that the harness cut out on a call (the schema mode) is cut out again. A turn whose execution
    was not recorded runs too, for the sake of what follows it; its verdict is ``unrecorded``.

    Args:
        trajectory: what is run again.
        find: reads a picture by its reference, for example ``run.pictures.get``.
        sandbox: where the code runs.
        limits: limits of the session; ``None`` takes the recorded ones.

    Who may leave early closes it (``contextlib.aclosing``), so that the session ends.

    Raises:
        SandboxError: the sandbox itself failed.
        StoreError: ``find`` cannot read a picture.
    """
    inputs = [find(ref) for ref in trajectory.task.images]
    context = Context()
    async with Interpreter(sandbox, inputs, limits or recorded_limits(trajectory)) as interpreter:
        for index, turn in enumerate(trajectory.turns):
            action = _action(trajectory, turn)
            if action is None:
                continue
            before = trajectory.turns[:index]
            seen = _seen(before, find) if isinstance(action, ZoomAction) else {}
            result = await perform(action, interpreter, inputs=inputs, turns=before, seen=seen)
            context = context.after(turn.code or "")
            verdict = _verdict(index, turn, result, find=find, context=context)
            explained = [one.reason for one in verdict.differences if one.sameness is Sameness.EXPLAINED]
            if context.carried is None and explained and verdict.differences[0].aspect is Aspect.STATUS:
                context = Context(context.names, f"follows turn {index + 1}: {explained[0]}")
            yield verdict


def _action(trajectory: Trajectory, turn: Turn) -> CodeAction | ZoomAction | None:
    """What the turn did: the code that was recorded, whatever is read in its text; else a call of the fixed tool."""
    if turn.code is not None:
        return CodeAction(turn.code, trajectory.protocol.code_format)
    if turn.execution is None:
        return None
    action = parse_reply(turn.text, trajectory.protocol.mode).action
    return action if isinstance(action, ZoomAction) else None


def _seen(turns: Sequence[Turn], find: Callable[[ImageRef], Picture]) -> dict[str, Picture]:
    """The pictures that these turns showed to the model."""
    return {ref.sha256: find(ref) for turn in turns if turn.observation for ref in turn.observation.images}


def _verdict(
    index: int, turn: Turn, result: CellResult, *, find: Callable[[ImageRef], Picture], context: Context
) -> TurnVerdict:
    execution = result.execution
    differences: tuple[Difference, ...] = ()
    sameness = Sameness.UNRECORDED
    if turn.execution is not None:
        differences = compare_executions(
            turn.execution, execution, pictures=result.pictures, find=find, context=context
        )
        sameness = worst([one.sameness for one in differences])
    return TurnVerdict(
        turn=index,
        sameness=sameness,
        status=execution.status,
        differences=differences,
        seconds=execution.seconds,
    )
