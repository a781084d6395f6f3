"""Where the objects of a picture are: strewn, in rows, on shelves, in heaps, on plates, inside a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageColor, ImageDraw

from codedance.tasks.worlds.backgrounds import BACKGROUNDS, QUIET, background
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.things import paste_thing, thing
from codedance.tasks.worlds.vocabulary import COLOURS

__all__ = ["LAYOUTS", "Area", "Layout", "Put", "lay_out", "put_things"]

LAYOUTS = ("free", "clusters", "halves", "rows", "shelves", "plates", "frame")
"""Names of the arrangements; all but the first two have areas that can be named."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_TRIES = 50
_Spot = tuple[int, str, int, tuple[int, int]]
"""Longer side, name, area and centre of an object."""
_WALLS = ("plain", "gradient", "paper", "bricks", "tiles")
_SOFT = ("grass", "sand", "wood", "tiles", "cloth", "paper", "gradient", "plain")


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the picture in which objects lie."""

    box: Box
    phrase: str = ""
    """How a question names it, for example ``inside the red frame``; empty if it cannot be named."""
    round: bool = False
    """Only what is inside the ellipse of the box belongs to it."""
    line: bool = False
    """Objects stand side by side."""
    apart: bool = False
    """It is the rest of the picture: what lies in it keeps out of all other areas."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture without its objects."""

    image: Image.Image
    areas: tuple[Area, ...]
    rows: int = 0
    """Number of equally high rows, if the objects stand in rows."""


@dataclass(frozen=True, slots=True)
class Put:
    """An object that was drawn."""

    name: str
    box: Box
    area: int
    """Index of the area in which it lies."""


def lay_out(kind: str, size: tuple[int, int], rng: Random, *, quiet: bool, few: bool) -> Layout:
    """The ground and the furniture of one of :data:`LAYOUTS`.

    Args:
        kind: the arrangement.
        size: width and height.
        rng: the source of all chance.
        quiet: on a ground without lines, so that code finds whatever lies on it.
        few: for a handful of objects: fewer areas.
    """
    image = background(
        size,
        rng,
        kind=rng.choice(QUIET if quiet else _WALLS if kind == "shelves" else _SOFT if kind != "free" else BACKGROUNDS),
    )
    width, height = size
    whole = (0, 0, width, height)
    match kind:
        case "free":
            return Layout(image, (Area(whole),))
        case "clusters":
            return Layout(image, _heaps(size, rng))
        case "halves":
            return Layout(image, _halves(size, rng))
        case "rows":
            return _in_rows(image, rng.randint(2, 2 if few else 5), "row", rng)
        case "shelves":
            return _in_rows(image, rng.randint(2, 2 if few else 5), "shelf", rng)
        case "plates":
            return Layout(image, _plates(image, rng, count=1 if few else rng.randint(1, 3)))
        case "frame":
            return Layout(image, _frame(image, rng))
        case _:
            raise ValueError(f"unknown layout {kind!r}")


def _heaps(size: tuple[int, int], rng: Random) -> tuple[Area, ...]:
    """Two to four round areas, each in its own quarter of the picture."""
    width, height = size
    quarters = rng.sample([(column, row) for column in range(2) for row in range(2)], rng.randint(2, 4))
    heaps = []
    for column, row in quarters:
        x, y = width * (2 * column + 1) // 4, height * (2 * row + 1) // 4
        u, v = width * rng.randint(19, 24) // 100, height * rng.randint(19, 24) // 100
        heaps.append(Area((x - u, y - v, x + u, y + v), round=True))
    return tuple(heaps)


