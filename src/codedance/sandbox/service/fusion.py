"""SandboxFusion's one-shot call on our sessions, so that its clients (verl's tool among them) can point here."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from codedance.errors import UsageError
from codedance.sandbox.contract import Limits, Session
from codedance.sandbox.service.keeper import SessionKeeper
from codedance.sandbox.service.messages import FusionRequest, FusionResponse, FusionResult
from codedance.schema import Execution, ExecutionStatus

__all__ = ["run_code"]

_OUTPUT_CHARACTERS = 1 << 20
_PYTHON = ("python", "python3")


async def run_code(keeper: SessionKeeper, request: FusionRequest, limits: Limits) -> FusionResponse:
    """Run a program in a session of its own.

    Raises:
        UsageError: another language than Python, or files with impossible names or content.
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
        fetched = await _fetch(session, request.fetch_files) if request.fetch_files else {}
    outcome = _outcome(result.execution)
    good = outcome.status == "Finished" and outcome.return_code == 0
    message = "" if good else result.execution.detail or ""
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
    """Lay out files and standard input, with nothing left in the program's namespace."""
    for name, content in files.items():
        await session.run(
            "def _lay(name, content):\n    import base64, os\n"
            "    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
            "    with open(name, 'wb') as file: file.write(base64.b64decode(content))\n"
            f"_lay({name!r}, {content!r})\ndel _lay"
        )
    if stdin is not None:
        await session.run(f"import io, sys\nsys.stdin = io.StringIO({stdin!r})\ndel io, sys")


async def _fetch(session: Session, names: list[str]) -> dict[str, str]:
    """Contents in base64 of the files that are there and small enough; what the program says is only data."""
    code = (
        "def _fetch(names):\n    import base64, json, os\n    found = {}\n    for name in names:\n"
        "        if os.path.isfile(name) and os.path.getsize(name) < 500000:\n"
        "            with open(name, 'rb') as file: found[name] = base64.b64encode(file.read()).decode()\n"
        f"    print(json.dumps(found))\n_fetch({names!r})"
    )
    result = await session.run(code)
    try:
        found = json.loads(result.execution.stdout)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in names if isinstance(found.get(name), str)}


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
