"""What is not the same in two runs that ought to be one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile

from pydantic import JsonValue

__all__ = ["differing_settings", "unlike_text"]

_NAMED = 4
_LONGEST_VALUE = 40
_BEFORE = 12
"""Characters that are shown before the first difference of two long values."""
_SHOWN_OF_HASH = 12
_ELEMENTS = 3
_HASH = re.compile(r"[0-9a-f]{16,}")


def differing_settings(made: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> dict[str, str]:
    """Settings that are not the same, each by its whole name, with both values as text.

    Of long values only the part that differs is shown, of lists what one has and the other has not. A hash within a
    part of which something readable differs too is left out: it says nothing more.

    >>> differing_settings({"rows": {"limit": 8}, "mode": "code"}, {"rows": {"limit": 20}, "mode": "code"})
    {'rows.limit': '8, now 20'}
    >>> differing_settings({"rows": {"limit": None}}, {"rows": {}})
    {'rows': '{"limit": null}, now {}'}
    >>> both = ["worlds/counting/easy", "worlds/counting/hard"]
    >>> differing_settings({"names": both}, {"names": both[:1]})
    {'names': 'with worlds/counting/hard, now without'}
    """
    found: dict[str, str] = {}
    for name in sorted(made.keys() | wanted.keys()):
        ours, theirs = made.get(name), wanted.get(name)
        if ours == theirs:
            continue
        inner: dict[str, str] = {}
        if isinstance(ours, dict) and isinstance(theirs, dict):
            inner = _readable(ours, theirs, differing_settings(ours, theirs))
        named = {f"{name}.{one}": said for one, said in inner.items()}
        # Parts that differ only in what is none in one and absent in the other are told as a whole.
        found |= named or {name: _both(ours, theirs)}
    return found


def unlike_text(differing: Mapping[str, str], flags: Mapping[str, str] | None = None) -> str:
    """Such settings in a line, the first few.

    Args:
        differing: as :func:`differing_settings` gives them.
        flags: how settings are given on the command line, by their names; a name that ends with a dot is of all
            settings that begin so. If any that differs can be given, the others are left out: they follow from it, or
            are told once it is the same.

    >>> unlike_text({"rows.limit": "8, now 20", "seed": "0, now 1"})
    'rows.limit 8, now 20; seed 0, now 1'
    >>> flags = {"rows.limit": "--limit", "budgets.": "--set budgets."}
    >>> unlike_text({"budgets.turns": "8, now 9", "data.rows": "8, now 20", "rows.limit": "8, now 20"}, flags)
    '--set budgets.turns 8, now 9; --limit 8, now 20'
    """
    given = {flag: said for name, said in differing.items() if (flag := _flag(name, flags or {})) is not None}
    named = [f"{name} {said}" for name, said in (given or differing).items()]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return "; ".join([*named[:_NAMED], *more])


def _flag(name: str, flags: Mapping[str, str]) -> str | None:
    if name in flags:
        return flags[name]
    beginning = max((one for one in flags if one.endswith(".") and name.startswith(one)), key=len, default=None)
    return None if beginning is None else flags[beginning] + name.removeprefix(beginning)


def _readable(
    ours: Mapping[str, JsonValue], theirs: Mapping[str, JsonValue], differing: dict[str, str]
) -> dict[str, str]:
    """Without the hashes, unless nothing else differs."""
    readable = {
        name: said for name, said in differing.items() if not (_is_hash(ours.get(name)) and _is_hash(theirs.get(name)))
    }
    return readable or differing


def _both(ours: JsonValue, theirs: JsonValue) -> str:
    """What differs in two values that are not the same."""
    if isinstance(ours, list) and isinstance(theirs, list):
        found = _lists(ours, theirs)
        if found is not None:
            return found
    one, other = _text(ours), _text(theirs)
    if one == other:  # a text and what is written like it
        one, other = json.dumps(ours), json.dumps(theirs)
    if max(len(one), len(other)) <= _LONGEST_VALUE:
        return f"{one}, now {other}"
    if ours is None or theirs is None:
        return "none, now given" if ours is None else "given, now none"
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    start = max(0, common - _BEFORE) if common > _BEFORE else 0
    longest = _SHOWN_OF_HASH if _is_hash(ours) and _is_hash(theirs) else _LONGEST_VALUE
    return f"{_part(one, start, longest)}, now {_part(other, start, longest)}"


def _lists(ours: Sequence[JsonValue], theirs: Sequence[JsonValue]) -> str | None:
    """What one has and the other has not; ``None`` if that tells less than the lists."""
    if max(len(_text(one)) for one in (list(ours), list(theirs))) <= _LONGEST_VALUE:
        return None
    gone = [one for one in ours if one not in theirs]
    come = [one for one in theirs if one not in ours]
    if gone and come:
        return f"with {_listed(gone)}, now with {_listed(come)}"
    if gone or come:
        return f"with {_listed(gone)}, now without" if gone else f"without {_listed(come)}, now with"
    return "the same in another order" if len(ours) == len(theirs) else None


def _listed(values: Sequence[JsonValue]) -> str:
    more = [f"{len(values) - _ELEMENTS} more"] if len(values) > _ELEMENTS else []
    return ", ".join([*(_part(_text(one), 0, _LONGEST_VALUE) for one in values[:_ELEMENTS]), *more])


def _part(text: str, start: int, longest: int) -> str:
    end = start + longest
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"


def _text(value: JsonValue) -> str:
    text = value if isinstance(value, str) else "none" if value is None else json.dumps(value)
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _is_hash(value: JsonValue) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
