"""Which question a scene is made for: its items are changed until only those that are meant fit the description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from codedance.tasks.worlds.scenes.items import Spec
from codedance.tasks.worlds.scenes.kinds import KINDS, LOOSE_THINGS
from codedance.tasks.worlds.scenes.places import Slot
from codedance.tasks.worlds.scenes.specs import Key, class_of, fits, rerolled
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["Asks", "Meant", "Plan", "plan_question"]

Asks = Literal["text", "colour", "pattern", "shape", "holds", "name", "side", "nearer"]
"""What is asked: an attribute, a thing's name, on which side something is, which of two is nearer to a third."""
_ATTRIBUTES: tuple[Literal["text", "colour", "pattern", "shape", "holds"], ...] = (
    "text",
    "colour",
    "pattern",
    "shape",
    "holds",
)
_MAYBE_NONE = 0.2
_BY_COLOUR = 0.6
"""How often things that are compared are named by colour, or colour and shape, alone."""
_APART = 0.12
"""Share of a side by which two items must differ for one to be left of the other."""
_CLEARLY = 1.4
"""How many times as far the farther of two items must be."""


@dataclass(frozen=True, slots=True)
class Meant:
    """An item that the question names."""

    index: int | None
    """Its number; ``None`` if there is none."""
    spec: Spec
    keys: tuple[Key, ...]
    """The attributes that the question names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A question about the items of a scene."""

    asks: Asks
    meant: tuple[Meant, ...]
    """The item; two that are compared; or the two and the third that they are near to."""
    beside: Literal["", "left", "right"] = ""
    """Asked is not the item itself but its neighbour on this side."""
    neighbour: int | None = None
    """Its number."""
    axis: Literal["", "across", "down"] = ""
    """Whether left and right, or above and below, are asked for."""
    maybe_none: bool = False
    """The question says that there may be none."""


def plan_question(
    specs: list[Spec], slots: Sequence[Slot], rng: Random, *, hard: bool, in_rows: bool, size: tuple[int, int]
) -> Plan | None:
    """Choose a question and change the items so that it has one answer; ``None`` if this choice cannot be had.

    Args:
        specs: the items; changed.
        slots: where they are.
        rng: the source of all chance.
        hard: small texts may be asked for, and descriptions are longer.
        in_rows: neighbours in a row may be asked for.
        size: of the picture.
    """
    things = specs[0].noun not in KINDS
    roll = rng.random()
    if roll < (0.45 if things else 0.2):
        return _side(specs, slots, rng, hard=hard, size=size)
    if roll < (0.62 if things else 0.28):
        return _nearer(specs, slots, rng, hard=hard)
    if in_rows and (things or roll < 0.45):
        return _neighbour(specs, slots, rng, hard=hard)
    return None if things else _attribute(specs, rng, hard=hard)


def _attribute(specs: list[Spec], rng: Random, *, hard: bool) -> Plan | None:
    index = rng.randrange(len(specs))
    asks: Asks
    choices = _choices(specs[index].noun, hard=hard)
    if not choices:
        return None
    asks, keys = rng.choice(choices)
    if asks == "holds" and not specs[index].holds:
        return None
    if asks == "pattern" and all(one.pattern in ("", "plain") for one in specs):
        return None  # where everything is plain, nobody has to look
    maybe_none = rng.random() < _MAYBE_NONE and asks != "colour" and "text" not in keys
    if maybe_none and rng.random() < 0.5:
        phantom = replace(specs[index])
        meant = Meant(None, phantom, keys)
        return Plan(asks, (meant,), maybe_none=True) if _settle(specs, (meant,), rng) else None
    meant = Meant(index, specs[index], keys)
    _lure(specs, meant, rng, most=3 if hard else 1)
    return Plan(asks, (meant,), maybe_none=maybe_none) if _settle(specs, (meant,), rng) else None


