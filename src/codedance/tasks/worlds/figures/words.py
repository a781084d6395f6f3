"""Words around figures: how to ask for a quantity, say its unit, offer options, name one figure of several."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

__all__ = [
    "LENGTHS",
    "Number",
    "as_text",
    "ask",
    "capital",
    "joined",
    "lettered",
    "numeric_options",
    "placed",
    "unit_tail",
]

Number = int | float

LENGTHS = (
    ("cm", "centimetres"),
    ("cm", "centimetres"),
    ("m", "metres"),
    ("m", "metres"),
    ("mm", "millimetres"),
    ("in", "inches"),
    ("ft", "feet"),
    ("km", "kilometres"),
)
"""Units of length, short and in full."""

_FRAMES = (
    "What is {q}?",
    "Find {q}.",
    "Work out {q}.",
    "Determine {q}.",
    "Calculate {q}.",
    "Give {q}.",
    "Use the picture to find {q}.",
    "Look at the picture. What is {q}?",
    "Can you work out {q}?",
    "From what is shown, find {q}.",
    "Please work out {q}.",
    "What do you get for {q}?",
    "State {q}.",
)
_UNITS = (
    " Answer in {unit}.",
    " Give the answer in {unit}.",
    " The answer is wanted in {unit}.",
    " Your answer should be in {unit}.",
    " Answer with a number, in {unit}.",
    " Write the number of {unit} only.",
)
_ROUNDINGS = (
    " Round to {places}.",
    " Give {places} if needed.",
    " Round the result to {places}.",
    " Answer to {places}.",
)
_PLACES = {0: "the nearest whole number", 1: "one decimal place", 2: "two decimal places"}
_OFFERS = ("", " Choose one.", " Pick the right option.", " Which option is right?", " Choose from the options.")
_PLACED = (
    "Look at {name}. {q}",
    "{Name}: {q}",
    "{q} (See {name}.)",
    "This is about {name}. {q}",
    "Consider {name}. {q}",
    "Use {name}. {q}",
    "Go to {name}. {q}",
    "{q} Use {name} only.",
)


def capital(text: str) -> str:
    """With a capital first letter; the rest stays."""
    return text[:1].upper() + text[1:]


def as_text(value: Number | str) -> str:
    """A value as it is written: without needless zeros.

    >>> as_text(3.0), as_text(2.50), as_text("3/8")
    ('3', '2.5', '3/8')
    """
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def joined(parts: Sequence[str]) -> str:
    """A list in words.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def ask(rng: Random, quantity: str, *, also: Sequence[str] = ()) -> str:
    """A question for a quantity such as ``the length of the red bar``, in one of many forms.

    Args:
        rng: chooses.
        quantity: with its article.
        also: whole questions of the kind's own, of which one is taken in half of the cases.
    """
    if also and rng.random() < 0.5:
        return rng.choice(also)
    return rng.choice(_FRAMES).format(q=quantity)


def unit_tail(rng: Random, unit: str, *, places: int | None = None, always: bool = False) -> str:
    """What a question says about the form of its answer: the unit, and how to round if it must be.

    Args:
        rng: chooses.
        unit: the plural in words, such as ``centimetres``; may be empty.
        places: decimal places to round to; ``None`` if nothing is rounded.
        always: name the unit in any case; otherwise it is sometimes left out.
    """
    tail = rng.choice(_UNITS).format(unit=unit) if unit and (always or rng.random() < 0.75) else ""
    if places is not None:
        tail += rng.choice(_ROUNDINGS).format(places=_PLACES[places])
    return tail


def placed(rng: Random, name: str, question: str) -> str:
    """The question with the name of the figure that it is about."""
    return rng.choice(_PLACED).format(name=name, Name=capital(name), q=question)


def lettered(rng: Random, question: str, options: Sequence[str]) -> str:
    """The question with its options, one a line or all in one."""
    named = [f"{chr(ord('A') + index)}. {option}" for index, option in enumerate(options)]
    between = rng.choice(("\n", "\n", "\n", "   "))
    return f"{question}{rng.choice(_OFFERS)}\n{between.join(named)}"


def numeric_options(
    rng: Random, right: Number, mistakes: Sequence[Number], *, apart: float = 0.0, count: int = 4
) -> tuple[Number, ...]:
    """The right number among wrong ones, in rising order; its place in that order is equally often any.

    Wrong ones are results of typical mistakes as far as they fit, filled up with numbers that differ a little.

    Args:
        rng: chooses.
        right: the answer.
        mistakes: numbers that wrong ways lead to.
        apart: how far from the right one every other must be at least.
        count: how many options there are.

    >>> numeric_options(Random(1), 12, [24, 7, 10])
    (12, 18, 21, 24)
    """
    places = 0 if isinstance(right, int) else 1 if round(right, 1) == right else 2
    apart = max(apart, abs(right) * 0.02)
    likely = {_rounded(one, places) for one in mistakes}
    step = max(10**-places, round(max(apart, abs(right) / 20), places))
    filling = [_rounded(right + sign * times * step, places) for times in range(1, 13) for sign in (-1, 1)]
    rng.shuffle(filling)
    wrong = [one for one in [*sorted(likely, key=lambda _: rng.random()), *filling] if abs(one - right) > apart]
    wrong = [one for one in dict.fromkeys(wrong) if right < 0 or one > 0 or (one == 0 and places == 0)]
    low = [one for one in wrong if one < right]
    below = min(rng.randrange(count), len(low))
    high = [one for one in wrong if one > right]
    return tuple(sorted([*low[:below], right, *high[: count - 1 - below]]))


def _rounded(value: Number, places: int) -> Number:
    return round(value, places) if places else round(value)
