r"""Lettered options: which ones a row has, what VLMEvalKit's rules infer from a reply, what a person reads in it.

VLMEvalKit's rules (``can_infer``) with their quirks: a letter counts as a word of its own once ``.()[],:;!*#{}`` are
blanked, only in upper case, and only if it is the one option among the words and stands among the last five words at
its first place; else the first "answer is X" decides, in any case, also where X only begins a word; else the one
option whose text occurs in a reply that is at most twice as long as all options together.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from codedance.bench.answers.literals import read_list
from codedance.bench.answers.reading import bare, candidates, is_refusal

__all__ = ["infer_option", "letter_of", "pick_option", "row_options"]

_LETTERS = string.ascii_uppercase
_BLANKED = ".()[],:;!*#{}"
_REFUSED = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_SAID = re.compile(r"answer\s+is\s+\**([a-d])", re.I)
_INLINE = re.compile(r"(?:^|[\n;])\s*\(?([A-Z])[.):]\s*([^\n;]*)")

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


def row_options(row: Mapping[str, Any]) -> dict[str, str]:
    r"""The options of a row by letter, however its data set spells them.

    Columns A, B, ...; ``choices`` or ``options`` as a mapping, a list or a list in text; ``option`` as We-Math's
    "A. ..;B. .."; or, last, lines "(A) ..." in ``text`` as V* has them. Empty if there are none.

    >>> row_options({"A": "red", "B": "blue", "C": None})
    {'A': 'red', 'B': 'blue'}
    >>> row_options({"option": "A. 12;B. 1.2;"})
    {'A': '12', 'B': '1.2'}
    >>> row_options({"text": "Which?\n(A) red\n(B) blue\nAnswer with the letter."})
    {'A': 'red', 'B': 'blue'}
    """
    columns = {letter: str(row[letter]) for letter in _LETTERS if not _is_missing(row.get(letter))}
    if columns:
        return columns
    for name in ("choices", "options"):
        value = row.get(name)
        if isinstance(value, Mapping):
            return {str(letter): str(text) for letter, text in value.items()}
        listed = read_list(value)
        if listed:
            return dict(zip(_LETTERS, (str(text) for text in listed), strict=False))
    for name in ("option", "text"):
        value = row.get(name)
        if isinstance(value, str):
            return {letter: text.strip() for letter, text in _INLINE.findall(value)}
    return {}


def letter_of(row: Mapping[str, Any], options: Mapping[str, str]) -> str | None:
    """The letter of the right option: ``answer`` or ``label`` if it is one, else of the option with that text."""
    for name in ("answer_option", "label", "answer"):
        value = row.get(name)
        if isinstance(value, str) and value.strip() in options:
            return value.strip()
    gold = row.get("answer")
    return next((letter for letter, text in options.items() if text == str(gold)), None)


def infer_option(reply: str, options: Mapping[str, str]) -> str | None:
    """What VLMEvalKit's rules infer: a letter, ``Z`` for a reply that refuses, ``None`` if they infer nothing."""
    return _inferred_letter(reply, options) or _inferred_text(reply, options)


def _inferred_letter(reply: str, options: Mapping[str, str]) -> str | None:
    if "Failed to obtain answer via API" in reply:
        return None
    if any(phrase in reply for phrase in _REFUSED):
        return "Z"
    spaced = reply
    for mark in _BLANKED:  # str.translate takes seconds for 20 MB that are not all ASCII
        spaced = spaced.replace(mark, " ")
    words = spaced.split()
    present = set(words)
    said = [letter for letter in options if letter in present]
    if len(said) == 1 and words.index(said[0]) > len(words) - 5:
        return said[0]
    if not said and "Z" in present:
        return "Z"
    match = _SAID.search(reply)
    return match[1].upper() if match and match[1].upper() in options else None


def _inferred_text(reply: str, options: Mapping[str, str]) -> str | None:
    reply = reply.lower()
    if len(reply) > 2 * sum(len(text) for text in options.values()):
        return None
    found = [letter for letter, text in options.items() if text.lower() in reply]
    return found[0] if len(found) == 1 else None


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


def _is_missing(value: object) -> bool:
    """Empty cells of a table: nothing, an empty text, or NaN."""
    return value is None or value == "" or value != value  # NaN is unequal to itself
