r"""Numbers in replies, as a careful person reads them: exact, with what stands beside them taken into account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from codedance.rewards.reading import candidates, is_refusal, without_hedge

__all__ = ["Quantity", "read_quantity", "stated_quantity"]

# Possessive and bounded, so that a reply of a million digits costs no more than one of a million letters.
_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,20}+|\d{1,60}+)(?:\.\d{1,60}+)?(?!\d)|\.\d{1,60}+(?!\d)"
_NUMBER = re.compile(
    rf"(?P<sign>[-+\u2212]?)\s?(?P<money>[$€£¥]?)\s?(?P<digits>(?<![\d_.]){_DIGITS})(?!_\d)"
    r"(?:[eE](?P<exponent>[-+]?\d{1,2})(?![\d.]))?(?P<percent>\s?%)?"
)
_WHOLE = re.compile(r"^[\s(\[\"']*(?P<number>.+?)[\s)\]\"'.]*$", re.S)
_FRACTION = re.compile(r"[-+]?\d{1,9}\s?/\s?\d{1,9}")
_TOTAL = re.compile(
    r"(?:\btotal(?: number)?(?: is| of)?:?|\baltogether|\bin all|\bsum(?: is| of)?:?|\bmakes|=)\s{0,2}"
    rf"(?P<after>{_DIGITS})|(?<!\d)(?P<before>{_DIGITS})\s(?:\w{{1,20}}\s)?(?:in total|altogether|in all)\b",
    re.I,
)
_EITHER = re.compile(
    r"\d\s{0,2}(?:-|\u2013|~|to\b|or\b)\s{0,2}\d|\bbetween \d|\b(?:and|or) (?:more|so|fewer|less)\b", re.I
)
_DENIED = re.compile(r"\b(?:not|isn't|never)\s+(?:\w+\s+)?(?=\d)", re.I)
_TEXT = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL = f"{_TEXT} seventeen eighteen nineteen".split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * (index + 2) for index, word in enumerate(_TENS)
}
_WORD = re.compile(rf"\b(?:({'|'.join(_TENS)})[- ])?({'|'.join([*_SMALL, *_TENS])})\b", re.I)
_MOST_DIGITS, _MOST_NUMBERS = 60, 2000
_YEARS = range(1500, 2101)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it was written."""

    value: Fraction
    percent: bool = False
    """A percent sign stood behind it; the value is the number before the sign."""


def read_quantity(text: str) -> Quantity | None:
    r"""The number that a text is, with currency, percent sign, brackets or thousands commas; ``None`` if it is more.

    >>> read_quantity("$1,234.5").value == Fraction("1234.5"), read_quantity("12.5 %").percent, read_quantity("7 or 8")
    (True, True, None)
    >>> read_quantity("10e0").value, read_quantity("1/2").value, read_quantity("seven").value
    (Fraction(10, 1), Fraction(1, 2), Fraction(7, 1))
    """
    whole = _WHOLE.match(text[:400]) if len(text) < 400 else None
    if whole is None:
        return None
    inner = whole["number"]
    if _FRACTION.fullmatch(inner):
        above, below = (int(part) for part in inner.replace(" ", "").split("/"))
        return Quantity(Fraction(above, below)) if below else None
    number = _NUMBER.fullmatch(inner)
    if number is not None:
        return _quantity(number)
    word = _WORD.fullmatch(inner)
    return Quantity(Fraction(_spelt(word))) if word is not None else None


def stated_quantity(text: str, *, counting: bool = False) -> Quantity | None:
    r"""The one number that a reply states; ``None`` if it states none, several, a range, or denies it.

    With ``counting``, an enumeration "1, 2, 3" states its last number, "so 16 in total" the total, and a year does not
    compete with a count.

    >>> [str(stated_quantity(text, counting=True).value) for text in ("1, 2, 3", "2 and 3, total 5", "six cups")]
    ['3', '5', '6']
    >>> stated_quantity("7-8"), stated_quantity("not 6")
    (None, None)
    """
    if is_refusal(text):
        return None
    for candidate in candidates(text):
        found = read_quantity(without_hedge(candidate)) or _within(candidate, counting=counting)
        if found is not None:
            return found
    return None


def _within(text: str, *, counting: bool) -> Quantity | None:
    if counting:
        totals = [match["after"] or match["before"] for match in _TOTAL.finditer(text)]
        if totals:
            return read_quantity(totals[-1])
    if _EITHER.search(text) or _DENIED.search(text):
        return None
    numbers = [match for match, _ in zip(_NUMBER.finditer(text), range(_MOST_NUMBERS), strict=False)]
    found = [quantity for quantity in map(_quantity, numbers) if quantity is not None]
    if not found:
        found = [Quantity(Fraction(_spelt(match))) for match in _WORD.finditer(text)]
    values = [one.value for one in found]
    if counting and len(values) > 1:
        if values == [Fraction(step) for step in range(1, len(values) + 1)]:
            return found[-1]
        found = [one for one in found if one.value not in _YEARS] or found
    return found[0] if len({one.value for one in found}) == 1 else None


def _quantity(match: re.Match[str]) -> Quantity | None:
    digits = match["digits"].replace(",", "")
    if len(digits) > _MOST_DIGITS:
        return None
    value = Fraction(digits) * Fraction(10) ** int(match["exponent"] or 0)
    # A minus within a word or after a number joins or lists; only one that begins a number is a sign.
    before = match.string[max(0, match.start() - 1) : match.start()]
    if before and before in "-\u2212+":
        return None
    negative = match["sign"] in ("-", "\u2212") and not before.isalnum()
    return Quantity(-value if negative else value, percent=bool(match["percent"]))


def _spelt(match: re.Match[str]) -> int:
    tens, word = (match[1] or "").lower(), match[2].lower()
    return _WORDS.get(tens, 0) + _WORDS[word]
