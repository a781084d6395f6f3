"""Maps with named places: draw lines and marks on them, and say which place is meant or how far it is."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw

from codedance.schema import EditCheck
from codedance.tasks.worlds.drawing import box_around, draw_shape
from codedance.tasks.worlds.editing.code import Pen, imports
from codedance.tasks.worlds.editing.kind import INKS, Kind, Size, grown, number_fact, request, scatter, text_fact
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.lettering import FontName, font
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene, SceneObject

__all__ = ["MAP"]

Spot = tuple[int, int]

_NAMES = (
    *("Alby", "Arden", "Barlow", "Bexton", "Birk", "Calder", "Corley", "Dalby", "Denby", "Dunmore", "Elham", "Eston"),
    *("Fenby", "Fulton", "Garth", "Glen", "Harby", "Holt", "Ilford", "Irby", "Kelby", "Kirkton", "Larne", "Lowick"),
    *("Marsh", "Milby", "Norton", "Oakley", "Orby", "Penrith", "Quorn", "Redby", "Rowton", "Selby", "Stoke", "Tarn"),
    *("Thorpe", "Ulby", "Upton", "Wells", "Wexby", "Yarm"),
)
_SHORT = tuple(name for name in _NAMES if len(name) <= 5)
_DRAW = {
    "nearest": (
        "draw a straight {ink} line from {a} to the place nearest to it",
        "connect {a} with its nearest neighbour by a {ink} line",
        "join {a} and the place that is closest to it with a {ink} line",
    ),
    "beside": (
        "draw a straight {ink} line from {a} to {b}",
        "connect {a} and {b} by a straight {ink} line",
        "join {a} to {b} with a {ink} line",
    ),
    "far": (
        "mark the place farthest {way} with a {ink} ring around its dot",
        "put a {ink} circle around the dot of the place that lies farthest {way}",
        "draw a {ink} ring around the dot that is farthest {way}",
    ),
}
_ASK = {
    "nearest": ("Which place is that?", "What is that place called?", "Which place does the line lead to?"),
    "beside": (
        "Which other place comes nearest to the line?",
        "To which other place does the line come closest?",
        "Besides these two, which place is nearest to the line?",
    ),
    "far": ("What is it called?", "Which place is it?", "What is the name of that place?"),
    "distance": (
        "How long is it in km, by the scale bar, to the nearest km?",
        "Going by the scale bar, how many km is that, rounded to whole km?",
        "How many km long is the line, to the nearest km?",
    ),
}
_WAYS = {"north": (1, -1), "south": (1, 1), "west": (0, -1), "east": (0, 1)}
"""For each point of the compass the axis, and whether more or less is farther."""
_LAND = ((238, 240, 226), (244, 240, 228), (232, 240, 232), (240, 238, 236))
_WATER, _PARK, _ROAD = (176, 208, 228), (206, 226, 190), ((214, 206, 196), (226, 214, 180), (200, 200, 204))
_DOT = (235, 20, 20)


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    asks = rng.choice(("nearest", "beside", "far", "distance", "distance") if hard else ("nearest", "far"))
    size = rng.choice(((1100, 800), (900, 1000), (1200, 900)) if hard else ((448, 448), (512, 420)))
    count = rng.randint(9, 13) if hard else rng.randint(4, 5)
    way = rng.choice(tuple(_WAYS))
    spots: list[Spot] | None = None
    while spots is None:
        spots = scatter(rng, size, [40 if hard else 50] * count, gap=0, margin=30 if hard else 14)
        if spots is not None and (spots[0][1] > size[1] - 130 or not _certain(asks, spots, way)):
            spots = None
    spots, wanted = _in_order(asks, spots, way)
    names = rng.sample(_NAMES if hard else _SHORT, count)
    image = _land(size, spots, rng)
    for x, y in spots:
        draw_shape(image, "circle", box_around(x, y, 6 if hard else 9), fill=_DOT)
    bar = _scale_bar(image, rng) if asks == "distance" else None
    labels = _write_names(image, spots, names, rng, size=17 if hard else 29, taken=[bar[2]] if bar else [])
    ink = rng.choice(("blue", "black", "magenta"))
    draw = rng.choice(_DRAW.get(asks, _DRAW["beside"])).format(ink=ink, a=names[0], b=names[1], way=way)
    if bar is not None:
        answer = str(round(math.dist(spots[0], spots[1]) * bar[1] / bar[0]))
    else:
        answer = names[wanted]
    if asks == "far":
        edit = EditCheck(
            colour=INKS[ink], writing=(box_around(*spots[wanted], 24),), kept=(box_around(*spots[wanted], 3),)
        )
    else:
        end = wanted if asks == "nearest" else 1
        edit = EditCheck(colour=INKS[ink], strokes=((*spots[0], *spots[end]),), reach=6)
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, rng.choice(_ASK[asks])),
        answer=answer,
        asks=f"map-{asks}",
        colour="red",
        objects=tuple(
            SceneObject("red", "place", box_around(x, y, 6 if hard else 9), name)
            for (x, y), name in zip(spots, names, strict=True)
        ),
        category=Category.EDITING,
        tolerance=1.0 if asks == "distance" else 0.0,
        edit=edit,
        facts={
            "kind": "map",
            "asked": asks,
            "ink": ink,
            "way": way,
            "wanted": wanted,
            "names": list(names),
            "labels": [list(box) for box in labels],
            "km": bar[1] if bar else 0,
            "evidence": [list(box) for box in labels],
        },
    )


def _certain(asks: str, spots: list[Spot], way: str) -> bool:
    """True if what is asked for is clear: the second best is well behind."""
    match asks:
        case "nearest":
            far = sorted(math.dist(spots[0], one) for one in spots[1:])
            return far[1] > 1.2 * far[0]
        case "beside":
            off = sorted(_off(one, spots[0], spots[1]) for one in spots[2:])
            return math.dist(spots[0], spots[1]) > 300 and off[0] > 34 and off[1] > off[0] + 30
        case "far":
            axis, sign = _WAYS[way]
            far = sorted(-sign * one[axis] for one in spots)
            return far[1] > far[0] + 20
        case _:
            return math.dist(spots[0], spots[1]) > 250 and spots[1][1] < 670


def _in_order(asks: str, spots: list[Spot], way: str) -> tuple[list[Spot], int]:
    """The places, and the number of the one that is asked for."""
    match asks:
        case "nearest":
            return spots, min(range(1, len(spots)), key=lambda index: math.dist(spots[0], spots[index]))
        case "beside":
            return spots, min(range(2, len(spots)), key=lambda index: _off(spots[index], spots[0], spots[1]))
        case "far":
            axis, sign = _WAYS[way]
            return spots, max(range(len(spots)), key=lambda index: sign * spots[index][axis])
        case _:
            return spots, 1


def _off(point: Spot, a: Spot, b: Spot) -> float:
    """Distance of a point from the line between two others."""
    (x, y), (u, v), (p, q) = a, b, point
    part = ((p - x) * (u - x) + (q - y) * (v - y)) / max(1, (u - x) ** 2 + (v - y) ** 2)
    part = min(1.0, max(0.0, part))
    return math.hypot(p - x - part * (u - x), q - y - part * (v - y))


def _land(size: Size, spots: list[Spot], rng: Random) -> Image.Image:
    """Land with a park or two, a river, and roads between the places."""
    image = Image.new("RGB", size, rng.choice(_LAND))
    draw, (width, height) = ImageDraw.Draw(image), size
    for _ in range(rng.randint(1, 3)):
        x, y, r = rng.randrange(width), rng.randrange(height), rng.randint(width // 16, width // 7)
        corners = [(x + r * a // 8, y + r * b // 8) for a, b in ((-8, 0), (-4, -6), (3, -7), (8, -1), (5, 6), (-3, 7))]
        draw.polygon(corners, fill=_PARK)
    y = rng.randrange(height)
    river = [(x, min(height, max(0, y + rng.randint(-height // 9, height // 9)))) for x in range(-20, width + 80, 80)]
    draw.line(river, fill=_WATER, width=rng.randint(max(6, width // 60), width // 30), joint="curve")
    road = rng.choice(_ROAD)
    for index, spot in enumerate(spots):
        for other in sorted(spots[:index], key=lambda one: math.dist(one, spot))[: rng.randint(1, 2)]:
            bend = ((spot[0] + other[0]) // 2 + rng.randint(-20, 20), (spot[1] + other[1]) // 2 + rng.randint(-20, 20))
            draw.line((spot, bend, other), fill=road, width=max(3, width // 180), joint="curve")
    return image


def _scale_bar(image: Image.Image, rng: Random) -> tuple[int, int, Box]:
    """Draw the scale bar in the lower left corner; its length in pixels, in km, and the box that it takes."""
    draw, length, km = ImageDraw.Draw(image), rng.randint(110, 220), rng.choice((10, 20, 40, 50))
    x, y = 24, image.height - 30
    draw.rectangle((x, y, x + length - 1, y + 3), fill=(0, 0, 0))
    for end in (x, x + length - 3):
        draw.rectangle((end, y - 6, end + 2, y + 9), fill=(0, 0, 0))
    draw.text((x + length // 2, y - 8), f"{km} km", fill=(70, 70, 74), font=font("sans", 18), anchor="mb")
    return length, km, (x - 8, y - 40, x + length + 8, y + 14)


def _write_names(
    image: Image.Image, spots: list[Spot], names: list[str], rng: Random, *, size: int, taken: list[Box]
) -> list[Box]:
    """Write each name beside its dot, where it touches nothing else; returns the boxes of the names."""
    face_name: FontName = rng.choice(("sans", "serif", "roboto", "dejavu"))
    draw, face = ImageDraw.Draw(image), font(face_name, size)
    taken = [*taken, *(box_around(x, y, size // 2) for x, y in spots)]
    labels = []
    for (x, y), name in zip(spots, names, strict=True):
        ways = [(0, -1, "mb"), (0, 1, "mt"), (1, 0, "lm"), (-1, 0, "rm")]
        rng.shuffle(ways)
        best, chosen, written = 99, taken[0], ((x, y), "mb")
        for a, b, anchor in ways:
            at = (x + a * (size // 2 + 4), y + b * (size // 2 + 2))
            left, top, right, bottom = draw.textbbox(at, name, font=face, anchor=anchor)
            box = (int(left), int(top), int(right) + 1, int(bottom) + 1)
            inside = box[0] > 2 and box[1] > 2 and box[2] < image.width - 2 and box[3] < image.height - 2
            cost = sum(_overlap(grown(box, 2), other) for other in taken) + 9 * (not inside)
            if cost < best:
                best, chosen, written = cost, box, (at, anchor)
        draw.text(written[0], name, fill=(50, 50, 56), font=face, anchor=written[1])
        taken.append(chosen)
        labels.append(chosen)
    return labels


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


_FINDING = (
    "Places are red dots. I find them by colour and cut each one out with its name, to read the names.",
    "First a list of all places: the red dots by code, the names from enlarged cuttings.",
    "The names are small. Code finds the dots, and I read the name beside each one in a cutting.",
)
_READ = (
    "In the order of the cuttings I read {said}. {then}",
    "The cuttings show {said}. {then}",
    "{said}: now every dot has its name. {then}",
)
_THEN = {
    "nearest": ("Now the distances from {a}, and the line.", "I compare the distances to {a} and draw."),
    "beside": (
        "I draw the line and measure how far each place is from it.",
        "Now the line and all distances to it.",
    ),
    "far": ("I look for the farthest one and ring it.", "Comparing the coordinates tells which to mark."),
    "distance": (
        "The bar stands for {km} km. I draw the line and convert its length.",
        "Below the bar I read {km} km; the rest is arithmetic.",
    ),
}
_DONE = {
    "nearest": ("The nearest place is {answer}.", "The line leads to {answer}."),
    "beside": ("{answer} comes nearest to the line.", "The place closest to the line is {answer}."),
    "far": ("It is {answer}.", "{answer} has the ring: it lies farthest out."),
    "distance": ("By the scale bar that is {answer} km.", "The line is {answer} km long."),
}


def _script(scene: Scene, rng: Random) -> Script:
    asked = text_fact(scene, "asked")
    pen = Pen(text_fact(scene, "ink"), rng)
    shown = yield Code(rng.choice(_FINDING), imports(_cuttings(scene, rng)))
    named = {text: _name_at(scene, text) for text in shown.splitlines()[0].strip("[]()").split("), (")}
    said = ", ".join(named.values())
    a, b = (one.glyph or "" for one in scene.objects[:2])
    then = rng.choice(_THEN[asked]).format(a=a, km=scene.facts["km"])
    lines = [f"names = {list(named.values())}", "places = dict(zip(names, dots))", pen.start()]
    lines += _answering(scene, pen, a, b)
    thought = rng.choice(_READ).format(said=said, then=then)
    printed = yield Code(thought, imports("\n".join([*lines, pen.show()])), prints=scene.answer)
    return Final(rng.choice(_DONE[asked]).format(answer=printed), printed)


def _cuttings(scene: Scene, rng: Random) -> str:
    """Code that prints the dots' centres and shows each with what is written around it; the scale bar too."""
    hard = scene.difficulty is Difficulty.HARD
    across, down, scale = (84, 34, 2) if hard else (120, 48, 2)
    columns = rng.choice((3, 4))
    width, height = 2 * across * scale, 2 * down * scale
    lines = [
        "pixels, wanted = np.array(input_image), np.array(ImageColor.getrgb('red'))",
        "near = cv2.inRange(pixels, wanted - 40, wanted + 40)",
        "_, _, stats, centres = cv2.connectedComponentsWithStats(near)",
        "dots = [(round(x), round(y)) for (x, y), row in zip(centres[1:].tolist(), stats[1:]) if row[4] > 60]",
        "print(dots)",
        f"sheet = Image.new('RGB', ({(width + 8) * columns}, {height + 8} * -(-len(dots) // {columns})))",
        "for k, (x, y) in enumerate(dots):",
        f"    cut = input_image.crop((x - {across}, y - {down}, x + {across}, y + {down})).resize(({width}, {height}))",
        f"    sheet.paste(cut, (k % {columns} * {width + 8}, k // {columns} * {height + 8}))",
    ]
    if text_fact(scene, "asked") == "distance":
        lines += [
            "ys, xs = np.where(pixels.max(2) < 30)",
            "bar = int(xs.max() - xs.min() + 1)",
            "print(bar)",
            "display(input_image.crop((xs.min() - 9, ys.min() - 30, xs.max() + 9, ys.max() + 9)).resize((600, 160)))",
        ]
    return "\n".join([*lines, "sheet"])


