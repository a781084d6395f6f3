"""Where scenes are: a table of cards, a street, a park, a harbour, a market, and what is found there in what order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from PIL import Image, ImageDraw

from codedance.tasks.worlds.backgrounds import background
from codedance.tasks.worlds.scenes.items import item_size, thing_side
from codedance.tasks.worlds.scenes.kinds import KINDS, LOOSE_THINGS

__all__ = ["PLACES", "Ground", "Place", "Slot", "prepare"]


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of scene."""

    weight: int
    """How often it is chosen, beside the others."""
    grounds: tuple[str, ...]
    nouns: tuple[str, ...]
    """What stands there and is asked for, the more often named the more often."""
    things: tuple[str, ...] = ()
    """What else may be about."""
    rows: Literal["", "plain", "road", "bays", "boards"] = ""
    """In rows, and what the rows stand on; empty if all is strewn."""


_CARDS = ("square", "circle", "triangle")
PLACES: dict[str, Place] = {
    "cards": Place(62, ("paper", "wood", "tiles", "cloth", "sand", "plain", "gradient", "bricks"), _CARDS),
    "street": Place(
        8, ("grass", "sky"), ("house", "house", "house", "car"), ("tree", "bicycle", "dog", "cat", "bus"), rows="road"
    ),
    "parking": Place(7, ("asphalt",), ("car",), rows="bays"),
    "park": Place(
        8,
        ("grass",),
        ("person", "kite", "flag", "person"),
        ("tree", "dog", "bicycle", "sunflower", "tulip", "rabbit", "butterfly", "tent"),
    ),
    "market": Place(8, ("sand", "tiles"), ("stall", "stall", "stall", "person"), rows="plain"),
    "harbour": Place(6, ("water",), ("boat", "boat", "flag"), ("whale", "fish", "turtle", "octopus", "penguin")),
    "posters": Place(6, ("bricks",), ("poster", "poster", "sign"), rows="plain"),
    "store": Place(6, ("wood", "plain"), ("box",), ("lamp", "book", "hat", "camera", "bell", "shoe"), rows="boards"),
    "race": Place(6, ("sand", "grass"), ("runner", "runner", "flag", "sign"), ("tree", "cactus", "dog")),
    "attic": Place(9, ("plain", "paper", "gradient", "bricks"), LOOSE_THINGS, rows="boards"),
}
"""All places by name."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A spot where one item can stand."""

    centre: tuple[int, int]
    row: int
    column: int
    room: tuple[int, int]
    """Width and height that are free."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A place with nothing in it yet."""

    image: Image.Image
    slots: tuple[Slot, ...]
    """Row by row, from left to right."""
    unit: int
    """Side of a square card; all else is measured by it."""


def prepare(place: Place, size: tuple[int, int], rng: Random, *, hard: bool) -> Ground:
    """Draw the ground and find the spots.

    Args:
        place: one of :data:`PLACES`.
        size: width and height of the picture.
        rng: the source of all chance.
        hard: many small items instead of a few large ones.
    """
    width, height = size
    image = background(size, rng, kind=rng.choice(place.grounds))
    if hard:
        unit = max(40, max(size) * rng.randint(14, 29) // 1000)
        across, down = _largest(place.nouns, unit)
        least = (across * 118 // 100 + 6, down * 116 // 100 + 6)
        wanted = rng.randint(18, 60 + width * height // 100_000)
        grow = max(1.0, (width * height / (wanted * least[0] * least[1])) ** 0.5)
        columns = max(2, int(width / (least[0] * grow)))
        rows = max(2, int(height / (least[1] * grow)))
    else:
        columns, rows = rng.choice(((2, 2), (3, 2), (3, 2), (2, 3)) if width <= height else ((2, 2), (3, 2), (3, 2)))
        across, down = _largest(place.nouns, 100)
        unit = min(width * 90 // (columns * across), height * 90 // (rows * down))
    slots = _slots(place, size, (columns, rows), rng)
    _furnish(image, place, (columns, rows), rng)
    return Ground(image, slots, unit)


def _largest(nouns: Sequence[str], unit: int) -> tuple[int, int]:
    """Width and height that hold any of these items."""
    sizes = [item_size(noun, unit) if noun in KINDS else (thing_side(unit),) * 2 for noun in set(nouns)]
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _slots(place: Place, size: tuple[int, int], grid: tuple[int, int], rng: Random) -> tuple[Slot, ...]:
    (width, height), (columns, rows) = size, grid
    slots = []
    for row in range(rows):
        for column in range(columns):
            left, right = width * column // columns, width * (column + 1) // columns
            top, bottom = height * row // rows, height * (row + 1) // rows
            slots.append(Slot(((left + right) // 2, (top + bottom) // 2), row, column, (right - left, bottom - top)))
    return tuple(slots)


def _furnish(image: Image.Image, place: Place, grid: tuple[int, int], rng: Random) -> None:
    """What the rows stand on."""
    (width, height), (columns, rows) = image.size, grid
    draw = ImageDraw.Draw(image)
    tone = rng.choice(((150, 110, 78), (128, 98, 80), (116, 116, 122)))
    for row in range(rows):
        bottom = height * (row + 1) // rows
        thick = max(4, height // rows // 16)
        match place.rows:
            case "road":
                draw.rectangle((0, bottom - 2 * thick, width, bottom - 1), fill=(158, 158, 160))
                draw.line((0, bottom - 2 * thick, width, bottom - 2 * thick), fill=(208, 208, 206), width=thick // 3)
            case "boards":
                draw.rectangle((0, bottom - thick, width, bottom - 1), fill=tone)
            case "bays":
                for column in range(1, columns):
                    x = width * column // columns
                    line = max(2, thick // 3)
                    draw.rectangle(
                        (x - line // 2, bottom - height // rows + 2 * thick, x + line, bottom - 2 * thick),
                        fill=(232, 232, 228),
                    )
            case _:
                pass
