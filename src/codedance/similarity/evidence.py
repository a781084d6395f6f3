"""What speaks for a question having been seen before: the best match of each item of one set among those of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from codedance.similarity.alignment import align
from codedance.similarity.crops import Window, crop_candidates
from codedance.similarity.neighbours import Neighbours
from codedance.similarity.ngrams import LONG, NgramIndex
from codedance.similarity.picture_marks import NEAR_BITS, REVIEW_BITS
from codedance.similarity.previews import PreviewFile
from codedance.similarity.questions import JACCARD, jaccard, shingles

__all__ = [
    "Evidence",
    "Leak",
    "PictureLink",
    "PictureMatch",
    "QuestionMatch",
    "find_evidence",
    "judge_match",
    "link_pictures",
    "thresholds",
]

_ALIGNED = (0.92, 0.5)
"""Least likeness and largest difference of a block for pictures to be one (see docs/audit.md for what that finds)."""
_SIMILAR = (0.9, 0.8)
_SHARED = 10
"""A question that more items ask than this is formulaic."""
_WORDS_SHARED = 0.6
"""Share of words that two questions about one picture must have in common to be one."""
_MOST_ITEMS = 64
"""Items with one picture that are looked at where their questions do not match anyway."""


class PictureMatch(StrEnum):
    """How two pictures are alike, the strongest first."""

    PIXELS = "pixels"
    """The same decoded pixels."""
    HASH = "hash"
    """Perceptual hashes within 16 of 256 bits, and the colours agree: another size or compression."""
    ALIGNED = "aligned"
    """One is the other or a part of it, but for brightness and contrast."""
    SIMILAR = "similar"
    """Hashes within 40 bits, or nearly aligned: a person should look."""


class QuestionMatch(StrEnum):
    """How two questions are alike, the strongest first."""

    SAME = "same"
    """The same text but for case, punctuation and white space."""
    REWORDED = "reworded"
    """At least 0.8 of the runs of three words are shared; about the same picture, 0.6 of the words are enough."""
    NGRAM = "ngram"
    """A run of 13 words (8 in a shorter question) is shared that is not part of the benchmark's usual wording."""


class Leak(StrEnum):
    """What a match means, the worst first."""

    IDENTICAL = "identical"
    """The same pixels and the same question."""
    NEAR = "near"
    """The same picture and question but for changes that do not matter."""
    SUSPICIOUS = "suspicious"
    """Only the picture, or only a long question; a person should look."""
    CLEAN = "clean"
    """Nothing, or only a short or formulaic question."""


@dataclass(frozen=True, slots=True)
class PictureLink:
    """How a picture is like one of the other set."""

    other: int
    match: PictureMatch
    bits: int | None = None
    """Bits of the perceptual hashes that differ."""
    likeness: float | None = None
    """Correlation once aligned."""
    window: Window | None = None
    """The part of one picture that is the other."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The best match of an item."""

    leak: Leak
    other: int
    """The item of the other set."""
    picture: PictureLink | None
    """Of several pictures the one that fits worst; ``None`` if pictures do not match."""
    question: QuestionMatch | None
    jaccard: float
    """Shared part of the runs of three words of both questions."""
    shared: str | None
    """The run of words that is shared, where that is the evidence."""


_PICTURES, _QUESTIONS, _LEAKS = list(PictureMatch), list(QuestionMatch), list(Leak)
_Links = Mapping[int, Sequence[PictureLink]]
_Asked = Mapping[int, tuple[QuestionMatch, str | None]]


def thresholds() -> dict[str, float]:
    """Every number that grades depend on, for the record."""
    return {
        "near_bits": NEAR_BITS,
        "review_bits": REVIEW_BITS,
        "aligned_likeness": _ALIGNED[0],
        "aligned_block": _ALIGNED[1],
        "similar_likeness": _SIMILAR[0],
        "similar_block": _SIMILAR[1],
        "jaccard": JACCARD,
        "words_shared": _WORDS_SHARED,
        "ngram_words": LONG,
        "formulaic_items": _SHARED,
    }


