"""Magic squares with one full line, and a line with a gap."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.mathematics.numbers import brick, told, unknown
from codedance.tasks.worlds.scene import Box

__all__ = ["SQUARE_KINDS"]

_SQUARE_RULES = (
    "In this magic square all rows, columns and diagonals have the same sum.",
    "Every row, every column and both diagonals of the square add up to the same number.",
    "The square is magic: each row, column and diagonal has one and the same sum.",
)
_LINES = (
    ((0, 0), (0, 1), (0, 2)), ((1, 0), (1, 1), (1, 2)), ((2, 0), (2, 1), (2, 2)), ((0, 0), (1, 0), (2, 0)),
    ((0, 1), (1, 1), (2, 1)), ((0, 2), (1, 2), (2, 2)), ((0, 0), (1, 1), (2, 2)), ((0, 2), (1, 1), (2, 0)),
)  # fmt: skip


def _magic(panel: Panel, rng: Random) -> Puzzle:
    """A magic square with one full line, and a line with one number missing."""
    base = [[2, 7, 6], [9, 5, 1], [4, 3, 8]]
    for _ in range(rng.randrange(4)):
        base = [list(row) for row in zip(*reversed(base), strict=True)]
    times, plus = rng.randint(1, 4), rng.randint(0, 15)
    square = [[value * times + plus for value in row] for row in base]
    sign, called, also = unknown(rng, "field")
    full, other = rng.choice([(one, two) for one in _LINES for two in _LINES if one != two])
    crossing = set(full) & set(other)
    hidden = rng.choice([cell for cell in other if cell not in crossing])
    shown = {*full, *other} - {hidden}
    left, top, right, bottom = panel.inner(0.3)
    side = min(right - left, bottom - top, 9.5 * panel.size) / 3
    x0, y0 = (left + right - 3 * side) / 2, (top + bottom - 3 * side) / 2
    boxes: dict[tuple[int, int], Box] = {}
    for row in range(3):
        for column in range(3):
            text = sign if (row, column) == hidden else str(square[row][column]) if (row, column) in shown else ""
            x, y = x0 + column * side, y0 + row * side
            boxes[row, column] = brick(panel, (x, y, x + side, y + side), text, fill=panel.theme.fills[0])
    rest = [cell for cell in other if cell != hidden]
    rows = zip("abc", ("the first number of the full line", "its second number", "its third number"), full, strict=True)
    givens = [_cell(name, meaning, square, cell=cell, boxes=boxes) for name, meaning, cell in rows]
    rows = zip("de", ("one number in the line of the gap", "the other one there"), rest, strict=False)
    givens += [_cell(name, meaning, square, cell=cell, boxes=boxes) for name, meaning, cell in rows]
    recipe = Recipe(
        sought=called,
        steps=(
            ("total", "What is the sum of the full line?", "a + b + c", "magic squares"),
            ("missing", "What is missing to this sum?", "total - d - e", "difference"),
        ),
        plans=(
            "The full line gives the magic sum; the line with the gap must have it too.",
            "First the sum of the complete line, then what is missing to it.",
        ),
        also=also,
        wrong=("total", "d + e", "total - d", f"missing + {times}", f"missing - {times}"),
        power=0,
        check="missing + d + e == a + b + c",
    )
    puzzle = prepared(rng, recipe, givens, noun="magic square")
    return told(puzzle, rng.choice(_SQUARE_RULES))


def _cell(
    name: str, meaning: str, square: list[list[int]], *, cell: tuple[int, int], boxes: dict[tuple[int, int], Box]
) -> Given:
    value = square[cell[0]][cell[1]]
    return Given(name=name, meaning=meaning, value=value, text=str(value), box=boxes[cell])


SQUARE_KINDS = (Kind(name="magic-square", draw=_magic, script=reading_script, hard=2),)
