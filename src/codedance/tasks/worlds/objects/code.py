"""Code that counts objects: sorting them by their colours on a plain ground, and dots that mark what was counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codedance.tasks.worlds.looking import centre_of
from codedance.tasks.worlds.objects.kinds import plural
from codedance.tasks.worlds.scene import Scene

__all__ = ["FIND", "FIND_ROUGHLY", "KINDS_CODE", "boxes_code", "dots_code", "like_code", "more_dots_code", "variable"]

_MASK = (
    "import cv2\n"
    "import numpy as np\n"
    "pixels = np.array(input_image)\n"
    "ground = np.median(pixels[::4, ::4].reshape(-1, 3), axis=0)\n"
    "mask = (np.abs(pixels - ground).sum(2) > 48).astype(np.uint8)\n"
)
FIND_ROUGHLY = _MASK + ("count, labels, stats, centres = cv2.connectedComponentsWithStats(mask)\nprint(count - 1)")
"""Counts every speck that differs from the ground."""
_CLOSED = (
    "mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))\n"
    "count, labels, stats, centres = cv2.connectedComponentsWithStats(mask)\n"
    "found = [i for i in range(1, count) if stats[i, 4] > stats[1:, 4].max() / 25]\n"
    "print(len(found))"
)
FIND = _MASK + _CLOSED
"""Finds everything that lies on a plain ground, and counts it."""
_COLOURS = (
    "def colours(i):\n"
    "    x, y, u, v, _ = stats[i]\n"
    "    inside = (labels[y:y + v, x:x + u] == i).astype(np.uint8)\n"
    "    part = np.ascontiguousarray(pixels[y:y + v, x:x + u])\n"
    "    histogram = cv2.calcHist([part], [0, 1, 2], inside, [6, 6, 6], [0, 256] * 3).ravel()\n"
    "    return histogram / histogram.sum()\n"
)
_LIKE = (
    "def like(x, y):\n"
    "    example = colours(min(found, key=lambda i: np.hypot(centres[i][0] - x, centres[i][1] - y)))\n"
    "    return [i for i in found if np.minimum(colours(i), example).sum() > 0.55]\n"
    "w, h = input_image.size\n"
)
KINDS_CODE = _COLOURS + (
    "kinds = []\n"
    "for i in found:\n"
    "    if all(np.minimum(colours(i), kind).sum() < 0.55 for kind in kinds):\n"
    "        kinds.append(colours(i))\n"
    "print(len(kinds))"
)
"""Counts the kinds of what was found: objects with other colours are of another kind."""


def variable(name: str) -> str:
    """The plural of a kind, or a group's name, as a name of Python.

    >>> variable("cup of tea"), variable("sea animals")
    ('cups_of_tea', 'sea_animals')
    """
    return re.sub(r"\W+", "_", _plural(name))


def _plural(name: str) -> str:
    try:
        return plural(name)
    except KeyError:
        return name


def like_code(examples: Sequence[tuple[str, str]], result: str) -> str:
    """Collects what has the colours of an example, for each kind, and prints a result.

    Args:
        examples: each kind with the Python of a place where one lies.
        result: lines that print it.
    """
    lines = "".join(f"{variable(kind)} = like({place})\n" for kind, place in examples)
    return f"{_COLOURS}{_LIKE}{lines}{result}"


def boxes_code(kinds: Sequence[str]) -> str:
    """Draws a box around each object that was collected, and shows the picture."""
    every = " + ".join(variable(kind) for kind in kinds)
    return (
        "from PIL import ImageDraw\n"
        "marked = input_image.copy()\n"
        "draw = ImageDraw.Draw(marked)\n"
        f"for i in {every}:\n"
        "    x, y, u, v = stats[i][:4].tolist()\n"
        "    draw.rectangle((x - 2, y - 2, x + u + 2, y + v + 2), outline='red', width=3)\n"
        "marked"
    )


def dots_code(scene: Scene, numbers: Sequence[int], name: str, *, colour: str) -> str:
    """Marks objects with numbered dots, prints their number and shows the picture.

    Args:
        scene: the picture.
        numbers: the objects.
        name: kind or group that they are of.
        colour: of the dots.
    """
    points = [_point(scene, number) for number in numbers]
    return (
        "from PIL import ImageDraw\n"
        "marked = input_image.copy()\n"
        "draw = ImageDraw.Draw(marked)\n"
        f"{variable(name)} = {points}\n"
        f"for number, (x, y) in enumerate({variable(name)}, 1):\n"
        f"    draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill='{colour}')\n"
        "    draw.text((x - 3 * len(str(number)), y - 6), str(number), fill='white')\n"
        f"print(len({variable(name)}))\n"
        "marked"
    )


def more_dots_code(scene: Scene, number: int, name: str, *, colour: str) -> str:
    """Marks one more object."""
    x, y = _point(scene, number)
    return (
        f"{variable(name)}.append(({x}, {y}))\n"
        f"x, y = {variable(name)}[-1]\n"
        f"draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill='{colour}')\n"
        f"draw.text((x - 6, y - 6), str(len({variable(name)})), fill='white')\n"
        f"print(len({variable(name)}))\n"
        "marked"
    )


def _point(scene: Scene, number: int) -> tuple[int, int]:
    """The middle of an object as it can be pointed at: in tens of pixels."""
    x, y = centre_of(scene.objects[number].box)
    return (x + 5) // 10 * 10, (y + 5) // 10 * 10
