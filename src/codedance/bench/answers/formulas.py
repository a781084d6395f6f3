r"""Mathematics in common notation, worked out at fixed values of its unknowns.

LaTeX and plain text alike: ``\frac12``, ``1/2``, mixed numbers (``1\frac{1}{2}`` is 1.5), products without a sign,
powers, roots, functions, bars. Unknowns have values that depend on their names alone, so that two texts which agree at
several points are the same for all purposes here. Nothing is run; length, depth and size are bounded.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from random import Random

__all__ = ["UnreadableError", "formula_values"]

_DEEPEST, _POINTS, _LARGEST_FACTORIAL = 40, 3, 170
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<command>\\[a-zA-Z]+)|(?P<word>[a-zA-Z]+)|(?P<mark>\*\*|[-+*/^_!(){}|:,]))"
)
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda value: 1 / cmath.tan(value),
    "sec": lambda value: 1 / cmath.cos(value),
    "csc": lambda value: 1 / cmath.sin(value),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "ln": cmath.log,
    "log": cmath.log10,
    "exp": cmath.exp,
    "sqrt": cmath.sqrt,
}
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_EARLY = "alpha beta gamma delta epsilon zeta eta theta"
_GREEK = frozenset(f"{_EARLY} iota kappa lambda mu nu xi rho sigma tau phi chi psi omega".split())


class UnreadableError(ValueError):
    """The text is not mathematics that this module knows."""


def formula_values(text: str) -> list[complex]:
    r"""The values of a formula at each of the fixed points; without unknowns they are all the same.

    Raises:
        UnreadableError: it is no formula.
        ArithmeticError: it has no value there (a division by zero, a power too large).

    >>> formula_values(r"1\frac{1}{2}")[0], formula_values("2x+x") == formula_values("3x")
    ((1.5+0j), True)
    """
    try:
        return [_Reader(text, point).all() for point in range(_POINTS)]
    except RecursionError:
        raise UnreadableError from None


class _Reader:
    """Reads a formula and works it out, at one of the points."""

    def __init__(self, text: str, point: int) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._place, self._depth, self._point = 0, 0, point
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise UnreadableError
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def all(self) -> complex:
        """The whole text."""
        value = self._sum()
        if self._place < len(self._tokens) or cmath.isnan(value) or cmath.isinf(value):
            raise UnreadableError
        return complex(value)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _take(self, *marks: str) -> str | None:
        kind, text = self._peek()
        if kind == "mark" and text in marks:
            self._place += 1
            return text
        return None

    def _sum(self) -> complex:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        value = self._product()
        while sign := self._take("+", "-"):
            value = value + self._product() if sign == "+" else value - self._product()
        self._depth -= 1
        return value

    def _product(self) -> complex:
        value = self._signed()
        while True:
            if sign := self._take("*", "/", ":"):
                value = value * self._signed() if sign == "*" else value / self._signed()
            elif self._peek()[0] in ("number", "command", "word") or self._peek()[1] in ("(", "{"):
                value *= self._power()
            else:
                return value

    def _signed(self) -> complex:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        return -self._power() if negative else self._power()

    def _power(self) -> complex:
        value = self._single()
        while self._take("!"):
            if value.imag or not 0 <= value.real <= _LARGEST_FACTORIAL:
                raise UnreadableError
            value = math.gamma(value.real + 1)
        return complex(value ** self._exponent()) if self._take("^", "**") else value

    def _exponent(self) -> complex:
        if self._take("{"):
            return self._closed("}")
        if self._take("-"):
            return -self._exponent()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        value = self._power()
        self._depth -= 1
        return value

    def _closed(self, closing: str) -> complex:
        value = self._sum()
        if not self._take(closing):
            raise UnreadableError
        return value

    def _single(self) -> complex:
        kind, text = self._peek()
        self._place += 1
        match kind, text:
            case "number", _:
                return self._mixed(float(text.replace(",", "")), text)
            case "mark", "(":
                return self._closed(")")
            case "mark", "{":
                return self._closed("}")
            case "mark", "|":
                return abs(self._closed("|"))
            case "command", _:
                return self._command(text[1:])
            case "word", _:
                return self._word(text)
            case _:
                raise UnreadableError

    def _mixed(self, value: float, text: str) -> complex:
        """A whole number right before a fraction of whole numbers is one number with it, as people write."""
        if text.isdigit() and self._peek() == ("command", r"\frac"):
            parts = self._tokens[self._place + 1 : self._place + 7]
            if [kind for kind, _ in parts] == ["mark", "number", "mark", "mark", "number", "mark"]:
                self._place += 7
                above, below = (float(parts[place][1].replace(",", "")) for place in (1, 4))
                return value + above / below
        return value

    def _command(self, name: str) -> complex:
        match name:
            case "pi":
                return math.pi
            case "frac":
                above = self._slot()
                return above / self._slot()
            case "sqrt":
                return self._root()
            case _ if name in _FUNCTIONS:
                return self._function(name)
            case _ if name in _GREEK:
                return self._unknown(name)
            case _:
                raise UnreadableError

    def _root(self) -> complex:
        r"""``\sqrt{x}``, ``\sqrt x``; the degree of ``\sqrt[3]{x}`` has come in as ``(3)`` before a brace."""
        begin = self._place
        if self._take("("):
            degree = self._closed(")")
            if self._peek()[1] == "{":
                base = self._slot()
                if base.imag == 0 and base.real < 0 and degree.real % 2 == 1:
                    return complex(-((-base.real) ** (1 / degree.real)))
                return complex(base ** (1 / degree))
            self._place = begin
            return cmath.sqrt(self._power())
        return cmath.sqrt(self._slot())

    def _slot(self) -> complex:
        """An argument: a group in braces, a command, or one digit or letter."""
        if self._take("{"):
            return self._closed("}")
        kind, text = self._peek()
        if kind == "command":
            self._place += 1
            return self._command(text[1:])
        if kind not in ("number", "word") or not text[0].isalnum():
            raise UnreadableError
        rest = text[1:]
        self._tokens[self._place : self._place + 1] = [(kind, text[0]), *([(kind, rest)] if rest else [])]
        self._place += 1
        return float(text[0]) if kind == "number" else self._unknown(text[0])

    def _function(self, name: str) -> complex:
        base = self._slot() if self._take("_") else None
        power = self._exponent() if self._take("^") else None
        if power == -1 and name in _INVERSES:
            name, power = _INVERSES[name], None
        self._depth += 1
        if self._depth > _DEEPEST or (base is not None and name != "log"):
            raise UnreadableError
        value = _FUNCTIONS[name](self._power())
        self._depth -= 1
        if base is not None:
            value = value / cmath.log10(base)
        return value if power is None else value**power

    def _word(self, text: str) -> complex:
        """A function's name, or unknowns side by side; longer words are language, not mathematics."""
        if text.lower() in _FUNCTIONS:
            return self._function(text.lower())
        if text.lower() == "pi":
            return math.pi
        if len(text) > 2:
            raise UnreadableError
        value: complex = 1
        for letter in text[:-1]:
            value *= math.e if letter == "e" else _value_of(letter, self._point)
        return value * (math.e if text[-1] == "e" else self._unknown(text[-1]))

    def _unknown(self, name: str) -> complex:
        if self._take("_"):
            kind, text = self._peek()
            if kind not in ("number", "word") and text != "{":
                raise UnreadableError
            self._place += 1
            index = self._tokens[self._place - 1 : self._place + 2] if text == "{" else [(kind, text)]
            if text == "{":
                if [one[1] for one in index[2:]] != ["}"]:
                    raise UnreadableError
                self._place += 2
                index = index[1:2]
            name = f"{name}_{index[0][1]}"
        return _value_of(name, self._point)


def _value_of(name: str, point: int) -> float:
    # A string seeds Random by its SHA-512: the same value on every machine.
    return Random(f"{name}/{point}").uniform(0.3, 2.2)  # noqa: S311 - reproducible, no secret
