"""The pictures of a row, in whatever form its file holds them, decoded under the limits of :mod:`codedance.imaging`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codedance.bench.answers.literals import read_list
from codedance.errors import PictureError
from codedance.imaging import MAX_FILE_BYTES, Picture

__all__ = ["PICTURE_COLUMNS", "has_picture", "row_pictures"]

PICTURE_COLUMNS = ("decoded_image", "image", "images", "image_path")
"""Columns that may hold pictures; the first that can be used is."""
_LONGEST_PATH = 1024
_MOST = 64


def has_picture(row: Mapping[str, Any]) -> bool:
    """True if one of the columns holds something."""
    return any(_is_there(row.get(name)) for name in PICTURE_COLUMNS)


def row_pictures(row: Mapping[str, Any], folder: Path | None = None) -> tuple[Picture, ...]:
    """Decode a row's pictures, in order.

    Args:
        row: with a picture as bytes, as the struct of ``datasets`` and parquet files, as base64 text, as a path, as a
            Pillow image, or a list of such.
        folder: where relative paths begin.

    Raises:
        PictureError: there is none, or one is missing, broken or over the limits.
    """
    filled = [name for name in PICTURE_COLUMNS if _is_there(row.get(name))]
    if not filled:
        address = ", only its address" if row.get("image_url") else ""
        raise PictureError(f"the row has no picture{address} (looked in {', '.join(PICTURE_COLUMNS)})")
    failure: PictureError | None = None
    for name in filled:
        value = row[name]
        cells = value if isinstance(value, list | tuple) else read_list(value) or [value]
        try:
            return tuple(_decode(cell, f"column {name}", folder) for cell in cells[:_MOST])
        except PictureError as error:
            # The next column may hold the picture itself where this one holds a path that leads nowhere.
            failure = failure or error
    raise failure or PictureError("the row has no picture")


def _decode(cell: object, name: str, folder: Path | None) -> Picture:
    match cell:
        case bytes():
            return Picture.from_bytes(cell, name=name)
        case {"bytes": bytes() as data}:
            return Picture.from_bytes(data, name=name)
        case str() if cell.startswith("data:"):
            return Picture.from_bytes(_from_base64(cell, name), name=name)
        case {"path": str() as path}:
            return _from_path(path, name, folder)
        case str() if len(cell) <= _LONGEST_PATH:
            return _from_path(cell, name, folder)
        case str():
            return Picture.from_bytes(_from_base64(cell, name), name=name)
        case _ if hasattr(cell, "getexif"):
            return Picture.from_image(cell)  # type: ignore[arg-type]  # a Pillow image, as datasets decodes it
        case _:
            raise PictureError(f"{name}: holds {type(cell).__name__}, not a picture")


def _from_path(text: str, name: str, folder: Path | None) -> Picture:
    path = Path(text)
    places = [path] if path.is_absolute() else [(folder or Path()) / path]
    for place in places:
        try:
            if place.is_file():
                return Picture.from_file(place)
        except (OSError, ValueError):
            continue
    if len(text) > 64 and "/" not in text[:16]:  # a very small picture, in text
        return Picture.from_bytes(_from_base64(text, name), name=name)
    raise PictureError(f"{name}: there is no file {str(places[0])[:120]}")


def _from_base64(text: str, name: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if len(text) > MAX_FILE_BYTES * 4 // 3 + 4:
        raise PictureError(f"{name}: larger than {MAX_FILE_BYTES // 2**20} MiB")
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        raise PictureError(f"{name}: is neither a path nor base64") from None


def _is_there(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(value.get(part) for part in ("bytes", "path"))
    if value is None or (isinstance(value, str | bytes | list | tuple) and not value):
        return False
    return value == value  # NaN of an empty cell
