"""References to pictures: what a picture is, not its pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from codedance.schema.record import Record

__all__ = ["ImageRef", "Sha256"]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ImageRef(Record):
    """A picture known by the SHA-256 of its encoded file; the bytes lie in a store under that name.

    >>> ImageRef(sha256="0" * 64, width=4, height=2, format="png").file_name
    '0000000000000000000000000000000000000000000000000000000000000000.png'
    """

    sha256: Sha256
    """SHA-256 of the file's bytes, lower-case hexadecimal."""
    width: int = Field(ge=1)
    """Pixels, after the EXIF rotation was applied."""
    height: int = Field(ge=1)
    """Pixels, after the EXIF rotation was applied."""
    format: Literal["png", "jpeg"]
    """How the stored file is encoded."""

    @property
    def file_name(self) -> str:
        """Name of the picture's file in a store."""
        return f"{self.sha256}.{'jpg' if self.format == 'jpeg' else 'png'}"
