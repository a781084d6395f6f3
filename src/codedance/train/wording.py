"""Which words and which lines a tokenizer of trajectories holds whole."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tokenizers import Tokenizer as RustTokenizer

from codedance.models.local.tokenizer import learn_tokenizer
from codedance.protocol import REMINDERS
from codedance.schema import Trajectory
from codedance.train.pieces import escaped, protocol_pieces

__all__ = ["bound_words", "trajectory_tokenizer"]

_LITERAL = re.compile(r"""'([^'\n]*)'|"([^"\n]*)\"""")
_WORD = re.compile(r"[A-Za-z]+")
_NEVER = frozenset(keyword.kwlist) | {"a", "an", "the", "of", "to", "on", "at", "by"}
_FEWEST_WORD = 3
_LINE_SHARE = 0.004
"""Share of the trajectories in which a line of code with a number in it must occur to be held whole."""


def bound_words(trajectories: Iterable[Trajectory]) -> list[str]:
    """Words that are carried from question to code to answer: those of string literals in code, and of answers.

    >>> bound_words([])
    []
    """
    found: Counter[str] = Counter()
    for one in trajectories:
        for code in _codes(one):
            found.update(word for pair in _LITERAL.findall(code) for word in _WORD.findall("".join(pair)))
        found.update(_WORD.findall(one.answer or ""))
    usual = (word for word, count in found.items() if count >= _FEWEST_WORD and word not in _NEVER)
    return sorted(word for word in usual if len(word) > 1 or word.isupper())


def trajectory_tokenizer(
    trajectories: Sequence[Trajectory],
    *,
    size: int,
    words: Iterable[str] = (),
    texts: Iterable[str] = (),
    pieces: Iterable[str] = (),
) -> RustTokenizer:
    """A tokenizer learnt from trajectories.

    Args:
        trajectories: some thousand of those that are trained on.
        size: of the vocabulary of merges.
        words: more words that stand alone.
        texts: more texts, of lessons that are not in the trajectories.
        pieces: more texts that are always one token.
    """
    alone = sorted({*bound_words(trajectories), *words})
    said = [*texts, *REMINDERS.values(), *(text for one in trajectories for text in _texts(one))]
    whole = [*protocol_pieces(), *pieces, *_constant_lines(trajectories, alone)]
    return learn_tokenizer(said, words=alone, pieces=whole, size=size)


def _constant_lines(trajectories: Sequence[Trajectory], alone: Sequence[str]) -> list[str]:
    """What lies between words in lines of code whose numbers are always the same: their digits need not stand alone."""
    split = re.compile(r"(?<![A-Za-z_])(?:" + "|".join(map(re.escape, alone)) + r")(?![A-Za-z_])")
    counts: Counter[str] = Counter()
    for one in trajectories:
        parts = {part for code in _codes(one) for line in code.splitlines(keepends=True) for part in split.split(line)}
        counts.update(part for part in parts if re.search(r"(?<![A-Za-z_])\d", part) and len(part) > _SHORTEST_PART)
    fewest = max(_FEWEST_WORD, _LINE_SHARE * len(trajectories))
    usual = sorted(part for part, count in counts.items() if count >= fewest)
    return [form for part in usual for form in (part, escaped(part))]


_SHORTEST_PART = 7
"""Shorter parts would also be found in texts where their digits mean something."""


def _codes(trajectory: Trajectory) -> Iterator[str]:
    return (turn.code for turn in trajectory.turns if turn.code is not None)


def _texts(trajectory: Trajectory) -> Iterator[str]:
    yield trajectory.task.question
    for turn in trajectory.turns:
        yield turn.text
        if turn.execution is not None:
            yield turn.execution.stdout
