"""Arithmetic on Python's own numbers as ``eval`` does it, kept small enough to end at once."""

from __future__ import annotations

import math

__all__ = ["NoValueError", "bounded", "choose", "exact_number", "exponential", "factorial", "raised"]

_MOST_BITS, _MOST_DIGITS, _MOST_FACTORS = 20_000, 300, 1500


class NoValueError(ValueError):
    """The text has no value for the official scorer."""


def exact_number(text: str) -> int | float:
    """A whole number or decimal fraction, perhaps with commas; whole decimals are whole numbers.

    >>> exact_number("1,000.50"), exact_number("4.0"), exact_number(".5")
    (1000.5, 4, 0.5)
    """
    whole, _, part = text.replace(",", "").partition(".")
    part = part.rstrip("0")
    if len(whole) + len(part) > _MOST_DIGITS:
        raise NoValueError("too many digits")
    # A decimal is printed as a fraction of whole numbers, whose quotient Python rounds once: as float() does.
    return float(f"{whole or 0}.{part}") if part else int(whole or 0)


def bounded(value: int | float) -> int | float:
    """The value, if it has not too many bits."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise NoValueError("too large")
    return value


def raised(base: int | float, exponent: int | float) -> int | float:
    """``base ** exponent``, if it is real and not too large."""
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > _MOST_BITS:
        raise NoValueError("too large")
    value: int | float | complex = base**exponent
    if isinstance(value, complex):
        raise NoValueError("a root of a negative number")
    return value


def exponential(value: int | float, *, plain: bool) -> int | float:
    """Euler's number to a power; a plain zero gives the whole number 1, a plain one a constant without a value."""
    if plain and value == 1:
        raise NoValueError("the number e is printed as E")
    return 1 if plain and value == 0 else math.exp(value)


def factorial(value: int | float) -> int:
    """Of a whole number that is not too large."""
    if not isinstance(value, int) or value > _MOST_FACTORS:
        raise NoValueError("no factorial")
    return math.factorial(value)


def choose(above: int | float, below: int | float) -> int:
    """The binomial coefficient, also of a negative upper number.

    >>> choose(5, 2), choose(-5, 2)
    (10, 15)
    """
    if (
        not isinstance(above, int)
        or not isinstance(below, int)
        or not 0 <= below <= _MOST_FACTORS
        or abs(above) > 10**9
    ):
        raise NoValueError("no binomial")
    if above >= 0:
        return math.comb(above, below)
    sign: int = (-1) ** below
    return sign * math.comb(below - above - 1, below)