def judge_match(
    picture: PictureMatch | None, question: QuestionMatch | None, *, pictured: bool = True, long: bool = False
) -> Leak:
    """The grade of a match.

    Args:
        picture: how the pictures are alike; ``None`` if they are not.
        question: how the questions are.
        pictured: either item has a picture.
        long: the question has at least 13 words and is not one that many items ask.

    >>> judge_match(PictureMatch.HASH, QuestionMatch.SAME).value, judge_match(PictureMatch.PIXELS, None).value
    ('near', 'suspicious')
    >>> judge_match(None, QuestionMatch.SAME).value, judge_match(None, QuestionMatch.SAME, long=True).value
    ('clean', 'suspicious')
    """
    if not pictured and question is not None:
        return {QuestionMatch.SAME: Leak.IDENTICAL, QuestionMatch.REWORDED: Leak.NEAR}.get(question, Leak.SUSPICIOUS)
    if picture is PictureMatch.PIXELS and question is QuestionMatch.SAME:
        return Leak.IDENTICAL
    if picture not in (None, PictureMatch.SIMILAR) and question is not None:
        return Leak.NEAR
    if picture is not None or question is QuestionMatch.NGRAM or (question is not None and long):
        return Leak.SUSPICIOUS
    return Leak.CLEAN


def link_pictures(
    ours: Neighbours,
    theirs: Neighbours,
    previews: tuple[PreviewFile, PreviewFile],
    *,
    tick: Callable[[int], None] = lambda done: None,
) -> dict[int, list[PictureLink]]:
    """The pictures of the other set that each of ours is like.

    Args:
        ours: items whose pictures are looked for.
        theirs: items among whose pictures they are looked for.
        previews: of our pictures and of theirs, by the numbers that the sets give them.
        tick: called with how many of our pictures are done.
    """
    found: dict[int, dict[int, PictureLink]] = defaultdict(dict)
    for pair in ours.pictures.near_to(theirs.pictures, bits=REVIEW_BITS):
        match = PictureMatch.HASH if pair.near else PictureMatch.SIMILAR
        found[pair.left][pair.right] = PictureLink(pair.right, match, bits=pair.bits)
    for left, right in ours.pictures.same_pixels(theirs.pictures):
        found[left][right] = PictureLink(right, PictureMatch.PIXELS, bits=0)
    for candidate in crop_candidates(ours.pictures.grids, theirs.pictures.grids, tick=tick):
        known = found[candidate.left].get(candidate.right)
        if known is not None and known.match is not PictureMatch.SIMILAR:
            continue
        images = previews[0].image(candidate.left), previews[1].image(candidate.right)
        seen = align(*images, window=candidate.window, of_first=candidate.of_left)
        for match, (likeness, worst) in ((PictureMatch.ALIGNED, _ALIGNED), (PictureMatch.SIMILAR, _SIMILAR)):
            if seen.likeness >= likeness and seen.worst <= worst:
                bits = known.bits if known is not None else None
                found[candidate.left][candidate.right] = PictureLink(
                    candidate.right, match, bits, seen.likeness, seen.window
                )
                break
    return {left: list(links.values()) for left, links in found.items()}


def find_evidence(ours: Neighbours, theirs: Neighbours, pictures: _Links) -> Iterator[Evidence | None]:
    """The worst that is known of each of our items, in their order; ``None`` if it is like nothing.

    Args:
        ours: the benchmark's items.
        theirs: the training set's.
        pictures: of :func:`link_pictures`.
    """
    shared = _shared_runs(ours, theirs)
    asked: dict[int, _Asked] = {}
    for number in range(len(ours)):
        question = ours.question(number)
        if question not in asked:
            asked[question] = _asked_there(ours, theirs, question, shared.get(question, {}))
        yield _best(ours, theirs, number, pictures, asked[question])


def _shared_runs(ours: Neighbours, theirs: Neighbours) -> dict[int, dict[int, str]]:
    """Questions of theirs that share a run of words with each of ours."""
    index = NgramIndex()
    for question in range(len(ours.questions)):
        index.add(ours.questions.text(question))
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for question in range(len(theirs.questions)):
        for one, run in index.hits(theirs.questions.text(question)).items():
            found[one][question] = run
    return found


