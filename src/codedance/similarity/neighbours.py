"""Near duplicates: the same question about the same picture, within one set or between two.

A pair counts by both its parts. Questions alone mean little, because questions are formulaic; pictures alone are worth
a look. The marks of pictures are in :mod:`codedance.similarity.picture_marks`, the comparison of questions in
:mod:`codedance.similarity.questions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codedance.similarity.picture_marks import REVIEW_BITS, PictureIndex, PictureMark
from codedance.similarity.questions import QuestionIndex, normalise

__all__ = ["Duplicate", "Grade", "Item", "Match", "Neighbours", "grade"]

_MANY = 64
"""Up to so many candidates are compared one by one."""


class Grade(StrEnum):
    """How much a match between two sets means."""

    LEAK = "leak"
    """Picture and question match."""
    SUSPECT = "suspect"
    """The picture matches, or nearly."""
    TEMPLATE = "template"
    """Only the question matches: weak evidence, since questions are formulaic."""


def grade(*, picture: bool, similar: bool, question: bool) -> Grade | None:
    """The grade of a match.

    Args:
        picture: the pictures are the same, or the same but for compression and size.
        similar: they are worth a look.
        question: the questions match.

    >>> grade(picture=True, similar=True, question=False), grade(picture=False, similar=False, question=False)
    (<Grade.SUSPECT: 'suspect'>, None)
    """
    if picture and question:
        return Grade.LEAK
    if picture or similar:
        return Grade.SUSPECT
    return Grade.TEMPLATE if question else None


@dataclass(frozen=True, slots=True)
class Item:
    """A question about pictures, as it is compared."""

    key: str
    """Who it is, for people."""
    question: str
    pictures: tuple[PictureMark, ...]
    answer: str | None = None
    """Reference answer; two items whose answers differ are told apart by it, however much they look alike."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two items of one set that ask the same about the same picture."""

    first: str
    second: str
    exact: bool
    """The pixels and the normalised questions are equal."""
    contradicting: bool
    """Their reference answers differ."""


@dataclass(frozen=True, slots=True)
class Match:
    """The best match of an item in another set."""

    key: str
    other: str
    grade: Grade
    same_question: bool
    """The normalised questions are equal."""


