"""Kinds of small things that scenes are full of: what they look like, how they are called, what is written on them.

Each kind is a stack of plain parts in thousandths of its box. The one part with the colour that questions name is solid
along its whole edge and touches nothing else of that colour, so that a colour test finds it in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.things import THINGS

__all__ = ["KINDS", "LOOSE_THINGS", "PATTERNS", "TINTS", "Kind", "Part", "TextKind"]

TextKind = Literal["digit", "letter", "number", "word", "code"]
PATTERNS: tuple[str, ...] = ("plain", "striped", "dotted", "checked")
"""What a coloured part looks like; all but the first have white in them."""

TINTS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "white": ((252, 252, 252),),
    "glass": ((206, 224, 234), (190, 214, 226)),
    "dark": ((44, 44, 50),),
    "grey": ((150, 152, 156), (126, 128, 134)),
    "wall": ((238, 228, 210), (222, 216, 208), (230, 212, 194), (206, 212, 214)),
    "roof": ((122, 92, 82), (98, 100, 108), (146, 116, 98)),
    "wood": ((168, 128, 92), (146, 108, 80)),
    "skin": ((242, 206, 180), (200, 152, 118), (122, 86, 64)),
    "hair": ((52, 40, 34), (92, 68, 50), (30, 30, 34), (196, 170, 128)),
    "trousers": ((66, 70, 84), (92, 88, 84), (120, 112, 100)),
}
"""Dull colours of the other parts; each item takes one of a name."""


@dataclass(frozen=True, slots=True)
class Part:
    """Forms that are painted alike, in thousandths of the item's width and height."""

    paint: str
    """``main`` for the colour that is asked about, or a name in :data:`TINTS`."""
    boxes: tuple[Box, ...] = ()
    ellipses: tuple[Box, ...] = ()
    polygons: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of item."""

    sides: tuple[int, int]
    """Width and height in hundredths of the scene's unit."""
    parts: tuple[Part, ...]
    """From back to front."""
    looks: str = "{looks}"
    """How an item is named by colour and pattern: ``looks`` stands for ``red`` or ``striped red``."""
    reads: str = ""
    """How an item is named by what is written on it."""
    whose: str = ""
    """What has the colour, if the item as a whole has not: ``door of the ``."""
    inner: Part | None = None
    """Where a pattern lies; without, there is no pattern."""
    plate: Part | None = None
    """Drawn above the pattern, below the text."""
    label: Box | None = None
    """Where the text stands."""
    texts: tuple[TextKind, ...] = ()
    holds: Box | None = None
    """Where another thing stands, if one does."""
    bold: bool = False
    """The text is large beside the item."""


def _card(shape: str, main: Part, inner: Part, *, plate: Part, label: Box, side: int) -> Kind:
    return Kind(
        sides=(side, side),
        parts=(main,),
        looks=f"{{looks}} {shape} card",
        reads="card with the {kind} {text}",
        inner=inner,
        plate=plate,
        label=label,
        texts=("digit", "letter"),
        bold=True,
    )


