"""What is drawn for a question about objects: how many of which kinds, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.objects.kinds import GROUPS
from codedance.tasks.worlds.objects.layout import Layout
from codedance.tasks.worlds.things import THINGS

__all__ = ["Wish", "wish_for"]

_NONE_THERE = 0.07


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drawn."""

    kinds: tuple[str, ...]
    """Kinds that are asked about, or the members of the group; empty if all are."""
    drawn: tuple[tuple[str, int], ...]
    """Name and area of each object."""
    group: str | None = None
    """Name of the group that is asked for."""
    area: int | None = None
    """Index of the area that is asked about."""


def wish_for(asks: str, layout: Layout, rng: Random, *, hard: bool, pool: tuple[str, ...]) -> Wish:
    """The objects to draw; how many are asked for is drawn first, so that no answer is the usual one."""
    match asks:
        case "kind" | "region":
            return _one_kind(layout, rng, hard=hard, pool=pool, named=asks == "region")
        case "group":
            return _one_group(layout, rng, hard=hard)
        case "two" | "difference":
            kinds = tuple(rng.sample(pool, 2))
            numbers = (rng.randint(1, 11), rng.randint(1, 11)) if hard else (rng.randint(1, 3), rng.randint(1, 3))
            if asks == "difference":
                numbers = _apart(rng, most=12 if hard else 5, gap=9 if hard else 3)
            others = rng.randint(max(3, 7 - sum(numbers)), 16) if hard else rng.randint(0, 6 - sum(numbers))
            return _filled(kinds, layout, rng, names=_some(kinds, numbers, rng, others=others, pool=pool))
        case "most":
            kinds = tuple(rng.sample(pool, rng.choice((3, 4)) if hard else 3))
            top = rng.randint(4, 9) if hard else 3
            fewer = [rng.randint(max(1, top - 4), top - 1) for _ in kinds[1:]]
            if not hard:
                fewer = rng.choice(([1, 1], [2, 1], [1, 2]))
            others = rng.randint(0, 6) if hard else 0
            return _filled(kinds, layout, rng, names=_some(kinds, [top, *fewer], rng, others=others, pool=pool))
        case "kinds":
            kinds = tuple(rng.sample(pool, rng.randint(3, 12) if hard else rng.randint(1, 5)))
            total = rng.randint(max(10, len(kinds)), 30) if hard else rng.randint(len(kinds), 6)
            repeated = Counter([*kinds, *rng.choices(kinds, k=total - len(kinds))])
            return _filled((), layout, rng, names=list(repeated.elements()))
        case _:
            kinds = tuple(rng.sample(pool, rng.randint(3, 9) if hard else rng.randint(1, 4)))
            total = rng.randint(7, 40) if hard else rng.randint(1, 6)
            return _filled((), layout, rng, names=rng.choices(kinds, k=total))


def _apart(rng: Random, *, most: int, gap: int) -> tuple[int, int]:
    """Two numbers whose difference is drawn first."""
    difference = rng.randint(0, gap)
    smaller = rng.randint(1, max(1, (most - difference) if most > 6 else (6 - difference) // 2))
    pair = (smaller, smaller + difference)
    return pair if rng.random() < 0.5 else pair[::-1]


def _filled(kinds: tuple[str, ...], layout: Layout, rng: Random, *, names: list[str]) -> Wish:
    """These objects, anywhere."""
    rng.shuffle(names)
    return Wish(kinds, tuple((name, rng.randrange(len(layout.areas))) for name in names))


def _some(
    kinds: tuple[str, ...], numbers: Sequence[int], rng: Random, *, others: int, pool: tuple[str, ...]
) -> list[str]:
    """So many of each kind, and others."""
    names = [name for name, number in zip(kinds, numbers, strict=True) for _ in range(number)]
    return names + _strangers(rng, others, [one for one in pool if one not in kinds])


def _strangers(rng: Random, number: int, pool: Sequence[str]) -> list[str]:
    """Objects that are not asked for, of a few kinds."""
    return rng.choices(rng.sample(pool, min(len(pool), rng.randint(2, 6))), k=number) if number else []


def _one_kind(layout: Layout, rng: Random, *, hard: bool, pool: tuple[str, ...], named: bool) -> Wish:
    kind = rng.choice(pool)
    area = rng.randrange(sum(one.phrase != "" for one in layout.areas)) if named else None
    most = (12 if named else 18) if hard else (3 if named else 5)
    wanted = 0 if rng.random() < _NONE_THERE else rng.randint(1, most)
    rest = [one for one in pool if one != kind]
    names = [(kind, area if area is not None else rng.randrange(len(layout.areas))) for _ in range(wanted)]
    if area is not None:
        elsewhere = [index for index in range(len(layout.areas)) if index != area]
        lures = rng.randint(2, 8) if hard else rng.randint(1, 2)
        names += [(kind, rng.choice(elsewhere)) for _ in range(lures)] if elsewhere else []
    others = rng.randint(max(3, 7 - len(names)), max(5, 36 - len(names))) if hard else rng.randint(0, 6 - len(names))
    if not hard and wanted == 0:
        others = max(2, others)
    names += [(name, rng.randrange(len(layout.areas))) for name in _strangers(rng, others, rest)]
    rng.shuffle(names)
    return Wish((kind,), tuple(names), area=area)


def _one_group(layout: Layout, rng: Random, *, hard: bool) -> Wish:
    name = rng.choice(list(GROUPS))
    group = GROUPS[name]
    members = rng.sample(group.members, min(len(group.members), rng.randint(2, 5)))
    wanted = 0 if rng.random() < _NONE_THERE else rng.randint(1, 18 if hard else 5)
    clear = [one for one in THINGS if one not in group.members and one not in group.doubtful]
    others = rng.randint(max(4, 7 - wanted), 22) if hard else rng.randint(1, 6 - wanted)
    names = [*rng.choices(members, k=wanted), *_strangers(rng, others, clear)]
    rng.shuffle(names)
    drawn = tuple((one, rng.randrange(len(layout.areas))) for one in names)
    return Wish(group.members, drawn, group=name)
