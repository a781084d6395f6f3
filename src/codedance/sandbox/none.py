"""No sandbox: for episodes in which nothing is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from pydantic import JsonValue

from codedance.errors import SandboxError
from codedance.imaging import Picture
from codedance.sandbox.contract import Limits, Session

__all__ = ["NoSandbox"]


class NoSandbox:
    """Stands in the place of a sandbox where no code is run.

    >>> NoSandbox().session()
    Traceback (most recent call last):
    codedance.errors.SandboxError: this episode was begun without a sandbox: no code can be run in it
    """

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """That there is none."""
        return {"kind": "none"}

    def session(
        self, images: Sequence[Picture] = (), limits: Limits | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """Raises :class:`SandboxError`."""
        raise SandboxError("this episode was begun without a sandbox: no code can be run in it")