class Neighbours:
    """A set of items, compressed for comparison: numbers for its questions and pictures."""

    def __init__(self) -> None:
        self.questions = QuestionIndex()
        self.pictures = PictureIndex()
        self._keys: list[str] = []
        self._question: list[int] = []
        self._shown: list[tuple[int, ...]] = []
        self._answers: list[str | None] = []
        self._with_picture: dict[int, list[int]] = defaultdict(list)
        self._asked_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        """Items by one of their pictures and their question."""
        self._asked: dict[int, list[int]] = defaultdict(list)
        self._like: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, number: int) -> str:
        """Who an item is."""
        return self._keys[number]

    def question(self, number: int) -> int:
        """The number of an item's question."""
        return self._question[number]

    def answer(self, number: int) -> str | None:
        """An item's reference answer."""
        return self._answers[number]

    def shown(self, number: int) -> tuple[int, ...]:
        """The numbers of an item's pictures."""
        return self._shown[number]

    def with_picture(self, picture: int) -> Sequence[int]:
        """The items that show a picture, in order."""
        return self._with_picture.get(picture, ())

    def asking(self, question: int, *, of: int | None = None) -> Sequence[int]:
        """The items that ask a question, of a given picture or of whatever they show, in order."""
        if of is not None:
            return self._asked_of.get((of, question), ())
        return self._asked.get(question, ())

    def add(self, item: Item) -> int:
        """Take an item in; gives its number."""
        number = len(self._keys)
        self._like.clear()
        self._keys.append(item.key)
        self._question.append(self.questions.add(item.question))
        self._shown.append(tuple(self.pictures.add(mark) for mark in item.pictures))
        self._answers.append(item.answer)
        for picture in set(self._shown[-1]):
            self._with_picture[picture].append(number)
            self._asked_of[picture, self._question[-1]].append(number)
        self._asked[self._question[-1]].append(number)
        return number

    def duplicates(self) -> Iterator[Duplicate]:
        """Pairs of items that match in pictures and question; of many equal ones each with the first."""
        groups: dict[tuple[tuple[int, ...], int], int] = {}
        repeated: set[int] = set()
        for number, identity in enumerate(zip(self._shown, self._question, strict=True)):
            first = groups.setdefault(identity, number)
            if first != number:
                repeated.add(number)
                yield self._duplicate(first, number, exact=True)
        near: dict[int, set[int]] = defaultdict(set)
        for pair in self.pictures.near_pairs():
            near[pair.left].add(pair.right)
            near[pair.right].add(pair.left)
        for number, shown in enumerate(self._shown):
            if shown and number not in repeated:
                for other in self._candidates(number, near):
                    if other not in repeated and self._matches(number, other, near):
                        yield self._duplicate(number, other, exact=False)

    def matches(self, other: Neighbours) -> Iterator[Match]:
        """The best match in another set of each item that has one."""
        near: dict[int, set[int]] = defaultdict(set)
        similar: dict[int, set[int]] = defaultdict(set)
        for pair in self.pictures.near_to(other.pictures, bits=REVIEW_BITS):
            (near if pair.near else similar)[pair.left].add(pair.right)
        like = [other.questions.like(self.questions.text(one)) for one in range(len(self.questions))]
        first: dict[tuple[int, bool], int] = {}
        for number, (question, shown) in enumerate(zip(other._question, other._shown, strict=True)):
            first.setdefault((question, bool(shown)), number)
        for number in range(len(self)):
            asked = like[self._question[number]]
            best = self._best(number, other, like=set(asked), near=near, similar=similar)
            found = best or self._by_question(number, other, asked, first)
            if found is not None:
                yield found

    def _best(
        self,
        number: int,
        other: Neighbours,
        *,
        like: set[int],
        near: dict[int, set[int]],
        similar: dict[int, set[int]],
    ) -> Match | None:
        """The best match by pictures."""
        shown = self._shown[number]
        best: Match | None = None
        for strong, relation in ((True, near), (False, similar)):
            partners = {one for picture in shown for there in relation[picture] for one in other._with_picture[there]}
            for partner in sorted(partners):
                whole = strong and _covered(shown, other._shown[partner], near)
                kind = grade(picture=whole, similar=True, question=other._question[partner] in like)
                if kind is Grade.LEAK:
                    return self._match(number, other, partner, kind)
                best = best or self._match(number, other, partner, Grade.SUSPECT)
        return best

    def _by_question(
        self, number: int, other: Neighbours, asked: Sequence[int], first: dict[tuple[int, bool], int]
    ) -> Match | None:
        """The best match by the question alone, which is all there is where neither side has a picture."""
        wordy = [first[one, False] for one in asked if (one, False) in first]
        seen = [first[one, True] for one in asked if (one, True) in first]
        if wordy and not self._shown[number]:
            return self._match(number, other, min(wordy), Grade.LEAK)
        return self._match(number, other, min(wordy + seen), Grade.TEMPLATE) if wordy + seen else None

    def _match(self, number: int, other: Neighbours, partner: int, kind: Grade) -> Match:
        text, theirs = self.questions.text(self._question[number]), other.questions.text(other._question[partner])
        return Match(self._keys[number], other._keys[partner], kind, same_question=text == theirs)

    def _candidates(self, number: int, near: dict[int, set[int]]) -> list[int]:
        """Later items whose first picture is this one's or near to it, in order."""
        first = self._shown[number][0]
        pictures = (first, *near.get(first, ()))
        if sum(len(self._with_picture[one]) for one in pictures) <= _MANY:
            return sorted(item for one in pictures for item in self._with_picture[one] if item > number)
        # One blank page under thousands of questions: look the questions up instead of comparing all with all.
        question = self._question[number]
        if question not in self._like:
            self._like[question] = self.questions.like(self.questions.text(question))
        pairs = ((one, asked) for one in pictures for asked in self._like[question])
        return sorted(item for pair in pairs for item in self._asked_of.get(pair, ()) if item > number)

    def _matches(self, one: int, other: int, near: dict[int, set[int]]) -> bool:
        mine, theirs = self._shown[one], self._shown[other]
        if len(mine) != len(theirs):
            return False
        pairs = zip(mine, theirs, strict=True)
        return all(a == b or b in near.get(a, ()) for a, b in pairs) and self.questions.match(
            self._question[one], self._question[other]
        )

    def _duplicate(self, one: int, other: int, *, exact: bool) -> Duplicate:
        first, second = self._answers[one], self._answers[other]
        contradicting = first is not None and second is not None and normalise(first) != normalise(second)
        return Duplicate(self._keys[one], self._keys[other], exact=exact, contradicting=contradicting)


def _covered(shown: Sequence[int], theirs: Sequence[int], near: dict[int, set[int]]) -> bool:
    """True if every picture of the item with fewer has its like in the other."""
    if len(shown) <= len(theirs):
        return all(near[one] & set(theirs) for one in shown)
    return all(any(one in near[mine] for mine in shown) for one in theirs)
