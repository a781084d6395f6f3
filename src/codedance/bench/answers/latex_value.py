r"""The number that the official MATH-Vision scorer makes of a LaTeX text, without running anything.

The scorer turns the text into a sympy expression with latex2sympy2, prints that as Python and calls ``eval``. Only
numbers can come out of it with the names that ``math`` has, so this module reads the same language and does the same
arithmetic on Python's own numbers, with bounds on length, depth and size. What ``eval`` cannot work out (an unknown, an
absolute value, a natural logarithm, whose base is printed as ``E``) has no value here either. Rules that surprise:

- what cannot follow an expression ends it, and the rest is passed over: ``5)`` and ``5 rows`` are 5;
- factors side by side bind tighter than ``/``: ``5/2\sqrt{3}`` is five over that product, ``1\frac{1}{2}`` a half;
- a colon divides, ``1.5.2`` is 1.5 times 0.2, ``\log`` has base ten, ``^`` groups from the left;
- a comparison is worth 1 or 0, and ``x = 5`` is worth 5.

Not followed: sympy prints a few quotients within quotients without brackets (``-3/2.5`` becomes -3/5/2), and a
few functions simplify before they are printed (``e^{\log 3}``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codedance.bench.answers.latex_numbers import (
    NoValueError,
    bounded,
    choose,
    exact_number,
    exponential,
    factorial,
    raised,
)
from codedance.bench.answers.latex_tokens import Kind, Token, lex

__all__ = ["NoValueError", "latex_value"]

_LONGEST, _DEEPEST = 2000, 40
_PAIRS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\lgroup": r"\rgroup", r"\lbrace": r"\rbrace"} | {
    r"\lbrack": r"\rbrack",
    r"\lfloor": r"\rfloor",
    r"\llcorner": r"\lrcorner",
}
_FLOORS = (r"\lfloor", r"\llcorner")
_SIZES = {r"\left": r"\right", r"\mleft": r"\mright"}
_TIMES = ("*", r"\times", r"\cdot", "/", r"\div", r"\over", ":")
_ENDING = ("_", "^", r"\choose")
"""Operators that can stand behind a complete value without belonging to it."""
_ATOMS = (Kind.NUMBER, Kind.PERCENT, Kind.CONSTANT, Kind.SYMBOL)
_STARTS = (*_ATOMS, Kind.OPEN, Kind.SIZE, Kind.FUNCTION, Kind.COMMAND)
_LOGARITHMS = (r"\log", r"\ln")
_INVERTED = ("sin", "cos", "tan", "sinh", "cosh", "tanh")
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    **{rf"\{name}": getattr(math, name) for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor")},
    **{rf"\arc{name}": getattr(math, f"a{name}") for name in _INVERTED},
    **{rf"\ar{name}": getattr(math, f"a{name}") for name in ("sinh", "cosh", "tanh")},
}
_REWRITES = ((r"\dfrac", r"\frac"), (r"\tfrac", r"\frac"), (r"\mathrm{d}", "d"), (r"{\rm d}", "d"))
_SPACES = (r"\displaystyle", r"\quad", r"\qquad", "~", r"\,", "$")
_PERMUTATION = re.compile(r"\(([a-zA-Z0-9+\-*/\\ ]+?)\)_\{([a-zA-Z0-9+\-*/\\ ]+?)\}")


@dataclass(frozen=True, slots=True)
class _Part:
    """A value, and whether it stands there as one plain number (signs included)."""

    value: int | float
    plain: bool = False


def latex_value(text: str) -> int | float:
    r"""What the scorer's ``eval`` gives; raises :class:`NoValueError` where it fails or would run too long.

    >>> latex_value(r"\frac{7}{2}+\sqrt{4}"), latex_value("1,000"), latex_value("5 rows")
    (5.5, 1000, 5)
    >>> latex_value("10^{10^{10}}")
    Traceback (most recent call last):
      ...
    codedance.bench.answers.latex_numbers.NoValueError: too large
    """
    if len(text) > _LONGEST:
        raise NoValueError("too long")
    for old, new in _REWRITES:
        text = text.replace(old, new)
    text = _PERMUTATION.sub(r"\\frac{(\1)!}{((\1)-(\2))!}", text)
    for space in _SPACES:
        text = text.replace(space, " ")
    try:
        return _Reader(lex(text)).relation()
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NoValueError(str(error)) from None


class _Reader:
    """Descends through the grammar; every method reads one rule and leaves the place behind it."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._coming = tokens
        self._tokens: list[Token] = []
        self._place = 0
        self._depth = 0

    def relation(self) -> int | float:
        """A whole answer: what stands behind ``=``, or the truth of a comparison, or a value."""
        while self._assigned():
            pass
        value = self._sum().value
        while True:
            token = self._next()
            if token is None or token.kind in (Kind.CLOSE, Kind.IDLE, Kind.NAME) or token.text in _ENDING:
                return value
            self._place += 1
            match token.text:
                case "<":
                    value = value < self._sum().value
                case ">":
                    value = value > self._sum().value
                case r"\leq" | r"\le" | r"\leqslant":
                    value = value <= self._sum().value
                case r"\geq" | r"\ge" | r"\geqslant":
                    value = value >= self._sum().value
                case _:
                    raise NoValueError(f"{token.text} after a value")

    def _assigned(self) -> bool:
        """Pass over ``x =`` (an unknown with any index or accent); false if there is none."""
        begin = self._place
        token = self._next()
        if token is not None and token.kind in (Kind.SYMBOL, Kind.ACCENT):
            self._place += 1
            if token.kind is Kind.ACCENT:
                self._braces()
            if self._take("_"):
                self._index()
            if self._take("="):
                return True
        self._place = begin
        return False

    def _index(self) -> None:
        """Pass over what stands behind an underscore."""
        if self._braces():
            return
        token = self._next()
        if token is None or token.kind not in _ATOMS:
            raise NoValueError("no index")
        self._place += 1

    def _braces(self) -> bool:
        """Pass over a group in braces, whatever it holds; false if there is none here."""
        if not self._at("{"):
            return False
        depth = 0
        while (token := self._next()) is not None:
            self._place += 1
            depth += (token.text == "{") - (token.text == "}")
            if depth == 0:
                return True
        raise NoValueError("no closing brace")

    def _sum(self) -> _Part:
        left = self._product()
        while (sign := self._one_of("+", "-")) is not None:
            right = self._product()
            left = _Part(bounded(left.value + right.value if sign == "+" else left.value - right.value))
        return left

    def _product(self, *, bare: bool = False) -> _Part:
        left = self._signed(bare=bare)
        while (sign := self._one_of(*_TIMES)) is not None:
            right = self._signed(bare=bare)
            divides = sign not in _TIMES[:3]
            left = _Part(left.value / right.value if divides else bounded(left.value * right.value))
        return left

    def _signed(self, *, bare: bool) -> _Part:
        """A product of factors side by side; after a function without brackets no further function belongs to it."""
        sign = self._one_of("+", "-")
        if sign is not None:
            with_sign = self._nested(lambda: self._signed(bare=bare))
            return with_sign if sign == "+" else _Part(-with_sign.value, with_sign.plain)
        part = self._powered()
        while self._factor_follows(bare=bare):
            part = _Part(bounded(part.value * self._powered().value))
        return part

    def _factor_follows(self, *, bare: bool) -> bool:
        token = self._next()
        if token is None:
            return False
        if token.kind in (Kind.FATAL, Kind.ACCENT):
            raise NoValueError(f"{token.text} has no value")
        is_function = token.kind is Kind.FUNCTION or token.text in (r"\sqrt", r"\gcd", r"\lcm", r"\operatorname", "e")
        return token.kind in _STARTS and not (bare and is_function)

    def _powered(self) -> _Part:
        part = self._single()
        while self._take("^"):
            part = _Part(raised(part.value, self._exponent().value))
            if self._take("_"):
                self._index()
        while (sign := self._one_of("!", "'", "^T", "^{T}", r"^{\top}")) is not None:
            part = _Part(factorial(part.value)) if sign == "!" else part
        return part

    def _exponent(self) -> _Part:
        if self._take("{"):
            part = self._nested(self._sum)
            self._expect("}")
            return part
        token = self._next()
        if token is None or token.kind not in _ATOMS:
            raise NoValueError("no exponent")
        return self._single()

    def _single(self) -> _Part:
        token = self._next()
        self._place += 1
        match token:
            case Token(Kind.NUMBER, text):
                return _Part(exact_number(text), plain=True)
            case Token(Kind.PERCENT, text):
                value = exact_number(text[:-2])
                whole = isinstance(value, int) and value % 100 == 0
                return _Part(value // 100 if whole else value / 100, plain=True)
            case Token(Kind.CONSTANT, text):
                return _Part(math.pi if text == r"\pi" else math.tau)
            case Token(Kind.OPEN | Kind.SIZE):
                self._place -= 1
                return self._nested(self._group)
            case Token(Kind.FUNCTION | Kind.COMMAND, text):
                return self._nested(lambda: self._call(text))
            case _:
                raise NoValueError("nothing with a value" if token is None else f"{token.text} has no value")

    def _group(self) -> _Part:
        size = self._one_of(*_SIZES)
        opening = self._one_of(*_PAIRS)
        if opening is None:
            raise NoValueError("no bracket")
        part = self._sum()
        if opening == "{" and self._take(r"\choose"):
            part = _Part(choose(part.value, self._sum().value))
        if size is not None:
            self._expect(_SIZES[size])
        self._expect(_PAIRS[opening])
        return _Part(math.floor(part.value)) if opening in _FLOORS else part

    def _call(self, name: str) -> _Part:
        match name:
            case r"\frac":
                above, below = self._argument(), self._argument()
                return _Part(above.value / below.value)
            case r"\binom" | r"\tbinom" | r"\dbinom":
                above, below = self._argument(), self._argument()
                return _Part(choose(above.value, below.value))
            case r"\sqrt":
                root = 2.0
                if self._take("["):
                    root = float(self._sum().value)
                    self._expect("]")
                return _Part(raised(self._argument().value, 1 / root))
            case "e" | r"\exponentialE":
                return _Part(_exp(self._exponent() if self._take("^") else _Part(1, plain=True)))
            case r"\operatorname":
                self._expect("{")
                inner = self._next()
                self._place += 1
                self._expect("}")
                return self._call("\\" + inner.text if inner is not None and inner.kind is Kind.NAME else "")
            case r"\gcd" | r"\lcm":
                return _Part(self._common(name))
            case _:
                return self._function(name)

    def _function(self, name: str) -> _Part:
        base: float | None = 10 if name == r"\log" else None
        power: _Part | None = None
        while (sign := self._one_of("_", "^")) is not None:
            if sign == "^":
                power = self._exponent()
            elif name in _LOGARITHMS:
                base = self._exponent().value
            else:
                self._index()
        argument = self._bracketed() or self._nested(lambda: self._product(bare=True))
        if power is not None and power.plain and power.value == -1 and name[1:] in _INVERTED:
            name, power = rf"\arc{name[1:]}", None
        if name in _LOGARITHMS:
            if base is None:
                raise NoValueError("a natural logarithm")
            value: int | float = math.log(argument.value, base)
        elif name == r"\exp":
            value = _exp(argument)
        elif name in _FUNCTIONS:
            value = _FUNCTIONS[name](argument.value)
        else:
            raise NoValueError(f"{name} has no value")
        return _Part(value if power is None or (power.plain and power.value == 0) else raised(value, power.value))

    def _bracketed(self) -> _Part | None:
        r"""An argument in round brackets; their ``\left`` and ``\right`` need no partner."""
        begin = self._place
        size = self._one_of(*_SIZES)
        if not self._take("("):
            self._place = begin
            return None
        part = self._sum()
        for closing in {_SIZES[size]} if size else set(_SIZES.values()):
            if self._take(closing):
                break
        self._expect(")")
        return part

    def _common(self, name: str) -> int:
        """Greatest common divisor or least common multiple of whole numbers in brackets."""
        self._expect("(")
        values = [self._sum().value]
        while self._take(","):
            values.append(self._sum().value)
        self._expect(")")
        whole = [value for value in values if isinstance(value, int)]
        if len(whole) < len(values):
            raise NoValueError("not whole")
        return math.gcd(*whole) if name == r"\gcd" else int(bounded(math.lcm(*whole)))

    def _argument(self) -> _Part:
        self._expect("{")
        part = self._sum()
        self._expect("}")
        return part

    def _nested(self, read: Callable[[], _Part]) -> _Part:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NoValueError("too deep")
        part = read()
        self._depth -= 1
        return part

    def _next(self) -> Token | None:
        while self._place >= len(self._tokens):  # read no further than needed: a reply has no value after a few words
            token = next(self._coming, None)
            if token is None:
                return None
            self._tokens.append(token)
        token = self._tokens[self._place]
        if token.kind is Kind.UNKNOWN:
            raise NoValueError(f"{token.text!r} is no token")
        return token

    def _at(self, text: str) -> bool:
        token = self._next()
        return token is not None and token.text == text

    def _take(self, text: str) -> bool:
        found = self._at(text)
        self._place += found
        return found

    def _one_of(self, *texts: str) -> str | None:
        token = self._next()
        if token is None or token.text not in texts:
            return None
        self._place += 1
        return token.text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise NoValueError(f"{text} is missing")


def _exp(argument: _Part) -> int | float:
    return exponential(argument.value, plain=argument.plain)
