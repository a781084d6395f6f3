"""Which of four figures is the mirror image, or the turned image, of a given one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB, Sheet
from codedance.tasks.worlds.figures.looking import near_line, tens_look
from codedance.tasks.worlds.figures.puzzle import Figure, Kind, Panel, Puzzle, stepped
from codedance.tasks.worlds.figures.reading import figure_of, showing
from codedance.tasks.worlds.scene import Box, Category, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["MIRROR_KINDS"]

Cells = frozenset[tuple[int, int]]
_TILE: RGB = (255, 255, 255)
_EDGE: RGB = (170, 170, 170)


def _turned(cells: Cells, size: int) -> Cells:
    """A quarter turn clockwise."""
    return frozenset((size - 1 - y, x) for x, y in cells)


def _flipped(cells: Cells, size: int) -> Cells:
    """Left and right exchanged."""
    return frozenset((size - 1 - x, y) for x, y in cells)


_MOVES: dict[str, tuple[Callable[[Cells, int], Cells], str, tuple[str, ...]]] = {
    "mirror": (
        _flipped,
        "np.fliplr(cut(first))",
        (
            "Which of the figures A to D is the mirror image of the {it}, with left and right exchanged?",
            "The {it} is reflected in an upright mirror. Which option shows the result?",
            "Flip the {it} from left to right. Which of A to D do you get?",
            "Which of A, B, C and D shows the {it} reflected across a vertical line?",
            "A vertical mirror stands beside the {it}. Which picture does one see in it?",
        ),
    ),
    "flip": (
        lambda cells, size: frozenset((x, size - 1 - y) for x, y in cells),
        "np.flipud(cut(first))",
        (
            "Which of the figures A to D is the {it} turned upside down by a reflection across a level line?",
            "The {it} is mirrored in water below it. Which option shows the mirror image?",
            "Flip the {it} from top to bottom. Which of A to D do you get?",
            "Which of A, B, C and D shows the {it} reflected across a horizontal line?",
        ),
    ),
    "right": (
        _turned,
        "np.rot90(cut(first), -1)",
        (
            "The {it} is turned by 90 degrees clockwise. Which of A to D is the result?",
            "Which option shows the {it} after a quarter turn to the right?",
            "Turn the {it} clockwise by a right angle. Which of A, B, C and D do you get?",
            "Rotate the {it} by 90 degrees with the clock. Which option fits?",
        ),
    ),
    "half": (
        lambda cells, size: _turned(_turned(cells, size), size),
        "np.rot90(cut(first), 2)",
        (
            "The {it} is turned by 180 degrees. Which of A to D is the result?",
            "Which option shows the {it} after a half turn?",
            "Turn the {it} halfway round. Which of A, B, C and D do you get?",
            "Rotate the {it} by 180 degrees. Which option fits?",
        ),
    ),
}


def _moved(cells: Cells) -> Cells:
    """The figure shifted into the corner: what it looks like, wherever it is."""
    left, top = min(x for x, _ in cells), min(y for _, y in cells)
    return frozenset((x - left, y - top) for x, y in cells)


def _shape(rng: Random, size: int, count: int) -> tuple[Cells, list[Cells]]:
    """A figure of cells that looks different after every move, and all its eight images."""
    while True:
        cells = {(rng.randrange(size), rng.randrange(size))}
        while len(cells) < count:
            x, y = rng.choice(sorted(cells))
            dx, dy = rng.choice(((1, 0), (-1, 0), (0, 1), (0, -1)))
            if 0 <= x + dx < size and 0 <= y + dy < size:
                cells.add((x + dx, y + dy))
        images, one = [], frozenset(cells)
        for _ in range(4):
            images += [one, _flipped(one, size)]
            one = _turned(one, size)
        if len({_moved(image) for image in images}) == 8:
            return frozenset(cells), images


def _draw_tile(sheet: Sheet, at: tuple[int, int], side: int, *, drawn: tuple[Cells, int, RGB]) -> Box:
    """A tile with the figure; all tiles are equal but for their figures."""
    x, y = at
    cells, size, fill = drawn
    box: Box = (x, y, x + side, y + side)
    sheet.rect(box, _TILE)
    sheet.frame(box, _EDGE, 2)
    for column, row in sorted(cells):
        step = side // size
        edge = (side - step * size) // 2
        left, top = x + edge + column * step, y + edge + row * step
        sheet.rect((left, top, left + step, top + step), fill)
    return box


def _draw(panel: Panel, rng: Random) -> Puzzle:
    left, top, right, bottom = (round(one) for one in panel.box)
    size = rng.choice((5, 6)) if panel.hard else 3
    shape, images = _shape(rng, size, rng.randint(8, 14) if panel.hard else rng.randint(4, 5))
    name = rng.choice(tuple(_MOVES))
    move, _, questions = _MOVES[name]
    answer = move(shape, size)
    wrong = rng.sample([one for one in images if one not in (answer, shape)], 3)
    if rng.random() < 0.6:
        wrong[0] = shape
    shown = rng.sample([answer, *wrong], 4)
    letter, colour = "ABCD"[shown.index(answer)], rng.choice(INKS)
    gap = panel.size // 2
    side = min((right - left) // 4 - gap, (bottom - top - round(2.4 * panel.size)) // 2)
    side = (side - 4) // size * size + 4
    fill, step = jittered(colour, rng), (right - left) // 4
    given = _draw_tile(panel.sheet, ((left + right - side) // 2, top), side, drawn=(shape, size, fill))
    row, tiles = bottom - side - round(1.3 * panel.size), []
    for index, cells in enumerate(shown):
        x = left + index * step + (step - side) // 2
        tiles.append(_draw_tile(panel.sheet, (x, row), side, drawn=(cells, size, fill)))
        panel.sheet.write("ABCD"[index], (x + side / 2, row + side + 0.7 * panel.size), panel.pen())
    where = rng.choice(("at the top", "above", "in the upper row", "on top"))
    question = rng.choice(questions).format(it=f"{colour} figure {where}")
    question += rng.choice((" Answer with the letter.", " Give the letter.", ""))
    step_row = ("letter", "Which figure is the image?", name, letter, "reflections and rotations")
    figure = Figure(kind="", steps=stepped(step_row), sought="the right figure", noun="figure")
    values = {"move": name, "given": list(given), "tiles": [list(one) for one in tiles]}
    return Puzzle(question=question, figure=figure).knowing(values, colour=colour, evidence=(given, *tiles))


_LOOKS = (
    "I look at the figure above and at the four below, all enlarged.",
    "First a closer look at all five figures.",
    "I cut out the given figure and the four options.",
    "Let me see the figures larger.",
)
_COMPARES = (
    "I find the five {colour} figures as pieces, transform the upper one and compare it with each of the others.",
    "Code can do the move: I cut out the {colour} pieces, transform the upper one and test which other is equal.",
    "Each figure is one {colour} piece. The upper one, transformed, must equal exactly one of the four below.",
    "To be exact I apply the move to the pixels of the upper figure and compare.",
)
_ENDS = (
    "Only {letter} is equal.",
    "{letter} is the one.",
    "The figure {letter} fits.",
    "It is {letter}.",
    "So {letter} shows the result.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Transform the pixels of the given figure and compare it with each option."""
    figure = figure_of(scene)
    if rng.random() < 0.4:
        yield showing(rng.choice(_LOOKS), tens_look(list(figure.evidence), scene.image.size))
    _, transform, _ = _MOVES[str(figure.values["move"])]
    code = CODE_LINES["import"] + near_line(scene.colour) + CODE_LINES["components"]
    code += (
        "def cut(one):\n"
        "    x, y, w, h = stats[one, :4]\n"
        "    return labels[y:y + h, x:x + w] == one\n"
        "first = min(range(1, count), key=lambda one: centres[one][1])\n"
        "rest = sorted((one for one in range(1, count) if one != first), key=lambda one: centres[one][0])\n"
        f"wanted = {transform}\n"
        "for letter, one in zip('ABCD', rest):\n"
        "    print(letter, np.array_equal(cut(one), wanted))"
    )
    prints = "\n".join(f"{letter} {letter == scene.answer}" for letter in "ABCD")
    shown = yield Code(rng.choice(_COMPARES).format(colour=scene.colour), code, views=(), prints=prints)
    letter = next((line[0] for line in shown.splitlines() if line.endswith("True")), "")
    return Final(rng.choice(_ENDS).format(letter=letter), letter)


MIRROR_KINDS = (
    Kind(
        name="mirror",
        draw=_draw,
        script=_script,
        easy=2,
        hard=3,
        category=Category.VISUAL,
        shape="wide",
        shared=False,
        plain=True,
        extent=(640, 1000),
    ),
)
