"""Tables: cells to find, columns and rows to compute with."""

from __future__ import annotations

from random import Random

from PIL import Image

from codedance.tasks.worlds.charts.style import Tint, pick_style
from codedance.tasks.worlds.family import Family
from codedance.tasks.worlds.scene import Category, Difficulty, Scene
from codedance.tasks.worlds.tables.drawing import draw_table, pick_look, tintable
from codedance.tasks.worlds.tables.model import TableDrawing, TableFacts
from codedance.tasks.worlds.tables.questions import TableQuestion, ask_table, table_evidence
from codedance.tasks.worlds.tables.scripts import table_script
from codedance.tasks.worlds.tables.topics import pick_table

__all__ = ["TABLES"]

_QUESTIONS = 8
"""Questions that are tried with one table."""
_LARGE = 15
"""An easy table's longer side is at most so many times the height of its writing."""
_WIDEST, _SMALLEST = 1400, 360
"""Limits of a hard table's width in pixels."""
_TINTED = 0.22


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    easy = difficulty is Difficulty.EASY
    while True:
        drawn = _easy(rng) if easy else _hard(rng)
        if drawn is None:
            continue
        image, drawing = drawn
        for _ in range(_QUESTIONS):
            asked = ask_table(drawing, rng, easy=easy)
            if asked is not None:
                return _scene(difficulty, seed, image, drawing, asked)


def _scene(difficulty: Difficulty, seed: int, image: Image.Image, drawing: TableDrawing, asked: TableQuestion) -> Scene:
    facts = TableFacts(**dict(drawing), asked=asked.asked, evidence=table_evidence(drawing, asked.asked))
    looking = asked.asked.asks in ("value", "inverse") or difficulty is Difficulty.EASY
    tinted = {(one.row, one.column): one.word for one in drawing.tinted}
    return Scene(
        family="tables",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=asked.question,
        answer=asked.answer,
        asks=asked.asked.asks,
        colour=tinted[asked.asked.needed[0]] if asked.asked.by_colour else "",
        category=Category.VISUAL if looking else Category.COMPUTATION,
        tolerance=asked.tolerance,
        facts=facts.model_dump(mode="json", exclude_none=True),
    )


def _hard(rng: Random) -> tuple[Image.Image, TableDrawing] | None:
    size = rng.randint(11, 15)
    style = pick_style(rng, size=size)
    table = pick_table(rng, rows=rng.randint(5, 12), columns=rng.randint(2, 6))
    look = pick_look(rng, style, table.noun, easy=False)
    tints = {}
    if rng.random() < _TINTED:
        tints = _tints(
            rng, tintable(style), len(table.names), [i + 1 for i, one in enumerate(table.columns) if one.numeric]
        )
    image, drawing = draw_table(table, style, look, rng, tints=tints)
    fits = image.width <= _WIDEST and max(image.size) >= _SMALLEST and max(image.size) > 26 * size
    return (image, drawing) if fits else None


def _easy(rng: Random) -> tuple[Image.Image, TableDrawing] | None:
    size = rng.randint(26, 36)
    style = pick_style(rng, size=size)
    table = pick_table(rng, rows=rng.randint(2, 5), columns=rng.randint(1, 3), letters=7)
    look = pick_look(rng, style, table.noun, easy=True)
    tints = (
        _tints(rng, tintable(style), len(table.names), range(1, len(table.columns) + 1)) if rng.random() < 0.3 else {}
    )
    image, drawing = draw_table(table, style, look, rng, tints=tints)
    return (image, drawing) if max(image.size) <= _LARGE * size else None


def _tints(rng: Random, colours: list[Tint], rows: int, columns: list[int] | range) -> dict[tuple[int, int], Tint]:
    """Some number cells, each with a colour of its own."""
    cells = [(row, column) for row in range(rows) for column in columns]
    count = min(len(cells), len(colours), rng.randint(2, 4))
    return dict(zip(rng.sample(cells, count), rng.sample(colours, count), strict=True))


_GLANCES = (
    "The table is large enough to read it directly.",
    "I can read the entry straight from the table.",
    "A small table, clearly written: {answer}.",
    "The entry is in plain sight.",
    "No tools needed; I read the table as it is.",
    "I can see it at a glance: {answer}.",
    "One look at the table is enough.",
    "It stands there in large letters: {answer}.",
)

TABLES = Family(name="tables", make=_make, script=table_script, glances=_GLANCES)
