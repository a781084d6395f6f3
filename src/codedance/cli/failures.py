"""From errors to what a person reads and a program checks: one line on stderr and an exit code."""

from __future__ import annotations

import sys

from codedance.cli.text import visible
from codedance.errors import CodeDanceError, EngineError, MissingExtraError, ModelError, SandboxError
from codedance.schema import StopReason, Trajectory

__all__ = ["ANSWERED", "BAD_INPUT", "INFRASTRUCTURE", "NO_ANSWER", "exit_code", "stop_code", "tell"]

ANSWERED = 0
BAD_INPUT = 2
NO_ANSWER = 3
INFRASTRUCTURE = 4


def exit_code(error: CodeDanceError) -> int:
    """2 for bad input or usage, 4 where a model, the sandbox or an installation failed.

    >>> from codedance.errors import PictureError
    >>> exit_code(PictureError("x")), exit_code(SandboxError("y"))
    (2, 4)
    """
    return (
        INFRASTRUCTURE if isinstance(error, (ModelError, SandboxError, MissingExtraError, EngineError)) else BAD_INPUT
    )


def stop_code(trajectory: Trajectory) -> int:
    """Exit code of an episode: 0 answered, 3 stopped without an answer, 4 infrastructure failed."""
    match trajectory.stop:
        case StopReason.ANSWERED:
            return ANSWERED
        case StopReason.MODEL_FAILED | StopReason.SANDBOX_FAILED:
            return INFRASTRUCTURE
        case _:
            return NO_ANSWER


def tell(error: CodeDanceError | str) -> None:
    """Print one line on stderr."""
    line = " ".join(visible(str(error)).split())
    print(f"codedance: {line}", file=sys.stderr)
