"""Counting real-looking things: of a kind or a group, in a part of the picture, compared, sorted, or absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.family import Family
from codedance.tasks.worlds.objects.facts import ObjectsFacts
from codedance.tasks.worlds.objects.kinds import SORTABLE, names_of, plural
from codedance.tasks.worlds.objects.layout import Put, lay_out, put_things
from codedance.tasks.worlds.objects.questions import worded
from codedance.tasks.worlds.objects.script import GLANCES, script
from codedance.tasks.worlds.objects.wish import Wish, wish_for
from codedance.tasks.worlds.scene import Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.things import THINGS

__all__ = ["OBJECTS"]

_EASY = {"kind": 40, "group": 12, "two": 10, "difference": 8, "region": 12, "kinds": 8, "most": 5, "all": 5}
_HARD = {"kind": 28, "group": 12, "two": 11, "difference": 11, "region": 18, "kinds": 8, "most": 6, "all": 6}
_LAYOUTS = {"free": 40, "clusters": 12, "halves": 8, "rows": 12, "shelves": 12, "plates": 8, "frame": 8}
_SORTABLE_SHARE = 0.4
_LEAST_EASY = 12
"""Smallest longer side of an object of an easy picture, in hundredths of the picture's shorter side."""
_EASY_SIZES = ((448, 448), (560, 420), (640, 480), (600, 400), (640, 400), (480, 600))
_SHAPES = ((4, 3), (3, 2), (16, 9), (1, 1), (3, 4))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question's words and what is right."""

    names: tuple[str, ...]
    """What the question names, in its order."""
    kinds: tuple[str, ...]
    """The same as kinds of things; a group's members."""
    answer: str
    accepted: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    while True:  # once in a while a picture has no room for all that was to be drawn: another one is made
        scene = _attempt(difficulty, seed, rng)
        if scene is not None:
            return scene


def _attempt(difficulty: Difficulty, seed: int, rng: Random) -> Scene | None:
    hard = difficulty is Difficulty.HARD
    asks = _drawn(_HARD if hard else _EASY, rng)
    kind = _drawn({name: weight for name, weight in _LAYOUTS.items() if _suits(name, asks)}, rng)
    sortable = asks != "group" and kind in ("free", "clusters", "halves", "rows") and rng.random() < _SORTABLE_SHARE
    size = _size(rng) if hard else rng.choice(_EASY_SIZES)
    layout = lay_out(kind, size, rng, quiet=sortable, few=not hard)
    wish = wish_for(asks, layout, rng, hard=hard, pool=SORTABLE if sortable else tuple(THINGS))
    small = min(size)
    sides = (max(34, small * 4 // 100), max(48, small * 9 // 100)) if hard else (small * 20 // 100, small * 30 // 100)
    puts = put_things(layout, wish.drawn, rng, sides=sides, gap=8 if sortable else 0)
    least = 24 if hard else small * _LEAST_EASY // 100
    if len(puts) < len(wish.drawn) or any(max(_sides(put)) < least for put in puts):
        return None
    region = None if wish.area is None else layout.areas[wish.area]
    asked = _asked(asks, wish, puts, rng)
    counted = tuple(number for number, put in enumerate(puts) if _is_meant(put, wish))
    facts = ObjectsFacts(
        layout=kind,
        rows=layout.rows,
        sortable=sortable,
        kinds=asked.kinds,
        group=wish.group,
        region=region.box if region else None,
        where=region.phrase if region else "",
        counted=counted,
        evidence=tuple(puts[number].box for number in counted),
    )
    question = worded(asks, rng, names=asked.names, where=facts.where, layout=kind, options=asked.options)
    return Scene(
        family="objects",
        difficulty=difficulty,
        seed=seed,
        image=layout.image,
        question=question,
        answer=asked.answer,
        asks=asks,
        objects=tuple(SceneObject(colour="", shape=put.name, box=put.box) for put in puts),
        category=Category.COMPUTATION if asks in ("two", "difference", "most") else Category.VISUAL,
        accepted=asked.accepted,
        options=asked.options,
        facts=facts.model_dump(mode="json"),
    )


def _drawn(weights: dict[str, int], rng: Random) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _suits(layout: str, asks: str) -> bool:
    """Only areas that have a name can be asked about; halves are there for nothing else."""
    return layout not in ("free", "clusters") if asks == "region" else layout != "halves"


def _size(rng: Random) -> tuple[int, int]:
    """Half a megapixel to two, in one of the usual shapes."""
    across, down = rng.choice(_SHAPES)
    unit = int((rng.randint(50, 200) * 10_000 / (across * down)) ** 0.5)
    return unit * across, unit * down


def _sides(put: Put) -> tuple[int, int]:
    return put.box[2] - put.box[0], put.box[3] - put.box[1]


def _is_meant(put: Put, wish: Wish) -> bool:
    return (not wish.kinds or put.name in wish.kinds) and wish.area in (None, put.area)


def _asked(asks: str, wish: Wish, puts: Sequence[Put], rng: Random) -> _Asked:
    """What is right, counted from what was really drawn."""
    counts = Counter(put.name for put in puts if _is_meant(put, wish))
    names = (wish.group,) if wish.group else tuple(plural(one) for one in wish.kinds)
    match asks:
        case "difference":
            first, second = (counts[one] for one in wish.kinds)
            return _Asked(names, wish.kinds, str(abs(first - second)))
        case "kinds":
            return _Asked((), (), str(len(counts)))
        case "most":
            kinds = tuple(rng.sample(wish.kinds, len(wish.kinds)))
            best = max(kinds, key=lambda one: counts[one])
            listed = tuple(plural(one) for one in kinds)
            if rng.random() < 0.5:
                return _Asked(listed, kinds, chr(ord("A") + kinds.index(best)), options=listed)
            return _Asked(listed, kinds, plural(best), accepted=names_of(best))
        case _:
            return _Asked(names, wish.kinds, str(counts.total()))


OBJECTS = Family(name="objects", make=_make, script=script, glances=GLANCES)
