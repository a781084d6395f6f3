"""Is an answer right? Pure comparisons of a model's answer text with a reference."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import assert_never

from codedance.rewards.choices import pick_option
from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer

__all__ = ["expression", "matches"]

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|[-+]?\.\d+")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
_WORDS = f"{_SMALL} {_TEENS}".split()
_BOXED = "\\boxed{"
_DELIMITERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))


def matches(text: str | None, answer: Answer, *, equivalent: Callable[[str, str], bool] | None = None) -> bool:
    """True if the answer text is right; ``None`` (no answer was given) never is.

    Args:
        text: what the model answered.
        answer: the reference.
        equivalent: asked last about mathematical answers, with the answer's and the reference's expression; usually
            :meth:`codedance.rewards.MathChecker.equivalent`. Without it only answers that are written alike, or that
            are the same plain number, are right: whoever wants algebra says so, and no score depends on what happens
            to be installed.

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
            said, wanted = expression(text), expression(latex)
            left, right = _latex(said), _latex(wanted)
            if left == right or (_exact(left) is not None and _exact(left) == _exact(right)):
                return True
            return equivalent is not None and equivalent(said, wanted)
        case unreachable:
            assert_never(unreachable)


def expression(text: str) -> str:
    r"""The mathematical expression of an answer: what its one ``\boxed{}`` holds, else its one formula, else all of it.

    >>> expression(r"The area is $12\pi$."), expression(r"so \boxed{\frac{1}{2}}"), expression("x = 5")
    ('12\\pi', '\\frac{1}{2}', 'x = 5')
    >>> expression("$7$ or $8$")
    '7 or 8'
    """
    boxed = _boxed(text)
    if boxed is not None:
        return boxed.strip()
    formula = _formula(text)
    return (text.replace("$", "") if formula is None else formula).strip()


def _formula(text: str) -> str | None:
    """What stands between delimiters of mathematics, if the text holds exactly one pair of them."""
    present = [(opener, closer) for opener, closer in _DELIMITERS if opener in text]
    if present == [("$$", "$$"), ("$", "$")]:
        present = [("$$", "$$")]
    if len(present) != 1:
        return None
    opener, closer = present[0]
    pieces = text.split(opener) if opener == closer else re.split(f"{re.escape(opener)}|{re.escape(closer)}", text)
    if len(pieces) != 3 or "$" in pieces[1]:
        return None
    return pieces[1] if pieces[1].strip() and text.find(opener) < text.rfind(closer) else None


def _boxed(text: str) -> str | None:
    r"""What stands between the braces of ``\boxed{``, if there is exactly one that is closed."""
    start = text.find(_BOXED)
    if start < 0 or text.find(_BOXED, start + 1) >= 0:
        return None
    depth = 1
    for index in range(start + len(_BOXED), len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start + len(_BOXED) : index]
    return None


def _number(text: str) -> float | None:
    """The one number of the text, in digits or as a word up to twenty; ``None`` if there is none or several."""
    found = {float(match.replace(",", "")) for match in _NUMBER.findall(text)}
    if not found:
        found = {float(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def _choice(text: str, answer: ChoiceAnswer) -> str | None:
    """The letter that the text chooses; options that only the question holds are known by nothing but their letters."""
    texts = answer.options or ("",) * len(string.ascii_uppercase)
    return pick_option(text, dict(zip(string.ascii_uppercase, texts, strict=False)))


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .!\"'`*")


def _latex(text: str) -> str:
    r"""Without what does not change the value: spaces, dollar signs, ``\left``, ``\boxed``, a final full stop."""
    text = re.sub(r"\\(?:left|right|displaystyle|quad)(?![a-zA-Z])|\\[,;!]|\$|\s", "", text.strip().rstrip("."))
    boxed = re.fullmatch(r"\\boxed\{(.*)\}", text)
    return re.sub(r"\\[dt]frac", r"\\frac", boxed[1] if boxed else text)


def _exact(latex: str) -> float | None:
    """Value of a plain decimal number; of nothing else."""
    return float(latex.replace(",", "")) if _NUMBER.fullmatch(latex) else None
