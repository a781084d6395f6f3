r"""Are two pieces of mathematics the same, as a careful person sees it: exactly, and in any common notation.

Numbers are compared as fractions; formulas by their values at a few points, to twelve digits; tuples part by part;
lists without brackets in any order; equations side by side. An unknown alone before ``=``, and a unit behind, are left
out.
"""

from __future__ import annotations

import re

from codedance.bench.answers.formulas import UnreadableError, formula_values
from codedance.bench.answers.quantities import read_quantity, stated_quantity
from codedance.rewards.reading import bare, candidates, undecorated

__all__ = ["same_expression", "says_expression"]

_LONGEST, _AGREEMENT = 1000, 1e-12
_PLAIN = str.maketrans(
    {"×": "*", "·": "*", "\u2219": "*", "÷": "/", "\u2212": "-", "\u2013": "-", "π": r"\pi ", "√": r"\sqrt ", "°": " "}
    | {"²": "^2", "³": "^3", "~": " ", "∞": r"\infty ", "[": "(", "]": ")"}
)
_DROPPED = re.compile(r"\^\{?\\circ\}?|\\(?:circ|degree|limits|displaystyle)(?![a-z])|\\[,;!: ]")
_COMMANDS = re.compile(r"\\(?:times|cdot|div|over|dfrac|tfrac|lvert|rvert)(?![a-zA-Z])")
_MARKS = {r"\times": "*", r"\cdot": "*", r"\div": "/", r"\over": "/", r"\dfrac": r"\frac", r"\tfrac": r"\frac"} | {
    r"\lvert": "|",
    r"\rvert": "|",
}
_UNIT = re.compile(
    r"(?<=[\d)}.i\s])\s?(?:square |sq\.? |cubic )?"
    r"(?:units?|[ckm]?m|inch(?:es)?|in|ft|feet|degrees?|deg|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s|kg|g|ml|l"
    r"|dollars?|euros?|cents?|percent|\\?%|years?|days?)(?:\^?\{?[23]\}?)?\.?$",
    re.I,
)
_ASSIGNED = re.compile(r"\s*\\?[a-zA-Z](?:_\{?\w+\}?)?\s*")
_THOUSANDS = re.compile(r"\d{3}(?!\d)")


def says_expression(reply: str, reference: str) -> bool | None:
    r"""True if the reply states something equal to the reference, false if something else, ``None`` if that is unclear.

    >>> says_expression(r"The answer is $\frac{2}{4}$.", "1/2"), says_expression("3.001", "3")
    (True, False)
    >>> says_expression("x = 256\\pi cm", r"256\pi"), says_expression("it depends on the weather", "2") is None
    (True, True)
    """
    for candidate in candidates(reply):
        same = same_expression(candidate, reference)
        if same is not None:
            return same
    known, said = read_quantity(reference), stated_quantity(reply)
    return None if known is None or said is None else said.value == known.value


def same_expression(left: str, right: str) -> bool | None:
    r"""Whether two texts mean the same; ``None`` if one of them cannot be read.

    >>> same_expression("x^2+1", "1+x^{2}"), same_expression("(3,-4)", "(3, -4)"), same_expression("1:2", r"\frac12")
    (True, True, True)
    >>> same_expression(r"1\frac{1}{2}", "1.5"), same_expression("2,1", "1,2"), same_expression("1,2", "1")
    (True, True, False)
    """
    if bare(left) and bare(left) == bare(right):
        return True
    verdicts = [_same(one, other) for one in _forms(left) for other in _forms(right)]
    if any(verdicts):
        return True
    return False if False in verdicts else None


def _forms(text: str) -> list[str]:
    """The text in plain notation, and without a unit behind it."""
    if len(text) > _LONGEST:
        return []
    plain = _DROPPED.sub(" ", undecorated(text.translate(_PLAIN)))
    plain = _COMMANDS.sub(lambda command: _MARKS[command[0]], plain).strip().rstrip(".,;").strip()
    without = _UNIT.sub("", plain).strip()
    return [plain] if without in (plain, "") else [plain, without]


def _same(left: str, right: str) -> bool | None:
    left, right = _right_side(left), _right_side(right)
    numbers = read_quantity(left), read_quantity(right)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0].value == numbers[1].value
    if "=" in left or "=" in right:
        return _same_equation(left, right)
    try:
        ours = [formula_values(part) for part in _parts(left)]
        theirs = [formula_values(part) for part in _parts(right)]
    except (UnreadableError, ArithmeticError, ValueError):
        return None
    if len(ours) != len(theirs) or (len(ours) > 1 and _is_enclosed(left) != _is_enclosed(right)):
        return False
    if len(ours) > 1 and not _is_enclosed(left):
        return _same_set(ours, theirs)
    return all(_agree(one, other) for one, other in zip(ours, theirs, strict=True))


def _right_side(text: str) -> str:
    """What an unknown alone is set equal to; else the text."""
    for mark in ("=", r"\approx"):
        before, found, after = text.partition(mark)
        if not found or not before.strip() or not after.strip() or "=" in after:
            continue
        for unknown, value in ((before, after), (after, before)):
            if _ASSIGNED.fullmatch(unknown):
                return value.strip()
    return text


def _same_equation(left: str, right: str) -> bool | None:
    sides = left.split("="), right.split("=")
    if any(len(parts) != 2 for parts in sides):
        return False
    (a, b), (c, d) = sides
    straight, crossed = (_same(a, c), _same(b, d)), (_same(a, d), _same(b, c))
    if all(straight) or all(crossed):
        return True
    return None if None in (*straight, *crossed) else False


def _is_enclosed(text: str) -> bool:
    return text.startswith("(") and text.endswith(")")


def _parts(text: str) -> list[str]:
    """A tuple's or list's members; a single expression is a list of one. Commas of thousands do not part."""
    inner = text[1:-1] if _is_enclosed(text) and "," in text else text
    parts, depth, begin = [], 0, 0
    for place, mark in enumerate(inner):
        depth += (mark in "({") - (mark in ")}")
        if mark != "," or depth != 0:
            continue
        if inner is text and inner[place - 1 : place].isdigit() and _THOUSANDS.match(inner, place + 1):
            continue
        parts.append(inner[begin:place].strip())
        begin = place + 1
    return [*parts, inner[begin:].strip()]


def _same_set(ours: list[list[complex]], theirs: list[list[complex]]) -> bool:
    rest = list(theirs)
    for one in ours:
        place = next((place for place, other in enumerate(rest) if _agree(one, other)), None)
        if place is None:
            return False
        del rest[place]
    return True


def _agree(left: list[complex], right: list[complex]) -> bool:
    return all(
        abs(one - other) <= _AGREEMENT * max(1.0, abs(one), abs(other)) for one, other in zip(left, right, strict=True)
    )
