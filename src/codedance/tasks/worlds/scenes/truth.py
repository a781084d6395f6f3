"""What is right about a scene, from what was really drawn, and the question with its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.looking import centre_of
from codedance.tasks.worlds.objects.kinds import names_of
from codedance.tasks.worlds.scenes.items import Item
from codedance.tasks.worlds.scenes.kinds import KINDS, PATTERNS
from codedance.tasks.worlds.scenes.plan import Meant, Plan
from codedance.tasks.worlds.scenes.questions import MAYBE_NONE, NONE_TEXTS, lettered, wording
from codedance.tasks.worlds.scenes.specs import class_of, phrase, text_kind, with_text
from codedance.tasks.worlds.things import THINGS
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["AskedQuestion", "question_of", "true_answer"]

_NONE = "none"
_LETTERED, _LETTERED_NAMED = 0.4, 0.65
"""How often options are given; the second where the question names the possible answers anyway."""
_APART, _CLEARLY = 0.08, 1.3
"""Share of a side by which items must differ to be left and right of each other; ratio of a clearly larger distance."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it is asked."""

    question: str
    answer: str
    options: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


def true_answer(plan: Plan, items: Sequence[Item], size: tuple[int, int]) -> str | None:
    """The answer in words; ``None`` if it is not clear to the eye."""
    match plan.asks:
        case "side":
            first, second = (centre_of(_item(one, items).box) for one in plan.meant)
            number = 0 if plan.axis == "across" else 1
            if abs(first[number] - second[number]) < _APART * size[number]:
                return None
            words = ("left", "right") if number == 0 else ("above", "below")
            return words[first[number] > second[number]]
        case "nearer":
            near, other, third = (centre_of(_item(one, items).box) for one in plan.meant)
            distances = [((x - third[0]) ** 2 + (y - third[1]) ** 2) ** 0.5 for x, y in (near, other)]
            if max(distances) < _CLEARLY * min(distances):
                return None
            nearest = plan.meant[distances[1] < distances[0]]
            return phrase(nearest.spec, nearest.keys)
        case _:
            if plan.neighbour is None and plan.meant[0].index is None:
                return _NONE
            return _value(plan, _item(plan.meant[0], items) if plan.neighbour is None else items[plan.neighbour])


def _item(meant: Meant, items: Sequence[Item]) -> Item:
    assert meant.index is not None
    return items[meant.index]


def _value(plan: Plan, item: Item) -> str:
    spec = item.spec
    match plan.asks:
        case "text":
            return spec.text
        case "colour":
            return spec.colour
        case "pattern":
            return spec.pattern
        case "holds":
            return spec.holds
        case _:
            return spec.noun


def question_of(plan: Plan, items: Sequence[Item], truth: str, rng: Random) -> AskedQuestion:
    """The question in words, free or with lettered options, and what is accepted."""
    names = [phrase(one.spec, one.keys) for one in plan.meant]
    match plan.asks:
        case "side":
            text = wording(plan.axis, rng, a=names[0], b=names[1])
        case "nearer":
            text = wording("nearer", rng, a=names[0], b=names[1], c=names[2])
        case "name":
            text = wording("name", rng, beside=plan.beside, ref=names[0])
        case _:
            spec = plan.meant[0].spec if plan.neighbour is None else items[plan.neighbour].spec
            ref = names[0]
            if plan.neighbour is not None:
                ref = f"{class_of(spec.noun)} directly to the {plan.beside} of the {ref}"
            whose = KINDS[spec.noun].whose
            own = whose.split()[0] if whose else class_of(spec.noun)
            text = wording(plan.asks, rng, ref=ref, what=text_kind(spec.text or "0"), whose=whose, own=own)
    if plan.maybe_none:
        text += rng.choice(MAYBE_NONE)
    if rng.random() >= (_LETTERED_NAMED if plan.asks in ("side", "nearer", "pattern") else _LETTERED):
        return AskedQuestion(text, truth, accepted=_accepted(plan, truth))
    options, right = _options(plan, items, names, truth, rng)
    return AskedQuestion(text + lettered(options), chr(ord("A") + options.index(right)), options=options)


def _accepted(plan: Plan, truth: str) -> tuple[str, ...]:
    """Other ways to say the same."""
    if truth == _NONE:
        return NONE_TEXTS
    match plan.asks:
        case "side" if plan.axis == "across":
            return f"to the {truth}", f"on the {truth}", f"{truth} side", f"the {truth}", f"farther {truth}"
        case "nearer":
            return (f"the {truth}",)
        case "name" | "holds":
            return names_of(truth)[1:]
        case "shape" | "pattern" | "text" | "colour":
            return (f"a {truth}", f"{truth} card") if plan.asks == "shape" else ()
        case _:
            return ()


def _options(
    plan: Plan, items: Sequence[Item], names: Sequence[str], truth: str, rng: Random
) -> tuple[tuple[str, ...], str]:
    """The options in their order, and the one that is right."""
    right, texts = truth, list[str]()
    match plan.asks:
        case "side":
            pair = ("left", "right") if plan.axis == "across" else ("above", "below")
            said = [f"to the {word} of" if plan.axis == "across" else word for word in pair]
            texts = list(pair)
            if rng.random() < 0.5:
                texts = [f"The {names[0]} is {one} the {names[1]}." for one in said]
            right = texts[pair.index(truth)]
        case "nearer":
            texts = [f"the {name}" for name in names[:2]]
            right = f"the {truth}"
        case "pattern":
            texts = list(PATTERNS)
        case "shape":
            texts = list(SHAPES)
        case "colour":
            texts = [truth, *rng.sample([one for one in COLOURS if one != truth], 3)]
        case "holds" | "name":
            there = {item.spec.holds or item.spec.noun for item in items} & set(THINGS)
            texts = _four(truth, sorted(there), list(THINGS), rng)
        case "text":
            texts = _four(truth, *_texts(plan, items, truth, rng), rng)
    if plan.asks == "text":  # "A" alone would be an option's letter
        texts, right = [_letter_named(one) for one in texts], _letter_named(right)
    if plan.maybe_none:
        texts = [one for one in texts if one != _NONE]
        dropped = [one for one in texts if one != right]
        if len(texts) > 3:
            texts.remove(rng.choice(dropped))
        texts.append("there is none")
        right = "there is none" if truth == _NONE else right
    rng.shuffle(texts)
    return tuple(texts), right


def _letter_named(text: str) -> str:
    return f"the letter {text}" if len(text) == 1 and text.isalpha() else text


def _four(truth: str, near: Sequence[str], far: Sequence[str], rng: Random) -> list[str]:
    """The truth and three others, from the picture as far as it has them."""
    pool = [one for one in near if one != truth]
    chosen = rng.sample(pool, min(3, len(pool)))
    rest = [one for one in far if one != truth and one not in chosen]
    return [truth, *chosen, *rng.sample(rest, 3 - len(chosen))]


def _texts(plan: Plan, items: Sequence[Item], truth: str, rng: Random) -> tuple[list[str], list[str]]:
    """Texts of the same kind that are in the picture, and made up ones."""
    spec = plan.meant[0].spec if plan.neighbour is None else items[plan.neighbour].spec
    kind = text_kind(spec.text)
    there = {item.spec.text for item in items if item.spec.text and text_kind(item.spec.text) == kind}
    made: set[str] = set()
    while len(made) < 6:
        text = with_text(spec, rng, taken=made).text
        if text_kind(text) == kind:
            made.add(text)
    return sorted(there), sorted(made)
