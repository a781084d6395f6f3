"""Frames on a stream socket: a length, a JSON object, and raw bytes that the object announces."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

__all__ = ["BIRTH", "HEADER", "MAX_FRAME_BYTES", "pack", "receive", "receive_exactly"]

HEADER = struct.Struct(">I")
BIRTH = struct.Struct(">II")
"""What goes with a new session's descriptors: its number (0: it could not be forked), its process id (or the error)."""
MAX_FRAME_BYTES = 8 << 20
"""Largest JSON object that either side reads."""


def pack(message: dict[str, Any]) -> bytes:
    """The frame of a message."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def receive_exactly(channel: socket.socket, count: int) -> bytes:
    """Read so many bytes; raises ``EOFError`` at the end of the stream."""
    parts: list[bytes] = []
    while count:
        part = channel.recv(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def receive(channel: socket.socket) -> dict[str, Any]:
    """Read one message, blocking."""
    (length,) = HEADER.unpack(receive_exactly(channel, HEADER.size))
    if length > MAX_FRAME_BYTES:
        raise EOFError
    message: dict[str, Any] = json.loads(receive_exactly(channel, length))
    return message
