"""Trace the way through a maze, then say what it passes, how long it is or how often it turns."""

from __future__ import annotations

import itertools
from collections import deque
from random import Random

from PIL import Image, ImageDraw

from codedance.schema import EditCheck
from codedance.tasks.worlds.backgrounds import background
from codedance.tasks.worlds.drawing import box_around, draw_shape
from codedance.tasks.worlds.editing.code import imports
from codedance.tasks.worlds.editing.kind import INKS, Kind, grown, number_fact, points_fact, request, text_fact
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.lettering import font
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import LETTERS

__all__ = ["MAZE"]

Cell = tuple[int, int]
"""Row and column, from 0."""
Doors = set[frozenset[Cell]]
"""Pairs of neighbouring cells without a wall between them."""

_DRAW = (
    "trace the way from the green to the red field with a {ink} line",
    "draw the way through the maze from green to red in {ink}",
    "show the path from the green field to the red one as a {ink} line",
    "mark the only way from green to red with a {ink} line through the middle of the fields",
    "solve the maze: draw a {ink} line from the green field to the red field",
)
_ASK = {
    "letter": ("Which letter does it pass?", "Which letter lies on the way?", "What letter do you come by?"),
    "letters": (
        "Which letters does it pass, in order? Write them as one word.",
        "What word do the letters on the way make, in the order in which they are passed?",
        "Write down the letters that lie on the way, in order and without spaces.",
    ),
    "coins": (
        "How many yellow coins lie on the way?",
        "How many coins do you pick up on it?",
        "What is the number of yellow coins that it passes?",
    ),
    "length": (
        "How many fields long is it, the green and the red one counted?",
        "Of how many fields does the way consist, both ends included?",
    ),
    "turns": ("How many times does it turn?", "How many corners does the way have?"),
}
_WALL, _FLOOR = (20, 20, 24), ((252, 250, 244), (244, 248, 252), (250, 246, 250), (246, 250, 244))
_GREEN, _RED, _LETTER, _COIN = (0, 128, 0), (255, 0, 0), (60, 100, 210), (240, 190, 20)
_STEPS: tuple[Cell, ...] = ((0, 1), (1, 0), (0, -1), (-1, 0))


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    asks = rng.choice(("letters", "letters", "coins", "length", "turns") if hard else ("letter", "coins"))
    rows, columns = (rng.randint(9, 13), rng.randint(9, 15)) if hard else (4, 4)
    cell = rng.randint(50, 64) if hard else 96
    rim = rng.randint(24, 60) if hard else 30
    doors, path = _maze((rows, columns), rng, hard=hard)
    size = (columns * cell + 2 * rim, rows * cell + 2 * rim)
    image = background(size, rng)
    wall = max(4, cell // 11)
    _draw_maze(image, (rows, columns), doors, rng, cell=cell, rim=rim, wall=wall)
    _draw_ends(image, path, cell=cell, rim=rim)
    inner = path[1:-1]
    rest = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in path]
    letters, coins = _furnish(asks, inner, rest, rng, hard=hard)
    face = font(rng.choice(("sans", "bold", "roboto", "dejavu")), cell * 11 // 20)
    draw = ImageDraw.Draw(image)
    for place, letter in letters.items():
        draw.text(_middle(place, cell, rim), letter, fill=_LETTER, font=face, anchor="mm")
    for place in coins:
        draw_shape(image, "circle", box_around(*_middle(place, cell, rim), cell // 5), fill=_COIN)
    on_the_way = "".join(letters[place] for place in inner if place in letters)
    turns = sum(a[0] != c[0] and a[1] != c[1] for a, _, c in zip(path, path[1:], path[2:], strict=False))
    answer = {
        "letter": on_the_way,
        "letters": on_the_way,
        "coins": str(sum(place in coins for place in inner)),
        "length": str(len(path)),
        "turns": str(turns),
    }[asks]
    ink = rng.choice(("blue", "magenta"))
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, rng.choice(_DRAW).format(ink=ink), rng.choice(_ASK[asks])),
        answer=answer,
        asks=f"maze-{asks}",
        category=Category.EDITING,
        accepted=(" ".join(answer), ", ".join(answer), "-".join(answer)) if asks == "letters" else (),
        edit=EditCheck(
            colour=INKS[ink],
            strokes=tuple((*_middle(a, cell, rim), *_middle(b, cell, rim)) for a, b in _runs(path)),
            reach=cell // 4,
        ),
        facts={
            "kind": "maze",
            "asked": asks,
            "ink": ink,
            "rows": rows,
            "columns": columns,
            "bounds": [[rim - wall // 2, rim - wall // 2], [size[0] - rim + wall // 2, size[1] - rim + wall // 2]],
            "path": [list(place) for place in path],
            "marks": [list(place) for place in inner if place in letters],
            "turns": turns,
            "evidence": [list(grown(box_around(*_middle(place, cell, rim), cell // 2), -2)) for place in path],
        },
    )


def _maze(grid: Cell, rng: Random, *, hard: bool) -> tuple[Doors, list[Cell]]:
    """A maze in which any two fields have one way between them, and the way between two of them."""
    rows, columns = grid
    while True:
        doors: Doors = set()
        stack, seen = [(rng.randrange(rows), rng.randrange(columns))], set()
        seen.add(stack[0])
        while stack:
            # Now and then the walk goes on from somewhere else, which makes more and shorter dead ends.
            here = stack[-1] if rng.random() < 0.8 else stack[rng.randrange(len(stack))]
            steps = [(here[0] + a, here[1] + b) for a, b in _STEPS]
            fresh = [one for one in steps if one not in seen and 0 <= one[0] < rows and 0 <= one[1] < columns]
            if not fresh:
                stack.remove(here)
                continue
            new = rng.choice(fresh)
            doors.add(frozenset((here, new)))
            seen.add(new)
            stack.append(new)
        ends = rng.sample([(r, c) for r in range(rows) for c in range(columns)], 2)
        path = _way(doors, ends[0], ends[1])
        least, most = (16, 52) if hard else (5, 9)
        if least <= len(path) <= most and (not hard or _lines_show(grid, doors)):
            return doors, path


def _way(doors: Doors, start: Cell, goal: Cell) -> list[Cell]:
    came: dict[Cell, Cell | None] = {start: None}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for a, b in _STEPS:
            step = (here[0] + a, here[1] + b)
            if step not in came and frozenset((here, step)) in doors:
                came[step] = here
                queue.append(step)
    path, last = [goal], came[goal]
    while last is not None:
        path.append(last)
        last = came[last]
    return path[::-1]


def _lines_show(grid: Cell, doors: Doors) -> bool:
    """True if a fifth of every line between two rows or columns is wall, so that code can count the lines."""
    rows, columns = grid
    open_down = [sum(frozenset(((r, c), (r, c + 1))) in doors for r in range(rows)) for c in range(columns - 1)]
    open_across = [sum(frozenset(((r, c), (r + 1, c))) in doors for c in range(columns)) for r in range(rows - 1)]
    return max(open_down) * 5 <= 4 * rows and max(open_across) * 5 <= 4 * columns


def _runs(path: list[Cell]) -> list[tuple[Cell, Cell]]:
    """The straight parts of a way, by their ends."""
    corners = [path[0]]
    corners += [b for a, b, c in zip(path, path[1:], path[2:], strict=False) if a[0] != c[0] and a[1] != c[1]]
    return list(itertools.pairwise([*corners, path[-1]]))


def _middle(place: Cell, cell: int, rim: int) -> tuple[int, int]:
    return rim + place[1] * cell + cell // 2, rim + place[0] * cell + cell // 2


def _draw_maze(image: Image.Image, grid: Cell, doors: Doors, rng: Random, *, cell: int, rim: int, wall: int) -> None:
    (rows, columns), draw = grid, ImageDraw.Draw(image)
    right, bottom, half = rim + columns * cell, rim + rows * cell, wall // 2
    draw.rectangle((rim, rim, right, bottom), fill=rng.choice(_FLOOR))

    def bar(x: int, y: int, u: int, v: int) -> None:
        draw.rectangle((x - half, y - half, u + half - 1, v + half - 1), fill=_WALL)

    for r, c in itertools.product(range(rows), range(columns)):
        x, y = rim + c * cell, rim + r * cell
        if c + 1 < columns and frozenset(((r, c), (r, c + 1))) not in doors:
            bar(x + cell, y, x + cell, y + cell)
        if r + 1 < rows and frozenset(((r, c), (r + 1, c))) not in doors:
            bar(x, y + cell, x + cell, y + cell)
    for x, y, u, v in (
        (rim, rim, right, rim),
        (rim, bottom, right, bottom),
        (rim, rim, rim, bottom),
        (right, rim, right, bottom),
    ):
        bar(x, y, u, v)


def _draw_ends(image: Image.Image, path: list[Cell], *, cell: int, rim: int) -> None:
    for place, fill in ((path[0], _GREEN), (path[-1], _RED)):
        draw_shape(image, "square", box_around(*_middle(place, cell, rim), cell // 4), fill=fill)


def _furnish(
    asks: str, inner: list[Cell], rest: list[Cell], rng: Random, *, hard: bool
) -> tuple[dict[Cell, str], set[Cell]]:
    """Letters and coins on the way and off it."""
    names = rng.sample(LETTERS, len(LETTERS))
    match asks:
        case "letter" | "letters":
            there = sorted(rng.sample(range(len(inner)), rng.randint(3, 5) if hard else 1))
            off = rng.sample(rest, min(len(rest), rng.randint(4, 7) if hard else 3))
            places = [inner[index] for index in there] + off
            return dict(zip(places, names, strict=False)), set()
        case "coins":
            there = rng.sample(range(len(inner)), min(len(inner), rng.randint(0, 9 if hard else 4)))
            off = rng.sample(rest, min(len(rest), rng.randint(4, 10) if hard else rng.randint(1, 4)))
            return {}, {*(inner[index] for index in there), *off}
        case _:
            return {}, set(rng.sample(rest, min(len(rest), rng.randint(0, 5))))


_MEASURE = (
    "First I need the maze's grid: its walls are dark, and every line of the grid is partly wall.",
    "How many fields are there? Rows and columns with much dark are the lines of the grid; I count them.",
    "I measure the maze: bounds of the dark walls, and the number of grid lines each way.",
)
_SEARCH = (
    "{rows} rows and {columns} columns. Now a breadth-first search: two fields are joined if no wall lies between.",
    "So it is {rows} by {columns} fields. I search the way from green to red, testing for dark pixels between fields.",
)
_EASY = (
    "The maze has 4 x 4 fields, so I can follow the way by eye: {cells}. I draw it.",
    "I can see the way, written as row and column from 0: {cells}.",
)
_EASY_SEARCH = (
    "I count 4 rows and 4 columns. Code searches the way, testing for walls between neighbouring fields.",
    "4 x 4 fields: I let a breadth-first search find the way and draw it.",
)
_LETTERS = (
    "The way is found; it passes {n} fields with something blue in them. These are {said}. Now I draw the line.",
    "On these fields stand {said}, in the order of the way. I draw it.",
)
_DONE = {
    "letter": ("The line passes the {answer}.", "On the way lies {answer}."),
    "letters": ("In order: {answer}.", "Along the line I come by {answer}."),
    "coins": ("{answer} coins lie on the line.", "It passes {answer} coins."),
    "length": ("The way has {answer} fields.", "{answer} fields, both ends counted."),
    "turns": ("It turns {answer} times.", "The line has {answer} corners."),
}
_LINES = (
    "pixels = np.array(input_image)\n"
    "dark = pixels.max(2) < 90\n"
    "ys, xs = np.where(dark)\n"
    "left, top, right, bottom = (int(v) for v in (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))"
)
_COUNT = (
    "maze = dark[top:bottom, left:right]\n"
    "columns = int((np.diff((maze.mean(0) > 0.15).astype(int)) == 1).sum())\n"
    "rows = int((np.diff((maze.mean(1) > 0.15).astype(int)) == 1).sum())\n"
    "print(rows, columns)"
)
_MIDDLE = (
    "def middle(row, column):\n"
    "    x = left + (right - left) * (2 * column + 1) // (2 * columns)\n"
    "    return x, top + (bottom - top) * (2 * row + 1) // (2 * rows)"
)
_BFS = (
    "def field(colour):\n"
    "    wanted = np.array(ImageColor.getrgb(colour))\n"
    "    y, x = np.argwhere(cv2.inRange(pixels, wanted - 30, wanted + 30)).mean(0)\n"
    "    return int((y - top) * rows / (bottom - top)), int((x - left) * columns / (right - left))\n"
    "start, goal = field('green'), field('red')\n"
    "came, queue = {start: None}, [start]\n"
    "for row, column in queue:\n"
    "    for step in ((row, column + 1), (row + 1, column), (row, column - 1), (row - 1, column)):\n"
    "        if step in came or not (0 <= step[0] < rows and 0 <= step[1] < columns):\n"
    "            continue\n"
    "        (x, y), (u, v) = middle(row, column), middle(*step)\n"
    "        if not dark[min(y, v) : max(y, v) + 1, min(x, u) : max(x, u) + 1].any():\n"
    "            came[step] = (row, column)\n"
    "            queue.append(step)\n"
    "path = [goal]\n"
    "while path[-1] != start:\n"
    "    path.append(came[path[-1]])\n"
    "path.reverse()"
)


def _script(scene: Scene, rng: Random) -> Script:
    asked, ink = text_fact(scene, "asked"), text_fact(scene, "ink")
    path, width = points_fact(scene, "path"), rng.choice((3, 4, 5))
    drawing = [
        "marked = input_image.copy()",
        f"ImageDraw.Draw(marked).line([middle(*one) for one in path], fill='{ink}', width={width}, joint='curve')",
    ]
    if scene.difficulty is Difficulty.EASY:
        seen = rng.random() < 0.5
        thought = rng.choice(_EASY if seen else _EASY_SEARCH).format(cells=", ".join(map(str, path)))
        lines = [_LINES, "rows, columns = 4, 4", _MIDDLE, f"path = {path}" if seen else _BFS, *drawing]
        lines += _question(asked)
    else:
        rows, columns = number_fact(scene, "rows"), number_fact(scene, "columns")
        measured = yield Code(
            rng.choice(_MEASURE), imports(f"{_LINES}\n{_COUNT}"), views=(), prints=f"{rows} {columns}"
        )
        down, across = measured.split()
        thought = rng.choice(_SEARCH).format(rows=down, columns=across)
        lines = [_MIDDLE, _BFS]
        if asked in ("letter", "letters"):
            yield _letters(scene, lines, thought)
            said = ", ".join(scene.answer)
            thought = rng.choice(_LETTERS).format(n=len(scene.answer), said=said)
            lines = []
        lines += [*drawing, *_question(asked)]
    printed = "" if asked in ("letter", "letters") else scene.answer
    shown = yield Code(thought, imports("\n".join([*lines, "marked"])), prints=printed)
    answer = shown if printed else scene.answer
    return Final(rng.choice(_DONE[asked]).format(answer=answer), answer)


def _corners(scene: Scene) -> Box:
    """Outer bounds of the walls."""
    (left, top), (right, bottom) = points_fact(scene, "bounds")
    return left, top, right, bottom


def _letters(scene: Scene, lines: list[str], thought: str) -> Code:
    """The search, and the fields of the way that have a letter, enlarged and in order."""
    rows, columns = number_fact(scene, "rows"), number_fact(scene, "columns")
    left, top, right, bottom = _corners(scene)
    half = (right - left) // columns // 2 - 4
    scale = max(2, 90 // half)
    views = []
    for row, column in points_fact(scene, "marks"):
        x = left + (right - left) * (2 * column + 1) // (2 * columns)
        y = top + (bottom - top) * (2 * row + 1) // (2 * rows)
        views.append(View((x - half, y - half, x + half, y + half), scale))
    code = "\n".join(
        (
            *lines,
            "for one in path[1:-1]:",
            "    x, y = middle(*one)",
            f"    part = input_image.crop((x - {half}, y - {half}, x + {half}, y + {half}))",
            "    if (np.array(part.convert('HSV'))[..., 1] > 120).any():",
            f"        display(part.resize(({2 * half * scale}, {2 * half * scale})))",
        )
    )
    return Code(thought, imports(code), views=tuple(views), prints="")


def _question(asked: str) -> list[str]:
    match asked:
        case "coins":
            return [
                "coins = [one for one in path[1:-1] if pixels[middle(*one)[::-1]][2] < 120]",
                "print(len(coins))",
            ]
        case "length":
            return ["print(len(path))"]
        case "turns":
            return ["print(sum(a[0] != c[0] and a[1] != c[1] for a, c in zip(path, path[2:])))"]
        case _:
            return []


MAZE = Kind("maze", _make, _script)
