"""Where code runs, as the flags of a command say it: on this machine, at a service, or on a Ray cluster."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codedance.cli.failures import tell
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.sandbox import Limits, Sandbox

__all__ = ["SandboxPlace", "sandbox_at"]


@dataclass(frozen=True, slots=True)
class SandboxPlace:
    """What was asked for; this machine if nothing was. Two places at once are refused.

    >>> SandboxPlace("http://localhost:8123", "auto")
    Traceback (most recent call last):
    codedance.errors.UsageError: --sandbox and --ray: choose one
    """

    url: str | None = None
    """Of a sandbox service."""
    ray: str | None = None
    """Address of a Ray cluster."""

    def __post_init__(self) -> None:
        if self.url is not None and self.ray is not None:
            raise UsageError("--sandbox and --ray: choose one")

    @property
    def flag(self) -> str | None:
        """The flag that asked for it; ``None`` for this machine."""
        return "--sandbox" if self.url is not None else "--ray" if self.ray is not None else None


def sandbox_at(place: SandboxPlace, *, limits: Limits) -> AbstractAsyncContextManager[Sandbox]:
    """The sandbox that was asked for; the token of a service is read from CODEDANCE_SANDBOX_TOKEN.

    Nodes of a cluster that come, go or cannot be used are told on the error stream.
    """
    if place.ray is not None:
        from codedance.cluster.sandbox import RaySandbox

        return RaySandbox(place.ray, limits=limits, tell=lambda line: tell(f"ray: {line}"))
    if place.url is not None:
        from codedance.sandbox.service import RemoteSandbox

        return RemoteSandbox(place.url, token=os.environ.get("CODEDANCE_SANDBOX_TOKEN"), limits=limits)
    from codedance.sandbox import LocalSandbox

    return LocalSandbox(limits=limits)
