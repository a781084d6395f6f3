"""SandboxFusion's one-shot call on our sessions, so that its clients (verl's tool among them) can point here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

import anyio

from codedance.errors import SandboxError, UsageError
from codedance.sandbox.contract import Limits, Session
from codedance.sandbox.service.keeper import SessionKeeper
from codedance.sandbox.service.messages import FusionRequest, FusionResponse, FusionResult
from codedance.schema import Execution, ExecutionStatus

__all__ = ["run_code"]

_OUTPUT_CHARACTERS = 1 << 20
_FETCHED_BYTES = 500_000
"""A file of so many is too large to be fetched; one of fewer fits into what a cell shows, in base64."""
_BASE64_PIECE, _TEXT_PIECE = 4 << 20, 1 << 19
"""Characters that are laid out at once: base64 is sent as it is, another character as up to twelve."""
_ENDED = (ExecutionStatus.TIMEOUT, ExecutionStatus.CRASHED, ExecutionStatus.DENIED, ExecutionStatus.LOST)
_PYTHON = ("python", "python3")
# The lines of a cell are kept for tracebacks: these would keep a whole file in the program's memory.
_WRITE = """
def _lay(name, content, mode):
    import base64, linecache, os
    linecache.cache.clear()
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, mode) as file:
        file.write(base64.b64decode(content))
_lay({name!r}, {content!r}, {mode!r})
del _lay
"""
_INPUT = "import linecache, sys\nlinecache.cache.clear()\n{code}\ndel linecache, sys"
_READ = """
def _read(name):
    import base64, os
    if not os.path.isfile(name):
        return None
    with open(name, "rb") as file:
        data = file.read({most})
    return base64.b64encode(data).decode() if len(data) < {most} else os.path.getsize(name)
