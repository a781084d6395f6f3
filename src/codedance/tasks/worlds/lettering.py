"""Fonts of the scenes: small cuts of free fonts that are shipped, so that a seed means the same pixels everywhere."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import Literal

from PIL import ImageFont

__all__ = ["FONTS", "FontName", "font", "text_size"]

FontName = Literal["sans", "bold", "serif", "mono", "roboto", "comic", "dejavu"]
FONTS: tuple[FontName, ...] = ("sans", "bold", "serif", "mono", "roboto", "comic", "dejavu")
"""All have ASCII and ``°²³×÷•·€£–``; only ``mono`` and ``dejavu`` have ``√∠≈≤≥``; ``comic`` lacks Greek letters."""


@lru_cache(maxsize=256)
def font(name: FontName, size: int) -> ImageFont.FreeTypeFont:
    """A shipped font at a size in pixels.

    >>> font("serif", 20).getbbox("x")[2] > 5
    True
    """
    # The basic layout engine: the other one gives other pixels where it is installed.
    return ImageFont.truetype(BytesIO(_file(name)), size, layout_engine=ImageFont.Layout.BASIC)


def text_size(text: str, name: FontName, size: int) -> tuple[int, int]:
    """Width and height that a line of text takes, from its left and top corner (anchor ``lt``)."""
    left, top, right, bottom = font(name, size).getbbox(text, anchor="lt")
    return round(right - min(0, left)), round(bottom - min(0, top))


@lru_cache(maxsize=16)
def _file(name: FontName) -> bytes:
    folder = resources.files("codedance.tasks.worlds.assets") / "fonts"
    return (folder / f"{name}.{'otf' if name == 'comic' else 'ttf'}").read_bytes()
