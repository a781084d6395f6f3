"""Lengths that only the picture's scale bar turns into metres: coloured bars, and places on a map."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS, RGB, Point, Sheet, arc_points
from codedance.tasks.worlds.figures.puzzle import Figure, Given, Kind, Panel, Puzzle, stepped
from codedance.tasks.worlds.figures.words import LENGTHS, ask, unit_tail
from codedance.tasks.worlds.geometry.scale_scripts import bar_script, map_script
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.scene import Box

__all__ = ["SCALE_KINDS"]

_SCALES = (4, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_MAP_UNITS = (("km", "kilometres"), ("km", "kilometres"), ("m", "metres"), ("mi", "miles"))
_THINGS = ("bar", "beam", "wall", "plank", "fence", "road", "hedge", "strip", "pipe")
_GREY: RGB = (96, 96, 96)
_SLACK = (
    " An error of {slack} does not matter.",
    " Within {slack} of the true value counts as right.",
    " (±{slack} is close enough.)",
)


def _scale_bar(panel: Panel, rng: Random, scale: tuple[int, int, str], *, room: Box) -> tuple[Given, Box]:
    """A black bar of so many units and pixels with its label above or below it; the only black in the picture."""
    value, length, unit = scale
    sheet, ink, size = panel.sheet, jittered("black", rng), panel.size
    text = f"{value} {unit}"
    width = max(length, text_size(text, panel.theme.font, size)[0])
    x = rng.randint(room[0], max(room[0], room[2] - width)) + (width - length) // 2
    y = rng.randint(room[1] + 2 * size, max(room[1] + 2 * size, room[3] - 2 * size))
    thick = max(3, size // 6)
    bar: Box = (x, y, x + length, y + thick)
    sheet.rect(bar, ink)
    piece = bar
    if rng.random() < 0.7:
        piece = (x, y - size // 3, x + length, y + thick + size // 3)
        for end in (x, x + length - thick):
            sheet.rect((end, y - size // 3, end + thick, y + thick + size // 3), ink)
    above = rng.random() < 0.6
    at = (x + length / 2, y - size * 0.55 if above else y + thick + size * 0.55)
    box = sheet.write(text, at, panel.pen(colour=ink), anchor="mb" if above else "mt")
    return Given(name="scale", meaning="the scale bar", value=value, text=text, box=box), piece


def _bars(panel: Panel, rng: Random) -> Puzzle:
    unit = rng.choice(LENGTHS)
    left, top, right, bottom = (round(one) for one in panel.box)
    value, length = rng.choice(_SCALES), rng.randint(90, 190)
    level = rng.random() < 0.6
    reach = (right - left if level else bottom - top) * 0.9
    per_unit = length / value
    colours = rng.sample(INKS, rng.randint(2, 5))
    thing, thick = rng.choice(_THINGS), rng.randint(16, 30)
    area = (
        (left, top, right, bottom - 6 * panel.size) if level else (left, top, right - length - 3 * panel.size, bottom)
    )
    if not level:
        reach = (area[3] - area[1]) * 0.95
    rows = []
    lanes = [
        index * ((area[3] - area[1] if level else area[2] - area[0]) // len(colours)) for index in range(len(colours))
    ]
    for colour, lane in zip(colours, lanes, strict=True):
        units = rng.randint(max(2, math.ceil(30 / per_unit)), int(reach / per_unit))
        pixels = round(units * per_unit)
        start = (area[0] if level else area[1]) + rng.randint(0, int(reach) - pixels)
        side = (area[1] if level else area[0]) + lane + 6
        box: Box = (start, side, start + pixels, side + thick) if level else (side, start, side + thick, start + pixels)
        panel.sheet.rect(box, jittered(colour, rng))
        rows.append((colour, units, pixels, box))
    room: Box = (left, area[3], right, bottom) if level else (area[2] + 2 * panel.size, top, right, bottom)
    given, bar = _scale_bar(panel, rng, (value, length, unit[0]), room=room)
    rng.shuffle(rows)
    return _bar_puzzle(rng, rows, (given, bar), words=(thing, unit, level))


def _bar_puzzle(
    rng: Random,
    rows: Sequence[tuple[str, int, int, Box]],
    scale: tuple[Given, Box],
    *,
    words: tuple[str, tuple[str, str], bool],
) -> Puzzle:
    given, bar = scale
    thing, unit, level = words
    two = len(rows) > 2 and rng.random() < 0.3
    used = rows[: 2 if two else 1]
    names = [f"the {row[0]} {thing}" for row in used]
    per_pixel = float(given.value) / (bar[2] - bar[0])
    lengths = [(row[3][2] - row[3][0]) if level else (row[3][3] - row[3][1]) for row in used]
    also: tuple[str, ...]
    if two:
        sought = f"the length of {names[0]} and {names[1]} together"
        also = (
            f"How long are {names[0]} and {names[1]} together?",
            f"Put end to end, how long are {names[0]} and {names[1]}?",
        )
    else:
        sought = f"the length of {names[0]}"
        also = (
            f"How long is {names[0]}?",
            f"What does {names[0]} measure?",
            f"Measure {names[0]} with the scale bar.",
            f"Going by the scale bar, how long is {names[0]}?",
            f"What is the true length of {names[0]}?",
        )
    total = sum(lengths)
    value = round(total * per_pixel)
    slack = max(1, math.ceil(3 * per_pixel))
    steps = stepped(
        ("pixels", "How long is it in pixels?", " + ".join(map(str, lengths)), total, "measuring"),
        ("factor", "How many units is one pixel?", f"scale / {bar[2] - bar[0]}", per_pixel, "scale"),
        ("length", "How long is it in truth?", "round(pixels * factor)", value, "scale"),
    )
    figure = Figure(kind="", givens=(given,), steps=steps, sought=sought, noun="picture", unit=f" {unit[0]}")
    puzzle = Puzzle(
        question=ask(rng, sought, also=also),
        tail=unit_tail(rng, unit[1], places=0, always=True) + rng.choice(_SLACK).format(slack=slack),
        mistakes=(total, int(given.value), round(value * 1.3), round(value * 0.7), 2 * value),
        figure=figure,
        tolerance=float(slack),
    )
    values = {
        "colours": [row[0] for row in used],
        "lengths": lengths,
        "level": level,
        "thing": thing,
        "bar": [list(bar)],
    }
    return puzzle.knowing(values, colour=used[0][0], evidence=(*(row[3] for row in used), bar, given.box))


_NAMES = (
    "Alder",
    "Birk",
    "Cove",
    "Dale",
    "Elm",
    "Ford",
    "Glen",
    "Hill",
    "Isle",
    "Kirk",
    "Lake",
    "Moor",
    "Nook",
    "Oak",
    "Pike",
)
_LAND: tuple[RGB, ...] = ((228, 240, 218), (240, 236, 218), (236, 240, 232))
_WATER: tuple[RGB, ...] = ((206, 226, 242), (214, 232, 240))
_ROADS: tuple[RGB, ...] = ((205, 205, 205), (222, 212, 190))
_PLACES = ("place", "town", "village", "camp", "point", "hut", "station")


def _landscape(sheet: Sheet, box: tuple[float, float, float, float], rng: Random) -> None:
    """Land with a lake or two, woods and roads, all pale."""
    left, top, right, bottom = box
    sheet.rect(box, rng.choice(_LAND))
    size = min(right - left, bottom - top)

    def spot() -> Point:
        return (rng.uniform(left, right), rng.uniform(top, bottom))

    for fill in rng.choices((rng.choice(_WATER), (212, 230, 204), (232, 224, 206)), k=rng.randint(2, 4)):
        centre, radius = spot(), rng.uniform(0.07, 0.16) * size
        bumps = [rng.uniform(0.7, 1.25) for _ in range(8)]
        points = arc_points(centre, radius)
        count = len(points)
        edge = []
        for index, (x, y) in enumerate(points):
            place = index / count * 8
            first, second = bumps[int(place) % 8], bumps[(int(place) + 1) % 8]
            times = first + (second - first) * (place - int(place))
            edge.append((centre[0] + (x - centre[0]) * times, centre[1] + (y - centre[1]) * times))
        sheet.area([(min(max(x, left), right), min(max(y, top), bottom)) for x, y in edge], fill)
    for _ in range(rng.randint(2, 4)):
        sheet.path([spot() for _ in range(3)], rng.choice(_ROADS), max(3.0, size / 110))


def _spots(box: tuple[float, float, float, float], rng: Random, *, count: int, apart: float) -> list[tuple[int, int]]:
    """Whole points of a box that keep apart."""
    left, top, right, bottom = (round(one) for one in box)
    found: list[tuple[int, int]] = []
    while len(found) < count:
        point = (rng.randint(left, right), rng.randint(top, bottom))
        if all(math.dist(point, other) > apart for other in found):
            found.append(point)
        elif rng.random() < 0.01:
            apart *= 0.9
    return found


def _map(panel: Panel, rng: Random) -> Puzzle:
    unit, size = rng.choice(_MAP_UNITS), panel.size
    left, top, right, bottom = panel.box
    area = (left, top, right, bottom - 4.5 * size)
    _landscape(panel.sheet, area, rng)
    value, length = rng.choice(_SCALES), rng.randint(90, 190)
    room: Box = (round(left), round(area[3]), round(right), round(bottom))
    given, bar = _scale_bar(panel, rng, (value, length, unit[0]), room=room)
    count, radius = rng.randint(3, 5), rng.randint(7, 10)
    margin = (area[0] + 4 * size, area[1] + 2 * size, area[2] - 4 * size, area[3] - 2 * size)
    spots = _spots(margin, rng, count=count, apart=min(right - left, area[3] - top) * 0.3)
    colours, names = rng.sample(INKS, count), rng.sample(_NAMES, count)
    boxes = []
    for (x, y), colour, name in zip(spots, colours, names, strict=True):
        panel.sheet.disc((x, y), radius, jittered(colour, rng))
        panel.sheet.write(name, (x, y - radius - size * 0.3), panel.pen(colour=_GREY), anchor="mb")
        boxes.append((x - radius - 2 * size, y - radius - 2 * size, x + radius + 2 * size, y + radius + size // 2))
    order = list(range(count))
    rng.shuffle(order)
    stops = order[: 3 if rng.random() < 0.35 else 2]
    named = rng.random() < 0.45
    place = rng.choice(_PLACES)
    called = [names[one] if named else f"the {colours[one]} {place}" for one in stops]
    legs = [math.dist(spots[a], spots[b]) for a, b in itertools.pairwise(stops)]
    per_pixel = value / (bar[2] - bar[0])
    distance = round(sum(legs) * per_pixel)
    slack = max(1, math.ceil(3 * per_pixel))
    steps = stepped(
        (
            "pixels",
            "How far is it in pixels?",
            " + ".join(f"{leg:.2f}" for leg in legs),
            round(sum(legs), 2),
            "measuring",
        ),
        ("factor", "How many units is one pixel?", f"scale / {bar[2] - bar[0]}", per_pixel, "scale"),
        ("distance", "How far is it in truth?", "round(pixels * factor)", distance, "scale"),
    )
    sought, also = _map_words(called)
    puzzle = Puzzle(
        question=ask(rng, sought, also=also),
        tail=unit_tail(rng, unit[1], places=0, always=True) + rng.choice(_SLACK).format(slack=slack),
        mistakes=(round(distance * 1.4), round(distance / 1.4), 2 * distance, round(distance * 0.5)),
        figure=Figure(kind="", givens=(given,), steps=steps, sought=sought, noun="map", unit=f" {unit[0]}"),
        tolerance=float(slack),
    )
    values = {
        "colours": [colours[one] for one in stops],
        "names": [names[one] for one in stops],
        "named": named,
        "spots": [list(spots[one]) for one in stops],
        "places": [list(boxes[one]) for one in stops],
        "bar": [list(bar)],
    }
    evidence = (*(boxes[one] for one in stops), bar, given.box)
    return puzzle.knowing(values, colour="" if named else colours[stops[0]], evidence=evidence)


def _map_words(called: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """What is sought between two places, or along three, and questions for it."""
    first, last = called[0], called[-1]
    if len(called) == 2:
        return f"the straight distance from {first} to {last}", (
            f"How far is it from {first} to {last} in a straight line?",
            f"How far apart are {first} and {last}?",
            f"What is the distance between {first} and {last} as the crow flies?",
            f"Use the scale bar: how far is {last} from {first}?",
            f"A bird flies straight from {first} to {last}. How far does it fly?",
        )
    way = f"from {first} straight to {called[1]} and then straight on to {last}"
    return f"the length of the way {way}", (
        f"How far is it {way}?",
        f"Someone walks {way}. How long is the walk?",
        f"How long is the route {way}?",
    )


SCALE_KINDS = (
    Kind(
        name="scale-bar",
        draw=_bars,
        script=bar_script,
        hard=5,
        shape="wide",
        shared=False,
        plain=True,
        extent=(640, 1000),
    ),
    Kind(
        name="map", draw=_map, script=map_script, hard=4, shape="square", shared=False, plain=True, extent=(640, 1000)
    ),
)
