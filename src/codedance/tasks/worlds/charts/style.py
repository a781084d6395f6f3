"""How charts look: palettes of named colours, light and dark styles, and a canvas that knows where it wrote what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Literal

from PIL import Image, ImageColor, ImageDraw, ImageFont

from codedance.tasks.worlds.lettering import FONTS, FontName, font
from codedance.tasks.worlds.scene import Box

__all__ = ["PALETTES", "PLAIN_PALETTE", "Canvas", "Style", "Tint", "blends", "pick_style", "pick_tints"]

Colour = tuple[int, int, int]
_TOLD_APART = 75
"""Summed difference of channels from which code surely takes two colours for different ones."""


@dataclass(frozen=True, slots=True)
class Tint:
    """A colour of a chart."""

    word: str
    """What people call it; no two colours of a palette share a word."""
    name: str
    """Its CSS name, which code can look up."""

    @property
    def rgb(self) -> Colour:
        """The exact colour.

        >>> Tint("blue", "steelblue").rgb
        (70, 130, 180)
        """
        red, green, blue = ImageColor.getrgb(self.name)[:3]
        return red, green, blue


def _palette(**names: str) -> tuple[Tint, ...]:
    return tuple(Tint(word, name) for word, name in names.items())


PLAIN_PALETTE = _palette(red="red", green="green", blue="blue", purple="purple", cyan="cyan", orange="orange")
"""Colours whose word is their CSS name."""

PALETTES: tuple[tuple[Tint, ...], ...] = (
    PLAIN_PALETTE,
    _palette(
        blue="steelblue", orange="darkorange", green="seagreen", red="crimson", brown="saddlebrown", pink="hotpink"
    ),
    _palette(
        blue="cornflowerblue", red="tomato", green="mediumseagreen", yellow="gold", purple="darkorchid", brown="sienna"
    ),
    _palette(
        blue="royalblue", red="firebrick", green="forestgreen", orange="orange", purple="indigo", pink="palevioletred"
    ),
    _palette(
        blue="dodgerblue", orange="coral", green="limegreen", purple="blueviolet", brown="sienna", pink="deeppink"
    ),
    _palette(
        blue="mediumblue",
        green="yellowgreen",
        orange="darkorange",
        red="crimson",
        purple="mediumorchid",
        cyan="turquoise",
    ),
)
"""Within a palette two colours differ by more than twice the distance at which code takes two colours for the same."""

_LIGHT_GROUNDS: tuple[Colour, ...] = (
    (255, 255, 255),
    (252, 252, 249),
    (246, 248, 251),
    (251, 247, 239),
    (244, 247, 243),
    (248, 244, 249),
    (240, 242, 245),
)
_DARK_GROUNDS: tuple[Colour, ...] = ((24, 26, 32), (33, 37, 44), (18, 24, 36), (38, 34, 40))


@dataclass(frozen=True, slots=True)
class Style:
    """Everything about a chart's look that does not depend on its values."""

    dark: bool
    """Light writing on a dark ground."""
    ground: Colour
    panel: Colour
    """Ground of the part between the axes."""
    ink: Colour
    """Axes and writing: every channel below 90 on a light ground, above 200 on a dark one."""
    soft: Colour
    """Grid lines."""
    words: FontName
    heading: FontName
    size: int
    """Height of the small writing in pixels."""
    line: int
    """Width of the axes in pixels."""
    grid: Literal["none", "lines", "dashes"]
    framed: bool
    backdrop: Literal["plain", "gradient", "specks"]


def pick_style(rng: Random, *, size: int, dark_share: float = 0.15) -> Style:
    """A style by chance, with small writing of the given height."""
    dark = rng.random() < dark_share
    ground = rng.choice(_DARK_GROUNDS if dark else _LIGHT_GROUNDS)
    step = rng.choice((0, 0, 4, 7)) if dark else rng.choice((0, 0, -5, 3))
    tone = rng.randint(205, 240) if dark else rng.randint(15, 80)
    grey = rng.randint(50, 62) if dark else rng.randint(200, 226)
    words = rng.choice(FONTS)
    return Style(
        dark=dark,
        ground=ground,
        panel=_shade(ground, step),
        ink=(tone, tone, min(tone + 6, 245)),
        soft=(grey, grey, grey),
        words=words,
        heading=rng.choice((words, "bold", "bold", "serif")),
        size=size,
        line=rng.choice((1, 1, 2)),
        grid=rng.choice(("none", "lines", "lines", "dashes")),
        framed=rng.random() < 0.25,
        backdrop=rng.choice(("plain", "plain", "plain", "gradient", "specks")),
    )


