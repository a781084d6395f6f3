"""A family of puzzles: chooses a kind, lays out one figure or several on a sheet, and makes the scene of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Family, Script
from codedance.tasks.worlds.figures.drawing import INKS, Sheet, Theme, page
from codedance.tasks.worlds.figures.looking import around
from codedance.tasks.worlds.figures.puzzle import Figure, Kind, Other, Panel, Puzzle
from codedance.tasks.worlds.figures.words import as_text, capital, lettered, numeric_options, placed
from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["figure_family"]

_EASY_SIZES = {
    "square": ((448, 448), (448, 448), (480, 480), (512, 448), (448, 512)),
    "wide": ((448, 448), (512, 448), (560, 448), (540, 400)),
    "tall": ((448, 448), (448, 512), (448, 540), (400, 540)),
}
_EASY_LETTERING = 40 / 448
"""Height of an easy figure's lettering as a share of the picture's longer side: 20 pixels of 224, 14 for a digit."""
_LAYOUTS = ((1, 1), (1, 1), (2, 1), (2, 1), (1, 2), (2, 2), (3, 1))
"""Columns and rows of figures in a hard picture."""
_CELLS = {
    "square": ((380, 480), (360, 440)),
    "wide": ((440, 560), (280, 350)),
    "tall": ((320, 400), (430, 520)),
}
"""Least and most width and height of one of several figures."""
_ASPECTS = {"square": (0.8, 1.0), "wide": (0.55, 0.75), "tall": (1.3, 1.6)}
_NUMBERED = ("figure", "Figure", "exercise", "Exercise", "problem", "No.", "Fig.", "task")
_LETTERED = ("figure", "picture", "card", "drawing", "part")
_FRAMED = ("the {colour} frame", "the {colour} box", "the figure in the {colour} frame")


@dataclass(frozen=True, slots=True)
class _Cell:
    """Room for one figure, with what names it among several."""

    box: Box
    name: str = ""
    caption: str = ""
    frame: str | None = None


@dataclass(frozen=True, slots=True)
class _Drawn:
    image: Image.Image
    puzzle: Puzzle
    cell: _Cell
    others: tuple[_Cell, ...]


def figure_family(name: str, kinds: Sequence[Kind], *, choices: float, glances: tuple[str, ...]) -> Family:
    """A family of these kinds.

    Args:
        name: of the family.
        kinds: with how often each is drawn; a kind's own name is what its scenes are said to ask.
        choices: share of the puzzles with known mistakes that are offered with lettered options.
        glances: thoughts before a direct answer.
    """
    by_name = {kind.name: kind for kind in kinds}

    def make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
        hard = difficulty is Difficulty.HARD
        kind = rng.choices(kinds, [one.hard if hard else one.easy for one in kinds])[0]
        drawn = _drawn(kind, hard, rng)
        question, options, answer = _worded(drawn, rng, choices)
        return Scene(
            family=name,
            difficulty=difficulty,
            seed=seed,
            image=drawn.image,
            question=question,
            answer=answer,
            asks=kind.name,
            colour=drawn.puzzle.colour,
            category=kind.category,
            tolerance=drawn.puzzle.tolerance,
            accepted=() if options else drawn.puzzle.accepted,
            options=options,
            facts=_facts(kind, drawn).model_dump(mode="json"),
        )

    def script(scene: Scene, rng: Random) -> Script:
        return by_name[scene.asks].script(scene, rng)

    return Family(name=name, make=make, script=script, glances=glances)


def _drawn(kind: Kind, hard: bool, rng: Random) -> _Drawn:
    framed = hard and kind.shared and not kind.plain and rng.random() < 0.4
    theme = Theme.chosen(rng, plain=kind.plain or framed)
    if hard:
        size, cells = _hard_layout(kind, rng, framed=framed)
        lettering = rng.randint(20, 27)
    else:
        size = rng.choice(_EASY_SIZES[kind.shape])
        cells = [_Cell((0, 0, *size))]
        lettering = round(max(size) * _EASY_LETTERING)
    sheet = Sheet(page(size, theme, rng))
    target = rng.randrange(len(cells))
    puzzles = [
        _in_cell(kind, sheet, cell, panel=Panel(sheet, (0, 0, 0, 0), lettering, theme, hard), rng=rng) for cell in cells
    ]
    others = tuple(cell for index, cell in enumerate(cells) if index != target)
    return _Drawn(sheet.image, puzzles[target], cells[target], others)


def _in_cell(kind: Kind, sheet: Sheet, cell: _Cell, *, panel: Panel, rng: Random) -> Puzzle:
    """Draw one figure with its frame and caption."""
    left, top, right, bottom = cell.box
    margin = panel.size // 2
    if cell.frame:
        width = max(3, panel.size // 6)
        sheet.frame(cell.box, jittered(cell.frame, rng), width)
    if cell.caption:
        sheet.write(cell.caption, (left + margin, top + margin), panel.pen(), anchor="lt")
        top += round(panel.size * 1.2)
    room = (left + margin, top + margin, right - margin, bottom - margin)
    return kind.draw(replace(panel, box=room), rng)


def _hard_layout(kind: Kind, rng: Random, *, framed: bool) -> tuple[tuple[int, int], list[_Cell]]:
    """Size of the picture and its cells, in reading order."""
    columns, rows = rng.choice(_LAYOUTS) if kind.shared else (1, 1)
    if columns * rows == 1:
        longer = rng.randint(*kind.extent)
        shorter = round(longer * rng.uniform(*_ASPECTS[kind.shape]) ** (-1 if kind.shape == "tall" else 1))
        size = (shorter, longer) if kind.shape == "tall" else (longer, shorter)
        if not kind.shared:
            return size, [_Cell((0, 0, *size))]
        wide, high = (round(one * rng.uniform(0.7, 0.95)) for one in size)
        x, y = rng.randint(0, size[0] - wide), rng.randint(0, size[1] - high)
        return size, [_Cell((x, y, x + wide, y + high))]
    (least_w, most_w), (least_h, most_h) = _CELLS[kind.shape]
    wide, high, gap = rng.randint(least_w, most_w), rng.randint(least_h, most_h), rng.randint(12, 30)
    size = (columns * (wide + gap) + gap, rows * (high + gap) + gap)
    names = _names(columns * rows, rng, framed=framed)
    cells = []
    for index, (name, caption, frame) in enumerate(names):
        x, y = gap + index % columns * (wide + gap), gap + index // columns * (high + gap)
        cells.append(_Cell((x, y, x + wide, y + high), name, caption, frame))
    return size, cells


def _names(count: int, rng: Random, *, framed: bool) -> list[tuple[str, str, str | None]]:
    """Name in words, caption and colour of the frame of each figure."""
    if framed:
        words = rng.choice(_FRAMED)
        return [(words.format(colour=colour), "", colour) for colour in rng.sample(INKS, count)]
    if rng.random() < 0.6:
        word, first = rng.choice(_NUMBERED), rng.choice((1, 1, 1, rng.randint(2, 19)))
        numbers = [str(first + index) for index in range(count)]
        short = rng.random() < 0.3 and word not in ("No.", "Fig.")
        return [(f"{word} {one}", one + "." if short else f"{capital(word)} {one}", None) for one in numbers]
    word, brackets = rng.choice(_LETTERED), rng.random() < 0.5
    letters = [f"({chr(ord('a') + one)})" if brackets else chr(ord("A") + one) for one in range(count)]
    return [(f"{word} {one}", one, None) for one in letters]


def _worded(drawn: _Drawn, rng: Random, choices: float) -> tuple[str, tuple[str, ...], str]:
    """The question, the options if it has such, and the answer."""
    puzzle = drawn.puzzle
    question = placed(rng, drawn.cell.name, puzzle.question) if drawn.cell.name else puzzle.question
    answer = puzzle.answer
    options = puzzle.options
    if not options and puzzle.mistakes and not isinstance(answer, str) and rng.random() < choices:
        numbers = numeric_options(rng, answer, puzzle.mistakes, apart=4 * puzzle.tolerance)
        options = tuple(f"{as_text(one)}{puzzle.figure.unit}" for one in numbers)
        answer = f"{as_text(answer)}{puzzle.figure.unit}"
    if options:
        return lettered(rng, question, options), options, chr(ord("A") + options.index(str(answer)))
    return question + puzzle.tail, (), as_text(answer)


def _facts(kind: Kind, drawn: _Drawn) -> Figure:
    """The figure's facts with its place in the picture."""
    figure, cell, size = drawn.puzzle.figure, drawn.cell, drawn.image.size
    givens = tuple(one.model_copy(update={"box": around(one.box, 0, size)}) for one in figure.givens)
    alone = figure.focus if any(figure.focus) else cell.box
    return figure.model_copy(
        update={
            "kind": kind.name,
            "givens": givens,
            "evidence": tuple(around(box, 0, size) for box in figure.evidence) or tuple(one.box for one in givens),
            "focus": cell.box if drawn.others else alone,
            "name": cell.name or None,
            "frame": cell.frame,
            "others": tuple(Other(name=one.name, box=one.box) for one in drawn.others),
        }
    )
