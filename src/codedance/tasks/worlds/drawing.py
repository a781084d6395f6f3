"""Drawing with Pillow alone: grounds, shapes and cards; the same seed gives the same pixels."""

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


def ground(size: int, rng: Random, *, marks: tuple[int, int]) -> Image.Image:
    """A light square ground with so many grey lines and blots, which no colour test finds."""
    light = rng.randint(234, 253)
    image = Image.new("RGB", (size, size), (light, light, light))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(*marks)):
        grey = rng.randint(165, 225)
        x, y, right, bottom = (rng.randrange(size) for _ in range(4))
        if rng.random() < 0.5:
            draw.line((x, y, right, bottom), fill=(grey,) * 3, width=max(1, size // 700))
        else:
            radius = rng.randint(size // 60, size // 24)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey,) * 3)
    return image


def jittered(colour: str, rng: Random) -> tuple[int, int, int]:
    """A named colour, a little off."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return tuple(min(255, max(0, channel + rng.randint(-_JITTER, _JITTER))) for channel in (red, green, blue))  # type: ignore[return-value]


def box_around(x: int, y: int, half: int) -> Box:
    """The box of a shape with this centre and half side."""
    return (x - half, y - half, x + half + 1, y + half + 1)


def draw_shape(draw: ImageDraw.ImageDraw, shape: str, box: Box, *, fill: tuple[int, int, int]) -> None:
    """Fill a circle, square or triangle that touches all sides of its box."""
    left, top, right, bottom = box[0], box[1], box[2] - 1, box[3] - 1
    match shape:
        case "circle":
            draw.ellipse((left, top, right, bottom), fill=fill)
        case "square":
            draw.rectangle((left, top, right, bottom), fill=fill)
        case "triangle":
            draw.polygon([((left + right) // 2, top), (left, bottom), (right, bottom)], fill=fill)
        case _:
            raise ValueError(f"unknown shape {shape!r}")


def draw_card(image: Image.Image, card: SceneObject, rng: Random) -> None:
    """A coloured shape with a white field that shows a glyph, drawn at twice its size and scaled down smoothly."""
    left, top, right, bottom = card.box
    margin, scale = 2, 2
    around = (left - margin, top - margin, right + margin, bottom + margin)
    width, height = around[2] - around[0], around[3] - around[1]
    tile = image.crop(around).resize((width * scale, height * scale), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(tile)
    side = (right - left) * scale
    outer = (margin * scale, margin * scale, margin * scale + side, margin * scale + side)
    draw_shape(draw, card.shape, outer, fill=jittered(card.colour, rng))
    x, y, half = margin * scale + side // 2, margin * scale + side // 2, side // 2
    if card.shape == "triangle":
        y, field = y + int(half * 0.36), int(half * 0.42)
        draw.rectangle((x - field, y - field, x + field, y + field), fill=_WHITE)
    elif card.shape == "circle":
        disc, field = int(half * 0.78), int(half * 0.6)
        draw.ellipse((x - disc, y - disc, x + disc, y + disc), fill=_WHITE)
    else:
        field = int(half * 0.64)
        draw.rectangle((x - field, y - field, x + field, y + field), fill=_WHITE)
    if card.glyph_kind == "dots":
        _draw_dots(draw, int(card.glyph or 0), (x, y, field))
    else:
        font = _font(max(8, int(field * 2.1)))
        draw.text((x, y), card.glyph or "", fill=_INK, font=font, anchor="mm", stroke_width=max(1, field // 14))
    image.paste(tile.resize((width, height), Image.Resampling.BOX), around[:2])


_DOTS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
}


def _draw_dots(draw: ImageDraw.ImageDraw, count: int, field: tuple[int, int, int]) -> None:
    x, y, half = field
    radius = max(2, int(half * 0.22))
    for column, row in _DOTS[count]:
        u, v = x + int(column * half * 0.58), y + int(row * half * 0.58)
        draw.ellipse((u - radius, v - radius, u + radius, v + radius), fill=_INK)


@lru_cache(maxsize=256)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own bundled font: nothing to ship, the same everywhere."""
    return ImageFont.load_default(size=size)


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