def _shade(colour: Colour, step: int) -> Colour:
    red, green, blue = (min(255, max(0, channel + step)) for channel in colour)
    return red, green, blue


def pick_tints(rng: Random, count: int, *, dark: bool, plain_share: float = 0.5) -> tuple[Tint, ...]:
    """So many colours of one palette, each far from the ground and the writing; fewer if it has not as many."""
    palette = PLAIN_PALETTE if rng.random() < plain_share else rng.choice(PALETTES[1:])
    fitting = [tint for tint in palette if not dark or 3 * tint.rgb[0] + 6 * tint.rgb[1] + tint.rgb[2] >= 700]
    return tuple(rng.sample(fitting, min(count, len(fitting))))


def blends(tints: tuple[Tint, ...], ground: Colour) -> bool:
    """True if a colour's soft edge on this ground looks like another of the colours.

    >>> blends((Tint("red", "firebrick"), Tint("pink", "palevioletred")), (255, 255, 255))
    True
    """
    for one in tints:
        for tenths in range(1, 10):
            edge = [(tenths * a + (10 - tenths) * b) // 10 for a, b in zip(one.rgb, ground, strict=True)]
            for other in tints:
                if other != one and sum(abs(a - b) for a, b in zip(edge, other.rgb, strict=True)) < _TOLD_APART:
                    return True
    return False


class Canvas:
    """A picture in the making, and where each word of it stands."""

    def __init__(self, size: tuple[int, int], style: Style, rng: Random) -> None:
        self.style = style
        self.image = Image.new("RGB", size, style.ground)
        self.draw = ImageDraw.Draw(self.image)
        width, height = size
        match style.backdrop:
            case "plain":
                pass
            case "gradient":
                for row in range(height):
                    self.draw.line((0, row, width, row), fill=_shade(style.ground, -9 * row // height))
            case "specks":
                for _ in range(240):
                    x, y, radius = rng.randrange(width), rng.randrange(height), rng.randint(1, 3)
                    shade = _shade(style.ground, rng.choice((-7, -5, 5)))
                    self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)

    def width_of(self, text: str, *, size: int | None = None, name: FontName | None = None) -> int:
        """Width of a line of text in pixels."""
        return math.ceil(self._font(name, size).getlength(text))

    def text(
        self,
        at: tuple[int, int],
        text: str,
        *,
        anchor: str = "lt",
        size: int | None = None,
        name: FontName | None = None,
        fill: Colour | None = None,
    ) -> Box:
        """Write a line and return the box of its ink; anchors are Pillow's."""
        chosen = self._font(name, size)
        self.draw.text(at, text, font=chosen, fill=fill or self.style.ink, anchor=anchor)
        left, top, right, bottom = chosen.getbbox(text, anchor=anchor)
        return (
            at[0] + math.floor(left),
            at[1] + math.floor(top),
            at[0] + math.ceil(right),
            at[1] + math.ceil(bottom),
        )

    def turned(self, at: tuple[int, int], text: str, *, degrees: Literal[45, 90], size: int | None = None) -> Box:
        """Write a line that rises; ``at`` is its upper end for 45 degrees, the middle of its top side for 90."""
        chosen = self._font(None, size)
        left, top, right, bottom = chosen.getbbox(text, anchor="ls")
        mask = Image.new("L", (math.ceil(right - left) + 2, math.ceil(bottom - top) + 2))
        ImageDraw.Draw(mask).text((1 - left, 1 - top), text, font=chosen, fill=255, anchor="ls")
        if degrees == 90:
            mask = mask.transpose(Image.Transpose.ROTATE_90)
            corner = (at[0] - mask.width // 2, at[1])
        else:
            mask = mask.rotate(45, Image.Resampling.BICUBIC, expand=True)
            corner = (at[0] - mask.width + mask.height // 8, at[1])
        self.image.paste(self.style.ink, corner, mask)
        return (corner[0], corner[1], corner[0] + mask.width, corner[1] + mask.height)

    def _font(self, name: FontName | None, size: int | None) -> ImageFont.FreeTypeFont:
        chosen, height = name or self.style.words, size or self.style.size
        # Below this height these two look different with different versions of FreeType.
        return font(chosen, max(height, 12) if chosen in ("bold", "serif") else height)
