"""Solvers that see the question but never the picture: what each can do is learnt from other questions' answers.

A solver is fitted to questions with their answers and then guesses. None of them is clever alone; the best of them,
chosen by cross-validation, shows what a question gives away.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from statistics import median

from PIL import ImageColor

from codedance.schema import NumberAnswer
from codedance.tasks.worlds.question import Question
from codedance.tasks.worlds.things import THINGS

__all__ = ["SOLVERS", "Guess", "Solver", "most_right", "question_form", "question_kind"]

Guess = Callable[[Question], str]
"""The answer to a question; the question's own answer is not looked at."""
Solver = Callable[[Sequence[Question]], Guess]
"""Learns from questions with answers, at least one."""

_COLOUR = re.compile(rf"\b(?:{'|'.join(sorted(ImageColor.colormap, key=len, reverse=True))})\b")
_THING = re.compile(rf"\b(?:{'|'.join(sorted({*THINGS, *THINGS.values()}, key=len, reverse=True))})\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_QUOTED = re.compile(r"\"[^\"\n]{1,60}\"|“[^”\n]{1,60}”|(?<!\w)'[^'\n]{1,60}'(?!\w)")
_NAME = re.compile(r"(?<=[a-z,;:] )(?:[A-Z][\w-]*)(?: [A-Z][\w-]*)*")
_WORD = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)?")
_KIND_WORDS, _FORM_WORDS = 3, 400
_NEIGHBOURS = (5, 15)


@lru_cache(maxsize=65536)
def question_form(question: str, options: tuple[str, ...] = ()) -> str:
    """The question without what is drawn at random: options, quoted texts, names, colours, things and numbers.

    >>> question_form('Count the red circles left of "Kyoto" in row 3.')
    'Count the COLOUR circles left of NAME in row NUMBER.'
    """
    form = question
    for option in sorted(options, key=len, reverse=True):
        form = re.sub(rf"(?<!\w){re.escape(option)}(?!\w)", "OPTION", form)
    form = _QUOTED.sub("NAME", form)
    form = _NAME.sub(lambda found: found[0] if found[0].isupper() and len(found[0]) > 1 else "NAME", form)
    form = _COLOUR.sub("COLOUR", form)
    return _NUMBER.sub("NUMBER", _THING.sub("THING", form))


def question_kind(one: Question) -> str:
    """The first words of the question's form, and whether it has options: a rough sort of questions."""
    words = question_form(one.question, one.options).split()[:_KIND_WORDS]
    return " ".join([*words, *(["OPTIONS"] if one.options else [])])


def most_right(seen: Sequence[Question]) -> str:
    """The one answer that is right for most of them; numbers within their tolerances.

    >>> from codedance.schema import NumberAnswer
    >>> near = [Question("?", str(n), reference=NumberAnswer(value=n, tolerance=2)) for n in (3, 10, 12, 14)]
    >>> most_right(near)
    '12'
    """
    ranges = [_range(one) for one in seen]
    if all(known is not None for known in ranges) and any(
        known is not None and known[0] < known[1] for known in ranges
    ):
        return _deepest([known for known in ranges if known is not None])
    # The answer itself decides between equals, so that the order of the questions does not.
    return max(Counter(one.answer for one in seen).items(), key=lambda item: (item[1], item[0]))[0]


def _range(one: Question) -> tuple[float, float] | None:
    known = one.reference
    return (known.value - known.tolerance, known.value + known.tolerance) if isinstance(known, NumberAnswer) else None


def _deepest(ranges: Sequence[tuple[float, float]]) -> str:
    """A number that lies in as many of the ranges as any does."""
    edges = sorted([(low, 0, 1) for low, _ in ranges] + [(high, 1, -1) for _, high in ranges])
    depth = deepest = 0
    best = edges[0][0]
    for place, _, step in edges:
        depth += step
        if depth > deepest:
            deepest, best = depth, place
    return format(best, ".12g")


