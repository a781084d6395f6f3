"""Pictures of 64 everyday things, animals and plants: what scenes are filled with besides shapes."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from io import BytesIO
from random import Random

from PIL import Image

__all__ = ["THINGS", "paste_thing", "thing"]

_TILE, _COLUMNS = 96, 8

THINGS: dict[str, str] = {
    "apple": "apples",
    "banana": "bananas",
    "lemon": "lemons",
    "strawberry": "strawberries",
    "watermelon": "watermelons",
    "pineapple": "pineapples",
    "carrot": "carrots",
    "eggplant": "eggplants",
    "mushroom": "mushrooms",
    "avocado": "avocados",
    "pretzel": "pretzels",
    "pizza slice": "pizza slices",
    "hamburger": "hamburgers",
    "doughnut": "doughnuts",
    "cookie": "cookies",
    "cup of tea": "cups of tea",
    "dog": "dogs",
    "cat": "cats",
    "rabbit": "rabbits",
    "frog": "frogs",
    "panda": "pandas",
    "penguin": "penguins",
    "butterfly": "butterflies",
    "bee": "bees",
    "turtle": "turtles",
    "fish": "fish",
    "whale": "whales",
    "octopus": "octopuses",
    "crab": "crabs",
    "snail": "snails",
    "owl": "owls",
    "sunflower": "sunflowers",
    "tulip": "tulips",
    "cactus": "cacti",
    "tree": "trees",
    "car": "cars",
    "bus": "buses",
    "bicycle": "bicycles",
    "boat": "boats",
    "airplane": "airplanes",
    "rocket": "rockets",
    "tractor": "tractors",
    "house": "houses",
    "tent": "tents",
    "clock": "clocks",
    "umbrella": "umbrellas",
    "balloon": "balloons",
    "gift": "gifts",
    "guitar": "guitars",
    "drum": "drums",
    "football": "footballs",
    "basketball": "basketballs",
    "key": "keys",
    "hammer": "hammers",
    "scissors": "pairs of scissors",
    "book": "books",
    "lamp": "lamps",
    "bell": "bells",
    "camera": "cameras",
    "hat": "hats",
    "shoe": "shoes",
    "crown": "crowns",
    "anchor": "anchors",
    "candle": "candles",
}
"""Name of each thing, and its plural."""


@lru_cache(maxsize=512)
def thing(name: str, size: int, *, mirrored: bool = False) -> Image.Image:
    """The thing cut out, mode ``RGBA``, its longer side ``size`` pixels; do not draw on it, it is kept.

    >>> thing("apple", 48).size[1]
    48
    """
    index = list(THINGS).index(name)
    x, y = index % _COLUMNS * _TILE, index // _COLUMNS * _TILE
    tile = _sheet().crop((x, y, x + _TILE, y + _TILE))
    tile = tile.crop(tile.getchannel("A").point([255 * (value > 16) for value in range(256)]).getbbox())
    if mirrored:
        tile = tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = size / max(tile.size)
    return tile.resize(
        (max(1, round(tile.width * scale)), max(1, round(tile.height * scale))), Image.Resampling.LANCZOS
    )


def paste_thing(
    image: Image.Image, name: str, *, centre: tuple[int, int], size: int, rng: Random, turn: int = 0
) -> tuple[int, int, int, int]:
    """Paste a thing, mirrored by chance and turned by up to ``turn`` degrees; returns its box in the picture."""
    cut = thing(name, size, mirrored=rng.random() < 0.5)
    if turn:
        cut = cut.rotate(rng.randint(-turn, turn), Image.Resampling.BICUBIC, expand=True)
    left, top = centre[0] - cut.width // 2, centre[1] - cut.height // 2
    image.paste(cut, (left, top), cut)
    x, y, right, bottom = cut.getchannel("A").point([255 * (value > 16) for value in range(256)]).getbbox() or (
        0,
        0,
        1,
        1,
    )
    return left + x, top + y, left + right, top + bottom


@lru_cache(maxsize=1)
def _sheet() -> Image.Image:
    data = (resources.files("codedance.tasks.worlds.assets") / "emoji.png").read_bytes()
    return Image.open(BytesIO(data)).convert("RGBA")
