"""What the items of a scene are like, which of them a description fits, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Literal

from codedance.tasks.worlds.scenes.items import Spec
from codedance.tasks.worlds.scenes.kinds import KINDS, PATTERNS, TextKind
from codedance.tasks.worlds.vocabulary import COLOURS, LETTERS, SHAPES

__all__ = ["Key", "class_of", "fits", "invented", "phrase", "rerolled", "text_kind", "with_text"]

Key = Literal["colour", "pattern", "shape", "text"]
"""What an item can be described by, besides what it is."""

_NAMES = (
    "SUN SEA TEA JAM MAP INN ART ZOO GYM CAFE BANK PARK ROSE LILY MILK RICE CORN SALT SOUP BIRD MOON STAR WIND "
    "RAIN SNOW LAKE HILL ROCK SAND LEAF FARM BARN GATE ROAD EAST WEST SILK WOOL GOLD IRON SONG PLAY RACE GOAL "
    "TEAM CLUB HALL ROOM DESK PAGE NOTE POST MAIL TOYS GAME SHIP PORT DOCK PIER SAIL TAXI TRAM BIKE WALK HIKE "
    "CAMP FIRE COAL"
)
_WORDS = _NAMES.split()


def class_of(noun: str) -> str:
    """What an item is called without its looks: cards of all shapes are cards."""
    return "card" if noun in SHAPES else noun


def invented(noun: str, rng: Random, *, colours: tuple[str, ...], plain: bool) -> Spec:
    """An item with chance attributes.

    Args:
        noun: its kind, or a thing.
        rng: the source of all chance.
        colours: to choose from.
        plain: without patterns.
    """
    if noun not in KINDS:
        return Spec(noun)
    pattern = "plain" if plain else rng.choice(PATTERNS)
    return with_text(Spec(noun, rng.choice(colours), pattern if KINDS[noun].inner else ""), rng, taken=())


def with_text(spec: Spec, rng: Random, *, taken: Iterable[str]) -> Spec:
    """The same item with something else written on it, not one of the texts that are taken."""
    kinds = KINDS[spec.noun].texts
    if not kinds:
        return spec
    used = set(taken)
    for _ in range(200):
        text = _text(rng.choice(kinds), rng)
        if text not in used:
            return replace(spec, text=text)
    raise ValueError(f"there is no text left for a {spec.noun}")


def _text(kind: TextKind, rng: Random) -> str:
    match kind:
        case "digit":
            return str(rng.randrange(10))
        case "letter":
            return rng.choice(LETTERS)
        case "number":
            return str(rng.randint(10, 99))
        case "code":
            return f"{rng.choice(LETTERS)}{rng.randint(2, 9)}"
        case "word":
            return rng.choice(_WORDS)


def text_kind(text: str) -> str:
    """What a text is called.

    >>> [text_kind(text) for text in ("7", "K", "37", "K4", "ROSE")]
    ['digit', 'letter', 'number', 'label', 'word']
    """
    if text.isdigit():
        return "digit" if len(text) == 1 else "number"
    if len(text) == 1:
        return "letter"
    return "label" if text[-1].isdigit() else "word"


def fits(spec: Spec, pattern: Spec, keys: tuple[Key, ...]) -> bool:
    """True if a description by these attributes of ``pattern`` fits an item as well."""
    same_class = class_of(spec.noun) == class_of(pattern.noun)
    return same_class and all(_value(spec, key) == _value(pattern, key) for key in keys)


def _value(spec: Spec, key: Key) -> str:
    match key:
        case "colour":
            return spec.colour
        case "pattern":
            return spec.pattern
        case "shape":
            return spec.noun
        case "text":
            return spec.text


def phrase(spec: Spec, keys: tuple[Key, ...]) -> str:
    """An item in words, by these attributes and without an article.

    >>> card = Spec("circle", "red", "striped", "7")
    >>> phrase(card, ("colour",)), phrase(card, ("pattern", "colour", "shape")), phrase(card, ("text",))
    ('red card', 'striped red circle card', 'card with the digit 7')
    """
    kind = KINDS.get(spec.noun)
    if kind is None:
        return spec.noun
    if "text" in keys:
        return kind.reads.format(kind=text_kind(spec.text), text=spec.text)
    looks = " ".join(one for one in (spec.pattern * ("pattern" in keys), spec.colour * ("colour" in keys)) if one)
    if spec.noun in SHAPES:
        return f"{looks} {spec.noun} card".strip() if "shape" in keys else f"{looks} card".strip()
    return kind.looks.format(looks=looks)


def rerolled(spec: Spec, key: Key, rng: Random) -> Spec:
    """The same item with another value of one attribute."""
    match key:
        case "colour":
            return replace(spec, colour=rng.choice([one for one in COLOURS if one != spec.colour]))
        case "pattern":
            return replace(spec, pattern=rng.choice([one for one in PATTERNS if one != spec.pattern]))
        case "shape":
            return replace(spec, noun=rng.choice([one for one in SHAPES if one != spec.noun]))
        case "text":
            return with_text(spec, rng, taken=(spec.text,))