def _choices(noun: str, *, hard: bool) -> list[tuple[Asks, tuple[Key, ...]]]:
    """Attributes that can be asked for, each with the attributes that name the item; if hard, names are longer."""
    kind = KINDS[noun]
    names = _names(noun, hard=hard)
    have: dict[str, bool] = {
        "text": bool(kind.texts) and (hard or kind.bold),
        "colour": True,
        "pattern": kind.inner is not None,
        "shape": noun in SHAPES,
        "holds": kind.holds is not None,
    }
    weights = {"text": 4, "colour": 2, "pattern": 2, "shape": 1, "holds": 2}
    choices: list[tuple[Asks, tuple[Key, ...]]] = []
    for asks in _ATTRIBUTES:
        usable = [keys for keys in names if asks not in keys] if have[asks] else []
        choices += [(asks, keys) for keys in usable for _ in range(weights[asks] * 4 // len(usable))]
    return choices


def _names(noun: str, *, hard: bool) -> list[tuple[Key, ...]]:
    """Sets of attributes by which an item of this kind can be named."""
    kind = KINDS[noun]
    names: list[tuple[Key, ...]] = [("colour",)]
    if kind.inner is not None:
        names += [("pattern", "colour")] * (2 if hard else 1)
    if noun in SHAPES:
        names += [("colour", "shape"), ("colour", "shape"), ("colour", "shape"), ("pattern", "shape")]
        names += [("pattern", "colour", "shape")] * hard
    if kind.texts and (hard or kind.bold):
        names += [("text",)] * 2
    return names


def _described(specs: list[Spec], index: int, rng: Random, *, hard: bool, simply: bool = False) -> Meant:
    """An item with the attributes that name it; ``simply``: its colour, or colour and shape, where that is possible."""
    noun = specs[index].noun
    names: list[tuple[Key, ...]] = _names(noun, hard=hard) if noun in KINDS else [()]
    if simply:
        names = [keys for keys in names if set(keys) <= {"colour", "shape"}]
    keys = rng.choice(names)
    return Meant(index, specs[index], keys)


def _settle(specs: list[Spec], meant: Sequence[Meant], rng: Random) -> bool:
    """Change the items that fit a description without being meant; false if that does not succeed."""
    kept = {one.index for one in meant}
    for one in meant:
        if any(other.index != one.index and fits(other.spec, one.spec, one.keys) for other in meant):
            return False
    for _ in range(40):
        wrong = [
            (number, one)
            for one in meant
            for number, spec in enumerate(specs)
            if number not in kept and fits(spec, one.spec, one.keys)
        ]
        if not wrong:
            return True
        for number, one in wrong:
            spec = specs[number]
            specs[number] = rerolled(spec, rng.choice(one.keys), rng) if one.keys else Spec(rng.choice(LOOSE_THINGS))
    return False


def _lure(specs: list[Spec], meant: Meant, rng: Random, *, most: int) -> None:
    """Make a few others like the item, but for one of the attributes that the question names."""
    if len(meant.keys) < 2:
        return
    others = [
        number
        for number, spec in enumerate(specs)
        if number != meant.index and class_of(spec.noun) == class_of(meant.spec.noun)
    ]
    for number in rng.sample(others, min(len(others), rng.randint(1, most))):
        spec, dropped = specs[number], rng.choice(meant.keys)
        for key in meant.keys:
            match key:
                case _ if key == dropped:
                    continue
                case "colour":
                    spec = replace(spec, colour=meant.spec.colour)
                case "pattern":
                    spec = replace(spec, pattern=meant.spec.pattern)
                case "shape":
                    spec = replace(spec, noun=meant.spec.noun)
                case "text":
                    continue
        specs[number] = spec


def _side(specs: list[Spec], slots: Sequence[Slot], rng: Random, *, hard: bool, size: tuple[int, int]) -> Plan | None:
    axis: Literal["across", "down"] = "across" if rng.random() < 0.6 else "down"
    number = 0 if axis == "across" else 1
    first = rng.randrange(len(specs))
    place = slots[first].centre[number]
    apart = size[number] * _APART
    others = [other for other, slot in enumerate(slots) if abs(slot.centre[number] - place) > apart]
    if not others:
        return None
    pair = [first, rng.choice(others)]
    # Which side is right is drawn first, so that both are as frequent.
    if (slots[pair[0]].centre[number] < slots[pair[1]].centre[number]) != (rng.random() < 0.5):
        pair.reverse()
    meant = _told_apart(specs, pair, rng, hard=hard)
    return Plan("side", meant, axis=axis) if _settle(specs, meant, rng) else None


def _told_apart(specs: list[Spec], chosen: Sequence[int], rng: Random, *, hard: bool) -> tuple[Meant, ...]:
    """Descriptions of several items; those of one class are given different colours first."""
    colours = rng.sample(COLOURS, len(chosen))
    for index, colour in zip(chosen, colours, strict=True):
        if specs[index].colour:
            specs[index] = replace(specs[index], colour=colour)
    simply = rng.random() < _BY_COLOUR
    return tuple(_described(specs, index, rng, hard=hard, simply=simply) for index in chosen)


def _nearer(specs: list[Spec], slots: Sequence[Slot], rng: Random, *, hard: bool) -> Plan | None:
    if len(specs) < 4:
        return None
    for _ in range(20):
        first, second, third = rng.sample(range(len(specs)), 3)
        distances = sorted((_distance(slots[first], slots[third]), _distance(slots[second], slots[third])))
        if distances[0] * _CLEARLY < distances[1]:
            meant = _told_apart(specs, (first, second, third), rng, hard=hard)
            return Plan("nearer", meant) if _settle(specs, meant, rng) else None
    return None


def _distance(a: Slot, b: Slot) -> float:
    return float(((a.centre[0] - b.centre[0]) ** 2 + (a.centre[1] - b.centre[1]) ** 2) ** 0.5)


def _neighbour(specs: list[Spec], slots: Sequence[Slot], rng: Random, *, hard: bool) -> Plan | None:
    beside: Literal["left", "right"] = rng.choice(("left", "right"))
    step = -1 if beside == "left" else 1
    at = {(slot.row, slot.column): number for number, slot in enumerate(slots)}
    pairs = [
        (at[slot.row, slot.column], at[slot.row, slot.column + step])
        for slot in slots
        if (slot.row, slot.column + step) in at
    ]
    if not pairs:
        return None
    index, neighbour = rng.choice(pairs)
    meant = _described(specs, index, rng, hard=hard)
    other = specs[neighbour]
    kind = KINDS.get(other.noun)
    if kind is None:
        asks: Asks = "name"
    else:
        asks = rng.choice(("colour", "text")) if kind.texts and (hard or kind.bold) else "colour"
        if fits(other, meant.spec, meant.keys):
            return None
    kept = Meant(neighbour, other, ())
    plan = Plan(asks, (meant,), beside=beside, neighbour=neighbour)
    if kind is None and other.noun == meant.spec.noun:
        return None
    return plan if _settle_beside(specs, meant, kept, rng) else None


def _settle_beside(specs: list[Spec], meant: Meant, neighbour: Meant, rng: Random) -> bool:
    """As for one item; the neighbour stays what it is."""
    before = specs[neighbour.index or 0]
    done = _settle(specs, (meant,), rng)
    return done and specs[neighbour.index or 0] == before
