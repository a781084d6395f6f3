"""Parts of a whole: bars and wheels of equal coloured parts; fractions, chances, shares of an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB, polar
from codedance.tasks.worlds.figures.marks import measure_line
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, look_at, reading_script, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import computing, concluding
from codedance.tasks.worlds.scene import Box, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["PART_KINDS"]

_EDGE: RGB = (235, 235, 235)
_UNITS = (("kg", "kilograms"), ("m", "metres"), ("l", "litres"), ("km", "kilometres"), ("min", "minutes"))
_LOWEST = (
    " Give a fraction in lowest terms.",
    " Answer with a fraction, fully reduced.",
    " Write it as a fraction like 2/3, in lowest terms.",
    " Use a reduced fraction such as 3/4.",
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Equal parts in colours, in the order in which they stand."""

    colours: tuple[str, ...]

    def count(self, colour: str) -> int:
        """How many have this colour."""
        return self.colours.count(colour)


def _parts(rng: Random, *, hard: bool) -> tuple[_Parts, list[str]]:
    """Parts in two or three colours; the colour asked for first."""
    names = rng.sample(INKS, rng.choice((2, 3)) if hard else 2)
    total = rng.randint(8, 20) if hard else rng.randint(3, 8)
    while True:
        colours = [rng.choice(names) for _ in range(total)]
        if rng.random() < 0.5:
            colours.sort(key=names.index)
        if set(colours) == set(names):
            return _Parts(tuple(colours)), names


def _bar(panel: Panel, parts: _Parts, rng: Random) -> Box:
    """A bar of equal parts with light lines between them."""
    left, top, right, bottom = panel.inner(0.4, 1.4)
    count = len(parts.colours)
    wide = int((right - left) / count)
    high = min(bottom - top, rng.uniform(2.0, 4.0) * panel.size)
    x0, y0 = round((left + right - wide * count) / 2), round((top + bottom - high) / 2)
    box: Box = (x0, y0, x0 + wide * count, round(y0 + high))
    panel.sheet.rect((x0 - 2, y0 - 2, box[2] + 2, box[3] + 2), _EDGE)
    fills = {colour: jittered(colour, rng) for colour in sorted(set(parts.colours))}
    for index, colour in enumerate(parts.colours):
        panel.sheet.rect((x0 + index * wide + 1, y0 + 1, x0 + (index + 1) * wide - 1, box[3] - 1), fills[colour])
    return box


def _wheel(panel: Panel, parts: _Parts, rng: Random) -> Box:
    """A wheel of equal slices with light lines between them."""
    left, top, right, bottom = panel.inner(0.3)
    centre, radius = ((left + right) / 2, (top + bottom) / 2), min(right - left, bottom - top) / 2
    count, turn = len(parts.colours), rng.randrange(360)
    fills = {colour: jittered(colour, rng) for colour in sorted(set(parts.colours))}
    for index, colour in enumerate(parts.colours):
        ways = (turn + 360 * index / count, turn + 360 * (index + 1) / count)
        panel.sheet.sector(centre, radius, ways, fill=fills[colour])
    line = max(4.0, panel.size * 0.16)
    for index in range(count):
        panel.sheet.line(centre, polar(centre, radius + 1, turn + 360 * index / count), _EDGE, width=line)
    panel.sheet.disc(centre, line * 2.2, _EDGE)
    return (
        round(centre[0] - radius),
        round(centre[1] - radius),
        round(centre[0] + radius) + 1,
        round(centre[1] + radius) + 1,
    )


