"""Puzzles of numbers alone: walls of bricks that add up, chains of operations."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

from codedance.tasks.worlds.figures.drawing import RGB, Point
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.scene import Box

__all__ = ["NUMBER_KINDS", "brick", "told", "unknown"]

_SIGNS = ("?", "?", "x", "n")
_PLACES = ("left", "second", "third", "fourth", "fifth")


def brick(panel: Panel, box: tuple[float, float, float, float], text: str, *, fill: RGB) -> Box:
    """A framed box with a text in its middle; the text's box."""
    panel.sheet.rect(box, fill)
    panel.sheet.frame(box, panel.theme.ink, max(2, round(panel.stroke * 0.7)))
    return (
        panel.sheet.write(text, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), panel.pen()) if text else (0, 0, 0, 0)
    )


def unknown(rng: Random, what: str) -> tuple[str, str, tuple[str, ...]]:
    """The sign of the number that is sought, what it is called, and questions for it."""
    sign = rng.choice(_SIGNS)
    called = f"the number in the {what} with the question mark" if sign == "?" else f"the number {sign}"
    marked = "the question mark" if sign == "?" else sign
    return sign, called, (
        f"Which number belongs in the place of {marked}?",
        f"What number does {marked} stand for?",
        f"Which number is hidden behind {marked}?",
        f"Replace {marked} by the right number. Which is it?",
        f"What must be written instead of {marked}?",
    )  # fmt: skip


_WALL_RULES = (
    "Each brick is the sum of the two bricks below it.",
    "Every number is the sum of the two numbers directly below it.",
    "Rule: a brick shows the sum of the two bricks on which it stands.",
    "Two neighbouring bricks add up to the brick above them.",
)


def _wall(panel: Panel, rng: Random) -> Puzzle:
    """A wall of bricks, each the sum of the two below; a brick further up or further down is sought."""
    rows = rng.randint(3, 4) if panel.hard else 2
    most = 30 if panel.hard else 9
    values = [[rng.randint(1, most) for _ in range(rows)]]
    while len(values[-1]) > 1:
        values.append([a + b for a, b in zip(values[-1], values[-1][1:], strict=False)])
    down = rng.random() < 0.4
    names, steps = _wall_steps(rows, down=down)
    sign, called, also = unknown(rng, "brick")
    left, top, right, bottom = panel.inner(0.2, 0.2)
    wide, high = (right - left) / rows, min((bottom - top) / rows, 3.4 * panel.size)
    low = (top + bottom + high * rows) / 2
    fills = panel.theme.fills
    sought = (0, rows - 1) if down else (rows - 1, 0)
    givens = []
    for level, numbers in enumerate(values):
        for place, value in enumerate(numbers):
            x = left + (place + level / 2) * wide
            name = names.get((level, place))
            text = str(value) if name else sign if (level, place) == sought else ""
            box = brick(
                panel, (x, low - (level + 1) * high, x + wide, low - level * high), text, fill=fills[level % len(fills)]
            )
            if name:
                row = "bottom row" if level == 0 else "top" if level == rows - 1 else f"row {level + 1} from below"
                meaning = "the brick at the top" if level == rows - 1 else f"the {_PLACES[place]} brick of the {row}"
                givens.append(Given(name=name, meaning=meaning, value=value, text=str(value), box=box))
    if down:
        plans: tuple[str, ...] = (
            "I go down again: a brick minus one below it gives the other one below it.",
            "Downwards the rule means subtracting.",
        )
    else:
        plans = (
            "I add neighbours, row by row, up to the brick.",
            "Upwards each brick is a sum, so I fill the wall row by row.",
        )
    last = steps[-1][0]
    recipe = Recipe(
        sought=called,
        steps=steps,
        plans=plans,
        also=also,
        wrong=(
            " + ".join(one.name for one in givens[:2]),
            f"{last} + 2",
            f"{last} - 2",
            f"{last} + 10",
            f"{last} - 10",
        ),
        power=0,
    )
    puzzle = prepared(rng, recipe, givens, noun="wall of numbers")
    return told(puzzle, rng.choice(_WALL_RULES))


def told(puzzle: Puzzle, rule: str) -> Puzzle:
    """The puzzle with its rule before the question."""
    return replace(puzzle, question=f"{rule} {puzzle.question}")


def _wall_steps(rows: int, *, down: bool) -> tuple[dict[tuple[int, int], str], tuple[tuple[str, str, str, str], ...]]:
    """Which bricks are given, by level and place, with their names; and the steps."""
    know = "number walls"
    if rows == 2:
        if down:
            return {(0, 0): "a", (1, 0): "top"}, (("brick", "What is missing to the brick above?", "top - a", know),)
        return {(0, 0): "a", (0, 1): "b"}, (("brick", "What is the sum of the bricks below?", "a + b", know),)
    if rows == 3:
        if down:
            return {(0, 0): "a", (0, 1): "b", (2, 0): "top"}, (
                ("first", "What is the left brick of the second row?", "a + b", know),
                ("second", "What is the brick beside it?", "top - first", know),
                ("brick", "What is missing below?", "second - b", know),
            )
        return {(0, 0): "a", (0, 1): "b", (0, 2): "c"}, (
            ("first", "What is the left brick of the second row?", "a + b", know),
            ("second", "What is the brick beside it?", "b + c", know),
            ("top", "What is the brick on top?", "first + second", know),
        )
    if down:
        return {(0, 0): "a", (0, 1): "b", (0, 2): "c", (3, 0): "top"}, (
            ("left", "What is the left brick of the third row?", "a + 2 * b + c", know),
            ("right", "What is the brick beside it?", "top - left", know),
            ("brick", "What is missing in the bottom row?", "right - b - 2 * c", know),
        )
    return {(0, 0): "a", (0, 1): "b", (0, 2): "c", (0, 3): "d"}, (
        ("left", "What is the left brick of the third row?", "a + 2 * b + c", know),
        ("right", "What is the brick beside it?", "b + 2 * c + d", know),
        ("top", "What is the brick on top?", "left + right", know),
    )


