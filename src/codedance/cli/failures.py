"""From errors to what a person reads and a program checks: one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from codedance.cli.text import visible
from codedance.errors import CodeDanceError, EngineError, MissingExtraError, ModelError, SandboxError
from codedance.schema import StopReason, Trajectory
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.store import RunFolder

__all__ = [
    "ANSWERED",
    "BAD_INPUT",
    "EXTRAS",
    "INFRASTRUCTURE",
    "INTERRUPTED",
    "NO_ANSWER",
    "OutputError",
    "exit_code",
    "missing_extra",
    "own_output",
    "stop_code",
    "tell",
    "tell_cut_off",
    "tell_damage",
    "tell_stopped",
]

ANSWERED = 0
BAD_INPUT = 2
NO_ANSWER = 3
INFRASTRUCTURE = 4
INTERRUPTED = 130
"""What shells give a program that Ctrl-C has ended."""
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


class OutputError(CodeDanceError):
    """What a command prints cannot be written, for example because the disk is full."""


def exit_code(error: CodeDanceError) -> int:
    """2 for bad input or usage, 4 where a model, the sandbox, an installation or what we print to failed.

    >>> from codedance.errors import PictureError
    >>> exit_code(PictureError("x")), exit_code(SandboxError("y"))
    (2, 4)
    """
    failed = (ModelError, SandboxError, MissingExtraError, EngineError, OutputError)
    return INFRASTRUCTURE if isinstance(error, failed) else BAD_INPUT


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
    """Say so if the last trajectories of a run are not there as they were stored, since readers pass over them."""
    path, cut = run.folder / "trajectories.jsonl", run.ends_unfinished()
    if run.falls_short():
        what = (
            "its last line is cut off and passed over, but seals.jsonl says that it was stored whole"
            if cut
            else "is shorter than seals.jsonl says, lines were removed or changed (codedance verify tells which)"
        )
        tell(
            f"{path}: {what}: restore the file from a copy, or delete seals.jsonl, and the run's own command goes on "
            "with what is left"
        )
    elif cut:
        tell(
            f"{path}: its last line is cut off and passed over "
            "(it is being written, or was when the run was killed; the run's own command goes on there)"
        )


def tell_damage(run: RunFolder) -> None:
    """Say what of a run's trajectories cannot be read, where what is reported is not read from them."""
    from codedance.store import count_unreadable

    path = run.folder / "trajectories.jsonl"
    damaged = count_unreadable(path)
    if damaged:
        lines = counted(damaged, "line is", "lines are")
        tell(f"{path}: {lines} no JSON (damaged?); codedance verify {run.folder} tells which")
    tell_cut_off(run)


def tell(error: CodeDanceError | str) -> None:
    """Print one line on stderr; nothing where stderr is gone."""
    line = " ".join(visible(str(error)).split())
    if sys.stderr is None:  # print() would take it for standard output
        return
    try:
        print(f"codedance: {line}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _let_go(sys.stderr)


def tell_stopped(*, goes_on: bool) -> None:
    """Say that Ctrl-C was heard, and whether anything was lost by it.

    Args:
        goes_on: the command keeps what it has done and begins there the next time.
    """
    tell("stopped; what is done is kept, the same command goes on" if goes_on else "stopped")


@contextmanager
def own_output() -> Iterator[None]:
    """Within it, standard output that cannot be written is an :class:`OutputError`, and no other file's failure is.

    What is still in its buffer at the end is written here, and not when Python ends, where nobody can tell it any more.
    A reader that has gone is no failure: that stays a ``BrokenPipeError``.
    """
    stream = sys.stdout
    output = _Output(stream)
    sys.stdout = cast(TextIO, output)
    try:
        try:
            yield
        finally:
            sys.stdout = stream
        output.finish()
    except SystemExit:
        output.finish()
        raise
    finally:
        if output.failed:
            _let_go(stream)


class _Output:
    """A stream whose failures can be told from those of other files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._unread = False
        self.failed = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        with self._told():
            self._stream.writelines(lines)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    def finish(self) -> None:
        """Write what is left; raises ``BrokenPipeError`` too where that was taken for an end like any other."""
        if self._unread:
            raise BrokenPipeError
        self.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self.failed = self._unread = True
            raise
        except OSError as error:
            self.failed = True
            raise OutputError(f"standard output: {error.strerror or error}") from None


def _let_go(stream: TextIO) -> None:
    """Have what is left in a stream's buffer go nowhere, or Python would try it again when it ends and tell of that."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
