"""What questions about a chart may be about: which values, named how, and only if the answer can be seen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from codedance.tasks.worlds.charts.model import Asked, ChartKind, Drawing
from codedance.tasks.worlds.charts.naming import mark_noun, name_of, of_series, series_count, where_of
from codedance.tasks.worlds.charts.words import ALL_WORDS
from codedance.tasks.worlds.sums import ORDINALS, computed, number_of

__all__ = ["DRAFTS", "Draft"]

Draft = tuple[Asked, dict[str, str]]
"""What is asked, and the words that fill the template of a question."""

_SEEN = 4
"""Pixels by which values must differ where they are compared by eye."""


def _places(drawing: Drawing, rng: Random) -> tuple[bool, int]:
    """Whether colours are named, and a series."""
    many = len(drawing.entries) > 1
    return many and rng.random() < (0.6 if drawing.by_item else 0.5), rng.randrange(series_count(drawing))


def _said(series: str) -> dict[str, str]:
    return {"s": f" for {series}" if series else ""}


def _value(drawing: Drawing, rng: Random) -> Draft:
    by_colour, series = _places(drawing, rng)
    place = (series, rng.randrange(len(drawing.items)))
    asked = Asked(asks="value", needed=(place,), by_colour=by_colour, places=drawing.decimals)
    return asked, {"a": name_of(drawing, place, by_colour=by_colour)}


def _pair(drawing: Drawing, rng: Random) -> tuple[list[tuple[int, int]], bool]:
    """Two values that differ in their name or in their series, the larger one first."""
    by_colour, series = _places(drawing, rng)
    first = (series, rng.randrange(len(drawing.items)))
    if series_count(drawing) > 1 and rng.random() < 0.5:
        other = (rng.choice([one for one in range(series_count(drawing)) if one != series]), first[1])
    else:
        other = (series, rng.choice([one for one in range(len(drawing.items)) if one != first[1]]))
    return sorted((first, other), key=lambda place: -drawing.mark(*place).value), by_colour


def _reach(drawing: Drawing) -> float:
    """What the axis covers; for discs all of it."""
    return drawing.ticks[-1].value - drawing.ticks[0].value if drawing.ticks else 100.0


def _difference(drawing: Drawing, rng: Random) -> Draft | None:
    places, by_colour = _pair(drawing, rng)
    a, b = (drawing.mark(*place).value for place in places)
    least = 0.2 if drawing.kind is ChartKind.LINE else 0.12
    if a == b or (not drawing.labelled and a - b < least * _reach(drawing)):
        return None
    asked = Asked(asks="difference", needed=tuple(places), by_colour=by_colour, places=drawing.decimals)
    words = [name_of(drawing, place, by_colour=by_colour) for place in places]
    return asked, {"a": words[0], "b": words[1]}


def _ratio(drawing: Drawing, rng: Random) -> Draft | None:
    places, by_colour = _pair(drawing, rng)
    a, b = (drawing.mark(*place).value for place in places)
    if a < 1.15 * b:
        return None
    places_after = 1 if drawing.labelled and rng.random() < 0.5 else 2
    asked = Asked(asks="ratio", needed=tuple(places), by_colour=by_colour, places=places_after)
    words = [name_of(drawing, place, by_colour=by_colour) for place in places]
    return asked, {"a": words[0], "b": words[1]}


def _all_of(drawing: Drawing, rng: Random, series: int, *, by_colour: bool) -> tuple[tuple[tuple[int, int], ...], str]:
    """All values of a series, and how a question names them."""
    named = of_series(drawing, series, by_colour=by_colour)
    words = rng.choice(ALL_WORDS).format(plural=drawing.plural, noun=drawing.noun, count=len(drawing.items))
    return tuple((series, item) for item in range(len(drawing.items))), f"{named} over {words}" if named else words


def _sum(drawing: Drawing, rng: Random) -> Draft:
    by_colour, series = _places(drawing, rng)
    if drawing.kind is not ChartKind.PIE and rng.random() < 0.35:
        needed, words = _all_of(drawing, rng, series, by_colour=by_colour)
        by_colour = by_colour and not drawing.by_item
    else:
        count = min(rng.choice((2, 2, 3)), len(drawing.items) - 1)
        needed = tuple((series, item) for item in rng.sample(range(len(drawing.items)), count))
        named = [name_of(drawing, place, by_colour=by_colour) for place in needed]
        words = ", ".join(named[:-1]) + " and " + named[-1]
    return Asked(asks="sum", needed=needed, by_colour=by_colour, places=drawing.decimals), {"a": words}


def _average(drawing: Drawing, rng: Random) -> Draft:
    by_colour, series = _places(drawing, rng)
    needed, words = _all_of(drawing, rng, series, by_colour=by_colour)
    by_colour = by_colour and not drawing.by_item
    return Asked(asks="average", needed=needed, by_colour=by_colour, places=drawing.decimals + 1), {"a": words}


def _apart(drawing: Drawing) -> float:
    """By how much values must differ to be told apart."""
    if drawing.labelled:
        return 0.9 if drawing.decimals == 0 else 0.09
    if drawing.kind is ChartKind.PIE:
        return 1.5
    left, top, right, bottom = drawing.plot
    length = right - left if drawing.kind is ChartKind.ROW else bottom - top
    return _SEEN * _reach(drawing) / length


def _best(asks: str) -> Callable[[Drawing, Random], Draft | None]:
    def draft(drawing: Drawing, rng: Random) -> Draft | None:
        by_colour, series = _places(drawing, rng)
        needed = tuple((series, item) for item in range(len(drawing.items)))
        values = sorted((drawing.mark(*place).value for place in needed), reverse=True)
        rank = rng.randint(2, min(4, len(values) - 1)) if asks == "rank" and len(values) > 2 else None
        place = {"highest": 0, "lowest": len(values) - 1}.get(asks, (rank or 1) - 1)
        near = [abs(values[place] - values[one]) for one in (place - 1, place + 1) if 0 <= one < len(values)]
        if min(near) < _apart(drawing) or (asks == "rank" and rank is None):
            return None
        answers = "colour" if by_colour and drawing.by_item and asks != "rank" else "item"
        asked = Asked(asks=asks, needed=needed, by_colour=by_colour, answers=answers, rank=rank)
        words = _said(of_series(drawing, series, by_colour=by_colour))
        return asked, {**words, "rank": ORDINALS.get(rank or 0, "")}

    return draft


def _inverse(drawing: Drawing, rng: Random) -> Draft | None:
    item = rng.randrange(len(drawing.items))
    values = [mark.value for mark in drawing.marks if mark.series == 0]
    if values.count(values[item]) > 1:
        return None
    asked = Asked(asks="inverse", needed=((0, item),), answers="item")
    return asked, {"t": drawing.marks[item].text or ""}


def _counted(asks: str) -> Callable[[Drawing, Random], Draft | None]:
    def draft(drawing: Drawing, rng: Random) -> Draft | None:
        by_colour, series = _places(drawing, rng)
        needed = tuple((series, item) for item in range(len(drawing.items)))
        values = sorted(drawing.mark(*place).value for place in needed)
        cut = rng.randint(1, len(values) - 1)
        low, high = values[cut - 1], values[cut]
        middle = round((low + high) / 2, drawing.decimals)
        if min(high - middle, middle - low) < _apart(drawing) * 0.7:
            return None
        asked = Asked(asks=asks, needed=needed, by_colour=by_colour and not drawing.by_item, threshold=middle)
        words = _said(of_series(drawing, series, by_colour=by_colour))
        return asked, {**words, "t": number_of(middle, drawing.decimals)}

    return draft


def _course(asks: str) -> Callable[[Drawing, Random], Draft | None]:
    def draft(drawing: Drawing, rng: Random) -> Draft | None:
        by_colour, series = _places(drawing, rng)
        needed = tuple((series, item) for item in range(len(drawing.items)))
        values = [drawing.mark(*place).value for place in needed]
        steps = [b - a for a, b in pairwise(values)]
        if len(steps) < 3 or min(abs(step) for step in steps) < _apart(drawing):
            return None
        if asks == "longest rise" and computed(asks, values) == 1 and rng.random() < 0.6:
            return None  # else it would be the answer too often
        named = asks in ("largest rise", "largest fall")
        if named:
            ranked = sorted(steps, reverse=asks == "largest rise")
            wrong_way = ranked[0] <= 0 if asks == "largest rise" else ranked[0] >= 0
            if wrong_way or abs(ranked[0] - ranked[1]) < 2 * _apart(drawing):
                return None
        asked = Asked(asks=asks, needed=needed, by_colour=by_colour, answers="item" if named else "number")
        return asked, _said(of_series(drawing, series, by_colour=by_colour))

    return draft


def _over(drawing: Drawing, rng: Random) -> Draft | None:
    by_colour, series = _places(drawing, rng)
    other = rng.choice([one for one in range(series_count(drawing)) if one != series])
    items = range(len(drawing.items))
    if any(abs(drawing.mark(series, one).value - drawing.mark(other, one).value) < _apart(drawing) for one in items):
        return None
    needed = (*((series, item) for item in items), *((other, item) for item in items))
    words = [of_series(drawing, one, by_colour=by_colour) for one in (series, other)]
    if by_colour:
        words = [f"the {drawing.entries[one].word} {mark_noun(drawing)}" for one in (series, other)]
    return Asked(asks="over", needed=needed, by_colour=by_colour), {"a": words[0], "b": words[1]}


def _total(drawing: Drawing, rng: Random) -> Draft:
    item = rng.randrange(len(drawing.items))
    needed = tuple((series, item) for series in range(series_count(drawing)))
    return Asked(asks="sum", needed=needed, places=drawing.decimals), {"where": where_of(drawing, item)}


def _share(drawing: Drawing, rng: Random) -> Draft:
    by_colour, series = _places(drawing, rng)
    item = rng.randrange(len(drawing.items))
    needed = ((series, item), *((other, item) for other in range(series_count(drawing)) if other != series))
    named = f"the {drawing.entries[series].word} part" if by_colour else drawing.entries[series].name
    asked = Asked(asks="share", needed=needed, by_colour=by_colour, places=1)
    return asked, {"a": named, "where": where_of(drawing, item)}


def _best_total(asks: str) -> Callable[[Drawing, Random], Draft | None]:
    def draft(drawing: Drawing, rng: Random) -> Draft | None:
        needed = tuple((series, item) for item in range(len(drawing.items)) for series in range(series_count(drawing)))
        totals = sorted(
            sum(drawing.mark(series, item).value for series in range(series_count(drawing)))
            for item in range(len(drawing.items))
        )
        gap = totals[-1] - totals[-2] if asks == "highest total" else totals[1] - totals[0]
        return None if gap < _apart(drawing) else (Asked(asks=asks, needed=needed, answers="item"), {})

    return draft


def _series_of(drawing: Drawing, rng: Random) -> Draft | None:
    """Which of the series is highest or lowest at one name; colours or names are listed in the question."""
    by_colour, _ = _places(drawing, rng)
    item, asks = rng.randrange(len(drawing.items)), rng.choice(("highest", "lowest"))
    needed = tuple((series, item) for series in range(series_count(drawing)))
    values = sorted(drawing.mark(*place).value for place in needed)
    gap = values[-1] - values[-2] if asks == "highest" else values[1] - values[0]
    if gap < _apart(drawing) or len(needed) < 3:
        return None
    names = [drawing.entries[series].word if by_colour else drawing.entries[series].name for series, _ in needed]
    listed = rng.sample(names, len(names))
    where = where_of(drawing, item)
    words = {
        "best": asks,
        "where": where,
        "where_first": where[0].upper() + where[1:],
        "options": ", ".join(listed[:-1]) + " or " + listed[-1],
    }
    return Asked(asks=asks, needed=needed, by_colour=by_colour, answers="colour" if by_colour else "series"), words


DRAFTS: dict[str, Callable[[Drawing, Random], Draft | None]] = {
    "value": _value,
    "difference": _difference,
    "sum": _sum,
    "ratio": _ratio,
    "average": _average,
    "highest": _best("highest"),
    "lowest": _best("lowest"),
    "rank": _best("rank"),
    "above": _counted("above"),
    "below": _counted("below"),
    "rises": _course("rises"),
    "falls": _course("falls"),
    "longest rise": _course("longest rise"),
    "largest rise": _course("largest rise"),
    "largest fall": _course("largest fall"),
    "over": _over,
    "total": _total,
    "share": _share,
    "highest total": _best_total("highest total"),
    "lowest total": _best_total("lowest total"),
    "inverse": _inverse,
    "series": _series_of,
}
"""What each kind of question may be about; ``None`` where chance chose values whose answer could not be seen."""
