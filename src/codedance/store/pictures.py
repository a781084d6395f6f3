"""Pictures on disk, each once, under the SHA-256 of its file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import ImageRef
from codedance.store.atomic import write_bytes

__all__ = ["PictureStore"]


class PictureStore:
    """A folder of picture files named by their hash; adding one twice writes it once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, ref: ImageRef) -> Path:
        """Where the picture's file lies or would lie; two levels, so that no folder grows past a few thousand."""
        return self.folder / ref.sha256[:2] / ref.file_name

    def add(self, picture: Picture) -> Path:
        """Store a picture; does nothing if it is there."""
        path = self.path(picture.ref)
        if not path.exists():
            write_bytes(path, picture.data)
        return path

    def sweep(self) -> None:
        """Remove the unfinished files of writers that were killed; only where nobody else writes."""
        for left in self.folder.glob("*/.*"):
            left.unlink(missing_ok=True)

    def get(self, ref: ImageRef) -> Picture:
        """Read a picture back; raises :class:`StoreError` if it is missing or its bytes are not what was stored."""
        path = self.path(ref)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: the picture cannot be read ({error.strerror or error})") from None
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise StoreError(f"{path}: the file's content is not what was recorded (its hash differs)")
        return Picture(ref, data)

    def lookup(self, refs: Iterator[ImageRef]) -> Mapping[str, Picture]:
        """All these pictures by SHA-256."""
        return {ref.sha256: self.get(ref) for ref in refs}
