"""What a picture is recognised by: its pixels, a perceptual hash, a grid of colours; and the search among many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops

from codedance.errors import MissingExtraError
from codedance.imaging import Picture

__all__ = [
    "NEAR_BITS",
    "REVIEW_BITS",
    "NearPair",
    "PictureIndex",
    "PictureMark",
    "closer_look",
    "mark_image",
    "mark_picture",
]

NEAR_BITS = 16
"""Perceptual hashes of 256 bits that differ in at most so many belong to one picture.

Found on diagrams: files that were compressed again or resized stay within it, padded and cropped ones do not.
"""
REVIEW_BITS = 40
"""Up to so many a person should look."""
_HASH_SIDE = 16
_HASH_BYTES = _HASH_SIDE * _HASH_SIDE // 8
_GRID_SIDE = 16
_GRID_BYTES = _GRID_SIDE * _GRID_SIDE * 3
_GRID_TOLERANCE = 24
"""Largest difference of a cell's mean colour, of 255: halving and JPEG at quality 50 stay within 21."""
_LOOK_BLOCK = 8
_LOOK_TOLERANCE = 20
"""Largest mean difference within 8 x 8 pixels: JPEG at quality 50 stays within 16, another small digit makes 22."""
_CROWD = 64
"""A hash with more look-alikes than this identifies nothing (blank pages, short texts on white)."""
_BLOCK_ROWS = 128


@dataclass(frozen=True, slots=True)
class PictureMark:
    """Three ways to know a picture again, from the strictest to the loosest."""

    pixels: bytes
    """SHA-256 of the size and the decoded RGB pixels."""
    phash: bytes
    """Perceptual hash of 256 bits: signs of the low frequencies of its brightness."""
    grid: bytes
    """Mean colours of 16 x 16 cells: brightness frequencies say nothing about flat colours."""


def mark_picture(picture: Picture) -> PictureMark:
    """Compute the marks; raises :class:`MissingExtraError` without the extra ``data``.

    >>> red, blue = (Picture.from_image(Image.new("RGB", (64, 64), one)) for one in ("red", "blue"))
    >>> mark_picture(red).phash == mark_picture(blue).phash, mark_picture(red).grid == mark_picture(blue).grid
    (True, False)
    """
    return mark_image(picture.to_image())


def mark_image(image: Image.Image) -> PictureMark:
    """The marks of a decoded RGB image; raises :class:`MissingExtraError` without the extra ``data``."""
    try:
        import imagehash
        import numpy as np
    except ImportError:
        raise MissingExtraError("looking for duplicates", "data") from None
    size = f"{image.width}x{image.height}:".encode()
    bits = imagehash.phash(image, hash_size=_HASH_SIDE).hash
    return PictureMark(
        pixels=hashlib.sha256(size + image.tobytes()).digest(),
        phash=np.packbits(bits.flatten()).tobytes(),
        grid=image.resize((_GRID_SIDE, _GRID_SIDE), Image.Resampling.BOX).tobytes(),
    )


def closer_look(one: Image.Image, other: Image.Image) -> bool:
    """False if pictures of one size differ in a detail too small for the marks, such as one digit; else True.

    Pictures of different sizes cannot be told apart so: resizing alone changes as much.
    """
    if one.size != other.size:
        return True
    difference = ImageChops.difference(one, other).convert("L")
    blocks = difference.reduce(_LOOK_BLOCK).getextrema()[1]
    return isinstance(blocks, int | float) and blocks <= _LOOK_TOLERANCE


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures that look alike, by their numbers."""

    left: int
    right: int
    bits: int
    """How many bits of the perceptual hashes differ."""
    near: bool
    """Within ``NEAR_BITS``, and the colours agree."""


class PictureIndex:
    """Marks of many pictures, each set of pixels once, in a kilobyte each."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._phashes = bytearray()
        self._grids = bytearray()
        self.crowded = 0
        """Pictures that the last search passed over, because their hash fits more than 64 others."""

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, mark: PictureMark) -> int:
        """Take a picture in; gives its number, the same for the same pixels."""
        number = self._numbers.setdefault(mark.pixels, len(self._numbers))
        if number * _HASH_BYTES == len(self._phashes):
            self._phashes += mark.phash
            self._grids += mark.grid
        return number

    def near_pairs(self, *, bits: int = NEAR_BITS) -> Iterator[NearPair]:
        """Pairs of different pictures that look alike, the smaller number first."""
        yield from self._search(self, bits, within=True)

    def near_to(self, other: PictureIndex, *, bits: int = NEAR_BITS) -> Iterator[NearPair]:
        """Pairs of a picture here (left) and one there (right) that look alike; the same pixels too."""
        yield from self._search(other, bits, within=False)

    def same_pixels(self, other: PictureIndex) -> Iterator[tuple[int, int]]:
        """The numbers here and there of pictures with the same pixels, in the order of those here."""
        for pixels, number in self._numbers.items():
            if pixels in other._numbers:
                yield number, other._numbers[pixels]

    @property
    def grids(self) -> Any:  # noqa: ANN401 - an array
        """Mean colours of all pictures' cells: bytes, [pictures, 16, 16, 3]."""
        return self._arrays()[1].reshape(-1, _GRID_SIDE, _GRID_SIDE, 3)

    def _arrays(self) -> tuple[Any, Any]:
        import numpy as np

        hashes = np.frombuffer(bytes(self._phashes), dtype=np.uint64).reshape(-1, _HASH_BYTES // 8)
        return hashes, np.frombuffer(bytes(self._grids), dtype=np.uint8).reshape(-1, _GRID_BYTES)

    def _search(self, other: PictureIndex, bits: int, *, within: bool) -> Iterator[NearPair]:
        """All against all in blocks: exact, and for 34,000 pictures a matter of seconds."""
        import numpy as np

        self.crowded = 0
        if not len(self) or not len(other):
            return
        hashes, grids = self._arrays()
        other_hashes, other_grids = (hashes, grids) if within else other._arrays()
        for start in range(0, len(hashes), _BLOCK_ROWS):
            distance = _distances(hashes[start : start + _BLOCK_ROWS], other_hashes)
            near = distance <= bits
            crowds = np.count_nonzero(near, axis=1) > _CROWD
            self.crowded += int(np.count_nonzero(crowds))
            near[crowds] = False
            rows, columns = np.nonzero(near)
            if within:
                later = columns > rows + start
                rows, columns = rows[later], columns[later]
            colours = np.abs(grids[rows + start].astype(np.int16) - other_grids[columns]).max(axis=1, initial=0)
            apart = distance[rows, columns]
            alike = (colours <= _GRID_TOLERANCE) & (apart <= NEAR_BITS)
            for row, column, far, agree in zip(rows, columns, apart, alike, strict=True):
                if agree or bits > NEAR_BITS:
                    yield NearPair(int(row) + start, int(column), int(far), bool(agree))


def _distances(block: Any, others: Any) -> Any:  # noqa: ANN401 - arrays
    """How many bits of each pair of hashes differ."""
    import numpy as np

    distance = np.zeros((len(block), len(others)), dtype=np.uint16)
    for word in range(block.shape[1]):
        distance += np.bitwise_count(block[:, word, None] ^ others[None, :, word])
    return distance
