"""Sandboxes for counterfactuals: one that runs nothing, one that gives each question the outcome of another one's code.

What a policy's answers are worth without real feedback tells how much they rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from pydantic import JsonValue

from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session
from codedance.schema import Execution, ExecutionStatus

__all__ = ["IdleSandbox", "SwappedSandbox"]


class IdleSandbox:
    """Takes every cell and runs none: each ends well at once and shows nothing.

    >>> IdleSandbox().description["kind"]
    'idle'
    """

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """That nothing runs."""
        return {"kind": "idle"}

    def session(
        self, images: Sequence[Picture] = (), limits: Limits | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """A session in which nothing happens."""
        del images, limits
        return nullcontext(_IdleSession())


class _IdleSession:
    async def run(self, code: str) -> CellResult:
        """Ended well, with nothing to show."""
        del code
        return CellResult(Execution(status=ExecutionStatus.OK, seconds=0.0))


class SwappedSandbox:
    """Runs every cell on the picture of another question, so that what it shows is evidence for another answer.

    Args:
        inner: where the code really runs.
        others: for the SHA-256 of a question's first picture, the pictures that its code is given in their place.
            Questions that are not in it keep their own.
    """

    def __init__(self, inner: Sandbox, others: Mapping[str, Sequence[Picture]]) -> None:
        self._inner, self._others = inner, others

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """That of the inner one, and that pictures are swapped."""
        return {**self._inner.description, "pictures": "swapped"}

    def session(
        self, images: Sequence[Picture] = (), limits: Limits | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """A session that sees the other question's pictures."""
        key = images[0].ref.sha256 if images else ""
        return self._inner.session(self._others.get(key, images), limits)
