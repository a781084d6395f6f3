"""Number lines: a marked place between labelled ones, or the distance of two."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.drawing import INKS, RGB
from codedance.tasks.worlds.figures.looking import near_line
from codedance.tasks.worlds.figures.misses import too_strict
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.figures.puzzle import Figure, Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import figure_of, look_at, reading_script, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import choosing, computing, concluding, option_values, reading
from codedance.tasks.worlds.figures.words import as_text
from codedance.tasks.worlds.scene import Box, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["LINE_KINDS"]

_MARKERS = ("arrow", "pointer", "marker", "triangle")
_INK: RGB = (40, 40, 40)


def _pointer(panel: Panel, x: float, y: float, *, fill: RGB) -> Box:
    """A triangle that points down at a place."""
    half, high = 0.42 * panel.size, 0.8 * panel.size
    panel.sheet.area([(x, y), (x - half, y - high), (x + half, y - high)], fill)
    return (round(x - half), round(y - high), round(x + half) + 1, round(y) + 1)


def _line(panel: Panel, rng: Random) -> Puzzle:
    left, top, right, bottom = panel.inner(1.0, 0.4)
    wholes = rng.randint(3, 5) if panel.hard else rng.randint(2, 3)
    parts = rng.choice((4, 5, 8, 10)) if panel.hard else rng.choice((2, 4))
    grain: int | float = rng.choice((1, 2, 3, 5, 10, 20, 25, 0.1, 0.2, 0.5) if panel.hard else (1, 1, 2, 5, 10))
    first = round(rng.randint(0, 12) * grain * parts / (1 if panel.hard else 2), 2)
    first = int(first) if first == int(first) else first
    marks = wholes * parts
    step = int((right - left) / marks)
    x0, y = round((left + right - step * marks) / 2), round((top + bottom) / 2 + 0.5 * panel.size)
    panel.sheet.rect((x0 - 0.5 * panel.size, y - 1, x0 + step * marks + 0.5 * panel.size, y + 2), _INK)
    labels: dict[int, Box] = {}
    for mark in range(marks + 1):
        main, x = mark % parts == 0, x0 + mark * step
        reach = round((0.5 if main else 0.3) * panel.size)
        panel.sheet.rect((x - 1, y - reach, x + 2, y + reach), _INK)
        if main:
            text = as_text(round(first + mark * grain, 2))
            labels[mark] = panel.sheet.write(text, (x, y + 0.8 * panel.size), panel.pen(colour=_INK), anchor="mt")
    places = _apart(rng, [mark for mark in range(1, marks) if mark % parts], panel.size / step, hard=panel.hard)
    colours = rng.sample(INKS, len(places))
    boxes = [
        _pointer(panel, x0 + mark * step + 0.5, y - 0.6 * panel.size, fill=jittered(colour, rng))
        for mark, colour in zip(places, colours, strict=True)
    ]
    noun = rng.choice(_MARKERS)
    two = panel.hard and len(places) > 1 and rng.random() < 0.4
    used = list(zip(places, colours, boxes, strict=True))[: 2 if two else 1]
    givens = _givens(
        [one[0] for one in used],
        [one[1] for one in used],
        (parts, first, grain),
        labels=labels,
        boxes=[one[2] for one in used],
    )
    called = [f"the {colour} {noun}" for _, colour, _ in used]
    puzzle = prepared(rng, _recipe(called, givens), givens, noun="number line")
    high, low = round(y - 1.6 * panel.size), round(y + 1.9 * panel.size)
    near = [(x0 + (mark // parts - 0.3) * parts * step, x0 + (mark // parts + 1.3) * parts * step) for mark, *_ in used]
    values = {
        "colours": [one[1] for one in used],
        "ends": [first, round(first + marks * grain, 2)],
        "grain": grain,
        "spots": [list(labels[0]), list(labels[marks])],
        "pixels": [x0, x0 + step * marks],
        "noun": noun,
        "near": [[max(0, round(start)), high, round(end), low] for start, end in dict.fromkeys(near)],
    }
    whole: Box = (round(left) - panel.size, high, round(right) + panel.size, low)
    return puzzle.knowing(values, colour=used[0][1], evidence=(whole,))


def _apart(rng: Random, free: list[int], least: float, *, hard: bool) -> list[int]:
    """Some of the free marks, so far apart that their pointers do not touch."""
    count = rng.randint(2, 4) if hard else rng.randint(1, 2)
    places: list[int] = []
    for mark in rng.sample(free, len(free)):
        if len(places) < count and all(abs(mark - other) >= least for other in places):
            places.append(mark)
    return places


def _givens(
    places: list[int],
    colours: list[str],
    scale: tuple[int, int | float, int | float],
    *,
    labels: dict[int, Box],
    boxes: list[Box],
) -> list[Given]:
    """The labels before and after the first place, the parts between them, and how many parts each place is further."""
    parts, first, grain = scale
    givens: list[Given] = []
    for names, place, colour, box in zip(
        (("low", "marks"), ("other_low", "other_marks")), places, colours, boxes, strict=False
    ):
        before = place // parts * parts
        value = round(first + before * grain, 2)
        value = int(value) if value == int(value) else value
        it = f"the {colour} one" if len(places) == 2 else "it"
        givens.append(
            Given(
                name=names[0], meaning=f"the number before {it}", value=value, text=as_text(value), box=labels[before]
            )
        )
        if names[0] == "low":
            after = round(first + (before + parts) * grain, 2)
            after = int(after) if after == int(after) else after
            givens.append(
                Given(
                    name="high",
                    meaning="the number after that",
                    value=after,
                    text=as_text(after),
                    box=labels[before + parts],
                )
            )
            givens.append(
                Given(
                    name="parts",
                    meaning="the number of parts between two labels",
                    value=parts,
                    text=str(parts),
                    box=box,
                )
            )
        count = place % parts
        givens.append(
            Given(
                name=names[1], meaning=f"the number of parts from there to {it}", value=count, text=str(count), box=box
            )
        )
    return givens


def _recipe(called: list[str], givens: list[Given]) -> Recipe:
    part = ("part", "How much is one part?", "round((high - low) / parts, 3)", "scale of a number line")
    value = ("value", "Where is it?", "round(low + marks * part, 2)", "number line")
    if len(called) == 1:
        it = called[0]
        return Recipe(
            sought=f"the number at {it}",
            steps=(part, value),
            plans=(
                "I divide the step between the labels by its parts and count on.",
                "One part first, then as many as it takes.",
            ),
            also=(
                f"Which number does {it} point at?",
                f"At which number is {it}?",
                f"What number is marked by {it}?",
                f"Read off the number at {it}.",
            ),
            wrong=("low + marks", "low", "high", "value + part", "value - part"),
            power=0,
            exact=True,
        )
    other = ("other", "Where is the other one?", "round(other_low + other_marks * part, 2)", "number line")
    one, two = called
    return Recipe(
        sought=f"the distance on the number line between {one} and {two}",
        steps=(
            part,
            value,
            other,
            ("distance", "How far apart are they?", "round(abs(value - other), 2)", "difference"),
        ),
        plans=(
            "I find both numbers from the parts between the labels, then their difference.",
            "First what one part is worth, then both places, then how far they are apart.",
        ),
        also=(
            f"How far apart are {one} and {two} on the number line?",
            f"What is the difference of the numbers at {one} and {two}?",
        ),
        wrong=("value", "other", "value + other", "abs(value - other) + part"),
        power=0,
        exact=True,
    )


_LOOKS = (
    "I zoom in on {it} and on the labels on both sides.",
    "I enlarge the line around {it}, to count the parts between the labels.",
    "The marks are close together. A closer look at {it}.",
    "Which labels stand next to {it}? I crop that part of the line.",
)
_FINDS = (
    "The tip of the {colour} {noun} tells the place. I take the middle of its pixels, from left to right.",
    "Code finds the {colour} {noun}: its mean column is the place on the line.",
    "I measure where the {colour} {noun} stands, in pixels.",
)
_ENDS = (
    "Now both ends of the line: I read the numbers at the first and at the last long mark.",
    "The labels at both ends give the scale. I look at them.",
    "I need the numbers at the two ends of the line.",
)
_SCALES = (
    "It runs from {low} at column {left} to {high} at column {right}; in proportion, rounded to parts of {grain}.",
    "{low} stands at column {left} and {high} at column {right}. I interpolate and round to parts of {grain}.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Count parts in an enlarged view, or interpolate between the ends in pixels."""
    figure = figure_of(scene)
    colours = figure.values["colours"]
    assert isinstance(colours, list)
    if figure.others or len(colours) == 2 or scene.difficulty is Difficulty.EASY or rng.random() < 0.5:
        if figure.others or (scene.difficulty is Difficulty.EASY and rng.random() < 0.5):
            return (yield from reading_script(scene, rng))
        it = " and ".join(f"the {colour} {figure.values['noun']}" for colour in colours)
        yield showing(rng.choice(_LOOKS).format(it=it), look_at(scene, _near(figure), rng))
        shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    found = blob(near_mask(scene.image, scene.colour))
    assert found is not None
    spots, ends, pixels = figure.values["spots"], figure.values["ends"], figure.values["pixels"]
    assert isinstance(spots, list)
    assert isinstance(ends, list)
    assert isinstance(pixels, list)
    words = {"colour": scene.colour, "noun": str(figure.values["noun"])}
    code = CODE_LINES["import"].replace("import cv2\n", "") + near_line(scene.colour) + CODE_LINES["where"]
    code += "place = float(columns.mean())\nprint(round(place, 1))"
    thought = yield from too_strict(scene, rng.choice(_FINDS).format(**words), rng)
    yield Code(thought, code, views=(), prints=str(round(found.mean[0], 1)))
    boxes: list[Box] = []
    for spot in spots:
        assert isinstance(spot, list)
        left, top, right, bottom = (int(str(one)) for one in spot)
        boxes.append((left - 6, top - 6, right + 6, bottom + 6))
    yield showing(rng.choice(_ENDS), look_at(scene, boxes, rng))
    (low, high), (start, end) = (float(str(one)) for one in ends), (int(str(one)) for one in pixels)
    grain = float(str(figure.values["grain"]))
    value = low + (found.mean[0] - start) / (end - start) * (high - low)
    texts = {"low": as_text(low), "high": as_text(high), "grain": as_text(grain), "left": start, "right": end}
    code = f"value = {texts['low']} + (place - {start}) / ({end} - {start}) * ({texts['high']} - {texts['low']})\n"
    if option_values(scene, figure.unit):
        code, prints = code + choosing(option_values(scene, figure.unit), "value", rng, nearest=True), scene.answer
    else:
        code += f"print(round(round(value / {texts['grain']}) * {texts['grain']}, 2))"
        step: int | float = int(grain) if grain == int(grain) else grain
        prints = str(round(round(value / step) * step, 2))
    shown = yield Code(rng.choice(_SCALES).format(**texts), code, views=(), prints=prints)
    return concluding(scene, figure, shown, rng=rng)


def _near(figure: Figure) -> list[Box]:
    """Parts of the line from the label before each place to the label after it."""
    near = figure.values["near"]
    assert isinstance(near, list)
    boxes: list[Box] = []
    for one in near:
        assert isinstance(one, list)
        left, top, right, bottom = (int(str(edge)) for edge in one)
        boxes.append((left, top, right, bottom))
    return boxes


LINE_KINDS = (
    Kind(name="number-line", draw=_line, script=_script, easy=4, hard=4, shape="wide", plain=True, extent=(760, 1050)),
)
