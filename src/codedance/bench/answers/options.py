r"""Lettered options: which ones a row has, what VLMEvalKit's rules infer from a reply.

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

__all__ = ["infer_option", "letter_of", "row_options"]

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


def _is_missing(value: object) -> bool:
    """Empty cells of a table: nothing, an empty text, or NaN."""
    return value is None or value == "" or value != value  # NaN is unequal to itself
