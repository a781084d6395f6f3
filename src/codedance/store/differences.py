"""What is not the same in two runs that ought to be one."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

__all__ = ["differing_settings", "unlike_text"]

_NAMED = 4
_LONGEST_VALUE = 40


def differing_settings(made: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> dict[str, str]:
    """Settings that are not the same, each by its whole name, with both values as text.

    >>> differing_settings({"rows": {"limit": 8}, "mode": "code"}, {"rows": {"limit": 20}, "mode": "code"})
    {'rows.limit': '8, now 20'}
    >>> differing_settings({"rows": {"limit": None}}, {"rows": {}})
    {'rows': '{"limit": null}, now {}'}
    """
    found: dict[str, str] = {}
    for name in sorted(made.keys() | wanted.keys()):
        ours, theirs = made.get(name), wanted.get(name)
        if ours == theirs:
            continue
        inner = differing_settings(ours, theirs) if isinstance(ours, dict) and isinstance(theirs, dict) else {}
        named = {f"{name}.{one}": said for one, said in inner.items()}
        # Parts that differ only in what is none in one and absent in the other are told as a whole.
        found |= named or {name: f"{_short(ours)}, now {_short(theirs)}"}
    return found


def unlike_text(differing: Mapping[str, str]) -> str:
    """Such settings in a line, the first few.

    >>> unlike_text({"rows.limit": "8, now 20", "seed": "0, now 1"})
    'rows.limit 8, now 20; seed 0, now 1'
    """
    named = [f"{name} {said}" for name, said in differing.items()]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return "; ".join([*named[:_NAMED], *more])


def _short(value: JsonValue) -> str:
    text = value if isinstance(value, str) else "none" if value is None else json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."
