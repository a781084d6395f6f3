r"""One step before scoring: which part of a reply is the answer, and how that was found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LONGEST_TEXT", "AnswerPath", "Extracted", "extract", "is_failure"]

LONGEST_TEXT = 2**20
"""Characters, counted from the end, in which an answer is looked for."""
_TAG = re.compile(r"<(/?)answer\s?>", re.I)
_BOXED = re.compile(r"\\f?boxed ?\{|\\[{}]|[{}]")
_FAILURE = "Failed to obtain answer via API"


class AnswerPath(StrEnum):
    """How the text that was scored was found."""

    TAG = "tag"
    """The last ``<answer>`` that is also closed."""
    BOXED = "boxed"
    """The last ``\\boxed{...}``."""
    TEXT = "text"
    """There is neither: the whole text."""
    RAW = "raw"
    """Extraction was switched off: the scorer saw the reply as it is."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a scorer is given."""

    text: str
    path: AnswerPath


def extract(text: str) -> Extracted:
    r"""The last well-formed ``<answer>``, else the last ``\boxed{}``, else the text.

    >>> extract("<think><answer>9</answer> no</think><answer>8</answer> or so")
    Extracted(text='8', path=<AnswerPath.TAG: 'tag'>)
    >>> extract(r"Hence $\boxed{\frac{1}{2}}$.").text
    '\\frac{1}{2}'
    >>> extract("<answer>7").path
    <AnswerPath.TEXT: 'text'>
    """
    text = text[-LONGEST_TEXT:]
    tagged = _last_tagged(text)
    if tagged is not None:
        return Extracted(tagged, AnswerPath.TAG)
    boxed = _last_boxed(text)
    if boxed is not None:
        return Extracted(boxed, AnswerPath.BOXED)
    return Extracted(text.strip(), AnswerPath.TEXT)


def is_failure(text: str) -> bool:
    """True for the sentence that VLMEvalKit writes in the place of a reply that it could not get."""
    return _FAILURE in text[:200]


def _last_tagged(text: str) -> str | None:
    found: str | None = None
    begin: int | None = None
    for tag in _TAG.finditer(text):
        if not tag[1]:
            begin = tag.end()
        elif begin is not None:
            found, begin = text[begin : tag.start()].strip(), None
    return found


def _last_boxed(text: str) -> str | None:
    if "boxed" not in text:
        return None
    found: str | None = None
    depth = 0
    opened: list[tuple[int, int]] = []
    for mark in _BOXED.finditer(text):
        if mark[0].endswith("boxed{") or mark[0].endswith("boxed {"):
            opened.append((depth, mark.end()))
            depth += 1
        elif mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth = max(0, depth - 1)
            while opened and opened[-1][0] > depth:
                opened.pop()
            if opened and opened[-1][0] == depth:
                found = text[opened.pop()[1] : mark.start()].strip()
    return found