def _share_recipe(rng: Random, names: Sequence[str], *, wheel: bool, hard: bool) -> Recipe:
    """Which fraction has a colour; the chance of a colour; the fractions of two colours together or apart."""
    first = names[0]
    whole = " + ".join(names)
    total = ("parts", "How many parts are there?", whole, "counting")
    what = rng.choice(("wheel", "spinner", "circle")) if wheel else rng.choice(("bar", "strip"))
    if hard and len(names) == 3 and rng.random() < 0.5:
        second = names[1]
        return Recipe(
            sought=f"the fraction of the {what} that is {first} or {second}",
            steps=(
                total,
                ("both", f"How many parts are {first} or {second}?", f"{first} + {second}", "sum"),
                ("fraction", "Which fraction is that?", "Fraction(both, parts)", "fractions"),
            ),
            plans=("I count all parts and those of both colours, and reduce.", "Parts of both colours over all parts."),
            also=(
                f"Which fraction of the {what} is {first} or {second}?",
                f"What part of the {what} do {first} and {second} make together?",
            ),
            power=0,
        )
    if wheel and rng.random() < 0.5:
        return Recipe(
            sought=f"the probability that the {what} stops at {first}",
            steps=(total, ("chance", "How likely is the colour?", f"Fraction({first}, parts)", "probability")),
            plans=(
                "All parts are equally likely: favourable ones over all.",
                "The chance is the number of parts of that colour over the number of all.",
            ),
            also=(
                f"The {what} is spun once. How likely is {first}?",
                f"How probable is it that the {what} shows {first}?",
            ),
            power=0,
        )
    return Recipe(
        sought=f"the fraction of the {what} that is {first}",
        steps=(total, ("fraction", "Which fraction is that?", f"Fraction({first}, parts)", "fractions")),
        plans=("I count the parts of that colour and all parts, and reduce.", "Parts of the colour over all parts."),
        also=(
            f"Which fraction of the {what} is {first}?",
            f"What part of the {what} is {first}?",
            f"How much of the {what} is {first}, as a fraction?",
        ),
        power=0,
    )


def _draw(panel: Panel, rng: Random) -> Puzzle:
    parts, names = _parts(rng, hard=panel.hard)
    wheel = rng.random() < 0.5
    box = _wheel(panel, parts, rng) if wheel else _bar(panel, parts, rng)
    givens = [_counted(name, parts, box) for name in names]
    recipe = _share_recipe(rng, names, wheel=wheel, hard=panel.hard)
    puzzle = prepared(rng, recipe, givens, noun="wheel" if wheel else "bar")
    answer = Fraction(str(puzzle.answer))
    options: tuple[str, ...] = ()
    if rng.random() < 0.5:
        options = _options(rng, answer, [parts.count(name) for name in names])
    puzzle = replace(puzzle, tail=rng.choice(_LOWEST), options=options, mistakes=())
    return puzzle.knowing({"names": names}, colour=names[0], evidence=(box,))


def _counted(name: str, parts: _Parts, box: Box) -> Given:
    count = parts.count(name)
    return Given(name=name, meaning=f"the number of {name} parts", value=count, text=str(count), box=box)


def _options(rng: Random, answer: Fraction, counts: list[int]) -> tuple[str, ...]:
    """The fraction among others, in rising order: mistakes first, then neighbours; its place is equally often any."""
    total = sum(counts)
    likely = [
        Fraction(counts[0], max(1, total - counts[0])),
        1 - answer,
        Fraction(counts[1], total),
        Fraction(1, max(2, counts[0])),
    ]
    near = [Fraction(above, below) for below in (total - 1, total, total + 1, total + 2) for above in range(1, below)]
    rng.shuffle(likely)
    rng.shuffle(near)
    wrong = [one for one in dict.fromkeys([*likely, *near]) if one != answer and 0 < one <= 2]
    low = [one for one in wrong if one < answer]
    high = [one for one in wrong if one > answer]
    below = max(min(rng.randrange(4), len(low)), 3 - len(high))
    return tuple(str(one) for one in sorted([*low[:below], answer, *high[: 3 - below]]))