def _asked_there(ours: Neighbours, theirs: Neighbours, question: int, shared: Mapping[int, str]) -> _Asked:
    text = ours.questions.text(question)
    asked: dict[int, tuple[QuestionMatch, str | None]] = {
        one: (QuestionMatch.NGRAM, run) for one, run in shared.items()
    }
    for one in theirs.questions.like(text):
        same = theirs.questions.text(one) == text
        asked[one] = (QuestionMatch.SAME if same else QuestionMatch.REWORDED, None)
    return asked


def _best(ours: Neighbours, theirs: Neighbours, number: int, pictures: _Links, asked: _Asked) -> Evidence | None:
    question = ours.question(number)
    text = ours.questions.text(question)
    long = len(text.split()) >= LONG and len(ours.asking(question)) <= _SHARED
    best: tuple[tuple[int, int, int, int], Evidence] | None = None
    for other in _partners(ours, theirs, number, pictures, asked):
        link = _weakest(ours.shown(number), theirs.shown(other), pictures)
        match, run = asked.get(theirs.question(other), (None, None))
        if match is None and link is not None and link.match is not PictureMatch.SIMILAR:
            match = _reworded(text, theirs.questions.text(theirs.question(other)))
        pictured = bool(ours.shown(number) or theirs.shown(other))
        leak = judge_match(link.match if link else None, match, pictured=pictured, long=long)
        order = (
            _LEAKS.index(leak),
            _PICTURES.index(link.match) if link else len(_PICTURES),
            _QUESTIONS.index(match) if match else len(_QUESTIONS),
            other,
        )
        if best is None or order < best[0]:
            theirs_text = theirs.questions.text(theirs.question(other))
            alike = jaccard(shingles(text), shingles(theirs_text))
            best = order, Evidence(leak, other, link, match, alike, run)
    return best[1] if best is not None else None


def _reworded(one: str, other: str) -> QuestionMatch | None:
    """Most words are the same: about one picture that is enough, and short questions have few runs of three words."""
    alike = jaccard(shingles(one, 1), shingles(other, 1))
    return QuestionMatch.REWORDED if alike >= _WORDS_SHARED else None


def _partners(ours: Neighbours, theirs: Neighbours, number: int, pictures: _Links, asked: _Asked) -> Iterable[int]:
    """Items that may be the best match: few, however many ask the same or show the same."""
    seen: dict[int, None] = {}
    for picture in ours.shown(number):
        for link in pictures.get(picture, ()):
            there = theirs.with_picture(link.other)
            if len(there) > len(asked):
                seen.update((item, None) for one in asked for item in theirs.asking(one, of=link.other)[:_MOST_ITEMS])
            else:
                seen.update((item, None) for item in there if theirs.question(item) in asked)
            seen.update((item, None) for item in there[:_MOST_ITEMS])
    for match in QuestionMatch:
        first = [theirs.asking(one)[0] for one, (kind, _) in asked.items() if kind is match]
        if first:
            seen[min(first)] = None
            if not ours.shown(number):
                seen.update((one, None) for one in first if not theirs.shown(one))
    return seen


def _weakest(mine: Sequence[int], theirs: Sequence[int], pictures: _Links) -> PictureLink | None:
    """The worst fit of the pictures; ``None`` if not one fits.

    Every picture of the item with fewer must have its like in the other, else they are similar at most.
    """
    if not mine or not theirs:
        return None
    best: list[PictureLink | None] = []
    for one in mine:
        links = [link for link in pictures.get(one, ()) if link.other in theirs]
        best.append(min(links, key=lambda link: _PICTURES.index(link.match), default=None))
    fits = [link for link in best if link is not None]
    if not fits:
        return None
    worst = max(fits, key=lambda link: _PICTURES.index(link.match))
    if len(mine) <= len(theirs):
        covered = len(fits) == len(mine)
    else:
        covered = len({link.other for link in fits}) == len(set(theirs))
    if covered:
        return worst
    return PictureLink(worst.other, PictureMatch.SIMILAR, worst.bits, worst.likeness, worst.window)
