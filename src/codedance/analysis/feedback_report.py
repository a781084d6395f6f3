"""The report of the ablation of feedback."""

from __future__ import annotations

from collections.abc import Callable

from codedance.analysis.feedback import Condition, Feedback
from codedance.analysis.figures import Bar, bars
from codedance.analysis.tables import Section, Table, share_text

__all__ = ["feedback_figures", "feedback_sections"]

_SAID = {
    Condition.OWN: "its own",
    Condition.SWAPPED: "of another question's picture",
    Condition.NONE: "none: nothing ran",
}


def feedback_sections(found: Feedback) -> list[Section]:
    """The text."""
    facts = (
        f"{found.model}, {found.pairs:,} questions under each condition. With swapped feedback, an answer that is "
        "right for the other question follows what the code showed; one that is right for the question asked does not."
    )
    head = ("feedback", "right, %", "right for the other question, %", "no answer, %", "ran code, %")
    rows = tuple(
        (
            _SAID[one.condition],
            share_text(one.right),
            share_text(one.follows),
            share_text(one.no_answer),
            share_text(one.ran_code),
            share_text(one.succeeded),
            f"{one.failed:,}",
        )
        for one in found.outcomes
    )
    table = Table((*head, "cells that succeeded, %", "episodes left out"), rows)
    return [Section("Feedback", facts, table, "feedback.svg")]


def feedback_figures(found: Feedback) -> dict[str, Callable[[], bytes]]:
    """What draws the figure."""
    rows = [
        Bar(f"{_SAID[one.condition]}: {label}", value.value, value.low, value.high, group)
        for one in found.outcomes
        for group, (label, value) in enumerate((("right", one.right), ("right for the other", one.follows)))
        if value is not None
    ]
    return {"feedback.svg": lambda: bars(rows, title="Answers by feedback", axis="share", groups=("right", "other"))}