def _halves(size: tuple[int, int], rng: Random) -> tuple[Area, ...]:
    """Two halves with a strip between them that stays free: nobody has to doubt to which one belongs."""
    width, height = size
    strip = max(8, min(size) // 50)
    if rng.random() < 0.6:
        middle = width // 2
        return (
            Area((0, 0, middle - strip, height), "in the left half of the picture"),
            Area((middle + strip, 0, width, height), "in the right half of the picture"),
        )
    middle = height // 2
    return (
        Area((0, 0, width, middle - strip), "in the upper half of the picture"),
        Area((0, middle + strip, width, height), "in the lower half of the picture"),
    )


def _in_rows(image: Image.Image, rows: int, noun: str, rng: Random) -> Layout:
    width, height = image.size
    areas = []
    draw = ImageDraw.Draw(image)
    board = max(5, height // rows // 14)
    tone = rng.choice(((146, 104, 72), (120, 92, 74), (166, 128, 92), (112, 112, 118)))
    for row in range(rows):
        top, bottom = height * row // rows, height * (row + 1) // rows
        place = "in" if noun == "row" else "on"
        if row == rows - 1 and rng.random() < 0.5:
            phrase = f"{place} the bottom {noun}"
        elif row == 0 and rng.random() < 0.5:
            phrase = f"{place} the top {noun}"
        else:
            phrase = f"{place} the {_ORDINALS[row]} {noun} from the top"
        if noun == "shelf":
            draw.rectangle((0, bottom - board, width, bottom - 1), fill=tone)
            draw.line((0, bottom - board, width, bottom - board), fill=(90, 70, 56), width=max(1, board // 6))
            bottom -= board
        areas.append(Area((0, top, width, bottom), phrase, line=True))
    return Layout(image, tuple(areas), rows=rows)


def _plates(image: Image.Image, rng: Random, *, count: int) -> tuple[Area, ...]:
    """White plates with rims of different colours, side by side, and the table around them."""
    width, height = image.size
    colours = rng.sample(COLOURS, count)
    draw = ImageDraw.Draw(image)
    areas = []
    for index, colour in enumerate(colours):
        across = width // count
        u = min(across * rng.randint(36, 42) // 100, height * 36 // 100)
        if count == 1:
            u = min(width * 3 // 10, height * 36 // 100)
        v = u * rng.randint(88, 100) // 100
        x = across * index + across // 2 + rng.randint(-1, 1) * max(0, across // 2 - u - 8) // 2
        y = rng.randint(v + 6, height - v - 6)
        rim = max(5, u // 14)
        draw.ellipse((x - u + 4, y - v + 8, x + u + 4, y + v + 8), fill=(128, 120, 112))
        draw.ellipse((x - u, y - v, x + u, y + v), fill=ImageColor.getrgb(colour))
        draw.ellipse((x - u + rim, y - v + rim, x + u - rim, y + v - rim), fill=(252, 252, 250))
        inner = 2 * rim
        draw.ellipse((x - u + inner, y - v + inner, x + u - inner, y + v - inner), outline=(226, 226, 226), width=2)
        phrase = "on the plate" if count == 1 else f"on the plate with the {colour} rim"
        areas.append(Area((x - u, y - v, x + u + 1, y + v + 1), phrase, round=True))
    return (*areas, Area((0, 0, width, height), apart=True))


def _frame(image: Image.Image, rng: Random) -> tuple[Area, ...]:
    width, height = image.size
    across, down = width * rng.randint(38, 60) // 100, height * rng.randint(42, 66) // 100
    x, y = rng.randint(8, width - across - 8), rng.randint(8, height - down - 8)
    line, colour = max(4, min(image.size) // 90), rng.choice(COLOURS)
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, y, x + across, y + down), outline=ImageColor.getrgb(colour), width=line)
    inner = (x + line + 2, y + line + 2, x + across - line - 2, y + down - line - 2)
    return Area(inner, f"inside the {colour} frame"), Area((0, 0, width, height), apart=True)


def put_things(
    layout: Layout, wanted: Sequence[tuple[str, int]], rng: Random, *, sides: tuple[int, int], gap: int
) -> list[Put]:
    """Draw objects, each in the area with its index, without overlap; fewer than wanted if there is no room for all.

    Args:
        layout: the picture; it is drawn on.
        wanted: name and area of each object.
        rng: the source of all chance.
        sides: smallest and largest longer side of an object; made smaller, down to a half, if there is no room.
        gap: room between the boxes of two objects; above zero also when they are turned.
    """
    room = [_longest(layout, index, wanted) for index in range(len(layout.areas))]
    spots: list[_Spot] = []
    for percent in (100, 85, 70, 60, 50):
        plan = []
        for name, area in wanted:
            low, high = (max(16, min(side * percent // 100, room[area])) for side in sides)
            plan.append((rng.randint(low, high) // 4 * 4, name, area))
        spots = _spots(layout, plan, rng, gap=gap)
        if len(spots) == len(wanted):
            break
    puts = []
    for side, name, area, centre in spots:
        box = paste_thing(layout.image, name, centre=centre, size=side, rng=rng, turn=0 if layout.rows else 24)
        clipped = (max(0, box[0]), max(0, box[1]), min(layout.image.width, box[2]), min(layout.image.height, box[3]))
        puts.append(Put(name, clipped, area))
    return puts


def _spots(layout: Layout, plan: Sequence[tuple[int, str, int]], rng: Random, *, gap: int) -> list[_Spot]:
    """Where objects of these sides, names and areas find room; large ones choose first."""
    lined = _side_by_side(layout, plan, rng)
    taken: list[Box] = []
    spots: list[_Spot] = []
    for (side, name, area), spot in sorted(zip(plan, lined, strict=True), key=lambda one: -one[0][0]):
        centre = spot or _free_spot(layout, area, side, rng, taken=taken, gap=gap)
        if centre is None:
            return spots
        half = _half(side, layout, gap)
        taken.append((centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half))
        spots.append((side, name, area, centre))
    return spots


def _half(side: int, layout: Layout, gap: int) -> int:
    """Half the room that an object takes; turned ones are a little wider."""
    exact = gap > 0 or any(area.phrase for area in layout.areas)
    return side * (61 if exact else 52) // 100 + 1


def _longest(layout: Layout, index: int, wanted: Sequence[tuple[str, int]]) -> int:
    """The longest side that objects of an area may have, so that all of them find room."""
    area, number = layout.areas[index], max(1, sum(one[1] == index for one in wanted))
    left, top, right, bottom = area.box
    if area.line:
        return min((right - left) * 4 // (5 * number + 2), (bottom - top) * 4 // 5)
    share = 0.55 if area.round else 0.36 if area.apart else 0.8
    return int(((right - left) * (bottom - top) * share / number) ** 0.5 * 0.66)


def _side_by_side(layout: Layout, plan: Sequence[tuple[int, str, int]], rng: Random) -> list[tuple[int, int] | None]:
    """Places of the objects that stand in lines: equal shares of the line, a little off its middle."""
    spots: list[tuple[int, int] | None] = [None] * len(plan)
    for index, area in enumerate(layout.areas):
        members = [number for number, one in enumerate(plan) if one[2] == index]
        if not area.line or not members:
            continue
        left, top, right, bottom = area.box
        share = (right - left) // (len(members) if rng.random() < 0.7 else len(members) + rng.randint(1, 2))
        start = left + rng.randint(0, right - left - share * len(members))
        standing = "shelf" in area.phrase
        for place, number in enumerate(members):
            side, name, _ = plan[number]
            shift = max(0, share - side) // 4
            x = start + share * place + share // 2 + rng.randint(-shift, shift)
            y = bottom - (thing(name, side).height + 1) // 2 if standing else (top + bottom) // 2
            spots[number] = (x, y)
    return spots


def _free_spot(
    layout: Layout, index: int, side: int, rng: Random, *, taken: Sequence[Box], gap: int
) -> tuple[int, int] | None:
    """A centre in the area that keeps the gap; a few strewn objects may reach over the picture's border."""
    area = layout.areas[index]
    half = _half(side, layout, gap)
    others = [one.box for one in layout.areas if area.apart and one is not area]
    edge = max(10, min(layout.image.size) // 50)  # more than the line of a frame
    left, top, right, bottom = area.box
    cut = not area.phrase and not area.round and gap <= 0 and rng.random() < 0.15
    out = side // 5 - half if cut else -half - 2
    low_x, high_x, low_y, high_y = left - out, right + out, top - out, bottom + out
    if low_x > high_x or low_y > high_y:
        return None
    for _ in range(_TRIES):
        x, y = rng.randint(low_x, high_x), rng.randint(low_y, high_y)
        mine = (x - half, y - half, x + half, y + half)
        if area.round and not _in_ellipse(x, y, half, area.box):
            continue
        if not any(_meet(mine, one, gap) for one in taken) and not any(_meet(mine, one, edge) for one in others):
            return x, y
    return None


def _in_ellipse(x: int, y: int, half: int, box: Box) -> bool:
    """True if a disc, a little larger than the object, is inside."""
    left, top, right, bottom = box
    u, v = (right - left) // 2 - half - half // 6, (bottom - top) // 2 - half - half // 6
    if u < 1 or v < 1:
        return False
    a, b = x - (left + right) // 2, y - (top + bottom) // 2
    return (a * v) ** 2 + (b * u) ** 2 <= (u * v) ** 2


def _meet(a: Box, b: Box, gap: int) -> bool:
    return a[0] < b[2] + gap and b[0] < a[2] + gap and a[1] < b[3] + gap and b[1] < a[3] + gap
