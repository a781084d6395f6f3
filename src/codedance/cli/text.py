"""Text of models, files and servers on a terminal: nothing of theirs may move the cursor or change a colour."""

from __future__ import annotations

import re

__all__ = ["visible"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Replace control characters, bidirectional overrides and lone surrogates by a visible form.

    >>> visible("a\x1b[31mb\r\nc")
    'a\\x1b[31mb\nc'
    """
    return _CONTROL.sub(_show, text.replace("\r\n", "\n"))


def _show(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
