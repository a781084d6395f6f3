"""Questions about a drawn table: what is asked, in which words, and what is right."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.sums import computed, number_of
from codedance.tasks.worlds.tables.drafts import TABLE_DRAFTS, number_in, sortable
from codedance.tasks.worlds.tables.model import TableAsked, TableDrawing
from codedance.tasks.worlds.tables.words import TABLE_ROUNDED, TABLE_WORDS

__all__ = ["TableQuestion", "ask_table", "row_names", "table_evidence"]

_EASY = {"cell": 5.0, "inverse": 1.4, "highest": 1.0, "lowest": 1.0}
_HARD = {
    "cell": 2.6,
    "difference": 1.6,
    "ratio": 1.0,
    "row difference": 1.2,
    "sum": 2.0,
    "row sum": 1.2,
    "average": 1.5,
    "range": 0.8,
    "highest": 1.0,
    "lowest": 1.0,
    "rank": 1.2,
    "latest": 0.6,
    "earliest": 0.6,
    "above": 1.0,
    "below": 0.8,
    "products": 0.7,
    "sum of some": 1.1,
    "above of some": 0.6,
    "inverse": 0.7,
}
_TINTED = {"tinted cell": 1.0, "tinted difference": 1.0, "tinted sum": 1.0}


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """A question with its one right answer."""

    asked: TableAsked
    question: str
    answer: str
    tolerance: float
    accepted: tuple[str, ...] = ()


def ask_table(drawing: TableDrawing, rng: Random, *, easy: bool) -> TableQuestion | None:
    """A question by chance; ``None`` if the kind that was drawn does not fit this table."""
    weights = _EASY if easy else _HARD
    if drawing.tinted:
        weights = {"tinted cell": 1.0} if easy else _TINTED
    kind = rng.choices(list(weights), list(weights.values()))[0]
    drafted = TABLE_DRAFTS[kind](drawing, rng)
    if drafted is None:
        return None
    asked, words = drafted
    template = rng.choice([one for one in TABLE_WORDS[kind] if not (drawing.alike and "{p}" in one)])
    question = template.format(**{"noun": drawing.noun, "plural": drawing.plural, **words})
    question = question[0].upper() + question[1:]
    if asked.answers == "text":
        row, column = asked.needed[0]
        return TableQuestion(asked, question, drawing.rows[row][column], 0.0)
    if asked.answers == "name":
        values = [sortable(drawing, place) for place in asked.needed]
        return TableQuestion(
            asked, question, str(computed(asked.asks, values, row_names(drawing, asked), rank=asked.rank)), 0.0
        )
    value = float(
        computed(asked.asks, [number_in(drawing, place) for place in asked.needed], threshold=asked.threshold)
    )
    answer = number_of(value, asked.places)
    if abs(float(answer) - value) < 1e-9:
        return TableQuestion(asked, question + _unit(drawing, asked, rng), answer, 0.0)
    return TableQuestion(asked, question + rng.choice(TABLE_ROUNDED[asked.places]), answer, 0.51 * 10**-asked.places)


def row_names(drawing: TableDrawing, asked: TableAsked) -> list[str]:
    """Names of the rows of the needed cells."""
    return [drawing.rows[row][0] for row, _ in asked.needed]


def _unit(drawing: TableDrawing, asked: TableAsked, rng: Random) -> str:
    unit = drawing.units[asked.needed[0][1] - 1]
    fits = asked.asks in ("value", "difference", "sum", "average", "range")
    return f" Answer in {unit}." if unit and fits and rng.random() < 0.4 else ""


def table_evidence(drawing: TableDrawing, asked: TableAsked) -> tuple[Box, ...]:
    """Where one must look to answer: at the cells, and at the names and headers that tell which they are."""
    boxes = [drawing.cell(*place) for place in asked.needed]
    if asked.by_colour:
        return tuple(boxes)
    boxes += [drawing.cell(-1, column) for column in dict.fromkeys(column for _, column in asked.needed)]
    if asked.words is not None:
        boxes += [drawing.cell(row, asked.words) for row in range(len(drawing.rows))]
    if asked.answers == "name" or len(asked.needed) <= 2 or len({row for row, _ in asked.needed}) == 1:
        boxes += [drawing.cell(row, 0) for row in dict.fromkeys(row for row, _ in asked.needed)]
    return tuple(boxes)
