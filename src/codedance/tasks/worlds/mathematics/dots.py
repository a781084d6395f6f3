"""Dots to count and to continue: coloured dice, and rows of figures that grow by a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.mathematics.dot_scripts import dice_script, pattern_script
from codedance.tasks.worlds.scene import Box

__all__ = ["DOT_KINDS"]

_PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}


def _die(panel: Panel, box: Box, pips: int, *, fill: tuple[int, int, int]) -> None:
    """A die in a colour with white pips."""
    left, top, right, bottom = box
    panel.sheet.rounded(box, (right - left) * 0.16, fill)
    radius = max(3.0, (right - left) * 0.085)
    for column, row in _PIPS[pips]:
        x, y = (left + right) / 2 + column * (right - left) * 0.26, (top + bottom) / 2 + row * (right - left) * 0.26
        panel.sheet.disc((x, y), radius, (250, 250, 250))


def _places(panel: Panel, rng: Random, count: int) -> list[tuple[int, int, int]]:
    """Left, top and side of so many squares in a loose grid."""
    left, top, right, bottom = panel.box
    columns = max(2, round((count * (right - left) / (bottom - top)) ** 0.5))
    rows = -(-count // columns)
    wide, high = (right - left) / columns, (bottom - top) / rows
    side = round(min(wide, high) * (0.7 if not panel.hard else rng.uniform(0.45, 0.62)))
    cells = rng.sample([(column, row) for column in range(columns) for row in range(rows)], count)
    return [
        (
            round(left + column * wide + rng.uniform(4, max(4, wide - side - 4))),
            round(top + row * high + rng.uniform(4, max(4, high - side - 4))),
            side,
        )
        for column, row in cells
    ]


def _dice(panel: Panel, rng: Random) -> Puzzle:
    colours = rng.sample(INKS, rng.randint(2, 3) if panel.hard else rng.randint(1, 2))
    count = rng.randint(7, 13) if panel.hard else rng.randint(2, 3)
    kinds = [*colours, *(rng.choice(colours) for _ in range(count))][:count]
    fills = {colour: jittered(colour, rng) for colour in colours}
    shown: list[tuple[str, int, Box]] = []
    for colour, (x, y, side) in zip(kinds, _places(panel, rng, count), strict=True):
        pips, box = rng.randint(1, 6), (x, y, x + side, y + side)
        _die(panel, box, pips, fill=fills[colour])
        shown.append((colour, pips, box))
    first = colours[0]
    givens = [_summed(colour, shown) for colour in colours]
    recipe = _dice_recipe(rng, colours, hard=panel.hard)
    used = [one for one in givens if any(one.name in step[2] for step in recipe.steps)]
    puzzle = prepared(rng, recipe, used, noun="picture")
    boxes = tuple(box for colour, _, box in shown if any(one.name == colour for one in used))
    values = {
        "colours": [one.name for one in used],
        "pips": {colour: [p for c, p, _ in shown if c == colour] for colour in colours},
    }
    return puzzle.knowing(values, colour=first, evidence=boxes)


def _summed(colour: str, shown: list[tuple[str, int, Box]]) -> Given:
    mine = [(pips, box) for one, pips, box in shown if one == colour]
    spots = [box for _, box in mine]
    whole: Box = (
        min(b[0] for b in spots),
        min(b[1] for b in spots),
        max(b[2] for b in spots),
        max(b[3] for b in spots),
    )
    total = sum(pips for pips, _ in mine)
    noun = "die" if len(mine) == 1 else "dice"
    return Given(
        name=colour, meaning=f"the number of pips on the {colour} {noun}", value=total, text=str(total), box=whole
    )


def _dice_recipe(rng: Random, colours: list[str], *, hard: bool) -> Recipe:
    first = colours[0]
    if not hard or rng.random() < 0.2:
        if len(colours) > 1 and not hard and rng.random() < 0.5:
            return Recipe(
                sought="the number of pips on all dice",
                steps=(("total", "How many pips are there?", " + ".join(colours), "addition"),),
                plans=("I add the pips of all dice.", "All pips together."),
                also=(
                    "How many pips do the dice show together?",
                    "Add up all dice. What do you get?",
                    "What is the sum of all dice?",
                ),
                wrong=(first, f"{first} + 1", "total + 1", "total - 1"),
                power=0,
            )
        return Recipe(
            sought=f"the total number of pips on {first} dice",
            steps=(("total", "How many pips are there?", first, "addition"),),
            plans=("I count the pips on that colour.", "Only the dice of that colour count."),
            also=(
                f"How many pips do the {first} dice show in all?",
                f"Add up the {first} dice. What do you get?",
                f"What is the sum of all {first} dice?",
            ),
            wrong=("total + 1", "total - 1", "total + 2", "total + 3"),
            power=0,
        )
    second = colours[1]
    way = rng.choice(("difference", "times", "product"))
    if way == "difference":
        return Recipe(
            sought=f"the difference between the pips of the {first} dice and the pips of the {second} dice",
            steps=(("difference", "How much do the sums differ?", f"abs({first} - {second})", "difference of sums"),),
            plans=("Each colour's pips first, then the difference.", "I subtract the smaller sum from the larger one."),
            also=(
                f"By how many pips do the {first} and the {second} dice differ in total?",
                f"How far apart are the totals of the {first} and the {second} dice?",
            ),
            wrong=(f"{first} + {second}", first, second, "difference + 1", "difference + 2"),
            power=0,
        )
    if way == "times":
        return Recipe(
            sought=f"twice the pips of the {first} dice plus the pips of the {second} dice",
            steps=(
                ("double", "What is twice the first sum?", f"2 * {first}", "doubling"),
                ("result", "What is it with the second sum?", f"double + {second}", "addition"),
            ),
            plans=("I double the first sum and add the second.", "First the double, then the sum."),
            also=(f"{first.capitalize()} pips count double, {second} pips once. How many points is that together?",),
            wrong=(f"{first} + {second}", f"{first} + 2 * {second}", f"2 * ({first} + {second})"),
            power=0,
        )
    return Recipe(
        sought=f"the product of the {first} total and the {second} total of pips",
        steps=(("product", "What is the product of both sums?", f"{first} * {second}", "multiplication"),),
        plans=("I add the pips of each colour and multiply the sums.", "Both totals, multiplied."),
        also=(f"Add the pips of the {first} dice and those of the {second} dice. What is the product of both sums?",),
        wrong=(f"{first} + {second}", f"({first} + 1) * {second}", f"{first} * ({second} - 1)"),
        power=0,
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """How figures of dots grow: where the dots of the n-th are, in steps right and down."""

    dots: Callable[[int], list[tuple[int, int]]]
    knowledge: str


def _rules(rng: Random) -> _Rule:
    """One of several rules; numbers in it by chance."""
    start, step = rng.randint(1, 4), rng.randint(1, 4)
    return rng.choice(
        (
            _Rule(lambda n: [(k // 3, k % 3) for k in range(start + step * (n - 1))], "growing by the same number"),
            _Rule(lambda n: [(k % 2, k // 2) for k in range(start + 1 + step * (n - 1))], "growing by the same number"),
            _Rule(lambda n: [(x, y) for x in range(n) for y in range(n)], "square numbers"),
            _Rule(lambda n: [(x, y) for x in range(n) for y in range(n + 1)], "growing rectangles"),
            _Rule(lambda n: [(x, y) for y in range(n) for x in range(y + 1)], "triangular numbers"),
            _Rule(lambda n: [(x, n - 1) for x in range(n)] + [(0, y) for y in range(n - 1)], "odd numbers"),
            _Rule(
                lambda n: [(n - 1, y) for y in range(2 * n - 1)] + [(x, n - 1) for x in range(2 * n - 1) if x != n - 1],
                "growing by four",
            ),
            _Rule(
                lambda n: [(x, y) for x in range(n + 1) for y in range(n + 1) if x in (0, n) or y in (0, n)],
                "growing by four",
            ),
            _Rule(lambda n: [(x, y) for x in range(n + start) for y in range(2)], "growing by two"),
        )
    )


def _pattern(panel: Panel, rng: Random) -> Puzzle:
    """Three or four figures of dots; how many dots has a later one?"""
    rule, colour = _rules(rng), rng.choice(INKS)
    count = rng.choice((3, 4)) if panel.hard else 3
    number = count + 1 if not panel.hard else rng.randint(count + 2, count + 8)
    left, top, right, bottom = panel.inner(0.2)
    figures = [rule.dots(n) for n in range(1, count + 1)]
    wide = [max(x for x, _ in dots) + 1 for dots in figures]
    high = max(y for dots in figures for _, y in dots) + 1
    step = min(
        (right - left) / (sum(wide) + 1.2 * (count - 1)), (bottom - top - 1.6 * panel.size) / high, 2.2 * panel.size
    )
    x0, low = (left + right - step * (sum(wide) + 1.2 * (count - 1))) / 2, bottom - 1.6 * panel.size
    fill, boxes = jittered(colour, rng), []
    low = min(low, (top + bottom) / 2 + step * high / 2)
    for index, (dots, columns) in enumerate(zip(figures, wide, strict=True)):
        tall = max(y for _, y in dots) + 1
        for x, y in dots:
            panel.sheet.disc((x0 + (x + 0.5) * step, low - (tall - y - 0.5) * step), step * 0.36, fill)
        panel.sheet.write(str(index + 1), (x0 + columns * step / 2, low + 0.8 * panel.size), panel.pen(0.9))
        boxes.append((round(x0) - 2, round(low - tall * step) - 2, round(x0 + columns * step) + 2, round(low) + 2))
        x0 += (columns + 1.2) * step
    counts = [len(dots) for dots in figures]
    givens = [
        Given(name=f"dots_{n}", meaning=f"the number of dots in figure {n}", value=value, text=str(value), box=box)
        for n, value, box in zip(range(1, count + 1), counts, boxes, strict=True)
    ]
    recipe = _pattern_recipe(rng, counts, (number, rule.knowledge))
    puzzle = prepared(rng, recipe, givens, noun="row of figures")
    values = {"counts": counts, "number": number, "gaps": 1.2}
    assert puzzle.answer == len(rule.dots(number))
    return puzzle.knowing(values, colour=colour, evidence=tuple(boxes))


def _pattern_recipe(rng: Random, counts: list[int], rule: tuple[int, str]) -> Recipe:
    """From the first differences, or the second, to the number asked for."""
    (number, knowledge), last = rule, len(counts)
    far = number - last
    first = f"dots_{last} - dots_{last - 1}"
    curved = counts[-1] - counts[-2] != counts[-2] - counts[-3]
    steps = [("growth", "How many dots did the last figure get?", first, "differences of a sequence")]
    if curved:
        steps.append(
            (
                "change",
                "By how much does the growth itself grow?",
                f"growth - (dots_{last - 1} - dots_{last - 2})",
                "second differences",
            )
        )
        total = f"dots_{last} + {far} * growth + {far * (far + 1) // 2} * change"
    else:
        total = f"dots_{last} + {far} * growth"
    steps.append(("dots", f"How many dots has figure {number}?", total, knowledge))
    nth = f"figure {number}" if rng.random() < 0.5 else f"the figure number {number}"
    plans = (
        (
            "The growth changes by the same number each time; I continue the differences.",
            "Each figure gets more than the one before got; the second differences are equal.",
        )
        if curved
        else (
            "Each figure has as many dots more as the one before, so I go on with equal steps.",
            "The differences are equal; I add them as often as needed.",
        )
    )
    return Recipe(
        sought=f"the number of dots in {nth}",
        steps=tuple(steps),
        plans=plans,
        also=(
            f"The row of figures goes on in the same way. How many dots has {nth}?",
            f"How many dots does {nth} have if the pattern continues?",
            f"The pattern continues. How many dots are in {nth}?",
            f"How many dots are needed for {nth} of this sequence?",
        ),
        wrong=("dots + growth", "dots - growth", f"dots_{last} * 2", "dots + 1", "dots - 1", f"dots_{last} + growth"),
        power=0,
    )


DOT_KINDS = (
    Kind(
        name="dice",
        draw=_dice,
        script=dice_script,
        easy=4,
        hard=4,
        shape="wide",
        shared=False,
        plain=True,
        extent=(640, 950),
    ),
    Kind(
        name="pattern",
        draw=_pattern,
        script=pattern_script,
        easy=3,
        hard=4,
        shape="wide",
        shared=False,
        plain=True,
        extent=(700, 1050),
    ),
)
