r"""Texts with ``<image>`` where pictures stand: joining, splitting, and literal tags that must stay text.

Engines look for ``<image>``, ``<video>`` and ``<audio>`` in every message, and tokenizers for special tokens such as
``<|im_end|>``. A text that holds one literally gets a zero-width space after the ``<``; one that already looks like
that gets one more. Reading takes one away, so that any text survives:

>>> escape("print('<image>')") == "print('<\u200bimage>')"
True
>>> unescape(escape("<image> <\u200bimage> <|im_end|>")) == "<image> <\u200bimage> <|im_end|>"
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["PLACEHOLDER", "count_placeholders", "escape", "join_content", "split_content", "unescape"]

PLACEHOLDER = "<image>"
"""Where a picture stands in a text."""

_SPACE = "\u200b"
_LITERAL = re.compile(r"<(\u200b*)(?=(?:image|video|audio)>|\|[A-Za-z0-9_]{1,64}\|>)")
_ESCAPED = re.compile(r"<\u200b(\u200b*)(?=(?:image|video|audio)>|\|[A-Za-z0-9_]{1,64}\|>)")


def escape(text: str) -> str:
    """The text with literal tags and special tokens made harmless."""
    return _LITERAL.sub(rf"<\1{_SPACE}", text) if "<" in text else text


def unescape(text: str) -> str:
    """The text as it was before :func:`escape`."""
    return _ESCAPED.sub(r"<\1", text) if _SPACE in text else text


def count_placeholders(text: str) -> int:
    """How many pictures the text has room for.

    >>> count_placeholders("<image><image>What differs?")
    2
    """
    return text.count(PLACEHOLDER)


def join_content(content: Sequence[str | object]) -> str:
    """One text of strings and pictures in order; anything that is no string is a picture.

    >>> join_content([object(), "How many?"])
    '<image>How many?'
    """
    return "".join(escape(part) if isinstance(part, str) else PLACEHOLDER for part in content)


def split_content(text: str, *, escaped: bool) -> list[str | None]:
    """The parts of a text in order, ``None`` for a picture; empty texts are left out.

    Args:
        text: the text with placeholders.
        escaped: true if it was written by :func:`join_content`.

    >>> split_content("a<image><image>b", escaped=True)
    ['a', None, None, 'b']
    """
    parts: list[str | None] = []
    for index, piece in enumerate(text.split(PLACEHOLDER)):
        if index:
            parts.append(None)
        if piece:
            parts.append(unescape(piece) if escaped else piece)
    return parts
