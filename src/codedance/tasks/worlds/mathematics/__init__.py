"""Mathematics in pictures: the picture holds the numbers, the question needs one step, two or three."""

from __future__ import annotations

from codedance.tasks.worlds.figures.family import figure_family
from codedance.tasks.worlds.mathematics.balance import BALANCE_KINDS
from codedance.tasks.worlds.mathematics.calendar import CALENDAR_KINDS
from codedance.tasks.worlds.mathematics.dots import DOT_KINDS
from codedance.tasks.worlds.mathematics.graphs import GRAPH_KINDS
from codedance.tasks.worlds.mathematics.lines import LINE_KINDS
from codedance.tasks.worlds.mathematics.money import MONEY_KINDS
from codedance.tasks.worlds.mathematics.numbers import NUMBER_KINDS
from codedance.tasks.worlds.mathematics.parts import PART_KINDS
from codedance.tasks.worlds.mathematics.plans import PLAN_KINDS
from codedance.tasks.worlds.mathematics.sets import SET_KINDS
from codedance.tasks.worlds.mathematics.squares import SQUARE_KINDS

__all__ = ["MATHEMATICS"]

MATHEMATICS = figure_family(
    "mathematics",
    (
        *MONEY_KINDS,
        *NUMBER_KINDS,
        *SQUARE_KINDS,
        *LINE_KINDS,
        *PART_KINDS,
        *BALANCE_KINDS,
        *DOT_KINDS,
        *SET_KINDS,
        *CALENDAR_KINDS,
        *GRAPH_KINDS,
        *PLAN_KINDS,
    ),
    choices=0.55,
    glances=(
        "I can see it.",
        "The numbers are plain to see, and the sum is done in the head.",
        "One step in the head is enough here.",
        "This is quickly reckoned without code.",
        "The picture is large and clear; I reckon it in the head: {answer}.",
        "That needs no closer look.",
        "I see all that is needed at once.",
        "A short mental calculation gives {answer}.",
    ),
)
