"""What all attempts of a process share: the sandbox where their code runs, and the comparison of formulas.

Engines run attempts in worker processes of their own and tell nobody when such a process will end. So these are opened
when they are first needed and end with the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from codedance.engines.settings import EngineSettings
from codedance.errors import UsageError
from codedance.rewards import MathChecker
from codedance.sandbox import LocalSandbox, Sandbox
from codedance.sandbox.service.client import RemoteSandbox
from codedance.schema import MathAnswer, Task

__all__ = ["Workplace", "workplace"]


@dataclass(slots=True)
class Workplace:
    """Of one event loop in one process."""

    settings: EngineSettings
    _sandbox: LocalSandbox | RemoteSandbox | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _algebra: MathChecker | None = None

    async def sandbox(self) -> Sandbox:
        """The sandbox, open.

        Raises:
            SandboxError: it cannot be had.
            MissingExtraError: its libraries are not installed.
            UsageError: the file with its token cannot be read.
        """
        async with self._opening:
            if self._sandbox is None:
                made = self._made()
                await made.__aenter__()
                self._sandbox = made
        return self._sandbox

    def equivalent(self, task: Task) -> Callable[[str, str], bool] | None:
        """How answers to this task are compared as formulas; ``None`` where they are none.

        Raises:
            MissingExtraError: the task needs the extra ``math``.
        """
        if not isinstance(task.answer, MathAnswer):
            return None
        self._algebra = self._algebra or MathChecker()
        return self._algebra.equivalent

    async def close(self) -> None:
        """End both, if they were opened; for tests."""
        if self._sandbox is not None:
            await self._sandbox.__aexit__(None, None, None)
            self._sandbox = None
        if self._algebra is not None:
            self._algebra.close()
            self._algebra = None

    def _made(self) -> LocalSandbox | RemoteSandbox:
        if self.settings.sandbox is not None:
            return RemoteSandbox(self.settings.sandbox, token=self._token(), limits=self.settings.limits)
        return LocalSandbox(limits=self.settings.limits, pool=self.settings.at_once)

    def _token(self) -> str | None:
        path = self.settings.sandbox_token_file
        if path is None:
            return None
        try:
            return Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"codedance.sandbox_token_file={path}: the token cannot be read ({error})") from None


_PLACES: dict[tuple[asyncio.AbstractEventLoop, str], Workplace] = {}


def workplace(settings: EngineSettings) -> Workplace:
    """The workplace of the running event loop for these settings; every call gives the same one."""
    key = (asyncio.get_running_loop(), settings.model_dump_json())
    if key not in _PLACES:
        _PLACES[key] = Workplace(settings)
    return _PLACES[key]
