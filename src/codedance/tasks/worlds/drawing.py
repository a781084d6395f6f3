"""Drawing with Pillow alone: grounds, shapes and cards; the same seed gives the same pixels.

Everything is pasted through masks that are drawn large, scaled down once and kept: edges are smooth and a scene costs a
few milliseconds. A shape covers its whole box and no pixel outside it, so that a colour test finds exactly the box.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

from PIL import Image, ImageColor, ImageDraw, ImageFont

from codedance.tasks.worlds.scene import Box, SceneObject

__all__ = ["box_around", "draw_card", "draw_shape", "ground", "jittered", "place"]

_JITTER = 8
"""Largest change of a colour channel: three times this stays far below the oracle's threshold of 60."""
_WHITE = (250, 250, 250)
_INK = (20, 20, 20)
_SCALE = 4
"""How much larger a mask is drawn than it is used."""


def ground(size: int, rng: Random, *, marks: tuple[int, int]) -> Image.Image:
    """A light square ground with so many grey lines and blots, which no colour test finds."""
    light = rng.randint(234, 253)
    image = Image.new("RGB", (size, size), (light, light, light))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(*marks)):
        grey = rng.randint(165, 225)
        x, y, right, bottom = (rng.randrange(size) for _ in range(4))
        if rng.random() < 0.5:
            draw.line((x, y, right, bottom), fill=(grey, grey, grey), width=max(1, size // 500))
        else:
            radius = rng.randint(size // 60, size // 24)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey, grey, grey))
    return image


def jittered(colour: str, rng: Random) -> tuple[int, int, int]:
    """A named colour, a little off."""
    red, green, blue = (min(255, max(0, one + rng.randint(-_JITTER, _JITTER))) for one in ImageColor.getrgb(colour)[:3])
    return red, green, blue


def box_around(x: int, y: int, half: int) -> Box:
    """The box of a shape with this centre and half side."""
    return (x - half, y - half, x + half + 1, y + half + 1)


def draw_shape(image: Image.Image, shape: str, box: Box, *, fill: tuple[int, int, int]) -> None:
    """Fill a circle, square or triangle that touches all sides of its box, which is a square."""
    image.paste(fill, box[:2], _shape_mask(shape, box[2] - box[0]))


def draw_card(image: Image.Image, card: SceneObject, rng: Random) -> None:
    """A coloured shape with a white field that shows the card's glyph."""
    draw_shape(image, card.shape, card.box, fill=jittered(card.colour, rng))
    left, top, right, bottom = card.box
    half = (right - left) // 2
    x, y = (left + right) // 2, (top + bottom) // 2
    match card.shape:
        case "triangle":  # a white rectangle in the lower part, where there is room
            y, field, inner = y + int(half * 0.36), int(half * 0.42), int(half * 0.42)
            white = "square"
        case "circle":  # a disc; what is written on it stays within the square inside the disc
            field, inner, white = int(half * 0.78), int(half * 0.6), "circle"
        case _:
            field, inner, white = int(half * 0.64), int(half * 0.64), "square"
    draw_shape(image, white, box_around(x, y, field), fill=_WHITE)
    dots = int(card.glyph or 0) if card.glyph_kind == "dots" else None
    mask = _text_mask(card.glyph or "", inner) if dots is None else _dots_mask(dots, inner)
    image.paste(_INK, (x - inner, y - inner), mask)


@lru_cache(maxsize=1024)
def _shape_mask(shape: str, side: int) -> Image.Image:
    large = side * _SCALE
    mask = Image.new("L", (large, large))
    draw = ImageDraw.Draw(mask)
    match shape:
        case "circle":
            draw.ellipse((0, 0, large - 1, large - 1), fill=255)
        case "square":
            draw.rectangle((0, 0, large, large), fill=255)
        case "triangle":  # the tip is one whole pixel wide, the base one whole pixel high
            tip, base = (large - _SCALE) // 2, large - _SCALE
            draw.polygon([(tip, 0), (tip + _SCALE - 1, 0), (large - 1, base), (0, base)], fill=255)
            draw.rectangle((0, base, large, large), fill=255)
        case _:
            raise ValueError(f"unknown shape {shape!r}")
    return mask.resize((side, side), Image.Resampling.BOX)


_DOTS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
}


@lru_cache(maxsize=1024)
def _dots_mask(count: int, half: int) -> Image.Image:
    side, middle = 2 * half + 1, (2 * half + 1) * _SCALE / 2
    mask = Image.new("L", (side * _SCALE, side * _SCALE))
    draw = ImageDraw.Draw(mask)
    radius, step = half * _SCALE * 0.22, half * _SCALE * 0.58
    for column, row in _DOTS[count]:
        u, v = middle + column * step, middle + row * step
        draw.ellipse((u - radius, v - radius, u + radius, v + radius), fill=255)
    return mask.resize((side, side), Image.Resampling.BOX)


@lru_cache(maxsize=1024)
def _text_mask(text: str, half: int) -> Image.Image:
    """Pillow's own bundled font, a little bolder: nothing to ship, and the same everywhere."""
    side = 2 * half + 1
    mask = Image.new("L", (side * _SCALE, side * _SCALE))
    middle, size = side * _SCALE / 2, half * _SCALE * 2.1
    weight = max(1, half * _SCALE // 14)
    font = ImageFont.load_default(size=int(size))
    ImageDraw.Draw(mask).text((middle, middle), text, fill=255, font=font, anchor="mm", stroke_width=weight)
    return mask.resize((side, side), Image.Resampling.BOX)


def place(rng: Random, size: int, *, halves: tuple[int, int], count: int, gap: int) -> list[tuple[int, int, int]]:
    """Centres and half sides of up to ``count`` boxes that keep ``gap`` pixels from each other and from the border."""
    placed: list[tuple[int, int, int]] = []
    for _ in range(count):
        for _ in range(60):
            half = rng.randint(*halves)
            low, high = half + gap + 4, size - half - gap - 5
            x, y = rng.randint(low, high), rng.randint(low, high)
            if all(max(abs(x - u), abs(y - v)) > half + other + gap for u, v, other in placed):
                placed.append((x, y, half))
                break
    return placed
