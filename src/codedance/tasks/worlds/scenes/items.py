"""Drawing the items of scenes: cards, cars, houses, people, with a colour, a pattern and something written on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.lettering import FontName, font, text_size
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.scenes.kinds import KINDS, TINTS, Kind, Part
from codedance.tasks.worlds.things import paste_thing, thing

__all__ = ["Item", "Spec", "draw_item", "item_size", "thing_side"]

_SCALE = 4
"""How much larger a mask is drawn than it is used."""
_RIM = 45
_INK = (20, 20, 20)
_FONTS: tuple[FontName, ...] = ("bold", "bold", "dejavu", "roboto")


@dataclass(frozen=True, slots=True)
class Spec:
    """What an item is."""

    noun: str
    """Its kind, or the name of a thing."""
    colour: str = ""
    pattern: str = ""
    text: str = ""
    holds: str = ""
    """The thing that stands in it."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item that was drawn."""

    spec: Spec
    box: Box
    main: Box
    """Around the coloured part."""
    label: Box | None
    """Around what is written on it."""
    row: int
    column: int
    """Its place, if the scene is in rows."""


def item_size(noun: str, unit: int) -> tuple[int, int]:
    """Width and height of an item; ``unit`` is the side of a square card."""
    if noun not in KINDS:
        return thing(noun, thing_side(unit)).size
    width, height = KINDS[noun].sides
    return unit * width // 100, unit * height // 100


def thing_side(unit: int) -> int:
    """Longer side of a thing that stands by itself."""
    return unit * 13 // 10


def draw_item(image: Image.Image, spec: Spec, rng: Random, *, centre: tuple[int, int], unit: int) -> Item:
    """Draw an item; its row and column are zero."""
    if spec.noun not in KINDS:
        box = paste_thing(image, spec.noun, centre=centre, size=thing_side(unit), rng=rng)
        return Item(spec, box, box, None, 0, 0)
    kind, (width, height) = KINDS[spec.noun], item_size(spec.noun, unit)
    left, top = centre[0] - width // 2, centre[1] - height // 2
    size, fill, main = (width, height), jittered(spec.colour, rng), (0, 0, 1, 1)
    for number, part in enumerate(kind.parts):
        mask = _mask(spec.noun, number, size)
        image.paste(fill if part.paint == "main" else rng.choice(TINTS[part.paint]), (left, top), mask)
        if part.paint == "main":
            main = mask.getbbox() or main
    if kind.inner is not None and spec.pattern not in ("", "plain"):
        image.paste(TINTS["white"][0], (left, top), _patterned(spec.noun, spec.pattern, size))
        if kind.bold and spec.text:  # a rim sets the plate off from the white of the pattern
            image.paste(fill, (left, top), _mask(spec.noun, -3, size))
    if kind.plate is not None and spec.text:
        image.paste(TINTS["white"][0], (left, top), _mask(spec.noun, -1, size))
    label = None
    if kind.label is not None and spec.text:
        label = _scaled(kind.label, size, (left, top))
        _write(image, spec.text, label, rng)
    if spec.holds and kind.holds is not None:
        inside = _scaled(kind.holds, size, (left, top))
        side = min(inside[2] - inside[0], inside[3] - inside[1])
        middle = ((inside[0] + inside[2]) // 2, inside[3] - side // 2)
        paste_thing(image, spec.holds, centre=middle, size=side, rng=rng)
    box = (left, top, left + width, top + height)
    return Item(spec, box, (left + main[0], top + main[1], left + main[2], top + main[3]), label, 0, 0)


def _scaled(box: Box, size: tuple[int, int], corner: tuple[int, int]) -> Box:
    (width, height), (x, y) = size, corner
    return (
        x + width * box[0] // 1000,
        y + height * box[1] // 1000,
        x + width * box[2] // 1000,
        y + height * box[3] // 1000,
    )


def _write(image: Image.Image, text: str, box: Box, rng: Random) -> None:
    """Write a text as large as its box allows."""
    name = rng.choice(_FONTS)
    width, height = box[2] - box[0], box[3] - box[1]
    size = _fitting(text, name, width, height)
    draw = ImageDraw.Draw(image)
    draw.text(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2), text, fill=_INK, font=font(name, size), anchor="mm")


@lru_cache(maxsize=4096)
def _fitting(text: str, name: FontName, width: int, height: int) -> int:
    """Largest size, in steps of two pixels, at which a text fits."""
    size = max(8, height * 14 // 10 // 2 * 2)
    while size > 8:
        across, down = text_size(text, name, size)
        if across <= width and down <= height:
            break
        size -= 2
    return size


@lru_cache(maxsize=2048)
def _mask(noun: str, number: int, size: tuple[int, int]) -> Image.Image:
    """Where a part of a kind is painted; -1 is the plate, -2 the place of the pattern, -3 a rim around the plate."""
    kind: Kind = KINDS[noun]
    special = {-1: kind.plate, -2: kind.inner, -3: _grown(kind.plate)}
    part = special[number] if number < 0 else kind.parts[number]
    large = (size[0] * _SCALE, size[1] * _SCALE)
    mask = Image.new("L", large)
    if part is not None:
        _paint(ImageDraw.Draw(mask), part, large)
    return mask.resize(size, Image.Resampling.BOX)


def _grown(part: Part | None) -> Part | None:
    """A part whose boxes and ellipses reach a little farther."""
    if part is None:
        return None
    boxes, ellipses = (
        tuple((left - _RIM, top - _RIM, right + _RIM, bottom + _RIM) for left, top, right, bottom in forms)
        for forms in (part.boxes, part.ellipses)
    )
    return Part(part.paint, boxes, ellipses)


def _paint(draw: ImageDraw.ImageDraw, part: Part, size: tuple[int, int]) -> None:
    for box in part.boxes:
        left, top, right, bottom = _scaled(box, size, (0, 0))
        draw.rectangle((left, top, right - 1, bottom - 1), fill=255)
    for box in part.ellipses:
        left, top, right, bottom = _scaled(box, size, (0, 0))
        draw.ellipse((left, top, right - 1, bottom - 1), fill=255)
    for points in part.polygons:
        corners = zip(points[::2], points[1::2], strict=True)
        draw.polygon([(size[0] * x // 1000, size[1] * y // 1000) for x, y in corners], fill=255)


@lru_cache(maxsize=1024)
def _patterned(noun: str, pattern: str, size: tuple[int, int]) -> Image.Image:
    """Where the white of a pattern is."""
    width, height = size[0] * _SCALE, size[1] * _SCALE
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    step = max(6 * _SCALE, min(width, height) // 7)
    match pattern:
        case "striped":
            for x in range(-height, width, 2 * step):
                draw.polygon([(x, height), (x + step, height), (x + step + height, 0), (x + height, 0)], fill=255)
        case "dotted":
            radius = step * 2 // 5
            for row, y in enumerate(range(step // 2, height + step, step)):
                for x in range(step // 2 - row % 2 * step * 3 // 4, width + step, step * 3 // 2):
                    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        case "checked":
            for row, y in enumerate(range(0, height, step)):
                for x in range(row % 2 * step, width, 2 * step):
                    draw.rectangle((x, y, x + step - 1, y + step - 1), fill=255)
        case _:
            raise ValueError(f"unknown pattern {pattern!r}")
    return ImageChops.multiply(mask.resize(size, Image.Resampling.BOX), _mask(noun, -2, size))
