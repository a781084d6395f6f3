"""Python lists that data sets store as text, read without running anything."""

from __future__ import annotations

import ast
from typing import Any

__all__ = ["read_list"]

_LONGEST = 20_000


def read_list(value: object) -> list[Any] | None:
    """The list that a value is or spells; ``None`` if it is neither, or too long to be one.

    >>> read_list("['a', 1]"), read_list((2, 3)), read_list("[Blue, Red]"), read_list("7")
    (['a', 1], [2, 3], None, None)
    """
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str) or len(value) > _LONGEST or not value.strip().startswith("["):
        return None
    # The parser's own stack is guarded by its limit on nesting; what it refuses is no list.
    try:
        read = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return read if isinstance(read, list) else None
