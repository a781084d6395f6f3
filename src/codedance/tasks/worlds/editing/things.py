"""Everyday things on a ground of one colour: drawing them, and code that finds them without knowing what they are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageStat

from codedance.tasks.worlds.editing.kind import INKS, centre
from codedance.tasks.worlds.scene import Box, SceneObject
from codedance.tasks.worlds.things import THINGS, paste_thing

__all__ = ["FIND_THINGS", "NUMBER_THINGS", "THING_NAMES", "contrasting_ink", "draw_things", "numbers_of"]

THING_NAMES = tuple(THINGS)
"""What scenes are filled with; :data:`FIND_THINGS` finds each as one part of a plain ground."""

FIND_THINGS = (
    "pixels = np.array(input_image)\n"
    "ground = pixels[2, 2].astype(int)\n"
    "mask = 255 - cv2.inRange(pixels, ground - 20, ground + 20)\n"
    "mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))\n"
    "parts = cv2.connectedComponentsWithStats(mask)[2][1:].tolist()\n"
    "things = sorted((x, y, w, h) for x, y, w, h, area in parts if area > 150)"
)
"""Lines that leave the boxes of all things in ``things``, from left to right; the corner shows the ground."""

NUMBER_THINGS = (
    "for number, (x, y, w, h) in enumerate(things):\n"
    "    print(number, x, y, w, h)\n"
    "    pen.text((x + w, y), str(number), fill='black', stroke_width=2, stroke_fill='white', font_size={size})"
)
"""Lines that number them on a copy and print their boxes; they need ``pen``."""


def draw_things(
    image: Image.Image, names: Sequence[str], places: Sequence[tuple[int, int, int]], rng: Random
) -> tuple[SceneObject, ...]:
    """Paste things at these centres with these half sizes; their boxes are those of their visible pixels."""
    objects = []
    for name, (x, y, half) in zip(names, places, strict=True):
        box = paste_thing(image, name, centre=(x, y), size=2 * half, rng=rng, turn=8)
        objects.append(SceneObject(colour="", shape=name, box=box))
    return tuple(objects)


def contrasting_ink(image: Image.Image, boxes: Sequence[Box], rng: Random) -> str | None:
    """An ink that stands out in the middle of every box; ``None`` if there is none."""
    middles = []
    for box in boxes:
        x, y = centre(box)
        middles.append(ImageStat.Stat(image.crop((x - 5, y - 5, x + 6, y + 6))).mean)
    inks = [
        name
        for name, ink in INKS.items()
        if all(sum(abs(a - b) for a, b in zip(ink, middle, strict=True)) > 240 for middle in middles)
    ]
    return rng.choice(inks) if inks else None


def numbers_of(printed: str, objects: Sequence[SceneObject]) -> dict[int, SceneObject]:
    """Which thing each printed number stands at: the one whose middle lies in the printed box."""
    found = {}
    for line in printed.splitlines():
        number, x, y, w, h = map(int, line.split())
        for one in objects:
            u, v = centre(one.box)
            if x <= u <= x + w and y <= v <= y + h:
                found[number] = one
    return found
