"""Values of picture columns: bytes, structs of bytes and path, file names, data URLs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from codedance.errors import PictureError
from codedance.imaging import MAX_FILE_BYTES, Picture
from codedance.synth.interop.contract import RowFault, UnreadableRowError

__all__ = ["PictureReader", "picture_struct"]

_CACHED = 32
_SHOWN = 80


def picture_struct(picture: Picture) -> dict[str, bytes | str]:
    """A picture as ``datasets`` and verl hold it."""
    return {"bytes": picture.data, "path": picture.ref.file_name}


class PictureReader:
    """Reads pictures under the limits of :mod:`codedance.imaging`.

    Args:
        root: where relative paths begin.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._recent: dict[bytes, Picture] = {}

    def read(self, cell: object) -> Picture:
        """The picture that a value of a picture column means; raises :class:`UnreadableRowError`."""
        if isinstance(cell, Mapping):
            data, path = cell.get("bytes"), cell.get("path")
            cell = data if data else path
        match cell:
            case bytes() | bytearray() | memoryview():
                return self._decode(bytes(cell))
            case str() if cell.startswith("data:"):
                return self._decode(_from_data_url(cell))
            case str() if "://" in cell[:16] and not cell.startswith("file://"):
                raise UnreadableRowError(
                    RowFault.PICTURE_MISSING, f"{cell[:_SHOWN]}: is on the network; nothing is fetched"
                )
            case str() if cell:
                return self._from_file(cell.removeprefix("file://"))
            case _:
                raise UnreadableRowError(RowFault.PICTURE_MISSING, f"a picture column holds {type(cell).__name__}")

    def _from_file(self, name: str) -> Picture:
        try:
            path = self._root / name
            # A pipe or a device would never end.
            if not path.is_file():
                raise UnreadableRowError(RowFault.PICTURE_MISSING, f"{name[:_SHOWN]}: there is no such file")
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            raise UnreadableRowError(RowFault.PICTURE_MISSING, f"{name[:_SHOWN]}: cannot be read ({error})") from None
        return self._decode(data, name[:_SHOWN])

    def _decode(self, data: bytes, name: str = "picture") -> Picture:
        known = self._recent.get(data)
        if known is not None:
            return known
        try:
            picture = Picture.from_bytes(data, name=name)
        except PictureError as error:
            raise UnreadableRowError(RowFault.PICTURE_BROKEN, str(error)) from None
        if len(self._recent) >= _CACHED:
            self._recent.pop(next(iter(self._recent)))
        self._recent[data] = picture
        return picture


def _from_data_url(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise UnreadableRowError(RowFault.PICTURE_BROKEN, f"{head[:_SHOWN]}: not a data URL in base64")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableRowError(RowFault.PICTURE_BROKEN, f"{head[:_SHOWN]}: broken base64") from None
