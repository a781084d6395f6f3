"""Questions about a drawn chart: their kind, their wording, their answer and its tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.charts.drafts import DRAFTS
from codedance.tasks.worlds.charts.model import Asked, ChartKind, Drawing
from codedance.tasks.worlds.charts.naming import mark_noun
from codedance.tasks.worlds.charts.words import BARE, ROUNDED, WORDS
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.sums import computed, number_of

__all__ = ["ChartQuestion", "answer_names", "ask", "evidence"]

_RELATIVE = 0.05
"""Tolerance of what is read off an axis, as ChartQA has it."""


@dataclass(frozen=True, slots=True)
class ChartQuestion:
    """A question with its one right answer."""

    asked: Asked
    question: str
    answer: str
    tolerance: float


def ask(drawing: Drawing, rng: Random, *, easy: bool) -> ChartQuestion | None:
    """A question by chance; ``None`` if the kind that was drawn does not fit this chart."""
    kinds = _kinds(drawing, easy=easy)
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    drafted = DRAFTS[kind](drawing, rng)
    if drafted is None:
        return None
    asked, words = drafted
    if asked.answers != "number":
        result = computed(asked.asks, _values(drawing, asked), answer_names(drawing, asked), rank=asked.rank)
        answer, tolerance, ending = str(result), 0.0, ""
    else:
        value = float(computed(asked.asks, _values(drawing, asked), threshold=asked.threshold))
        answer, tolerance, ending = _number(drawing, asked, value, rng)
    key = f"{kind} colour" if asked.answers == "colour" and kind != "series" else kind
    template = rng.choice([one for one in WORDS[key] if drawing.kind is not ChartKind.PIE or "height" not in one])
    fill = {"m": drawing.measure, "noun": drawing.noun, "plural": drawing.plural, "s": "", **words}
    fill |= {"first": drawing.items[0], "last": drawing.items[-1], "mark": mark_noun(drawing)}
    question = template.format(**fill) + ending
    return ChartQuestion(asked, question[0].upper() + question[1:], answer, tolerance)


def answer_names(drawing: Drawing, asked: Asked) -> list[str]:
    """What each needed value is called in the answer; each group of values, where totals are compared."""
    match asked.answers:
        case "item":
            names = [drawing.items[item] for _, item in asked.needed]
            return list(dict.fromkeys(names)) if asked.asks.endswith("total") else names
        case "colour":
            return [drawing.entry(series, item).word for series, item in asked.needed]
        case "series":
            return [drawing.entries[series].name for series, _ in asked.needed]
        case _:
            return []


def _number(drawing: Drawing, asked: Asked, value: float, rng: Random) -> tuple[str, float, str]:
    """The answer, its tolerance, and what the question says about its form."""
    answer = number_of(value, asked.places)
    if asked.asks in ("above", "below", "rises", "falls", "over", "longest rise"):
        return answer, 0.0, rng.choice(BARE)
    unit = {"%": "percent", "€": "euros", "€ thousand": "thousand euros"}.get(drawing.unit, drawing.unit)
    ending = f" Answer in {unit}." if unit and asked.asks not in ("ratio", "share") and rng.random() < 0.5 else ""
    if not drawing.labelled:
        return answer, round(abs(value) * _RELATIVE, 6), ending
    if abs(float(answer) - value) < 1e-9:
        return answer, 0.0, ending or rng.choice(BARE)
    return answer, 0.51 * 10**-asked.places, ending + rng.choice(ROUNDED[asked.places])


def _kinds(drawing: Drawing, *, easy: bool) -> dict[str, float]:
    """Kinds of questions that suit the chart, with their weights."""
    many = len(drawing.entries) > 1 and not drawing.by_item
    if easy:
        if not drawing.labelled:
            return {"highest": 1, "lowest": 1}
        return {"value": 4, "highest": 1, "lowest": 1, **({} if many else {"inverse": 1})}
    kinds = {"value": 2.4, "difference": 2.0, "sum": 1.4, "ratio": 1.2, "average": 1.2, "above": 1.0, "below": 0.7}
    if drawing.kind is ChartKind.STACKED:
        return {**kinds, "total": 1.2, "share": 1.2, "highest total": 1, "lowest total": 1, "highest": 0.7, "over": 0.7}
    if drawing.kind is ChartKind.PIE:
        kinds.pop("average")
    if drawing.ordered:
        kinds |= {"rises": 0.8, "falls": 0.8, "longest rise": 0.5, "largest rise": 0.8, "largest fall": 0.8}
    if many:
        kinds |= {"over": 1.4, "series": 0.8}
    elif drawing.labelled:
        kinds |= {"inverse": 0.4}
    return {**kinds, "highest": 1.0, "lowest": 1.0, "rank": 1.2}


def _values(drawing: Drawing, asked: Asked) -> list[float]:
    return [drawing.mark(*place).value for place in asked.needed]


def evidence(drawing: Drawing, asked: Asked) -> tuple[Box, ...]:
    """Where one must look to answer: at the values, the names that the question uses, the legend, the scale."""
    marks = [drawing.mark(*place) for place in asked.needed]
    boxes = [mark.label or mark.box for mark in marks]
    if drawing.item_boxes and not (asked.by_colour and drawing.by_item):
        boxes += [drawing.item_boxes[item] for item in dict.fromkeys(mark.item for mark in marks)]
    if not asked.by_colour:
        entries = [drawing.entry(*place) for place in asked.needed]
        boxes += [box for box in dict.fromkeys(entry.box for entry in entries) if box is not None]
    scale = drawing.columns if asked.level else drawing.ticks
    if scale and not drawing.labelled:
        boxes += [scale[0].box, scale[-1].box]
    return tuple(boxes)
