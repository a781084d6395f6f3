"""Figures of whole squares on a grid: their area and perimeter, with what a square measures written beside the grid."""

from __future__ import annotations

from collections.abc import Set
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script, View
from codedance.tasks.worlds.figures.drawing import INKS, RGB, Point
from codedance.tasks.worlds.figures.looking import enlargement, near_line
from codedance.tasks.worlds.figures.misses import too_strict
from codedance.tasks.worlds.figures.pixels import near_mask
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import computing, concluding
from codedance.tasks.worlds.scene import Box, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["GRID_KINDS"]

Cell = tuple[int, int]
_LINE: RGB = (150, 150, 150)
_NEIGHBOURS = ((1, 0), (-1, 0), (0, 1), (0, -1))
_UNITS = (("m", "metres"), ("m", "metres"), ("cm", "centimetres"), ("km", "kilometres"), ("ft", "feet"))
_FIGURES = ("figure", "shape", "region", "patch", "field")


def _grown(rng: Random, size: tuple[int, int], count: int, *, taken: Set[Cell]) -> set[Cell]:
    """So many cells that hang together, on free ground."""
    columns, rows = size

    def free(cell: Cell) -> bool:
        x, y = cell
        near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
        return 0 <= x < columns and 0 <= y < rows and not near & taken

    starts = [(x, y) for x in range(columns) for y in range(rows) if free((x, y))]
    if not starts:
        return set()
    cells = {rng.choice(starts)}
    while len(cells) < count:
        edge = [(x + dx, y + dy) for x, y in sorted(cells) for dx, dy in _NEIGHBOURS]
        edge = [cell for cell in edge if cell not in cells and free(cell)]
        if not edge:
            break
        cells.add(rng.choice(edge))
    return _filled(cells, size)


def _filled(cells: set[Cell], size: tuple[int, int]) -> set[Cell]:
    """The cells with all holes filled: a perimeter then has only one meaning."""
    outside, reached = {(-1, -1)}, [(-1, -1)]
    while reached:
        x, y = reached.pop()
        for dx, dy in _NEIGHBOURS:
            cell = (x + dx, y + dy)
            if -1 <= cell[0] <= size[0] and -1 <= cell[1] <= size[1] and cell not in cells | outside:
                outside.add(cell)
                reached.append(cell)
    return {(x, y) for x in range(size[0]) for y in range(size[1]) if (x, y) not in outside}


def _around(cells: Set[Cell]) -> int:
    """Number of edges that do not lie between two of the cells."""
    return sum((x + dx, y + dy) not in cells for x, y in cells for dx, dy in _NEIGHBOURS)


