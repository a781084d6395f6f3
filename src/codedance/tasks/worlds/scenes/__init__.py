"""Searching large, cluttered pictures: what something small is like, what is written on it, where it is, if at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from codedance.tasks.worlds.family import Family
from codedance.tasks.worlds.scene import Difficulty, GlyphKind, Scene, SceneObject
from codedance.tasks.worlds.scenes.facts import ScenesFacts, Target
from codedance.tasks.worlds.scenes.items import Item, Spec, draw_item, item_size
from codedance.tasks.worlds.scenes.kinds import KINDS
from codedance.tasks.worlds.scenes.places import PLACES, Ground, Place, Slot, prepare
from codedance.tasks.worlds.scenes.plan import Meant, plan_question
from codedance.tasks.worlds.scenes.script import GLANCES, script
from codedance.tasks.worlds.scenes.specs import invented, phrase, text_kind
from codedance.tasks.worlds.scenes.truth import question_of, true_answer
from codedance.tasks.worlds.things import THINGS
from codedance.tasks.worlds.vocabulary import COLOURS

__all__ = ["SCENES"]

_EASY_SIZES = ((640, 480), (720, 540), (768, 512), (800, 600), (600, 600), (640, 640), (848, 480))
_FORMS = ((4, 3), (16, 9), (3, 2), (1, 1), (4, 3))
_HUGE = 0.05
"""Share of the hard pictures that have about eight megapixels."""
_DECORATED = 0.55
_STOCKED = 0.6


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    while True:  # not every question that is drawn by lot can be asked about the items that are there
        scene = _attempt(difficulty, seed, rng)
        if scene is not None:
            return scene


def _attempt(difficulty: Difficulty, seed: int, rng: Random) -> Scene | None:
    hard = difficulty is Difficulty.HARD
    name = rng.choices(list(PLACES), weights=[place.weight for place in PLACES.values()])[0]
    place, size = PLACES[name], _size(rng) if hard else rng.choice(_EASY_SIZES)
    decorated = bool(place.things) and hard and rng.random() < _DECORATED
    ground = prepare(place, size, rng, hard=hard)
    slots, specs = _filled(place, ground, rng, hard=hard, decorated=decorated)
    plan = plan_question(specs, slots, rng, hard=hard, in_rows=place.rows != "", size=size)
    if plan is None:
        return None
    items = _drawn(place, ground, slots, specs, rng, decorated=decorated)
    truth = true_answer(plan, items, size)
    if truth is None:
        return None
    asked = question_of(plan, items, truth, rng)
    seen = [one.index for one in plan.meant if one.index is not None]
    seen += [plan.neighbour] if plan.neighbour is not None else []
    facts = ScenesFacts(
        place=name,
        asks=plan.asks,
        truth=truth,
        targets=tuple(_target(one, items) for one in plan.meant),
        beside=plan.beside,
        axis=plan.axis,
        patterns=tuple(item.spec.pattern for item in items),
        pure=not decorated and not any(item.spec.holds or item.spec.noun not in KINDS for item in items),
        evidence=tuple(items[index].box for index in seen),
    )
    objects = tuple(_object(item) for item in items)
    first = plan.meant[0]
    return Scene(
        family="scenes",
        difficulty=difficulty,
        seed=seed,
        image=ground.image,
        question=asked.question,
        answer=asked.answer,
        asks=plan.asks,
        colour=first.spec.colour if "colour" in first.keys else "",
        shape=first.spec.noun if "shape" in first.keys else None,
        objects=objects,
        target=objects[seen[-1]] if len(plan.meant) == 1 and seen else None,
        accepted=asked.accepted,
        options=asked.options,
        facts=facts.model_dump(mode="json"),
    )


def _size(rng: Random) -> tuple[int, int]:
    """One megapixel to three, now and then eight, in one of the usual forms."""
    across, down = rng.choice(_FORMS)
    pixels = rng.randint(700, 830) * 10_000 if rng.random() < _HUGE else rng.randint(100, 300) * 10_000
    unit = int((pixels / (across * down)) ** 0.5)
    return unit * across, unit * down


def _filled(place: Place, ground: Ground, rng: Random, *, hard: bool, decorated: bool) -> tuple[list[Slot], list[Spec]]:
    """Which spots are taken, and by what."""
    share = rng.randint(55, 80) if decorated else rng.randint(75, 100)
    keep = max(8 if hard else 3, len(ground.slots) * share // 100)
    taken = rng.sample(ground.slots, min(keep, len(ground.slots)))
    slots = sorted(taken, key=lambda slot: (slot.row, slot.column))
    colours = tuple(rng.sample(COLOURS, rng.randint(4, 6)))
    plain = rng.random() < 0.25
    specs = [invented(rng.choice(place.nouns), rng, colours=colours, plain=plain) for _ in slots]
    if rng.random() < _STOCKED:
        specs = [replace(one, holds=rng.choice(tuple(THINGS))) if one.noun == "stall" else one for one in specs]
    return slots, specs


def _drawn(
    place: Place, ground: Ground, slots: Sequence[Slot], specs: Sequence[Spec], rng: Random, *, decorated: bool
) -> list[Item]:
    """Draw the items, and other things on spots that are free."""
    items = []
    for slot, spec in zip(slots, specs, strict=True):
        unit = ground.unit if place.rows else ground.unit * rng.choice((90, 95, 100)) // 100
        centre = _centre(place, slot, item_size(spec.noun, unit), rng)
        item = draw_item(ground.image, spec, rng, centre=centre, unit=unit)
        items.append(replace(item, row=slot.row, column=slot.column))
    if decorated:
        taken = {(slot.row, slot.column) for slot in slots}
        for slot in ground.slots:
            if (slot.row, slot.column) not in taken and rng.random() < 0.8:
                thing = Spec(rng.choice(place.things))
                centre = _centre(place, slot, item_size(thing.noun, ground.unit), rng)
                draw_item(ground.image, thing, rng, centre=centre, unit=ground.unit)
    return items


def _centre(place: Place, slot: Slot, size: tuple[int, int], rng: Random) -> tuple[int, int]:
    """Where the middle of an item comes: standing on its row, or anywhere in its spot."""
    (x, y), (across, down), (width, height) = slot.centre, slot.room, size
    free_x, free_y = max(0, (across - width) // 2 - 5), max(0, (down - height) // 2 - 5)
    if not place.rows:
        return x + rng.randint(-free_x, free_x), y + rng.randint(-free_y, free_y)
    floor = max(4, down // 16) if place.rows in ("road", "boards") else max(5, free_y)
    return x + rng.randint(-free_x // 3, free_x // 3), y + down // 2 - floor - height // 2


def _target(meant: Meant, items: Sequence[Item]) -> Target:
    spec = meant.spec
    item = None if meant.index is None else items[meant.index]
    return Target(
        phrase=phrase(spec, meant.keys),
        keys=meant.keys,
        noun=spec.noun,
        colour=spec.colour,
        pattern=spec.pattern,
        box=item.box if item else None,
        main=item.main if item else None,
    )


def _object(item: Item) -> SceneObject:
    spec = item.spec
    kinds: dict[str, GlyphKind] = {"digit": "digit", "letter": "letter"}
    kind = kinds.get(text_kind(spec.text)) if spec.text else None
    return SceneObject(spec.colour, spec.noun, item.box, glyph=spec.text or None, glyph_kind=kind)


SCENES = Family(name="scenes", make=_make, script=script, glances=GLANCES)