def _name_at(scene: Scene, text: str) -> str:
    """The name of the place whose centre was printed."""
    x, y = map(int, text.split(", "))
    near = min(
        scene.objects, key=lambda one: math.dist((x, y), ((one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2))
    )
    return near.glyph or ""


def _answering(scene: Scene, pen: Pen, a: str, b: str) -> list[str]:
    """The lines that draw what is asked for, and print the answer."""
    match text_fact(scene, "asked"):
        case "nearest":
            return [
                f"x, y = places['{a}']",
                f"others = [name for name in names if name != '{a}']",
                "best = min(others, key=lambda name: np.hypot(places[name][0] - x, places[name][1] - y))",
                "u, v = places[best]",
                pen.line("x", "y", "u", "v"),
                "print(best)",
            ]
        case "beside":
            return [
                f"(x, y), (u, v) = places['{a}'], places['{b}']",
                pen.line("x", "y", "u", "v"),
                "def off(name):",
                "    p, q = places[name]",
                "    t = ((p - x) * (u - x) + (q - y) * (v - y)) / ((u - x) ** 2 + (v - y) ** 2)",
                "    t = min(1, max(0, t))",
                "    return np.hypot(p - x - t * (u - x), q - y - t * (v - y))",
                f"print(min((name for name in names if name not in ('{a}', '{b}')), key=off))",
            ]
        case "far":
            axis, sign = _WAYS[text_fact(scene, "way")]
            least = "max" if sign > 0 else "min"
            return [
                f"best = {least}(names, key=lambda name: places[name][{axis}])",
                "x, y = places[best]",
                pen.ring("x", "y", "11" if scene.difficulty is Difficulty.HARD else "14"),
                "print(best)",
            ]
        case _:
            return [
                f"(x, y), (u, v) = places['{a}'], places['{b}']",
                pen.line("x", "y", "u", "v"),
                f"print(round(np.hypot(u - x, v - y) * {number_fact(scene, 'km')} / bar))",
            ]


MAP = Kind("map", _make, _script)
