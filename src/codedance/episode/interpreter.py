"""The interpreter of one episode: a session that is opened when first needed and replaced when it has died."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session
from codedance.schema import ExecutionStatus

__all__ = ["Interpreter"]

_DEAD = frozenset(
    {
        ExecutionStatus.TIMEOUT,
        ExecutionStatus.MEMORY,
        ExecutionStatus.CRASHED,
        ExecutionStatus.DENIED,
        ExecutionStatus.LOST,
    }
)
"""After these the session is replaced. An uncaught ``MemoryError`` leaves a live process, but of unknown health."""


class Interpreter:
    """Runs code in a session; after an end of its process the next code starts in a fresh one.

    An async context manager: leaving it ends the session.
    """

    def __init__(self, sandbox: Sandbox, pictures: Sequence[Picture], limits: Limits) -> None:
        self._sandbox = sandbox
        self._pictures = pictures
        self._limits = limits
        self._session: Session | None = None
        self._stack = AsyncExitStack()

    async def run(self, code: str) -> CellResult:
        """Run one cell; raises :class:`~codedance.errors.SandboxError` only for the sandbox's own failures."""
        if self._session is None:
            context = self._sandbox.session(self._pictures, self._limits)
            self._session = await self._stack.enter_async_context(context)
        result = await self._session.run(code)
        if result.execution.status in _DEAD:
            await self._end()
        return result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        self._session = None
        await self._stack.aclose()
