"""From errors to what a person reads and a program checks: one line on stderr and an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from codedance.cli.text import visible
from codedance.errors import CodeDanceError, EngineError, MissingExtraError, ModelError, SandboxError
from codedance.schema import StopReason, Trajectory

if TYPE_CHECKING:
    from codedance.store import RunFolder

__all__ = [
    "ANSWERED",
    "BAD_INPUT",
    "EXTRAS",
    "INFRASTRUCTURE",
    "NO_ANSWER",
    "exit_code",
    "missing_extra",
    "stop_code",
    "tell",
    "tell_cut_off",
]

ANSWERED = 0
BAD_INPUT = 2
NO_ANSWER = 3
INFRASTRUCTURE = 4
EXTRAS = {
    "guest": ("cv2", "matplotlib", "numpy", "scipy", "skimage"),
    "ocr": ("onnxruntime", "rapidocr"),
    "serve": ("fastapi", "prometheus_client", "starlette", "uvicorn"),
    "mcp": ("mcp",),
    "local": ("safetensors", "tokenizers", "torch", "transformers"),
    "data": ("datasets", "datasketch", "huggingface_hub", "imagehash", "openpyxl", "pyarrow"),
    "math": ("math_verify",),
    "board": ("tensorboard",),
    "ray": ("ray",),
}
"""Extras and the modules that come with them; of several extras, the one that is smallest."""


def exit_code(error: CodeDanceError) -> int:
    """2 for bad input or usage, 4 where a model, the sandbox or an installation failed.

    >>> from codedance.errors import PictureError
    >>> exit_code(PictureError("x")), exit_code(SandboxError("y"))
    (2, 4)
    """
    return (
        INFRASTRUCTURE if isinstance(error, (ModelError, SandboxError, MissingExtraError, EngineError)) else BAD_INPUT
    )


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """The extra that would bring a module which a command looked for; None if no extra does.

    >>> print(missing_extra(ModuleNotFoundError("No module named 'cv2'", name="cv2")))
    this command (it uses cv2) needs the extra 'guest': pip install 'codedance[guest]'
    >>> missing_extra(ModuleNotFoundError("No module named 'codedance.moved'", name="codedance.moved")) is None
    True
    """
    wanted = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if wanted in modules), None)
    return None if extra is None else MissingExtraError(f"this command (it uses {wanted})", extra)


def stop_code(trajectory: Trajectory) -> int:
    """Exit code of an episode: 0 answered, 3 stopped without an answer, 4 infrastructure failed."""
    match trajectory.stop:
        case StopReason.ANSWERED:
            return ANSWERED
        case StopReason.MODEL_FAILED | StopReason.SANDBOX_FAILED:
            return INFRASTRUCTURE
        case _:
            return NO_ANSWER


def tell_cut_off(run: RunFolder) -> None:
    """Say so if the last trajectory of a run is not whole, since readers pass over it."""
    if run.ends_unfinished():
        tell(
            f"{run.folder / 'trajectories.jsonl'}: its last line is cut off and passed over "
            "(it is being written, or was when the run was killed; the run's own command goes on there)"
        )


def tell(error: CodeDanceError | str) -> None:
    """Print one line on stderr."""
    line = " ".join(visible(str(error)).split())
    print(f"codedance: {line}", file=sys.stderr)
