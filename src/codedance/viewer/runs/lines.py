"""Complete lines of a file that may still grow, from any place on, without ever holding a line that is too long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["LONGEST_LINE", "Line", "complete_lines", "fingerprint"]

LONGEST_LINE = 64 << 20
_BLOCK = 1 << 20
_PRINT = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """A line that has its newline."""

    offset: int
    """Of its first byte in the file."""
    length: int
    """In bytes, the newline included."""
    data: bytes | None
    """``None`` if it is longer than may be held."""


def complete_lines(file: BinaryIO, offset: int, *, longest: int = LONGEST_LINE) -> Iterator[Line]:
    r"""The lines from ``offset`` on that end with a newline; a last line without one is not there yet.

    >>> import io
    >>> [(one.offset, one.data) for one in complete_lines(io.BytesIO(b"a\nbb\nhalf"), 0)]
    [(0, b'a\n'), (2, b'bb\n')]
    >>> [one.data for one in complete_lines(io.BytesIO(b"too long\nbb\n"), 0, longest=4)]
    [None, b'bb\n']
    """
    parts: list[bytes] = []
    held = 0  # bytes of the line that was begun, those that were let go included
    file.seek(offset)
    while block := file.read(_BLOCK):
        begin = 0
        while (newline := block.find(b"\n", begin)) >= 0:
            length = held + newline + 1 - begin
            if length <= longest:
                parts.append(block[begin : newline + 1])
            yield Line(offset, length, b"".join(parts) if length <= longest else None)
            offset += length
            begin, held, parts = newline + 1, 0, []
        held += len(block) - begin
        if held <= longest:
            parts.append(block[begin:])
        else:
            parts.clear()


def fingerprint(file: BinaryIO, offset: int) -> str:
    r"""Of the first bytes of a file and of those before ``offset``: another one means that the file was rewritten.

    >>> import io
    >>> fingerprint(io.BytesIO(b"a\nb\nmore"), 4) == fingerprint(io.BytesIO(b"a\nb\n"), 4)
    True
    """
    digest = hashlib.sha256(str(offset).encode())
    file.seek(0)
    digest.update(file.read(min(_PRINT, offset)))
    file.seek(max(0, offset - _PRINT))
    digest.update(file.read(min(_PRINT, offset)))
    return digest.hexdigest()
