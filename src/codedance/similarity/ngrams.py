"""Runs of words that a training text shares with a benchmark's question."""

from __future__ import annotations

from collections import defaultdict

__all__ = ["LONG", "NgramIndex"]

LONG = 13
"""Words of a run that counts (Brown et al., 2020, appendix C)."""
_SHORT = 8
"""Words of a run where the question itself has fewer than ``LONG``; a question with fewer than these shares none."""
_BOILERPLATE = 10
"""A run that occurs in more questions than this belongs to their form (likewise from there)."""


class NgramIndex:
    """Runs of words of many texts.

    >>> index = NgramIndex()
    >>> _ = index.add("in which year did sales of the northern region first exceed those of the south")
    >>> index.hits("tell me in which year did sales of the northern region first exceed those of the east")
    {0: 'in which year did sales of the northern region first exceed those of'}
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._places: dict[int, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """Take a normalised text in; gives its number."""
        number = len(self._texts)
        self._texts.append(f" {text} ")
        words = text.split()
        size = LONG if len(words) >= LONG else _SHORT
        for run in {hash(tuple(words[at : at + size])) for at in range(len(words) - size + 1)}:
            places = self._places[run]
            if len(places) <= _BOILERPLATE:
                places.append(number)
        return number

    def hits(self, text: str) -> dict[int, str]:
        """The texts that share a run of words with a normalised text, each with the first such run."""
        words = text.split()
        found: dict[int, str] = {}
        for size in (LONG, _SHORT):
            for at in range(len(words) - size + 1):
                run = words[at : at + size]
                places = self._places.get(hash(tuple(run)), ())
                if 0 < len(places) <= _BOILERPLATE:
                    said = " ".join(run)
                    for number in places:
                        # Hashes may collide, and a long text's runs are of the other length.
                        if number not in found and f" {said} " in self._texts[number] and self._counts(number, size):
                            found[number] = said
        return found

    def _counts(self, number: int, size: int) -> bool:
        return size == LONG or len(self._texts[number].split()) < LONG
