"""What an episode does with an action that is not yet the answer, in whatever mode it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import anyio.to_thread

from codedance.episode.interpreter import Interpreter
from codedance.episode.zooming import zoom
from codedance.imaging import Picture
from codedance.models.contract import Completion
from codedance.protocol import CodeAction, Fault, Reply, ZoomAction
from codedance.sandbox.contract import CellResult
from codedance.schema import Execution, FinishReason, StopReason, Turn

__all__ = ["perform", "program_result", "stop_without_action"]

_BAD_FORMAT = frozenset({Fault.UNCLOSED_CODE, Fault.BROKEN_CALL, Fault.UNCLOSED_ANSWER})


async def perform(
    action: CodeAction | ZoomAction,
    interpreter: Interpreter,
    *,
    inputs: Sequence[Picture],
    turns: Sequence[Turn],
    seen: Mapping[str, Picture],
) -> CellResult:
    """Run code in the interpreter, or cut out the part of a picture that a call asks for.

    Args:
        action: what to do.
        interpreter: of the episode.
        inputs: the task's pictures.
        turns: those before this one; what they showed can be zoomed into.
        seen: every picture of the episode by SHA-256.

    Raises:
        SandboxError: the sandbox itself failed.
    """
    match action:
        case CodeAction(code=code):
            return await interpreter.run(code)
        case ZoomAction(arguments=arguments):
            shown = [seen[ref.sha256] for turn in turns if turn.observation for ref in turn.observation.images]
            # Decoding a large picture takes a second: in a thread, other episodes go on meanwhile.
            return await anyio.to_thread.run_sync(zoom, arguments, [*inputs, *shown])
        case unreachable:
            assert_never(unreachable)


def program_result(execution: Execution) -> str | None:
    r"""The answer of a program that was not to be shown its outcome: its value, else the last line that it printed.

    >>> program_result(Execution(status="ok", stdout="adding\n7\n", seconds=0.1))
    '7'
    >>> program_result(Execution(status="error", stdout="7\n", seconds=0.1)) is None
    True
    """
    if not execution.ok:
        return None
    lines = [line.strip() for line in (execution.value or execution.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else None


def stop_without_action(completion: Completion, reply: Reply, *, reminded: bool) -> StopReason | None:
    """Why an episode ends after a reply that holds nothing to act on; ``None``: the model is reminded, once."""
    if completion.finish is FinishReason.LENGTH:
        return StopReason.MAX_TOKENS
    if not reminded:
        return None
    return StopReason.BAD_FORMAT if reply.faults & _BAD_FORMAT else StopReason.NO_ACTION
