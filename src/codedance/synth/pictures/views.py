"""What a model sees of a picture, and boxes between its pixels and the picture's own."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw
from pydantic import Field

from codedance.imaging import Picture
from codedance.schema import Record

__all__ = ["Box", "ViewSettings", "clipped", "crop", "fitted", "mapped", "outlined", "seen"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are one past the last."""
_SMALLEST_CROP = 336
"""Crops are enlarged until their longer side has so many pixels."""
_LARGEST_SCALE = 8


class ViewSettings(Record):
    """How pictures are shown to a model.

    Qwen2.5-VL cuts a picture into pieces of 28 x 28 pixels and scales it to whole pieces first; its coordinates are
    pixels of the scaled picture. A picture that is scaled so before it is sent is seen as it was sent.
    """

    multiple: int = Field(default=28, ge=1, le=512)
    """Width and height are multiples of this."""
    pixels: int = Field(default=2_007_040, ge=50_176)
    """Most pixels; the default is 2,560 pieces."""
    smallest_side: int = Field(default=112, ge=1)
    """A picture with a shorter side is not used."""
    longest_ratio: float = Field(default=10.0, ge=1.0)
    """A picture that is longer than wide (or wider than long) by more than this is not used."""


def fitted(width: int, height: int, settings: ViewSettings) -> tuple[int, int]:
    """Width and height at which a picture is shown: never larger than it is but for rounding.

    >>> fitted(448, 336, ViewSettings()), fitted(4000, 3000, ViewSettings())
    ((448, 336), (1624, 1204))
    >>> fitted(100, 75, ViewSettings())
    (112, 84)
    """
    unit = settings.multiple
    across, down = (max(unit, round(side / unit) * unit) for side in (width, height))
    if across * down > settings.pixels:
        scale = min(1.0, math.sqrt(settings.pixels / (width * height)))
        across, down = (max(unit, math.floor(side * scale / unit) * unit) for side in (width, height))
    return across, down


def seen(picture: Picture, settings: ViewSettings) -> Picture:
    """The picture as it is shown; itself if it has the right size already."""
    size = fitted(picture.ref.width, picture.ref.height, settings)
    if size == (picture.ref.width, picture.ref.height):
        return picture
    return _shown(picture.to_image().resize(size, Image.Resampling.LANCZOS))


def mapped(corners: tuple[float, float, float, float], scale: tuple[float, float]) -> Box:
    """A box in other pixels: corners times the scale in both directions, rounded outwards.

    >>> mapped((10, 10, 20.2, 20), (2.0, 1.5))
    (20, 15, 41, 30)
    """
    across, down = scale
    left, top, right, bottom = corners
    # A hair's breadth is taken off, so that 7 * (1000 / 700) does not become 11.
    hair = 1e-6
    return (
        math.floor(left * across + hair),
        math.floor(top * down + hair),
        math.ceil(right * across - hair),
        math.ceil(bottom * down - hair),
    )


def clipped(box: Box, width: int, height: int) -> Box | None:
    """The part of a box that lies in a picture of this size; ``None`` if there is none.

    >>> clipped((-5, 2, 10, 30), 8, 20), clipped((9, 0, 12, 5), 8, 20)
    ((0, 2, 8, 20), None)
    """
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def outlined(picture: Picture, box: Box, settings: ViewSettings) -> Picture:
    """The picture as it is shown, with a red frame around a box that is given in the picture's own pixels."""
    width, height = fitted(picture.ref.width, picture.ref.height, settings)
    image = picture.to_image().resize((width, height), Image.Resampling.LANCZOS)
    scale = (width / picture.ref.width, height / picture.ref.height)
    left, top, right, bottom = mapped(box, scale)
    thick = max(2, max(width, height) // 300)
    # The frame lies outside the box, so that it covers nothing of it.
    ImageDraw.Draw(image).rectangle(
        (left - thick, top - thick, right + thick - 1, bottom + thick - 1), outline=(255, 0, 0), width=thick
    )
    return _shown(image)


def crop(picture: Picture, box: Box, settings: ViewSettings) -> Picture:
    """What lies in a box, enlarged if it is small."""
    image = picture.to_image().crop(box)
    scale = min(_LARGEST_SCALE, max(1.0, _SMALLEST_CROP / max(image.size)))
    size = fitted(round(image.width * scale), round(image.height * scale), settings)
    return _shown(image.resize(size, Image.Resampling.LANCZOS))


def _shown(image: Image.Image) -> Picture:
    # What a request holds is part of its name in the cache: the same pixels must be the same file.
    return Picture.from_image(image, repeatable=True)