_SQUARE = _card(
    "square",
    Part("main", boxes=((0, 0, 1000, 1000),)),
    Part("white", boxes=((95, 95, 905, 905),)),
    plate=Part("white", boxes=((275, 275, 725, 725),)),
    label=(290, 290, 710, 710),
    side=100,
)
_CIRCLE = _card(
    "circle",
    Part("main", ellipses=((0, 0, 1000, 1000),)),
    Part("white", ellipses=((85, 85, 915, 915),)),
    plate=Part("white", ellipses=((255, 255, 745, 745),)),
    label=(320, 300, 680, 700),
    side=108,
)
_TRIANGLE = _card(
    "triangle",
    Part("main", polygons=((500, 0, 1000, 1000, 0, 1000),)),
    Part("white", polygons=((500, 190, 860, 915, 140, 915),)),
    plate=Part("white", boxes=((350, 555, 650, 865),)),
    label=(355, 560, 645, 860),
    side=134,
)
_CAR = Kind(
    sides=(235, 135),
    parts=(
        Part("main", boxes=((0, 420, 1000, 800),), polygons=((170, 440, 300, 60, 700, 60, 860, 440),)),
        Part("glass", polygons=((245, 410, 335, 150, 480, 150, 480, 410), (525, 410, 525, 150, 670, 150, 775, 410))),
        Part("dark", ellipses=((120, 640, 330, 1000), (670, 640, 880, 1000))),
        Part("grey", ellipses=((180, 740, 270, 900), (730, 740, 820, 900))),
    ),
    looks="{looks} car",
    reads="car with the number {text}",
    plate=Part("white", boxes=((350, 440, 650, 790),)),
    label=(355, 450, 645, 780),
    texts=("number",),
)
_HOUSE = Kind(
    sides=(235, 260),
    parts=(
        Part("wall", boxes=((60, 400, 940, 1000),)),
        Part("roof", polygons=((0, 410, 500, 0, 1000, 410),)),
        Part("glass", boxes=((120, 620, 300, 820), (700, 620, 880, 820))),
        Part("main", boxes=((370, 640, 630, 1000),)),
        Part("dark", ellipses=((575, 810, 600, 835),)),
    ),
    looks="house with the {looks} door",
    reads="house with the number {text}",
    whose="door of the ",
    plate=Part("white", boxes=((345, 440, 655, 605),)),
    label=(350, 445, 650, 600),
    texts=("number",),
)
_BOAT = Kind(
    sides=(215, 215),
    parts=(
        Part("wood", boxes=((480, 30, 515, 760),)),
        Part("white", polygons=((540, 60, 960, 690, 540, 690),)),
        Part("grey", polygons=((455, 120, 455, 690, 160, 690),)),
        Part("main", polygons=((20, 740, 980, 740, 840, 1000, 160, 1000),)),
    ),
    looks="boat with the {looks} hull",
    reads="boat with the {kind} {text} on its sail",
    whose="hull of the ",
    label=(550, 400, 780, 680),
    texts=("letter", "digit"),
)
_BODY = (
    Part("trousers", polygons=((230, 620, 770, 620, 730, 1000, 540, 1000, 500, 740, 460, 1000, 270, 1000),)),
    Part(
        "main",
        boxes=((210, 270, 790, 660),),
        polygons=((210, 270, 0, 560, 120, 610, 260, 420), (790, 270, 980, 500, 880, 560, 740, 420)),
    ),
    Part("skin", ellipses=((320, 20, 680, 265), (10, 560, 120, 640), (860, 500, 970, 580))),
    Part("hair", polygons=((310, 130, 330, 20, 500, 0, 670, 20, 690, 130, 500, 70),)),
)
_PERSON = Kind(
    sides=(110, 240),
    parts=_BODY,
    looks="person in the {looks} shirt",
    whose="shirt of the ",
    inner=Part("white", boxes=((270, 300, 730, 630),)),
)
_RUNNER = Kind(
    sides=(130, 270),
    parts=_BODY,
    looks="runner in the {looks} shirt",
    reads="runner with the number {text}",
    whose="shirt of the ",
    plate=Part("white", boxes=((260, 360, 740, 550),)),
    label=(265, 365, 735, 545),
    texts=("number",),
)
_STALL = Kind(
    sides=(260, 260),
    parts=(
        Part("grey", boxes=((70, 250, 110, 1000), (890, 250, 930, 1000))),
        Part("wood", boxes=((30, 610, 970, 1000),)),
        Part("main", polygons=((70, 0, 930, 0, 1000, 270, 0, 270),)),
    ),
    looks="stall with the {looks} awning",
    reads="stall called {text}",
    whose="awning of the ",
    inner=Part("white", polygons=((130, 45, 870, 45, 915, 225, 85, 225),)),
    plate=Part("white", boxes=((110, 680, 890, 930),)),
    label=(130, 690, 870, 920),
    texts=("word",),
    holds=(340, 290, 660, 610),
)
_POSTER = Kind(
    sides=(170, 205),
    parts=(Part("main", boxes=((0, 0, 1000, 1000),)),),
    looks="{looks} poster",
    reads="poster that says {text}",
    inner=Part("white", boxes=((90, 80, 910, 580),)),
    plate=Part("white", boxes=((60, 640, 940, 930),)),
    label=(80, 650, 920, 920),
    texts=("word",),
)
_BOX = Kind(
    sides=(160, 130),
    parts=(Part("main", boxes=((0, 0, 1000, 1000),)),),
    looks="{looks} box",
    reads="box labelled {text}",
    inner=Part("white", boxes=((80, 90, 920, 910),)),
    plate=Part("white", boxes=((240, 240, 760, 760),)),
    label=(260, 260, 740, 740),
    texts=("code",),
    bold=True,
)
_SIGN = Kind(
    sides=(200, 210),
    parts=(
        Part("grey", boxes=((460, 500, 540, 1000),)),
        Part("main", boxes=((0, 0, 1000, 560),)),
    ),
    looks="{looks} sign",
    reads="sign that says {text}",
    plate=Part("white", boxes=((70, 110, 930, 450),)),
    label=(90, 120, 910, 440),
    texts=("word",),
)
_FLAG = Kind(
    sides=(150, 200),
    parts=(Part("grey", boxes=((0, 0, 70, 1000),)), Part("main", boxes=((70, 30, 1000, 530),))),
    looks="{looks} flag",
    inner=Part("white", boxes=((160, 100, 910, 460),)),
)
_KITE = Kind(
    sides=(140, 190),
    parts=(
        Part("grey", polygons=((490, 700, 510, 700, 560, 850, 480, 1000, 460, 1000, 530, 850),)),
        Part("main", polygons=((500, 0, 1000, 320, 500, 760, 0, 320),)),
    ),
    looks="{looks} kite",
    inner=Part("white", polygons=((500, 90, 850, 320, 500, 640, 150, 320),)),
)

KINDS: dict[str, Kind] = {
    "square": _SQUARE,
    "circle": _CIRCLE,
    "triangle": _TRIANGLE,
    "car": _CAR,
    "house": _HOUSE,
    "boat": _BOAT,
    "person": _PERSON,
    "runner": _RUNNER,
    "stall": _STALL,
    "poster": _POSTER,
    "box": _BOX,
    "sign": _SIGN,
    "flag": _FLAG,
    "kite": _KITE,
}
"""All kinds by name; the first three are cards, named by their shapes."""
LOOSE_THINGS: tuple[str, ...] = tuple(name for name in THINGS if name not in KINDS)
"""Things that stand in scenes as they are; a car, a house and a boat are drawn in named colours instead."""