def _draw(panel: Panel, rng: Random) -> Puzzle:
    left, top, right, bottom = (round(one) for one in panel.box)
    strip = round(1.7 * panel.size)
    columns, rows = (rng.randint(9, 14), rng.randint(7, 12)) if panel.hard else (rng.randint(4, 6), rng.randint(4, 5))
    side = min((right - left) // columns, (bottom - top - strip) // rows)
    below = rng.random() < 0.7
    x0 = left + (right - left - columns * side) // 2
    y0 = top + (0 if below else strip) + (bottom - top - strip - rows * side) // 2
    figures: dict[str, set[Cell]] = {}
    for colour in rng.sample(INKS, rng.randint(2, 4) if panel.hard else rng.randint(1, 2)):
        taken = {cell for cells in figures.values() for cell in cells}
        count = rng.randint(9, 24) if panel.hard else rng.randint(3, 8)
        cells = _grown(rng, (columns, rows), count, taken=taken)
        if len(cells) > 2:
            figures[colour] = cells
    panel.sheet.rect((x0, y0, x0 + columns * side, y0 + rows * side), (255, 255, 255))
    for colour, cells in figures.items():
        fill = jittered(colour, rng)
        for x, y in sorted(cells):
            panel.sheet.rect((x0 + x * side, y0 + y * side, x0 + (x + 1) * side, y0 + (y + 1) * side), fill)
    for column in range(columns + 1):
        panel.sheet.rect((x0 + column * side - 1, y0 - 1, x0 + column * side + 1, y0 + rows * side + 1), _LINE)
    for row in range(rows + 1):
        panel.sheet.rect((x0 - 1, y0 + row * side - 1, x0 + columns * side + 1, y0 + row * side + 1), _LINE)
    colour = rng.choice(sorted(figures))
    area, worth = rng.random() < 0.55, rng.randint(2, 9) if panel.hard or rng.random() < 0.6 else 1
    unit = rng.choice(_UNITS)
    middle = ((x0 + x0 + columns * side) / 2, y0 + rows * side + strip * 0.55 if below else y0 - strip * 0.55)
    label, text = _label(panel, rng, middle, words=(area, worth, unit[0]))
    xs, ys = [x for x, _ in figures[colour]], [y for _, y in figures[colour]]
    spot: Box = (x0 + min(xs) * side, y0 + min(ys) * side, x0 + (max(xs) + 1) * side, y0 + (max(ys) + 1) * side)
    shown = (spot, label, text)
    return _puzzle(panel, rng, (colour, figures[colour], worth), words=(area, unit, shown))


def _label(panel: Panel, rng: Random, middle: Point, *, words: tuple[bool, int, str]) -> tuple[Box, str]:
    """Write what a square measures, in words or beside a small drawing of a square or a side; its box and the text."""
    area, worth, unit = words
    size = f"{worth} {unit}²" if area else f"{worth} {unit}"
    pen = panel.pen(0.85 if not panel.hard else 1.0, jittered("black", rng))
    if rng.random() < 0.5:
        text = rng.choice(
            (f"1 square = {size}", f"each square: {size}")
            if area
            else (f"side of a square: {size}", f"square side = {size}")
        )
        return panel.sheet.write(text, middle, pen), text
    text, half = f"= {size}", 0.5 * panel.size
    box = panel.sheet.write(text, (middle[0] + 0.3 * panel.size, middle[1]), pen, anchor="lm")
    left, right = middle[0] - 2 * half, middle[0] - 0.2 * half
    if area:
        panel.sheet.frame((left, middle[1] - half, right, middle[1] + half), _LINE, 2)
    else:
        panel.sheet.rect((left, middle[1] - 1, right, middle[1] + 2), _LINE)
        for stop in (left, right - 2):
            panel.sheet.rect((stop, middle[1] - half * 0.6, stop + 2, middle[1] + half * 0.6), _LINE)
    return box, text


def _puzzle(
    panel: Panel,
    rng: Random,
    asked: tuple[str, set[Cell], int],
    *,
    words: tuple[bool, tuple[str, str], tuple[Box, Box, str]],
) -> Puzzle:
    (colour, cells, worth), (area, unit, (spot, label, text)) = asked, words
    figure = f"the {colour} {rng.choice(_FIGURES)}"
    written = Given(name="worth", meaning="what is written about a square", value=worth, text=f'"{text}"', box=label)
    if area:
        counted = Given(
            name="squares", meaning=f"{figure}'s number of squares", value=len(cells), text=str(len(cells)), box=spot
        )
        recipe = Recipe(
            sought=f"the area of {figure}",
            steps=(("area", "How large are all squares together?", "squares * worth", "area on a grid"),),
            plans=(
                "I count the squares and multiply by the area of one.",
                "Number of squares times what one of them measures.",
            ),
            also=(
                f"How large is {figure}?",
                f"What area does {figure} cover?",
                f"Which area belongs to {figure}?",
                f"Count the squares: how large is {figure}?",
            ),
            wrong=(
                "squares",
                "squares + worth",
                "(squares - 1) * worth",
                "(squares + 1) * worth",
                f"{_around(cells)} * worth",
            ),
            power=2,
        )
    else:
        edges = _around(cells)
        counted = Given(
            name="edges", meaning=f"the number of sides around {figure}", value=edges, text=str(edges), box=spot
        )
        recipe = Recipe(
            sought=f"the perimeter of {figure}",
            steps=(("perimeter", "How long are all outer sides together?", "edges * worth", "perimeter on a grid"),),
            plans=(
                "I count the sides of squares on the edge and multiply by the length of one.",
                "Outer sides times the length of one side.",
            ),
            also=(
                f"How long is the way around {figure}?",
                f"How long is the edge of {figure}?",
                f"How long is a fence around {figure}?",
            ),
            wrong=(
                "edges",
                f"{len(cells)} * worth",
                "(edges - 2) * worth",
                "(edges + 2) * worth",
                f"{4 * len(cells)} * worth",
            ),
        )
    puzzle = prepared(rng, recipe, (counted, written), noun="grid", unit=unit)
    return puzzle.knowing({"colour": colour, "area": area, "count": len(cells)}, colour=colour)


_COUNTS = (
    "Grid lines part the {colour} squares, so each is a piece of its own: I count the pieces.",
    "Code can count the {colour} squares: they are separate pieces between the grid lines.",
    "I count the {colour} squares with connected components.",
)
_EDGES = (
    "For the perimeter I need where each {colour} square is, and which of its sides have no {colour} neighbour.",
    "I turn the {colour} squares into columns and rows and count the sides that are on the outside.",
    "Each {colour} square is a piece between grid lines. A side counts if there is no {colour} square beyond it.",
)
_LABELS = (
    "{shown} of them. Now the black writing, which says what a square measures.",
    "That is {shown}. What does a square measure? I cut out the black label.",
    "{shown}. The label is the only black thing, so I crop it.",
)
_PRODUCTS = (
    "It says {text}, so I multiply.",
    "{text}: times {shown}.",
    "The label reads {text}. The product is the answer.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Count squares or outer sides by code, read the label in a tight crop, multiply; easy ones may be read at once."""
    figure = figure_of(scene)
    if scene.difficulty is Difficulty.EASY and rng.random() < 0.4:
        return (yield from reading_script(scene, rng))
    counted, written = figure.givens
    words = {"colour": scene.colour, "text": written.text}
    code = CODE_LINES["import"] + near_line(scene.colour) + CODE_LINES["components"] + CODE_LINES["sizes"]
    if figure.values["area"]:
        thought, name = rng.choice(_COUNTS).format(**words), "squares"
        code += "squares = (sizes > 40).sum()\nprint(squares)"
    else:
        thought, name = rng.choice(_EDGES).format(**words), "edges"
        code += (
            "middles = centres[1:][sizes > 40]\n"
            "step = stats[1:, 2][sizes > 40].max() + 2\n"
            "places = {(round(x / step), round(y / step)) for x, y in middles - middles.min(0)}\n"
            "sides = ((1, 0), (-1, 0), (0, 1), (0, -1))\n"
            "edges = sum((x + dx, y + dy) not in places for x, y in places for dx, dy in sides)\n"
            "print(edges)"
        )
    thought = yield from too_strict(scene, thought, rng)
    shown = yield Code(thought, code, views=(), prints=str(counted.value))
    box = near_mask(scene.image, "black").getbbox()
    assert box is not None
    cut: Box = (box[0] - 9, box[1] - 9, box[2] + 8, box[3] + 8)
    scale = enlargement(cut)
    code = near_line("black") + CODE_LINES["where"]
    if scale == 1 or rng.random() < 0.5:
        scale = 1
        code += CODE_LINES["crop"]
    else:
        code += f"part = {CODE_LINES['crop']}\npart.resize((part.width * {scale}, part.height * {scale}))"
    said = shown.strip()
    yield Code(rng.choice(_LABELS).format(shown=said), code, views=(View(cut, scale),), prints="")
    thought = rng.choice(_PRODUCTS).format(shown=said, **words)
    if scene.options:
        step = computing(scene, figure, thought, rng=rng)
    else:
        step = Code(thought, f"print({name} * {written.value})", views=(), prints=str(figure.steps[-1].value))
    return concluding(scene, figure, (yield step), rng=rng)


GRID_KINDS = (
    Kind(name="grid", draw=_draw, script=_script, easy=4, hard=5, shared=False, plain=True, extent=(600, 950)),
)