def _amount(panel: Panel, rng: Random) -> Puzzle:
    """A bar whose whole, or one of whose colours, has an amount written beside it."""
    unit = rng.choice(_UNITS)
    names = rng.sample(INKS, 2)
    total = rng.randint(5, 12) if panel.hard else rng.randint(2, 4)
    first = rng.randint(1, total - 1)
    parts = _Parts(tuple([names[0]] * first + [names[1]] * (total - first)))
    each = rng.randint(2, 25) if panel.hard else rng.randint(2, 6)
    box = _bar(panel, parts, rng)
    wide = (box[2] - box[0]) / total
    back = panel.hard and rng.random() < 0.5
    span = (box[0], box[2]) if not back else (box[0] + first * wide, box[2])
    value = each * (total if not back else total - first)
    text = f"{value} {unit[0]}"
    label = measure_line(panel, ((span[0], box[1]), (span[1], box[1])), (box[0], box[3]), text=text)
    givens = [_counted(name, parts, box) for name in names]
    known = "whole" if not back else "known"
    meaning = "the whole bar" if not back else f"the {names[1]} part"
    givens.append(Given(name=known, meaning=meaning, value=value, text=text, box=label))
    first_name, second = names
    share = (
        "each",
        "How much is one of the equal parts?",
        f"{known} / {second}" if back else f"{known} / ({first_name} + {second})",
        "sharing equally",
    )
    if back and rng.random() < 0.5:
        sought, last = (
            "the amount of the whole bar",
            ("amount", "How much are all parts?", f"each * ({first_name} + {second})", "multiples of a part"),
        )
        also: tuple[str, ...] = (
            "How much does the whole bar stand for?",
            "How much are all parts of the bar together?",
        )
    else:
        sought, last = (
            f"the amount of the {first_name} part",
            ("amount", f"How much are the {first_name} ones?", f"each * {first_name}", "multiples of a part"),
        )
        also = (
            f"How much does the {first_name} part of the bar stand for?",
            f"How much are the {first_name} pieces together?",
            f"How large is the {first_name} share?",
        )
    recipe = Recipe(
        sought=sought,
        steps=(share, last),
        plans=(
            "All parts are equal: first one of them, then as many as needed.",
            "I find what one part is worth and multiply.",
        ),
        also=also,
        wrong=(known, f"each * {second}", "each", f"{known} - {first_name}", "amount + each"),
        exact=True,
    )
    puzzle = prepared(rng, recipe, givens, noun="bar", unit=unit)
    return puzzle.knowing({"names": names}, colour=first_name)


_COUNTS = (
    "Light lines part the pieces, so code can count them colour by colour.",
    "I count the pieces of each colour as connected components.",
    "The pieces do not touch each other; I let code count them for each colour.",
)
_AMOUNTS = ("Now the writing, which I read in a crop.", "I zoom in on the amount that is written there.")


def _script(scene: Scene, rng: Random) -> Script:
    """Count the parts by code; read the amount in a crop if there is one; compute."""
    figure = figure_of(scene)
    alone = not figure.others
    if not alone or (scene.difficulty is Difficulty.EASY and rng.random() < 0.4) or rng.random() < 0.2:
        return (yield from reading_script(scene, rng))
    names = figure.values["names"]
    assert isinstance(names, list)
    found = {str(name): next(one.value for one in figure.givens if one.name == name) for name in names}
    code = CODE_LINES["import"] + "pixels = np.array(input_image).astype(int)\n"
    code += f"for colour in {list(found)}:\n"
    code += "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
    code += "    count, labels, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))\n"
    code += "    print(colour, (stats[1:, 4] > 40).sum())"
    prints = "\n".join(f"{name} {value}" for name, value in found.items())
    shown = yield Code(rng.choice(_COUNTS), code, views=(), prints=prints)
    counted = " and ".join(" ".join(reversed(line.split())) for line in shown.splitlines())
    thought = f"There are {counted} parts."
    if figure.givens[-1].name in ("whole", "known"):
        given = figure.givens[-1]
        yield showing(f"{thought} {rng.choice(_AMOUNTS)}", look_at(scene, [given.box], rng))
        thought = f"{given.meaning[0].upper()}{given.meaning[1:]} is {given.text}."
    return concluding(scene, figure, (yield computing(scene, figure, f"{thought} {figure.plan}", rng=rng)), rng=rng)


PART_KINDS = (
    Kind(name="fraction", draw=_draw, script=_script, easy=4, hard=4, shape="wide", plain=True),
    Kind(name="bar-model", draw=_amount, script=_script, easy=2, hard=3, shape="wide", plain=True),
)
