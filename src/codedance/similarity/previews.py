"""Small copies of many pictures in a file that vanishes by itself, for a second look and for reports."""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from array import array
from functools import lru_cache
from pathlib import Path

from PIL import Image

from codedance.errors import StoreError

__all__ = ["PREVIEW_SIDE", "PreviewFile", "make_preview"]

PREVIEW_SIDE = 256
"""Longest side of a preview in pixels."""
_QUALITY = 85
_KEPT = 512
"""Previews that stay decoded."""


def make_preview(image: Image.Image) -> bytes:
    """A JPEG file of at most 256 x 256 pixels.

    >>> len(make_preview(Image.new("RGB", (900, 300)))) < 2000
    True
    """
    small = image.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


class PreviewFile:
    """Previews by number, about 10 KB each, in an unnamed file: the end of the process removes it, a kill too.

    Raises:
        StoreError: the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as this object
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written ({error.strerror or error})") from None
        self.close = weakref.finalize(self, self._file.close)
        """Removes the file; the end of this object does too."""
        self._folder = folder
        self._ends = array("q", [0])
        self._lock = threading.Lock()
        self.image = lru_cache(maxsize=_KEPT)(self._image)
        """The preview of that number, decoded."""

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, preview: bytes) -> int:
        """Take a preview in; gives its number."""
        try:
            with self._lock:
                self._file.seek(self._ends[-1])
                self._file.write(preview)
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be written ({error.strerror or error})") from None
        self._ends.append(self._ends[-1] + len(preview))
        return len(self) - 1

    def data(self, number: int) -> bytes:
        """The JPEG file of that number."""
        with self._lock:
            self._file.seek(self._ends[number])
            return self._file.read(self._ends[number + 1] - self._ends[number])

    def _image(self, number: int) -> Image.Image:
        return Image.open(io.BytesIO(self.data(number))).convert("RGB")
