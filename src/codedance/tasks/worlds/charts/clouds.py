"""Questions about scatter charts: points are counted, compared with a number, or read at their ends."""

from __future__ import annotations

from random import Random

from PIL import Image

from codedance.tasks.worlds.charts.measuring import Frame, find_frame
from codedance.tasks.worlds.charts.model import Asked, Drawing, Mark, Tick
from codedance.tasks.worlds.charts.questions import ChartQuestion
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.sums import number_of

__all__ = ["ask_points", "point_result", "point_value", "points_fit"]

_WORDS: dict[str, tuple[str, ...]] = {
    "count": (
        "How many points are there{s}?",
        "Count the points{s}.",
        "What is the number of points{s}?",
        "How many points does the chart show{s}?",
        "How many dots can be counted{s}?",
        "Of how many points does the cloud{s} consist?",
        "Tell the number of dots{s}.",
        "How often was something measured{s}? Count the points.",
    ),
    "above": (
        "How many points{s} have a {v} above {t}?",
        "Count the points{s} with a {v} of more than {t}.",
        "What is the number of points{s} whose {v} exceeds {t}?",
        "For how many points{s} is the {v} greater than {t}?",
        "How many dots{s} lie beyond a {v} of {t}?",
        "A {v} above {t}: how many points{s} have it?",
        "How many of the points{s} show a {v} larger than {t}?",
        "Tell how many points{s} surpass {t} in {v}.",
    ),
    "below": (
        "How many points{s} have a {v} below {t}?",
        "Count the points{s} with a {v} of less than {t}.",
        "What is the number of points{s} whose {v} stays under {t}?",
        "For how many points{s} is the {v} smaller than {t}?",
        "How many dots{s} do not reach a {v} of {t}?",
        "A {v} below {t}: how many points{s} have it?",
        "How many of the points{s} show a {v} lower than {t}?",
        "Tell how many points{s} fall short of {t} in {v}.",
    ),
    "highest": (
        "What is the highest {v} of all points{s}?",
        "How large is the largest {v}{s}?",
        "Find the point{s} with the greatest {v}. What is its {v}?",
        "Up to which {v} do the points{s} reach?",
        "Give the maximum of the {v}{s}.",
        "Which {v} does the most extreme point{s} have, towards high values?",
        "What is the maximal {v}{s}?",
        "Read off the largest {v}{s}.",
    ),
    "lowest": (
        "What is the lowest {v} of all points{s}?",
        "How large is the smallest {v}{s}?",
        "Find the point{s} with the least {v}. What is its {v}?",
        "Down to which {v} do the points{s} reach?",
        "Give the minimum of the {v}{s}.",
        "Which {v} does the most extreme point{s} have, towards low values?",
        "What is the minimal {v}{s}?",
        "Read off the smallest {v}{s}.",
    ),
    "average": (
        "What is the average {v} of the points{s}?",
        "Compute the mean {v}{s}.",
        "On average, how large is the {v}{s}?",
        "Average the {v} over all points{s}.",
        "What is the arithmetic mean of the {v}{s}?",
        "Work out the mean {v} of all points{s}.",
        "Give the average of the {v}{s}.",
        "If all points{s} had the same {v} with the same total, what would it be?",
    ),
    "most": (
        "Which {kind} has the most points?",
        "Of which {kind} are there most points?",
        "Count the points of each {kind}: which has the most?",
        "Which {kind} is most frequent among the points?",
        "Name the {kind} with the largest number of points.",
        "Most of the points belong to which {kind}?",
        "Which {kind} has the largest cloud, by number of points?",
        "Find the {kind} with more points than any other.",
    ),
}
_OFF = 0.02
"""Share of an axis by which points must keep away from a number that is asked about."""


