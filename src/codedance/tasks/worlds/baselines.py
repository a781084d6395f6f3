"""How well questions can be answered without looking: if nearly as well as with the picture, they are no test."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from codedance.tasks.worlds.vocabulary import COLOURS

__all__ = ["Asked", "ConstantAnswer", "Question", "best_constant", "question_form", "question_only"]

_COLOUR = re.compile(rf"\b(?:{'|'.join(COLOURS)})\b")


class Asked(Protocol):
    """A question with its answer; a scene is one."""

    @property
    def question(self) -> str:
        """What is asked."""
        ...

    @property
    def answer(self) -> str:
        """What is right."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What remains of a scene without its picture: many fit in memory."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ConstantAnswer:
    """One answer given to every question."""

    answer: str
    accuracy: float
    """Share of the questions whose answer it is."""


def best_constant(asked: Sequence[Asked]) -> ConstantAnswer:
    """The answer that is right most often, chosen with these very questions in sight.

    Raises:
        ValueError: there are no questions.
    """
    if not asked:
        raise ValueError("a baseline needs questions")
    answer = _most_common([one.answer for one in asked])
    return ConstantAnswer(answer, sum(one.answer == answer for one in asked) / len(asked))


def question_only(train: Sequence[Asked], test: Sequence[Asked]) -> float:
    """Accuracy on ``test`` of who knows the question but not the picture.

    For each form of question the answer is the one most common for it in ``train``; a form that was never seen gets the
    most common answer of all. Raises ``ValueError`` if either is empty.
    """
    if not train or not test:
        raise ValueError("a baseline needs questions")
    answers: defaultdict[str, list[str]] = defaultdict(list)
    for one in train:
        answers[question_form(one.question)].append(one.answer)
    best = {form: _most_common(seen) for form, seen in answers.items()}
    otherwise = best_constant(train).answer
    return sum(best.get(question_form(one.question), otherwise) == one.answer for one in test) / len(test)


def question_form(question: str) -> str:
    """The question without its colours, which are drawn alike for all answers; its other words may tell something.

    >>> question_form("Count the red circles.")
    'Count the COLOUR circles.'
    """
    return _COLOUR.sub("COLOUR", question)


def _most_common(answers: Sequence[str]) -> str:
    # The answer itself decides between equals, so that the order of the scenes does not.
    return max(Counter(answers).items(), key=lambda item: (item[1], item[0]))[0]
