"""Which option does a reply choose, as a careful person reads it?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from codedance.rewards.reading import bare, candidates, is_refusal

__all__ = ["pick_option"]

_WORD_BREAK = r"(?<![A-Za-z0-9\\-])", r"(?![A-Za-z0-9])"
_LONE = re.compile(rf"{_WORD_BREAK[0]}([A-Z]){_WORD_BREAK[1]}")
_LEADING = re.compile(
    r"^[\s(\[\"'*]{0,3}(?:(?:option|choice|answer)\s?\W{0,2})?([A-Za-z])(?:\)|\.(?!\d)|:|,|]|\s-\s|\s?$)", re.I
)
_NAMED = re.compile(rf"\b(?:option|choice)\s{{0,2}}\W{{0,2}}([A-Z]){_WORD_BREAK[1]}", re.I)
_ARTICLE = re.compile(r"\s+(?!(?:is|was|are|because|since|as|seems|would|appears|or|and|but|not|fits|matches)\b)[a-z]")
_DENIED_BEFORE = re.compile(
    r"(?:\bnot|n't|\brather than|\binstead of|\brule out|\bexclude|\bneither|\bnor)\W{1,3}(?:the |option |be )?$", re.I
)
_DENIED_AFTER = re.compile(
    r"\W{0,3}(?:is|are|was|seems|looks)\s+(?:not\b|wrong|incorrect|false|impossible)|\W{0,3}isn't", re.I
)
_NEAR = 24


def pick_option(reply: str, options: Mapping[str, str]) -> str | None:
    """The one option that a careful person takes the reply to choose; ``None`` if none or several.

    >>> options = {"A": "blue", "B": "light blue", "C": "navy"}
    >>> [pick_option(text, options) for text in ("light blue", "(c)", "Not A, but C", "A or B", "It is not C")]
    ['B', 'C', 'C', None, None]
    """
    if not options:
        return None
    plain = {letter: bare(text) for letter, text in options.items()}
    found = next((found for candidate in candidates(reply) if (found := _exact(candidate, plain))), None)
    # An option may itself say that nothing can be determined; any other refusal chooses nothing.
    if found is not None or is_refusal(reply):
        return found
    for candidate in candidates(reply):
        for rule in (_led, _mentioned, _quoted):
            found = rule(candidate, plain)
            if found is not None:
                return found
    return None


def _exact(text: str, options: Mapping[str, str]) -> str | None:
    """The text is an option, or its letter in any case."""
    spoken = bare(text)
    same = [letter for letter, option in options.items() if option and option == spoken]
    if len(same) == 1:
        return same[0]
    letter = spoken.strip("()[]{} ").upper()
    return letter if letter in options else None


def _led(text: str, options: Mapping[str, str]) -> str | None:
    """It begins with a letter and a mark, as in "B. blue", or names "option B"."""
    leading = _LEADING.match(text)
    if leading and leading[1].upper() in options and not _is_denied(text, leading.span(1)):
        return leading[1].upper()
    named = {match[1].upper() for match in _NAMED.finditer(text) if not _is_denied(text, match.span(1))}
    return named.pop() if len(named) == 1 and named <= options.keys() else None


def _mentioned(text: str, options: Mapping[str, str]) -> str | None:
    """It mentions one letter, apart from articles and from letters that it rules out."""
    kept = set()
    for match in _LONE.finditer(text):
        article = match[1] in "AI" and _ARTICLE.match(text, match.end())
        if match[1] in options and not article and not _is_denied(text, match.span(1)):
            kept.add(match[1])
    return kept.pop() if len(kept) == 1 else None


def _quoted(text: str, options: Mapping[str, str]) -> str | None:
    """It mentions the text of one option, apart from texts within longer ones and from those that it rules out."""
    spoken = bare(text)
    spans: list[tuple[int, int, str]] = []
    for letter, option in options.items():
        place = spoken.find(option) if option else -1
        while place >= 0 and len(spans) < 200:
            end = place + len(option)
            if not spoken[place - 1 : place].isalnum() and not spoken[end : end + 1].isalnum():
                spans.append((place, end, letter))
            place = spoken.find(option, place + 1)
    kept = {
        letter
        for begin, end, letter in spans
        if not any(left <= begin and end <= right and (left, right) != (begin, end) for left, right, _ in spans)
        and not _is_denied(spoken, (begin, end))
    }
    return kept.pop() if len(kept) == 1 else None


def _is_denied(text: str, span: tuple[int, int]) -> bool:
    before = text[max(0, span[0] - _NEAR) : span[0]]
    return bool(_DENIED_BEFORE.search(before) or _DENIED_AFTER.match(text[span[1] : span[1] + _NEAR]))