def ask_points(drawing: Drawing, rng: Random, *, easy: bool) -> ChartQuestion | None:
    """A question about points by chance; ``None`` if it would not have one clear answer."""
    asks = "count" if easy else rng.choice(("count", "above", "above", "below", "highest", "lowest", "average", "most"))
    many = len(drawing.entries) > 1
    by_colour = many and (easy or rng.random() < 0.6)
    if asks == "most":
        return _most(drawing, rng, by_colour=by_colour) if many else None
    series = rng.randrange(len(drawing.entries))
    marks = [mark for mark in drawing.marks if mark.series == series]
    level = asks != "count" and rng.random() < 0.4
    axis = drawing.columns if level else drawing.ticks
    values = sorted(_value(mark, level=level) for mark in marks)
    threshold = None
    match asks:
        case "above" | "below":
            threshold = _threshold(values, axis, rng, drawing.decimals)
            if threshold is None:
                return None
            result = float(sum((value > threshold) == (asks == "above") for value in values))
        case "highest" | "lowest":
            result = values[-1] if asks == "highest" else values[0]
        case "average":
            result = sum(values) / len(values)
        case _:
            result = float(len(values))
    numeric = asks in ("highest", "lowest", "average")
    places = (1 if axis[-1].value - axis[0].value < 60 else 0) if numeric else 0
    asked = Asked(
        asks=asks,
        needed=tuple((mark.series, mark.item) for mark in marks),
        by_colour=by_colour,
        threshold=threshold,
        places=places,
        level=level,
    )
    entry = drawing.entries[series]
    words = f" among the {entry.word} ones" if by_colour else rng.choice((" for ", " in the group ")) + entry.name
    question = rng.choice(_WORDS[asks]).format(
        s=words if many else "",
        v=drawing.noun if level else drawing.measure,
        t="" if threshold is None else number_of(threshold, drawing.decimals),
    )
    return ChartQuestion(asked, question, number_of(result, places), round(abs(result) * 0.05, 6) if numeric else 0.0)


def _most(drawing: Drawing, rng: Random, *, by_colour: bool) -> ChartQuestion | None:
    counts = [sum(mark.series == series for mark in drawing.marks) for series in range(len(drawing.entries))]
    if sorted(counts)[-1] == sorted(counts)[-2]:
        return None
    first = drawing.entries[counts.index(max(counts))]
    asked = Asked(
        asks="most",
        needed=tuple((mark.series, mark.item) for mark in drawing.marks),
        by_colour=by_colour,
        answers="colour" if by_colour else "series",
    )
    question = rng.choice(_WORDS["most"]).format(kind="colour" if by_colour else "group")
    return ChartQuestion(asked, question, first.word if by_colour else first.name, 0.0)


def _value(mark: Mark, *, level: bool) -> float:
    return (mark.across or 0.0) if level else mark.value


def _threshold(values: list[float], axis: tuple[Tick, ...], rng: Random, decimals: int) -> float | None:
    reach = axis[-1].value - axis[0].value
    cut = rng.randint(1, len(values) - 1)
    middle = round((values[cut - 1] + values[cut]) / 2, decimals)
    return middle if min(values[cut] - middle, middle - values[cut - 1]) > _OFF * reach else None


def points_fit(image: Image.Image, drawing: Drawing, question: ChartQuestion) -> bool:
    """True if code finds the axes, and each point as one piece that gives its value well enough."""
    frame = find_frame(image, drawing)
    if frame is None or list(frame.columns) != [tick.at for tick in drawing.columns]:
        return False
    asked = question.asked
    measured = [point_value(image, drawing, frame, drawing.mark(*place), level=asked.level) for place in asked.needed]
    if asked.asks not in ("highest", "lowest", "average"):
        return True
    result = point_result(asked.asks, measured)
    return abs(round(result, asked.places) - float(question.answer)) <= 0.7 * question.tolerance


def point_value(image: Image.Image, drawing: Drawing, frame: Frame, mark: Mark, *, level: bool) -> float:
    """What code computes for a point from its middle."""
    found = blob(near_mask(image.crop(mark.box), drawing.entries[mark.series].colour))
    assert found is not None, "points are drawn in their colour"
    places, ticks = (frame.columns, drawing.columns) if level else (frame.ticks, drawing.ticks)
    low, high = int(ticks[0].value), int(ticks[-1].value)
    at = mark.box[0 if level else 1] + found.mean[0 if level else 1]
    if level:
        return low + (at - places[0]) * (high - low) / (places[-1] - places[0])
    return high - (at - places[0]) * (high - low) / (places[-1] - places[0])


def point_result(asks: str, values: list[float]) -> float:
    """The highest, lowest or average of some values."""
    match asks:
        case "highest":
            return max(values)
        case "lowest":
            return min(values)
        case _:
            return sum(values) / len(values)
