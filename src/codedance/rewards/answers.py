"""Is an answer right? Pure comparisons of a model's answer text with a reference."""

from __future__ import annotations

import re
from typing import assert_never

from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer

__all__ = ["matches"]

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|[-+]?\.\d+")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
_WORDS = f"{_SMALL} {_TEENS}".split()
_LETTER = re.compile(r"^\W*(?:(?:option|answer|choice)\W+)?([A-Za-z])(?![A-Za-z0-9])", re.I)


def matches(text: str | None, answer: Answer) -> bool:
    """True if the answer text is right; ``None`` (no answer was given) never is.

    >>> matches("There are 7.", NumberAnswer(value=7)), matches("seven", NumberAnswer(value=7))
    (True, True)
    >>> matches("7 or 8", NumberAnswer(value=7))
    False
    >>> matches("(B) red", ChoiceAnswer(letter="B", options=("blue", "red")))
    True
    """
    if text is None:
        return False
    match answer:
        case NumberAnswer(value=value, tolerance=tolerance):
            number = _number(text)
            return number is not None and abs(number - value) <= tolerance + 1e-9 * max(1.0, abs(value))
        case ChoiceAnswer():
            return _choice(text, answer) == answer.letter
        case TextAnswer(accepted=accepted):
            return _plain(text) in {_plain(one) for one in accepted}
        case MathAnswer(latex=latex):
            left, right = _latex(text), _latex(latex)
            return left == right or (_exact(left) is not None and _exact(left) == _exact(right))
        case unreachable:
            assert_never(unreachable)


def _number(text: str) -> float | None:
    """The one number of the text, in digits or as a word up to twenty; ``None`` if there is none or several."""
    found = {float(match.replace(",", "")) for match in _NUMBER.findall(text)}
    if not found:
        found = {float(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def _choice(text: str, answer: ChoiceAnswer) -> str | None:
    """The option's letter at the text's beginning, else of the option whose text this is."""
    plain = _plain(text)
    for index, option in enumerate(answer.options):
        if plain == _plain(option):
            return chr(ord("A") + index)
    letter = _LETTER.match(text)
    return letter[1].upper() if letter else None


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .!\"'`*")


def _latex(text: str) -> str:
    r"""Without what does not change the value: spaces, dollar signs, ``\left``, ``\boxed``, a final full stop."""
    text = re.sub(r"\\(?:left|right|displaystyle|,|;|!|quad)(?![a-zA-Z])|\$|\s", "", text.strip().rstrip("."))
    boxed = re.fullmatch(r"\\boxed\{(.*)\}", text)
    return re.sub(r"\\[dt]frac", r"\\frac", boxed[1] if boxed else text)


def _exact(latex: str) -> float | None:
    """Value of a plain decimal number; of nothing else."""
    return float(latex.replace(",", "")) if _NUMBER.fullmatch(latex) else None
