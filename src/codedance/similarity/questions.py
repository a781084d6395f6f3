"""When two questions are one: the same text but for what does not change it, or most of its runs of words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from codedance.errors import MissingExtraError

__all__ = ["JACCARD", "QuestionIndex", "jaccard", "normalise", "shingles"]

JACCARD = 0.8
"""Questions that share so much of their shingles are one question."""
_WORDS = 3
_PERMUTATIONS = 128
_LSH_THRESHOLD = 0.7
"""Below ``JACCARD``, because the sketch errs; what it finds is held against the real shingles."""
_PLACES = re.compile(r"<(?:image|video|audio)>", re.I)
_GAPS = re.compile(r"[^\w.+\-*/=<>%$^]+")


def normalise(question: str) -> str:
    """The question without what does not change its meaning: case, forms of letters, punctuation, white space.

    >>> normalise("<image>How many  RED circles?")
    'how many red circles'
    """
    text = unicodedata.normalize("NFKC", _PLACES.sub(" ", question)).casefold()
    return " ".join(word.strip(".-") for word in _GAPS.split(text) if word.strip(".-"))


def shingles(text: str, words: int = _WORDS) -> frozenset[str]:
    """Every run of so many words of a normalised text; a shorter text is one shingle.

    >>> sorted(shingles("how many red circles"))
    ['how many red', 'many red circles']
    """
    said = text.split()
    if len(said) <= words:
        return frozenset({" ".join(said)})
    return frozenset(" ".join(said[index : index + words]) for index in range(len(said) - words + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared part of two sets, from 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 1.0


class QuestionIndex:
    """Distinct questions, and which of them match a given one."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lsh: Any = None

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, question: str) -> int:
        """Take a question in; gives its number, the same for the same normalised text."""
        text = normalise(question)
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
            self._lsh = None
        return number

    def text(self, number: int) -> str:
        """The normalised text of a question."""
        return self._texts[number]

    def match(self, one: int, other: int) -> bool:
        """True if two questions of this index are the same but for a few words."""
        return one == other or _alike(self._texts[one], self._texts[other])

    def like(self, text: str) -> list[int]:
        """The numbers of all questions that match a normalised text, in order."""
        if self._lsh is None:
            self._lsh = _new_lsh()
            for number, known in enumerate(self._texts):
                self._lsh.insert(number, _sketch(known))
        candidates = set(self._lsh.query(_sketch(text)))
        if text in self._numbers:
            candidates.add(self._numbers[text])
        return sorted(one for one in candidates if _alike(self._texts[one], text))


@lru_cache(maxsize=1 << 16)
def _alike(one: str, other: str) -> bool:
    return one == other or jaccard(shingles(one), shingles(other)) >= JACCARD


def _new_lsh() -> Any:  # noqa: ANN401 - a library without types
    try:
        from datasketch import MinHashLSH
    except ImportError:
        raise MissingExtraError("looking for similar questions", "data") from None
    return MinHashLSH(threshold=_LSH_THRESHOLD, num_perm=_PERMUTATIONS)


def _sketch(text: str) -> Any:  # noqa: ANN401 - a library without types
    from datasketch import MinHash

    return MinHash.bulk([[one.encode() for one in shingles(text)]], num_perm=_PERMUTATIONS, seed=1)[0]