_read({name!r})
"""


async def run_code(keeper: SessionKeeper, request: FusionRequest, limits: Limits) -> FusionResponse:
    """Run a program in a session of its own.

    Raises:
        UsageError: another language than Python, or files with impossible names or content, or that do not fit into
            the limits.
        BusyError: there is no room.
        SandboxError: the sandbox failed.
    """
    if request.language not in _PYTHON:
        raise UsageError(f"language '{request.language}' is not supported; only python is")
    files = _decode(request.files)
    changes: dict[str, object] = {
        "wall_seconds": min(request.run_timeout, limits.wall_seconds),
        "output_characters": _OUTPUT_CHARACTERS,
    }
    if request.memory_limit_MB > 0:
        changes["memory_bytes"] = min(max(request.memory_limit_MB, 64) << 20, limits.memory_bytes)
    async with keeper.once(limits.model_copy(update=changes)) as session:
        await _prepare(session, files, request.stdin)
        result = await session.run(request.code)
        fetched, faults = await _fetch(session, request.fetch_files, limits)
    outcome = _outcome(result.execution)
    good = outcome.status == "Finished" and outcome.return_code == 0
    message = "; ".join([*([] if good or not result.execution.detail else [result.execution.detail]), *faults])
    return FusionResponse(status="Success" if good else "Failed", message=message, run_result=outcome, files=fetched)


def _decode(files: Mapping[str, str | None]) -> dict[str, str]:
    """Check names and contents before anything runs; gives the contents in base64 as they came."""
    for name, content in files.items():
        parts = name.split("/")
        if not name or name.startswith("/") or ".." in parts or "\0" in name:
            raise UsageError(f"file name {name!r} does not lie in the program's folder")
        try:
            base64.b64decode(content or "", validate=True)
        except (binascii.Error, ValueError):
            raise UsageError(f"the content of file {name!r} is not in base64") from None
    return {name: content or "" for name, content in files.items()}


async def _prepare(session: Session, files: Mapping[str, str], stdin: str | None) -> None:
    """Lay out files and standard input, with nothing left in the program's namespace.

    In pieces: one message to a session is bounded, see :data:`codedance.sandbox.guest.wire.MAX_FRAME_BYTES`.

    Raises:
        UsageError: a file or the input does not fit into what the session may use.
        SandboxError: the session has ended.
    """
    for name, content in files.items():
        for begin in range(0, len(content) or 1, _BASE64_PIECE):
            piece = content[begin : begin + _BASE64_PIECE]
            await _lay(session, _WRITE.format(name=name, content=piece, mode="ab" if begin else "wb"), f"file {name!r}")
    if stdin is not None:
        codes = [f"sys.stdin.write({stdin[at : at + _TEXT_PIECE]!r})" for at in range(0, len(stdin), _TEXT_PIECE)]
        for code in ("import io\nsys.stdin = io.StringIO()\ndel io", *codes, "sys.stdin.seek(0)"):
            await _lay(session, _INPUT.format(code=code), "the standard input")


async def _lay(session: Session, code: str, what: str) -> None:
    execution = (await session.run(code)).execution
    if execution.ok:
        return
    kind = SandboxError if execution.status in (ExecutionStatus.CRASHED, ExecutionStatus.LOST) else UsageError
    raise kind(f"{what} could not be laid out for the program ({_why(execution)})")


async def _fetch(session: Session, names: Iterable[str], limits: Limits) -> tuple[dict[str, str], list[str]]:
    """Contents in base64 of the files that are there, and what is to be said of those that could not be had.

    Of a file that is not there nothing comes and nothing is said, as with SandboxFusion. One file a cell: what a cell
    shows is cut at a limit. What the program made of the interpreter may lie about its own files, and do no more.
    """
    wanted = tuple(dict.fromkeys(names))
    found: dict[str, str] = {}
    faults: list[str] = []
    asked, room, stop = 0, limits.disk_bytes, f"that took over {limits.wall_seconds:g} seconds"
    with anyio.move_on_after(limits.wall_seconds):
        for name in wanted:
            execution = (await session.run(_READ.format(name=name, most=_FETCHED_BYTES))).execution
            if execution.status in _ENDED:
                stop = _why(execution)
                break
            content, fault = _read(execution)
            room -= len(content or "") * 3 // 4
            if room < 0:  # the same file by many names
                stop = f"together they are over {limits.disk_bytes} bytes"
                break
            asked += 1
            if content is not None:
                found[name] = content
            if fault is not None:
                faults.append(f"file {name!r} was not fetched: {fault}")
    if asked < len(wanted):
        others = len(wanted) - asked - 1
        faults.append(f"file {wanted[asked]!r}{f' and {others} more' * bool(others)} not fetched: {stop}")
    return found, faults


def _read(execution: Execution) -> tuple[str | None, str | None]:
    """What the cell says that reads a file: its content, or why it did not come; neither if there is none."""
    if not execution.ok:
        return None, _why(execution)
    value = execution.value
    if value is None:
        return None, None
    if value.isdecimal():
        return None, f"it has {value[:20]} bytes, {_FETCHED_BYTES} are too many"
    content = value[1:-1]
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None, "the program has changed what reads it"
    return content, None


def _why(execution: Execution) -> str:
    """Why a cell of ours did not do what it should, in few words."""
    error = execution.error
    said = f"{error.type}: {error.message}" if error is not None else execution.status.value
    return (execution.detail or said)[:200]


def _outcome(execution: Execution) -> FusionResult:
    error = execution.error.traceback if execution.error else ""
    stderr = "\n".join(text.rstrip("\n") for text in (execution.stderr, error, execution.detail or "") if text)
    shared = {"execution_time": execution.seconds, "stdout": execution.stdout, "stderr": stderr}
    match execution.status:
        case ExecutionStatus.OK:
            return FusionResult(status="Finished", return_code=0, **shared)
        case ExecutionStatus.EXITED:
            return FusionResult(status="Finished", return_code=execution.exit_code or 0, **shared)
        case ExecutionStatus.ERROR:
            return FusionResult(status="Finished", return_code=1, **shared)
        case ExecutionStatus.TIMEOUT:
            return FusionResult(status="TimeLimitExceeded", **shared)
        case _:
            return FusionResult(status="Finished", return_code=-9, **shared)
