"""What a sandbox promises, whoever implements it (local processes here; a service later)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import Field, JsonValue

from codedance.imaging import Picture
from codedance.schema import Execution, Record

__all__ = ["CellResult", "Limits", "Sandbox", "Session", "Tier"]


class Tier(StrEnum):
    """How strongly a session is isolated."""

    B = "b"
    """Namespaces (user, mount, pid, ipc, uts) and a private tmpfs, on top of everything of tier A. The default."""
    A = "a"
    """no_new_privs, resource limits, Landlock and a seccomp allow list, without namespaces."""
    LIMITS_ONLY = "limits-only"
    """A process of its own with resource limits, and nothing else: for code that is trusted, on kernels without
    Landlock and on macOS. Never chosen unless it is named. Files, network and other processes are open to the code."""


class Limits(Record):
    """What one session may use; one value, recorded with every result."""

    wall_seconds: float = Field(default=20.0, gt=0.0, le=3600.0)
    """Wall-clock seconds of one cell; then the session is killed."""
    cpu_seconds: float = Field(default=60.0, gt=0.0)
    """Processor seconds of the whole session, threads added up."""
    memory_bytes: int = Field(default=1 << 30, ge=64 << 20)
    """Memory of the session's process beyond what the preloaded libraries take, shared mappings included."""
    threads: int = Field(default=16, ge=1, le=1024)
    """Threads alive at once; processes cannot be started at all."""
    file_bytes: int = Field(default=32 << 20, ge=0)
    """Largest single file."""
    disk_bytes: int = Field(default=64 << 20, ge=1 << 20)
    """All files of the session together."""
    open_files: int = Field(default=64, ge=16)
    output_characters: int = Field(default=20_000, ge=0)
    """Characters of stdout kept per cell; stderr and the value's text have the same limit each."""
    images: int = Field(default=16, ge=0)
    """Pictures kept per cell."""
    image_pixels: int = Field(default=16 << 20, ge=1)
    """Pixels of one picture; a larger one is refused and flagged."""


@dataclass(frozen=True, slots=True)
class CellResult:
    """An execution and the pictures that it refers to, in the same order."""

    execution: Execution
    pictures: tuple[Picture, ...] = ()


class Session(Protocol):
    """One stateful interpreter; lives as long as its context manager."""

    async def run(self, code: str) -> CellResult:
        """Run one cell; cells of one session run one after the other.

        Never raises for anything that the code does: exceptions, time-outs, crashes and floods are executions. After an
        end of the process (timeout, memory, crashed, denied) later cells return status ``lost``.

        Raises:
            SandboxError: the sandbox's own machinery failed.
        """
        ...


class Sandbox(Protocol):
    """A source of sessions."""

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """Tier, limits and guest library versions, for the record of a result."""
        ...

    def session(
        self, images: Sequence[Picture] = (), limits: Limits | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """Open a session that sees these pictures and nothing else of the host.

        Inside, ``input_image`` is the first picture (a PIL image) and ``input_image.jpg`` its file; with several,
        ``input_images`` is the list and ``input_image_1.jpg``, ``input_image_2.jpg``, ... are the files.

        Raises:
            SandboxError: no session could be started.
            TierUnavailableError: the machine cannot give the isolation asked for.
        """
        ...
