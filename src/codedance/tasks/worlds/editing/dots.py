"""Connect the dots in the order of their numbers, sizes or shades: what appears?"""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image, ImageDraw

from codedance.schema import EditCheck
from codedance.tasks.worlds.drawing import box_around, draw_shape
from codedance.tasks.worlds.editing.code import Pen, imports
from codedance.tasks.worlds.editing.figures import FIGURES, figure_points
from codedance.tasks.worlds.editing.kind import INKS, Kind, Size, grown, points_fact, quiet_canvas, request, text_fact
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.lettering import FontName, font
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene

__all__ = ["DOTS"]

_DRAW = {
    "number": (
        "connect the {colour} dots in the order of their numbers with {ink} lines",
        "join the {colour} dots by {ink} lines: 1 to 2, 2 to 3, and so on",
        "draw straight {ink} lines from one {colour} dot to the next, following the numbers",
    ),
    "size": (
        "connect the dots from the smallest to the largest with {ink} lines",
        "join the dots by {ink} lines in the order of their sizes, beginning with the smallest",
    ),
    "shade": (
        "connect the dots from the lightest to the darkest with {ink} lines",
        "join the dots by {ink} lines from the palest one to the darkest one",
    ),
}
_CLOSE = (", and the last with the first", ", then go back to the first")
_ASK = {
    "letter": ("Which letter appears?", "What letter do the lines form?", "Which capital letter do you see?"),
    "digit": ("Which digit appears?", "What digit do the lines form?", "Which digit do you see now?"),
    "shape": (
        "What appears: a triangle, a square, a diamond, a star, a house or an arrow?",
        "Is it a triangle, a square, a diamond, a star, a house or an arrow?",
    ),
}
_COLOURS = ("blue", "green", "purple", "black")
_RGB = {"blue": (0, 0, 255), "green": (0, 128, 0), "purple": (128, 0, 128), "black": (0, 0, 0), "red": (230, 60, 40)}
_FONTS: tuple[FontName, ...] = ("sans", "roboto", "dejavu", "comic", "serif")
_SIZES: tuple[Size, ...] = ((448, 448), (512, 448), (448, 512))


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    order = rng.choice(("number", "number", "size", "shade") if hard else ("number",))
    group = rng.choice(("letter", "digit", "shape"))
    name = rng.choice(tuple(FIGURES[group]))
    image = quiet_canvas(difficulty, rng) if hard else quiet_canvas(difficulty, rng, sizes=_SIZES)
    while True:
        unit = figure_points(group, name, rng, most=(22 if order == "number" else 11) if hard else 4)
        points = _spread(unit, image.size, rng, hard=hard, square=group == "shape")
        if all(math.dist(a, b) >= 44 for a, b in itertools.combinations(points, 2)):
            break
        unit = figure_points(group, name, rng, most=4)
    colour = rng.choice(_COLOURS) if order == "number" else "gray"
    ink = rng.choice([one for one in ("red", "magenta", "blue") if one != colour])
    radii = _draw_dots(image, points, order, colour, rng)
    decoys = _decoys(image.size, points, rng) if hard and order == "number" else []
    for x, y in decoys:
        draw_shape(image, "circle", box_around(x, y, radii[0]), fill=_RGB["red"])
    if order == "number":
        labels = [str(number) for number in range(1, len(points) + 1)]
        labels += [str(rng.randint(1, len(points) + 3)) for _ in decoys]
        _label(image, [*points, *decoys], labels, rng, radius=radii[0], size=18 if hard else 28)
    closed = group == "shape"
    stops = [*points, points[0]] if closed else points
    draw = rng.choice(_DRAW[order]).format(colour=colour, ink=ink) + (rng.choice(_CLOSE) if closed else "")
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, rng.choice(_ASK[group])),
        answer=name,
        asks=f"dots-{group}",
        colour=colour,
        category=Category.EDITING,
        accepted=(f"a {name}", f"an {name}", f"the {name}") if closed else (f"the {group} {name}",),
        edit=EditCheck(colour=INKS[ink], strokes=tuple((*a, *b) for a, b in itertools.pairwise(stops)), reach=6),
        facts={
            "kind": "dots",
            "order": order,
            "group": group,
            "ink": ink,
            "points": [list(point) for point in points],
            "closed": closed,
            "evidence": [[x - 12, y - 12, x + 12, y + 12] for x, y in points],
        },
    )


