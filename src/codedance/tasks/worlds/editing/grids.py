"""Draw a grid over the picture, then name the cell of something, or count cells and rows."""

from __future__ import annotations

from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import ALL_SHAPES, Pen, find_lines, imports
from codedance.tasks.worlds.editing.kind import (
    INKS,
    Kind,
    Size,
    canvas,
    centre,
    draw_objects,
    enlargement,
    number_fact,
    points_fact,
    quiet_canvas,
    request,
    text_fact,
)
from codedance.tasks.worlds.editing.things import FIND_THINGS, THING_NAMES, draw_things
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["GRIDS"]

Cell = tuple[int, int]
"""Row and column, from 0."""

_DRAW = (
    "draw a {ink} grid of {size} over the picture",
    "lay a {ink} grid with {size} over the picture",
    "divide the picture into {size} of equal cells with {ink} lines",
    "cut the picture into {size} of equal size by {ink} lines",
    "draw the {ink} lines of a regular grid, {size}, that covers the whole picture",
)
_ASK = {
    "place": (
        "In which cell is the {it}? Answer as row, column, counted from the upper left, starting at 1.",
        "Which row and column is the {it} in? Count both from 1, from the upper left corner; answer as row, column.",
        "Give the cell of the {it} as row, column (both from 1, beginning at the upper left).",
    ),
    "label": (
        "If columns are A, B, C, ... from the left and rows 1, 2, 3, ... from the top, which cell holds the {it}?",
        "With letters for columns (A is the leftmost) and numbers for rows (1 is the top), in which cell is the {it}?",
        "Name the cell of the {it} as on a map: column letter from the left, row number from the top, as in {example}.",
    ),
    "running": (
        "If the cells are numbered row by row from 1 at the upper left, which number has the cell of the {it}?",
        "Counting the cells row by row, the first one at the upper left, in which one is the {it}?",
        "Cells are counted 1, 2, 3, ... along each row, from the top. What is the number of the cell with the {it}?",
    ),
    "empty": (
        "How many cells are empty?",
        "How many cells have nothing in them?",
        "What is the number of cells without any {all}?",
    ),
    "row": (
        "How many {all} are in row {row}, counted from the top?",
        "Row {row} from the top: how many {all} does it hold?",
    ),
    "column": (
        "How many {all} are in column {column}, counted from the left?",
        "Column {column} from the left: how many {all} does it hold?",
    ),
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard, things = difficulty is Difficulty.HARD, rng.random() < 0.5
    asks = rng.choice(
        ("place", "label", "running", "empty", "row", "column") if hard else ("place", "label", "running")
    )
    image = quiet_canvas(difficulty, rng) if things else canvas(difficulty, rng)
    rows, columns = (rng.randint(4, 7), rng.randint(4, 8)) if hard else (rng.randint(2, 4), rng.randint(2, 4))
    if not hard and rows * columns < 6:
        rows, columns = 3, 3
    cells = rows * columns
    count = rng.randint(max(3, cells // 5), cells * 3 // 5) if hard else rng.randint(2, min(5, cells - 2))
    taken = rng.sample([(row, column) for row in range(rows) for column in range(columns)], count)
    room = min(image.width // columns, image.height // rows)
    low, high = max(16, room // 7), max(18, room // 4)
    if not hard:
        low, high = max(low, 26), max(high, 28)
    spots = []
    for cell in taken:
        half = rng.randint(min(low, room // 2 - 13), min(high, room // 2 - 13))
        spots.append((*_spot(cell, (rows, columns), image.size, half + 9, rng), half))
    if things:
        names = rng.sample(THING_NAMES, min(count, 8))
        objects = draw_things(image, [names[0], *(rng.choice(names[1:]) for _ in range(count - 1))], spots, rng)
        it = names[0]
    else:
        kind = (rng.choice(COLOURS), rng.choice(SHAPES))
        kinds = [(colour, shape) for colour in COLOURS for shape in SHAPES if (colour, shape) != kind]
        objects = draw_objects(image, [kind, *rng.choices(kinds, k=count - 1)], spots, rng)
        it = " ".join(kind)
    ink = rng.choice([one for one in ("red", "blue", "black", "magenta") if one != objects[0].colour])
    row, column = rng.randrange(rows), rng.randrange(columns)
    elsewhere = rng.choice([(r, c) for r in range(rows) for c in range(columns) if (r, c) != taken[0]])
    example = _answer("label", [elsewhere], (rows, columns), 0)
    every = "things" if things else "shapes"
    ask = rng.choice(_ASK[asks]).format(it=it, all=every, row=row + 1, column=column + 1, example=example)
    size = f"{rows} rows and {columns} columns"
    line = row if asks == "row" else column
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, rng.choice(_DRAW).format(ink=ink, size=size), ask),
        answer=_answer(asks, taken, (rows, columns), line),
        asks=f"grid-{asks}",
        colour=objects[0].colour,
        shape=objects[0].shape,
        objects=objects,
        target=objects[0] if asks in ("place", "label", "running") else None,
        category=Category.EDITING,
        accepted=_ways_to_say(asks, taken[0]),
        edit=EditCheck(colour=INKS[ink], strokes=_strokes((rows, columns), image.size), free=_rim(image.size), reach=5),
        facts={
            "kind": "grid",
            "asked": asks,
            "ink": ink,
            "things": things,
            "rows": rows,
            "columns": columns,
            "line": line,
            "it": it,
            "cells": [list(cell) for cell in taken],
            "evidence": [list(one.box) for one in objects],
        },
    )


def _spot(cell: Cell, grid: Cell, size: Size, margin: int, rng: Random) -> tuple[int, int]:
    """A place in a cell that keeps this far from its sides."""
    (row, column), (rows, columns), (width, height) = cell, grid, size
    left, right = width * column // columns + margin, width * (column + 1) // columns - margin
    top, bottom = height * row // rows + margin, height * (row + 1) // rows - margin
    return rng.randint(min(left, right), right), rng.randint(min(top, bottom), bottom)


def _strokes(grid: Cell, size: Size) -> tuple[Box, ...]:
    (rows, columns), (width, height) = grid, size
    across: list[Box] = [(0, height * k // rows, width - 1, height * k // rows) for k in range(1, rows)]
    down: list[Box] = [(width * k // columns, 0, width * k // columns, height - 1) for k in range(1, columns)]
    return (*across, *down)


def _rim(size: Size) -> tuple[Box, ...]:
    """Along the picture's edges, where a grid may have its outer lines."""
    width, height = size
    return (0, 0, width, 5), (0, height - 5, width, height), (0, 0, 5, height), (width - 5, 0, width, height)


def _answer(asks: str, taken: list[Cell], grid: Cell, line: int) -> str:
    (row, column), (rows, columns) = taken[0], grid
    match asks:
        case "place":
            return f"{row + 1}, {column + 1}"
        case "label":
            return f"{chr(65 + column)}{row + 1}"
        case "running":
            return str(row * columns + column + 1)
        case "empty":
            return str(rows * columns - len(taken))
        case "row":
            return str(sum(one[0] == line for one in taken))
        case _:
            return str(sum(one[1] == line for one in taken))


def _ways_to_say(asks: str, cell: Cell) -> tuple[str, ...]:
    row, column = cell[0] + 1, cell[1] + 1
    if asks == "place":
        said = (f"{row},{column}", f"{row} {column}", f"row {row}, column {column}", f"row {row} column {column}")
        return (*said, f"({row}, {column})", f"({row},{column})")
    letter = chr(64 + column)
    return (f"{letter} {row}", f"{letter}-{row}", f"({letter}{row})") if asks == "label" else ()


_PLANS = (
    "I draw the lines and let code say in which cell the {it} lies.",
    "The cell follows from the middle of the {it}: I find it by colour and divide by the cell size.",
    "Grid first, then the cell of the {it} by arithmetic.",
)
_COUNT_PLANS = (
    "I draw the grid; code finds everything and notes the cell of each.",
    "For each part that code finds I work out its cell. The grid is drawn along.",
    "Code finds all of them; dividing by the cell size tells where each one is.",
)
_GRID_FIRST = (
    "With the grid in the picture I can read off the cell. I draw it.",
    "I draw the grid and look where the {it} is.",
    "A grid is just some lines at equal distances. I draw them and look.",
)
_READ = (
    "The {it} is in the {row} row and the {column} column.",
    "I see the {it} in the {row} row from the top, {column} column from the left.",
    "In the picture with its grid the {it} lies in row {r}, column {c}.",
)
_CHECKS = (
    "It looks like row {r}, column {c}. I enlarge that cell to make sure.",
    "The {it} seems to be in row {r}, column {c}; let me look at that cell alone.",
)
_CHECKED = ("Yes, that cell shows the {it}.", "The cell shows the {it}, so row {r} and column {c} are right.")
_MISREADS = 0.25
"""Share of the checks that first look into the cell beside."""
_MISREAD = (
    "That cell is empty: I misread the grid. It is row {r}, column {c}; I look again.",
    "Nothing in there. The {it} is in the cell beside, row {r}, column {c}.",
)
_DONE = (
    "So the answer is {answer}.",
    "That gives {answer}.",
    "The code says {answer}.",
    "{answer}, and the grid is drawn.",
)
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _script(scene: Scene, rng: Random) -> Script:
    asked, it = text_fact(scene, "asked"), text_fact(scene, "it")
    pen = Pen(text_fact(scene, "ink"), rng)
    grid = _drawing(scene, pen)
    things = bool(scene.facts["things"])
    if asked in ("place", "label", "running") and (things or rng.random() < 0.35):
        row, column = _cell(scene)
        words = {"it": it, "row": _NTH[row], "column": _NTH[column], "r": str(row + 1), "c": str(column + 1)}
        shows = imports("\n".join([*grid, pen.show()]))
        yield Code(rng.choice(_GRID_FIRST).format(**words), shows, prints="")
        said = rng.choice(_READ)
        if rng.random() < 0.5:
            cell, empty = (row, column), _empty_beside(scene, rng)
            if empty is not None and rng.random() < _MISREADS:
                first = {**words, "r": str(empty[0] + 1), "c": str(empty[1] + 1)}
                yield _check(scene, pen, empty, thought=rng.choice(_CHECKS).format(**first))
                yield _check(scene, pen, cell, thought=rng.choice(_MISREAD).format(**words))
            else:
                yield _check(scene, pen, cell, thought=rng.choice(_CHECKS).format(**words))
            said = rng.choice(_CHECKED)
        return Final(f"{said.format(**words)} {rng.choice(_DONE[:2]).format(answer=scene.answer)}", scene.answer)
    if asked in ("place", "label", "running"):
        thought = rng.choice(_PLANS).format(it=it)
        lines = [*grid, find_lines(scene.colour, scene.shape, rng), "x, y, w, h = found[0]"]
    else:
        thought = rng.choice(_COUNT_PLANS)
        lines = [*grid, FIND_THINGS if things else ALL_SHAPES]
    lines.append(_question(asked, scene, "things" if things else "shapes"))
    printed = yield Code(thought, imports("\n".join([*lines, pen.show()])), prints=scene.answer)
    return Final(rng.choice(_DONE).format(answer=printed), printed)


def _cell(scene: Scene) -> Cell:
    (x, y), (width, height) = centre(scene.objects[0].box), scene.image.size
    rows, columns = number_fact(scene, "rows"), number_fact(scene, "columns")
    return y * rows // height, x * columns // width


def _drawing(scene: Scene, pen: Pen) -> list[str]:
    return [
        pen.start(),
        f"rows, columns = {scene.facts['rows']}, {scene.facts['columns']}",
        "width, height = input_image.size",
        "for k in range(1, columns):",
        f"    {pen.line('width * k // columns', '0', 'width * k // columns', 'height - 1')}",
        "for k in range(1, rows):",
        f"    {pen.line('0', 'height * k // rows', 'width - 1', 'height * k // rows')}",
    ]


def _question(asked: str, scene: Scene, found: str) -> str:
    cell = "int((y + h / 2) * rows / height), int((x + w / 2) * columns / width)"
    match asked:
        case "place":
            return f"row, column = {cell}\nprint(f'{{row + 1}}, {{column + 1}}')"
        case "label":
            return f"row, column = {cell}\nprint('ABCDEFGH'[column] + str(row + 1))"
        case "running":
            return f"row, column = {cell}\nprint(row * columns + column + 1)"
    cells = f"cells = [({cell}) for x, y, w, h in {found}]"
    match asked:
        case "empty":
            return f"{cells}\nprint(rows * columns - len(set(cells)))"
        case "row":
            return f"{cells}\nprint(sum(row == {scene.facts['line']} for row, column in cells))"
        case _:
            return f"{cells}\nprint(sum(column == {scene.facts['line']} for row, column in cells))"


def _empty_beside(scene: Scene, rng: Random) -> Cell | None:
    """An empty cell next to that of the target."""
    (row, column), taken = _cell(scene), points_fact(scene, "cells")
    rows, columns = number_fact(scene, "rows"), number_fact(scene, "columns")
    beside = [(row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)]
    free = [one for one in beside if 0 <= one[0] < rows and 0 <= one[1] < columns and one not in taken]
    return rng.choice(free) if free else None


def _check(scene: Scene, pen: Pen, cell: Cell, *, thought: str) -> Code:
    """One cell alone and, after it, the picture with the grid again."""
    row, column = cell
    rows, columns, (width, height) = number_fact(scene, "rows"), number_fact(scene, "columns"), scene.image.size
    left, right = width * column // columns, width * (column + 1) // columns
    top, bottom = height * row // rows, height * (row + 1) // rows
    view = View((left, top, right, bottom), max(2, enlargement((left, top, right, bottom))))
    code = (
        f"row, column = {row}, {column}\n"
        "left, right = width * column // columns, width * (column + 1) // columns\n"
        "top, bottom = height * row // rows, height * (row + 1) // rows\n"
        f"display(input_image.crop((left, top, right, bottom)).resize({view.size}))\n"
        f"{pen.show()}"
    )
    return Code(thought, imports(code), prints="")


GRIDS = Kind("grid", _make, _script)
