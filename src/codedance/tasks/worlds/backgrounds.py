"""Grounds that pictures stand on: paper, wood, grass, water, tiles and others, light, quiet and fast to draw.

All are pale or dull: every pixel is far from the saturated colours that questions name, so that a colour test never
takes the ground for an object. They are flat or change from row to row with few strokes on top, which keeps the
files of pictures with many megapixels small.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

__all__ = ["BACKGROUNDS", "QUIET", "background", "banded", "speckle"]

Colour = tuple[int, int, int]
Size = tuple[int, int]

_STROKES = 1500
"""Most strokes that are drawn on one ground, however large it is."""
_PASTELS: tuple[Colour, ...] = (
    (244, 241, 232),
    (232, 238, 244),
    (238, 232, 240),
    (228, 240, 230),
    (246, 234, 226),
    (236, 236, 236),
    (222, 230, 234),
    (240, 238, 220),
)
_WOODS: tuple[Colour, ...] = ((205, 176, 140), (190, 160, 128), (222, 200, 170), (176, 152, 130))


def background(size: Size, rng: Random, *, kind: str | None = None) -> Image.Image:
    """A ground of this width and height, of one of :data:`BACKGROUNDS` or of one chosen by chance.

    >>> background((40, 30), Random(1), kind="wood").size
    (40, 30)
    """
    return _PAINTERS[kind or rng.choice(BACKGROUNDS)](size, rng)


def banded(size: Size, rows: list[Colour]) -> Image.Image:
    """A ground whose rows have these colours, from top to bottom; fewer colours than rows are stretched."""
    strip = Image.frombytes("RGB", (1, len(rows)), bytes(channel for row in rows for channel in row))
    return strip.resize(size, Image.Resampling.NEAREST)


def speckle(image: Image.Image, rng: Random, *, colour: Colour, per_megapixel: int, radius: int = 1) -> None:
    """Scatter small dots of a colour, a little lighter and darker ones among them."""
    draw = ImageDraw.Draw(image)
    for _ in range(_strokes(image.size, per_megapixel)):
        x, y, r = rng.randrange(image.width), rng.randrange(image.height), rng.randint(1, radius)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_shade(colour, rng.randint(-8, 8)))


def _strokes(size: Size, per_megapixel: int) -> int:
    return max(4, min(_STROKES, per_megapixel * size[0] * size[1] // 1_000_000))


def _shade(colour: Colour, by: int) -> Colour:
    red, green, blue = (min(255, max(0, channel + by)) for channel in colour)
    return red, green, blue


def _between(a: Colour, b: Colour, part: int, whole: int) -> Colour:
    red, green, blue = ((one * (whole - part) + two * part) // whole for one, two in zip(a, b, strict=True))
    return red, green, blue


def _blend(top: Colour, bottom: Colour, steps: int) -> list[Colour]:
    return [_between(top, bottom, step, max(1, steps - 1)) for step in range(steps)]


def _plain(size: Size, rng: Random) -> Image.Image:
    return Image.new("RGB", size, _shade(rng.choice(_PASTELS), rng.randint(-6, 6)))


def _gradient(size: Size, rng: Random) -> Image.Image:
    top, bottom = rng.sample(_PASTELS, 2)
    return banded(size, _blend(_shade(top, -10), _shade(bottom, 4), min(size[1], 64)))


def _paper(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((248, 245, 236), (243, 236, 220), (240, 240, 236), (232, 224, 208)))
    image = banded(size, _blend(base, _shade(base, -9), 24))
    draw = ImageDraw.Draw(image)
    for _ in range(_strokes(size, 260)):
        x, y, tone = rng.randrange(size[0]), rng.randrange(size[1]), _shade(base, -rng.randint(8, 22))
        draw.line((x, y, x + rng.randint(-12, 12), y + rng.randint(-5, 5)), fill=tone)
    return image


def _wood(size: Size, rng: Random) -> Image.Image:
    """Boards from left to right with their grain, and a joint here and there."""
    base, height = rng.choice(_WOODS), size[1]
    board = max(14, height // rng.randint(5, 9))
    rows: list[Colour] = []
    while len(rows) < height:
        tone = _shade(base, rng.randint(-12, 12))
        grain = tone
        for row in range(board):
            if row % 3 == 0:
                grain = _shade(tone, rng.randint(-6, 6))
            rows.append(_shade(tone, -42) if row < max(1, board // 40) else grain)
    image = banded(size, rows[:height])
    draw = ImageDraw.Draw(image)
    for top in range(0, height, board):
        for _ in range(rng.randint(0, 2)):
            x = rng.randrange(size[0])
            draw.line((x, top, x, top + board), fill=_shade(base, -38), width=max(1, board // 40))
        if rng.random() < 0.5:
            x, y, r = rng.randrange(size[0]), top + board // 2, max(2, board // 9)
            for ring, darker in ((2 * r, -12), (r, -24)):
                draw.ellipse((x - 2 * ring, y - ring, x + 2 * ring, y + ring), outline=_shade(base, darker))
    return image


def _grass(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((168, 196, 128), (182, 204, 146), (156, 186, 124)))
    image = banded(size, _blend(_shade(base, 12), _shade(base, -8), 40))
    draw = ImageDraw.Draw(image)
    blade = max(4, size[1] // 110)
    for _ in range(_strokes(size, 800)):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        draw.line((x, y, x + rng.randint(-3, 3), y - blade), fill=_shade(base, rng.choice((-20, -12, 12, 20))))
    return image


def _water(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((150, 186, 210), (164, 198, 214), (140, 178, 200)))
    image = banded(size, _blend(_shade(base, 18), _shade(base, -14), 48))
    draw = ImageDraw.Draw(image)
    for _ in range(_strokes(size, 420)):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        width = rng.randint(8, 14 + size[0] // 50)
        draw.arc((x, y, x + width, y + max(4, width // 4)), 200, 340, fill=_shade(base, rng.choice((-16, 22))))
    return image


def _tiles(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(_PASTELS)
    side = max(24, min(size) // rng.randint(5, 10))
    image = Image.new("RGB", size, _shade(base, -26))
    draw = ImageDraw.Draw(image)
    tones = [_shade(base, by) for by in (-9, -4, 0, 4)]
    joint = max(1, side // 36)
    for y in range(0, size[1], side):
        for x in range(0, size[0], side):
            draw.rectangle((x + joint, y + joint, x + side - 1, y + side - 1), fill=rng.choice(tones))
    return image


def _cloth(size: Size, rng: Random) -> Image.Image:
    """A tablecloth with checks of two pale tones."""
    light = (246, 244, 240)
    tint = rng.choice(((214, 226, 238), (238, 220, 222), (222, 234, 216), (236, 228, 206)))
    side = max(20, min(size) // rng.randint(7, 14))
    tile = Image.new("RGB", (2 * side, 2 * side), light)
    draw = ImageDraw.Draw(tile)
    middle = _between(light, tint, 1, 2)
    draw.rectangle((0, 0, 2 * side, side - 1), fill=middle)
    draw.rectangle((0, 0, side - 1, 2 * side), fill=middle)
    draw.rectangle((0, 0, side - 1, side - 1), fill=tint)
    row = Image.new("RGB", (size[0], 2 * side))
    for x in range(0, size[0], 2 * side):
        row.paste(tile, (x, 0))
    image = Image.new("RGB", size)
    for y in range(0, size[1], 2 * side):
        image.paste(row, (0, y))
    return image


def _sand(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((232, 216, 184), (224, 208, 180), (238, 226, 200)))
    image = banded(size, _blend(_shade(base, 6), _shade(base, -8), 32))
    speckle(image, rng, colour=_shade(base, -18), per_megapixel=700, radius=2)
    return image


def _asphalt(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((150, 152, 156), (164, 164, 166), (140, 144, 150)))
    image = Image.new("RGB", size, base)
    speckle(image, rng, colour=_shade(base, 10), per_megapixel=600)
    speckle(image, rng, colour=_shade(base, -10), per_megapixel=400)
    return image


def _bricks(size: Size, rng: Random) -> Image.Image:
    base = rng.choice(((206, 176, 162), (214, 198, 184), (196, 186, 180)))
    height = max(12, min(size) // rng.randint(14, 26))
    width, joint = height * 9 // 4, max(1, height // 12)
    tones = [_shade(base, by) for by in (-10, -4, 0, 5, 10)]
    image = Image.new("RGB", size, _shade(base, 28))
    draw = ImageDraw.Draw(image)
    for row, y in enumerate(range(0, size[1], height)):
        for x in range(-(row % 2) * width // 2, size[0], width):
            draw.rectangle((x + joint, y + joint, x + width - 1, y + height - 1), fill=rng.choice(tones))
    return image


def _sky(size: Size, rng: Random) -> Image.Image:
    top = rng.choice(((164, 198, 226), (178, 206, 230), (196, 208, 224)))
    image = banded(size, _blend(top, (236, 240, 242), 56))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(3, 8)):
        x, y, unit = rng.randrange(size[0]), rng.randrange(size[1]), size[0] // rng.randint(24, 50)
        for _ in range(rng.randint(3, 6)):
            u, v, r = x + rng.randint(-2, 2) * unit, y - rng.randint(0, 1) * unit // 2, unit
            draw.ellipse((u - r, v - r * 2 // 3, u + r, v + r * 2 // 3), fill=(244, 246, 248))
    return image


_PAINTERS: dict[str, Callable[[Size, Random], Image.Image]] = {
    "plain": _plain,
    "gradient": _gradient,
    "paper": _paper,
    "wood": _wood,
    "grass": _grass,
    "water": _water,
    "tiles": _tiles,
    "cloth": _cloth,
    "sand": _sand,
    "asphalt": _asphalt,
    "bricks": _bricks,
    "sky": _sky,
}
BACKGROUNDS: tuple[str, ...] = tuple(_PAINTERS)
"""Names of all grounds."""
QUIET: tuple[str, ...] = ("plain", "gradient", "paper")
"""Grounds without strong lines: whatever differs clearly from their usual colour lies on them."""