def _by_key(key: Callable[[Question], Hashable], guess: Callable[[Sequence[Question]], str] = most_right) -> Solver:
    """The best answer among the questions with the same key; among all where the key is new."""

    def fit(seen: Sequence[Question]) -> Guess:
        groups: defaultdict[Hashable, list[Question]] = defaultdict(list)
        for one in seen:
            groups[key(one)].append(one)
        best = {name: guess(group) for name, group in groups.items()}
        otherwise = most_right(seen)
        return lambda one: best.get(key(one), otherwise)

    return fit


def _form(one: Question) -> str:
    return question_form(one.question, one.options)


def _middle(seen: Sequence[Question]) -> str:
    """The median of numbers; of other answers the most common."""
    numbers = [_value(one.answer) for one in seen]
    known = [number for number in numbers if number is not None]
    if len(known) * 2 < len(numbers):
        return most_right(seen)
    middle = median(known)
    return format(round(middle) if all(number.is_integer() for number in known) else middle, ".12g")


def _value(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d{1,300}(?:\.\d{1,300})?", text) else None


def _words(one: Question, *, masked: bool) -> frozenset[str]:
    text = _form(one) if masked else " ".join((one.question, *one.options))
    words = [word.lower() for word in _WORD.findall(text)][:_FORM_WORDS]
    return frozenset([*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))])


def _nearest(neighbours: int, *, masked: bool) -> Solver:
    """The best answer among the questions that share the rarest words and pairs of words."""

    def fit(seen: Sequence[Question]) -> Guess:
        bags = [_words(one, masked=masked) for one in seen]
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for index, bag in enumerate(bags):
            for word in bag:
                holders[word].append(index)
        weights = {word: math.log((1 + len(seen)) / len(held)) for word, held in holders.items()}
        norms = [math.sqrt(sum(weights[word] ** 2 for word in bag)) or 1.0 for bag in bags]
        found: dict[frozenset[str], str] = {}

        def guess(one: Question) -> str:
            bag = _words(one, masked=masked)
            if bag not in found:
                likeness: defaultdict[int, float] = defaultdict(float)
                for word in bag & holders.keys():
                    for index in holders[word]:
                        likeness[index] += weights[word] ** 2 / norms[index]
                order = sorted(likeness.items(), key=lambda item: (-item[1], item[0]))[:neighbours]
                found[bag] = most_right([seen[index] for index, _ in order] or seen)
            return found[bag]

        return guess

    return fit


def _bayes(seen: Sequence[Question]) -> Guess:
    """The answer that is most probable given each word alone (naive Bayes with one of each word added)."""
    totals = Counter(one.answer for one in seen)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in seen:
        for word in _words(one, masked=False):
            counts[word][one.answer] += 1
    # A word that an answer never had costs it log(total + 2); one that it had n times costs log(n + 1) less.
    gains = {word: [(answer, math.log(n + 1)) for answer, n in given.items()] for word, given in counts.items()}
    found: dict[frozenset[str], str] = {}

    def guess(one: Question) -> str:
        bag = _words(one, masked=False)
        if bag not in found:
            scores = {answer: math.log(total) - len(bag) * math.log(total + 2) for answer, total in totals.items()}
            for word in sorted(bag):
                for answer, gain in gains.get(word, ()):
                    scores[answer] += gain
            found[bag] = max(scores, key=lambda answer: (scores[answer], answer))
        return found[bag]

    return guess


def _echo(seen: Sequence[Question]) -> Guess:
    """What the question itself says, at the place, from its beginning or its end, that is right most often."""
    hits: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for one in seen:
        said = [word.lower() for word in _said(one.question)]
        places = [place for place, word in enumerate(said) if word == one.answer.lower()]
        hits[question_kind(one)].update([*places, *(place - len(said) for place in places)])
    fallback = _by_key(_form)(seen)

    def guess(one: Question) -> str:
        said = _said(one.question)
        for place, _ in hits.get(question_kind(one), Counter[int]()).most_common():
            if -len(said) <= place < len(said):
                return said[place]
        return fallback(one)

    return guess


def _said(question: str) -> list[str]:
    """What a question says that may be an answer: its quoted texts, its things, its words and its numbers."""
    quoted = [text[1:-1] for text in _QUOTED.findall(question)]
    return [*quoted, *_THING.findall(question), *_NAME.findall(question), *_WORD.findall(question)]


