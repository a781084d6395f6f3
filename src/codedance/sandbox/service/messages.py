"""What goes over HTTP: the service's own sessions, and the one-shot call of SandboxFusion."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from codedance.errors import PictureError
from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits
from codedance.schema import Execution

__all__ = [
    "CellRequest", "CellResponse", "FusionRequest", "FusionResponse", "FusionResult", "SessionRequest",
    "SessionResponse", "decode_picture", "encode_pictures",
]  # fmt: skip


class SessionRequest(BaseModel, extra="forbid"):
    """Open a session."""

    images: list[str] = Field(default=[], max_length=64)
    """Picture files in base64."""
    limits: Limits | None = None
    """The service's own if not given; never above them."""


class SessionResponse(BaseModel):
    """A session that is open."""

    id: str
    limits: Limits


class CellRequest(BaseModel, extra="forbid"):
    """Run a cell."""

    code: str


class CellResponse(BaseModel):
    """What a cell did."""

    execution: Execution
    images: list[str]
    """Picture files in base64, in the order of ``execution.images``."""

    @classmethod
    def from_result(cls, result: CellResult) -> CellResponse:
        """Pack a result."""
        return cls(execution=result.execution, images=encode_pictures(result.pictures))

    def to_result(self) -> CellResult:
        """Unpack it again; raises :class:`PictureError` for broken pictures."""
        return CellResult(self.execution, tuple(decode_picture(data) for data in self.images))


class FusionRequest(BaseModel):
    """``/run_code`` as SandboxFusion takes it; fields that it does not know are ignored, as there."""

    code: str
    language: str = "python"
    stdin: str | None = None
    compile_timeout: float = 10.0
    run_timeout: float = Field(default=10.0, gt=0.0, le=3600.0)
    memory_limit_MB: int = -1  # noqa: N815 - their name
    files: dict[str, str | None] = {}
    """Name and content in base64."""
    fetch_files: list[str] = []


class FusionResult(BaseModel):
    """What the program did."""

    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    execution_time: float | None = None
    return_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


class FusionResponse(BaseModel):
    """The answer of ``/run_code``."""

    status: Literal["Success", "Failed", "SandboxError"]
    message: str = ""
    compile_result: FusionResult | None = None
    run_result: FusionResult | None = None
    executor_pod_name: str | None = None
    files: dict[str, str] = {}


def encode_pictures(pictures: Sequence[Picture]) -> list[str]:
    """Picture files in base64."""
    return [base64.b64encode(picture.data).decode() for picture in pictures]


def decode_picture(data: str) -> Picture:
    """A picture from base64 or a data URL; raises :class:`PictureError`."""
    if data.startswith("data:"):
        data = data.partition(",")[2]
    try:
        return Picture.from_bytes(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise PictureError("the picture is not in base64") from None