_OPERATIONS = {"+": "+", "–": "-", "×": "*", "÷": "//"}
_CHAIN_RULES = (
    "The number runs through the machine from left to right.",
    "Follow the arrows: each box changes the number as it says.",
    "A number goes in at the left and is changed by every box.",
    "The operations are carried out one after the other, along the arrows.",
)


def _operations(rng: Random, start: int, count: int, *, hard: bool) -> tuple[list[tuple[str, int]], list[int]]:
    """Operations and the numbers between them; all whole and positive."""
    while True:
        done, numbers = [], [start]
        for _ in range(count):
            sign = rng.choice("+–××÷" if hard else "+–×")
            by = rng.randint(2, 9) if sign in "×÷" else rng.randint(2, 30 if hard else 9)
            before = numbers[-1]
            if sign == "÷" and before % by:
                sign = "+"
            after = {"+": before + by, "–": before - by, "×": before * by, "÷": before // by}[sign]
            done.append((sign, by))
            numbers.append(after)
        if all(0 < one < (900 if hard else 60) for one in numbers) and len(set(numbers)) == len(numbers):
            return done, numbers


def _chain(panel: Panel, rng: Random) -> Puzzle:
    """A number that passes through boxes with operations; the result or, backwards, the start is sought."""
    count = rng.choice((2, 3)) if panel.hard else 1
    done, numbers = _operations(rng, rng.randint(2, 24 if panel.hard else 9), count, hard=panel.hard)
    back = panel.hard and rng.random() < 0.45
    sign, called, also = unknown(rng, "circle")
    left, top, right, bottom = panel.inner(0.2)
    step = (right - left) / (count + 2)
    y, radius = (top + bottom) / 2, min(step * 0.34, 1.35 * panel.size)
    fills = panel.theme.fills
    givens: list[Given] = []
    middles: list[Point] = [(left + (index + 0.5) * step, y) for index in range(count + 2)]
    for start, end in pairwise(middles):
        _arrow(panel, (start[0] + radius, y), (end[0] - radius - 2, y))
    for index, (x, _) in enumerate(middles):
        if index in (0, count + 1):
            value = numbers[0] if index == 0 else numbers[-1]
            hidden = (index == 0) == back
            panel.sheet.disc((x, y), radius, fills[0])
            panel.sheet.ring((x, y), radius, panel.theme.ink, width=max(2.0, panel.stroke * 0.7))
            box = panel.sheet.write(sign if hidden else str(value), (x, y), panel.pen())
            if not hidden:
                name, meaning = ("result", "the result") if back else ("start", "the number at the start")
                givens.append(Given(name=name, meaning=meaning, value=value, text=str(value), box=box))
        else:
            operation, by = done[index - 1]
            text = f"{operation} {by}" if panel.hard else f"{operation}{by}"
            box = brick(
                panel, (x - radius, y - 0.9 * panel.size, x + radius, y + 0.9 * panel.size), text, fill=fills[1]
            )
            name, meaning = f"by_{index}", f"the {('first', 'second', 'third')[index - 1]} operation"
            givens.append(Given(name=name, meaning=meaning, value=by, text=f'"{text}"', box=box))
    recipe = _chain_recipe(done, called, also, back=back)
    puzzle = prepared(rng, recipe, givens, noun="chain")
    return told(puzzle, rng.choice(_CHAIN_RULES))


def _arrow(panel: Panel, start: Point, end: Point) -> None:
    """A level arrow."""
    head = 0.35 * panel.size
    panel.sheet.line(start, (end[0] - head, end[1]), panel.theme.ink, width=max(2.0, panel.stroke * 0.8))
    panel.sheet.area([end, (end[0] - head, end[1] - head * 0.6), (end[0] - head, end[1] + head * 0.6)], panel.theme.ink)


def _chain_recipe(done: list[tuple[str, int]], called: str, also: tuple[str, ...], *, back: bool) -> Recipe:
    """Steps forwards, or backwards with the opposite operations."""
    opposite = {"+": "-", "–": "+", "×": "//", "÷": "*"}
    order = list(enumerate(done, 1))
    steps: list[tuple[str, str, str, str]] = []
    before = "result" if back else "start"
    for index, (sign, _) in reversed(order) if back else order:
        name = f"step_{len(steps) + 1}"
        operation = opposite[sign] if back else _OPERATIONS[sign]
        words = "before" if back else "after"
        question = f"What is the number {words} the {('first', 'second', 'third')[index - 1]} box?"
        steps.append(
            (
                name,
                question,
                f"{before} {operation} by_{index}",
                "inverse operations" if back else "order of operations",
            )
        )
        before = name
    forwards = "start" if not back else "result"
    return Recipe(
        sought=called,
        steps=tuple(steps),
        plans=(
            "I go backwards and use the opposite operations.",
            "From the result back to the start each operation is reversed.",
        )
        if back
        else ("I carry out one operation after the other.", "Step by step, from left to right."),
        also=also,
        wrong=(f"{forwards} + by_1", f"{before} + by_1", f"{before} - by_1", f"{before} + 1", f"{before} * 2"),
        power=0,
    )


NUMBER_KINDS = (
    Kind(name="number-wall", draw=_wall, script=reading_script, easy=3, hard=3, shape="wide"),
    Kind(name="machine", draw=_chain, script=reading_script, easy=3, hard=3, shape="wide"),
)