def _spread(
    unit: list[tuple[float, float]], size: Size, rng: Random, *, hard: bool, square: bool
) -> list[tuple[int, int]]:
    """The points of a figure somewhere in the picture, as large as there is room for or smaller; a square stays one."""
    width, height = size
    margin = 48
    share = rng.uniform(0.6, 0.95) if hard else rng.uniform(0.88, 1.0)
    down = int((height - 2 * margin) * share)
    across = min(int((width - 2 * margin) * share), int(down * rng.uniform(0.7, 1.1)))
    if square:
        down = across = min(down, int((width - 2 * margin) * share))
    left = rng.randint(margin, width - margin - across)
    top = rng.randint(margin, height - margin - down)
    return [(round(left + x * across), round(top + y * down)) for x, y in unit]


def _draw_dots(image: Image.Image, points: list[tuple[int, int]], order: str, colour: str, rng: Random) -> list[int]:
    """Draw the dots; returns their radii."""
    count = len(points)
    match order:
        case "number":
            radii, shades = [rng.randint(6, 8)] * count, [_RGB[colour]] * count
        case "size":
            radii = [5 + 2 * index for index in range(count)]
            shades = [(90, 90, 90)] * count
        case _:
            radii = [rng.randint(10, 13)] * count
            steps = [195 - 190 * index // max(1, count - 1) for index in range(count)]
            shades = [(grey, grey, grey) for grey in steps]
    for (x, y), radius, shade in zip(points, radii, shades, strict=True):
        draw_shape(image, "circle", box_around(x, y, radius), fill=shade)
    return radii


def _decoys(size: Size, points: list[tuple[int, int]], rng: Random) -> list[tuple[int, int]]:
    """Dots of another colour, well away from all others."""
    placed: list[tuple[int, int]] = []
    for _ in range(rng.randint(3, 9)):
        spot = (rng.randint(40, size[0] - 40), rng.randint(40, size[1] - 40))
        if all(math.dist(spot, one) > 60 for one in (*points, *placed)):
            placed.append(spot)
    return placed


def _label(
    image: Image.Image, dots: list[tuple[int, int]], labels: list[str], rng: Random, *, radius: int, size: int
) -> None:
    """Write each dot's number beside it, where it touches no dot and no other number, and few lines will run."""
    draw, name = ImageDraw.Draw(image), rng.choice(_FONTS)
    face = font(name, size)
    taken: list[Box] = [box_around(x, y, radius + 2) for x, y in dots]
    lines = [
        (x + (u - x) * k // 12, y + (v - y) * k // 12)
        for (x, y), (u, v) in itertools.pairwise(dots)
        for k in range(1, 12)
    ]
    away = radius + size * 2 // 3 + 2
    for (x, y), text in zip(dots, labels, strict=True):
        turns = [0.125 * k for k in range(8)]
        rng.shuffle(turns)
        best, chosen, at = 99, taken[0], (x, y)
        for turn in turns:
            u, v = x + round(away * math.cos(2 * math.pi * turn)), y + round(away * math.sin(2 * math.pi * turn))
            left, top, right, bottom = draw.textbbox((u, v), text, font=face, anchor="mm")
            box = (int(left), int(top), int(right) + 1, int(bottom) + 1)
            inside = box[0] > 2 and box[1] > 2 and box[2] < image.width - 2 and box[3] < image.height - 2
            cost = 20 * sum(_overlap(grown(box, 1), other) for other in taken) + 60 * (not inside)
            cost += sum(box[0] - 2 <= p <= box[2] + 2 and box[1] - 2 <= q <= box[3] + 2 for p, q in lines)
            if cost < best:
                best, chosen, at = cost, box, (u, v)
        draw.text(at, text, fill=(70, 70, 74), font=face, anchor="mm")
        taken.append(chosen)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


_FINDING = (
    "I need the centres and the numbers. Code finds the {colour} dots; I cut each one out with its number to read it.",
    "First all {colour} dots by their colour, each cut out with what is written beside it.",
    "The numbers are small, so I collect an enlarged cutting of every {colour} dot.",
)
_READ = (
    "From left to right and row by row, the cuttings show {labels}. Now I can connect them in order.",
    "The numbers, in the order of the cuttings, are {labels}. I draw the lines from 1 on.",
    "I read {labels}. That gives the order.",
)
_SORTING = {
    "size": (
        "No numbers here: the size gives the order. Code finds the dots, sorts them by area and connects them.",
        "I let code measure each dot's area, sort them and draw the lines.",
    ),
    "shade": (
        "The shade gives the order. Code finds the dots, reads the grey value at each centre and sorts.",
        "I sort the dots by how dark their centres are and connect them.",
    ),
}
_DONE = {
    "letter": ("The lines form the letter {answer}.", "I see a {answer}.", "That is a capital {answer}."),
    "digit": ("The lines form the digit {answer}.", "It is a {answer}.", "I see the digit {answer}."),
    "shape": ("The closed line is a {answer}.", "It looks like a {answer}.", "A {answer} appears."),
}


def _script(scene: Scene, rng: Random) -> Script:
    order, group = text_fact(scene, "order"), text_fact(scene, "group")
    pen = Pen(text_fact(scene, "ink"), rng)
    if order == "number":
        thought = rng.choice(_FINDING).format(colour=scene.colour)
        shown = yield Code(thought, imports(_cuttings(scene, rng)))
        labels = _labels(scene, shown)
        thought = rng.choice(_READ).format(labels=", ".join(map(str, labels)))
        lines = [f"labels = {labels}", "points = [dots[labels.index(k + 1)] for k in range(len(dots))]"]
    else:
        thought = rng.choice(_SORTING[order])
        lines = _sorted_by(order)
    if scene.facts["closed"]:
        lines.append("points.append(points[0])")
    lines += [pen.start(), "for (x, y), (u, v) in zip(points, points[1:]):", f"    {pen.line('x', 'y', 'u', 'v')}"]
    yield Code(thought, imports("\n".join([*lines, pen.show()])), prints="")
    article = rng.choice(_DONE[group]).format(answer=scene.answer)
    return Final(article.replace("a arrow", "an arrow").replace("A arrow", "An arrow"), scene.answer)


def _cuttings(scene: Scene, rng: Random) -> str:
    half, scale = (34, 3) if scene.difficulty is Difficulty.HARD else (52, 2)
    side, columns = 2 * half * scale, rng.choice((4, 5, 6))
    return "\n".join(
        (
            f"wanted = np.array(ImageColor.getrgb('{scene.colour}'))",
            "near = cv2.inRange(np.array(input_image), wanted - 30, wanted + 30)",
            "_, _, stats, centres = cv2.connectedComponentsWithStats(near)",
            "dots = [(round(x), round(y)) for (x, y), row in zip(centres[1:].tolist(), stats[1:]) if row[4] > 60]",
            "print(dots)",
            f"sheet = Image.new('RGB', ({(side + 8) * columns}, {side + 8} * -(-len(dots) // {columns})))",
            "for k, (x, y) in enumerate(dots):",
            f"    cut = input_image.crop((x - {half}, y - {half}, x + {half}, y + {half})).resize(({side}, {side}))",
            f"    sheet.paste(cut, (k % {columns} * {side + 8}, k // {columns} * {side + 8}))",
            "sheet",
        )
    )


def _labels(scene: Scene, shown: str) -> list[int]:
    """The number of each dot, in the order in which their centres were printed."""
    known = points_fact(scene, "points")
    labels = []
    for text in shown.strip("[]()").split("), ("):
        x, y = map(int, text.split(", "))
        labels.append(min(range(len(known)), key=lambda index: math.dist(known[index], (x, y))) + 1)
    return labels


def _sorted_by(order: str) -> list[str]:
    key = "row[4]" if order == "size" else "-grey[round(y), round(x)]"
    return [
        "grey = np.array(input_image.convert('L')).astype(int)",
        "_, _, stats, centres = cv2.connectedComponentsWithStats((grey < 212).astype(np.uint8))",
        "found = [row for row in zip(centres[1:].tolist(), stats[1:].tolist()) if row[1][4] > 40]",
        f"dots = sorted(({key}, round(x), round(y)) for (x, y), row in found)",
        "points = [(x, y) for _, x, y in dots]",
    ]


DOTS = Kind("dots", _make, _script)
