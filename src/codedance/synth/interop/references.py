r"""Reference answers as plain text, for formats that hold nothing else, and back."""

from __future__ import annotations

import re
from typing import assert_never

from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer

__all__ = ["read_reference", "reference_text"]

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+")
_OPTION = re.compile(r"(?:^|[\s(])([A-Z])[.):]\s", re.M)
_LATEX = re.compile(r"\\[a-zA-Z]+|[\^_]\{|^\$.*\$$")
_LONGEST_NUMBER = 30


def reference_text(answer: Answer) -> str:
    r"""The answer as a person would write it.

    >>> reference_text(NumberAnswer(value=7)), reference_text(NumberAnswer(value=0.25, tolerance=0.01))
    ('7', '0.25')
    >>> reference_text(TextAnswer(accepted=("red", "crimson")))
    'red'
    """
    match answer:
        case NumberAnswer(value=value):
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case ChoiceAnswer(letter=letter):
            return letter
        case TextAnswer(accepted=accepted):
            return accepted[0]
        case MathAnswer(latex=latex):
            return latex
        case unreachable:
            assert_never(unreachable)


def read_reference(text: str | None, question: str) -> Answer | None:
    r"""What kind of answer a plain text is; ``None`` if it holds nothing.

    A number is a number; one capital letter is a choice if the question has lettered options; LaTeX is mathematics;
    anything else is a text.

    >>> read_reference("1,250", "How many?")
    NumberAnswer(kind='number', value=1250.0, tolerance=0.0)
    >>> read_reference("(B)", "Which? A. red B. blue").letter
    'B'
    >>> read_reference(r"\frac{1}{2}", "Solve.").kind, read_reference("B", "Which letter is shown?").kind
    ('math', 'text')
    """
    plain = (text or "").strip()
    if not plain:
        return None
    if len(plain) <= _LONGEST_NUMBER and _NUMBER.fullmatch(plain):
        return NumberAnswer(value=float(plain.replace(",", "")))
    letter = re.fullmatch(r"\(?([A-Z])[.)]?", plain)
    if letter and letter[1] in _OPTION.findall(question):
        return ChoiceAnswer(letter=letter[1])
    if _LATEX.search(plain):
        return MathAnswer(latex=plain)
    return TextAnswer(accepted=(plain,))