def _scaled(seen: Sequence[Question]) -> Guess:
    """The first or last number of the question, times what it is times for its form, or plus what it is plus."""
    groups: defaultdict[str, list[Question]] = defaultdict(list)
    for one in seen:
        if _value(one.answer) is not None and _NUMBER.search(one.question):
            groups[_form(one)].append(one)
    best: dict[str, tuple[int, bool, float]] = {}
    for form, group in groups.items():
        ways = []
        for place in (0, -1):
            for times in (True, False):
                size = median(_relation(_numbers(one)[place], float(one.answer), times=times) for one in group)
                right = sum(_within(_applied(_numbers(one)[place], size, times=times), one) for one in group)
                ways.append((right, place, times, size))
        _, *way = max(ways)
        best[form] = (int(way[0]), bool(way[1]), float(way[2]))
    fallback = _by_key(_form)(seen)

    def guess(one: Question) -> str:
        way, numbers = best.get(_form(one)), _numbers(one)
        if way is None or not numbers:
            return fallback(one)
        place, times, size = way
        return format(_applied(numbers[place], size, times=times), ".12g")

    return guess


def _numbers(one: Question) -> list[float]:
    return [float(text) for text in _NUMBER.findall(one.question)[:50] if len(text) < 300]


def _relation(number: float, answer: float, *, times: bool) -> float:
    return (answer / number if number else 0.0) if times else answer - number


def _applied(number: float, size: float, *, times: bool) -> float:
    return round(number * size if times else number + size, 6)


def _within(guess: float, one: Question) -> bool:
    known = _range(one) or (float(one.answer), float(one.answer))
    return known[0] - 1e-9 <= guess <= known[1] + 1e-9


def _option_text(seen: Sequence[Question]) -> Guess:
    """The option whose text has been right most often of the times that it was offered."""
    offered: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in seen:
        offered.update(one.options)
        right.update(one.options[index] for index in _chosen(one))
    fallback = _by_key(_form)(seen)

    def guess(one: Question) -> str:
        if not one.options:
            return fallback(one)
        share = [(right[text] + 0.5) / (offered[text] + 2.0) for text in one.options]
        return _letter(share.index(max(share)))

    return guess


def _option_rank(seen: Sequence[Question]) -> Guess:
    """The option that is, say, the second largest number or the longest text, if that is right most often."""
    ranks: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for one in seen:
        ranks[len(one.options)].update(_ranked(one.options).index(index) for index in _chosen(one))
    fallback = _by_key(_form)(seen)

    def guess(one: Question) -> str:
        counted = ranks.get(len(one.options))
        if not one.options or not counted:
            return fallback(one)
        rank = max(counted.items(), key=lambda item: (item[1], item[0]))[0]
        return _letter(_ranked(one.options)[rank])

    return guess


def _ranked(options: Sequence[str]) -> list[int]:
    """Indices of the options in the order of their numbers; of their lengths where they are no numbers."""
    values = [_value(text) for text in options]
    if all(value is not None for value in values):
        return sorted(range(len(options)), key=lambda index: (values[index], index))
    return sorted(range(len(options)), key=lambda index: (len(options[index]), options[index], index))


def _chosen(one: Question) -> list[int]:
    index = ord(one.answer) - ord("A") if len(one.answer) == 1 else -1
    return [index] if 0 <= index < len(one.options) else []


def _letter(index: int) -> str:
    return chr(ord("A") + index)


SOLVERS: dict[str, Solver] = {
    "constant": _by_key(lambda one: None),
    "same kind": _by_key(question_kind),
    "same form": _by_key(_form),
    "same question": _by_key(lambda one: (one.question, one.options)),
    "same options": _by_key(lambda one: one.options),
    "option text": _option_text,
    "option rank": _option_rank,
    "median of the kind": _by_key(question_kind, _middle),
    "median of the form": _by_key(_form, _middle),
    "a word of the question": _echo,
    "a number of the question": _scaled,
    **{
        f"{neighbours} nearest {'forms' if masked else 'questions'}": _nearest(neighbours, masked=masked)
        for neighbours in _NEIGHBOURS
        for masked in (True, False)
    },
    "words one by one": _bayes,
}
"""All solvers by name, the plainest first."""
