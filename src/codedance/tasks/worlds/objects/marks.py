"""Counting with dots that mark what was counted, and in a part of the picture that is cut out first."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.looking import Eighths, centre_of, enlargement
from codedance.tasks.worlds.objects.code import dots_code, more_dots_code
from codedance.tasks.worlds.objects.facts import ObjectsFacts
from codedance.tasks.worlds.objects.words import noun
from codedance.tasks.worlds.scene import Scene

__all__ = ["by_dots", "in_part"]

_RECOVERS = 0.12


def by_dots(scene: Scene, facts: ObjectsFacts, rng: Random) -> Script:
    """Mark each object with a numbered dot, look at the marks, and count them."""
    things, name = noun(facts), facts.group or facts.kinds[0]
    where = f" {facts.where}" if facts.where else ""
    numbers = sorted(facts.counted, key=lambda one: (scene.objects[one].box[1] // 80, scene.objects[one].box[0]))
    colour = rng.choice(("red", "blue", "black", "purple", "green"))
    forgets = len(numbers) > 2 and rng.random() < _RECOVERS
    left_out = rng.choice(numbers) if forgets else None
    marked = [one for one in numbers if one != left_out]
    opening = (
        f"I mark every one of the {things}{where} with a numbered dot, so that none is missed or counted twice.",
        f"I point at the {things}{where} one after the other and number them in the picture.",
        f"Dots on the {things}{where} make the count easy to check.",
    )
    code = dots_code(scene, marked, name, colour=colour)
    shown = yield Code(rng.choice(opening), code, prints=str(len(marked)))
    if left_out is not None:
        x, y = _eighth(scene, left_out)
        missed = rng.choice(
            (
                f"Looking at the marks, I see one without a dot, around column {x}, row {y} of 8. I add it.",
                f"{shown} dots, but one in column {x}, row {y} of 8 has none yet. I mark it too.",
            )
        )
        shown = yield Code(missed, more_dots_code(scene, left_out, name, colour=colour), prints=str(len(numbers)))
    closing = (
        f"Every one of the {things}{where} carries one dot, and nothing else does. The last number is {shown}.",
        f"The dots are where they should be: {shown}.",
        f"All are marked once, that makes {shown}.",
        f"I check the picture: no dot is wrong and none is missing. The count is {shown}.",
    )
    return Final(rng.choice(closing), shown)


def _eighth(scene: Scene, number: int) -> tuple[int, int]:
    """Column and row of an object's middle, counted from 1, of eight."""
    (x, y), (width, height) = centre_of(scene.objects[number].box), scene.image.size
    return x * 8 // width + 1, y * 8 // height + 1


def in_part(scene: Scene, facts: ObjectsFacts, rng: Random) -> Script:
    """Crop the part that is asked about, count in it; many objects are marked as well."""
    assert facts.region is not None
    things, size = noun(facts), scene.image.size
    noticed = None
    if facts.rows:
        row = centre_of(facts.region)[1] * facts.rows // size[1]
        corners = f"(0, h * {row} // {facts.rows}, w, h * {row + 1} // {facts.rows})"
        box = (0, size[1] * row // facts.rows, size[0], size[1] * (row + 1) // facts.rows)
        crop = f"input_image.crop({corners})"
    else:
        cells = _half_of(facts) or Eighths.around(facts.region, size)
        if cells.right - cells.left < 8 and not _half_of(facts) and rng.random() < _RECOVERS:
            noticed = yield from _cut_off(scene, facts, cells)
        box, crop = cells.box(size), cells.expression()
    scale = enlargement((box[2] - box[0], box[3] - box[1]))
    enlarged = "part" if scale == 1 else f"part.resize((part.width * {scale}, part.height * {scale}))"
    code = f"w, h = input_image.size\npart = {crop}\n{enlarged}"
    opening = (
        f"Only what is {facts.where} counts, so I cut that out.",
        f"I crop what is {facts.where} and leave the rest of the picture aside.",
        f"First I look at nothing but what is {facts.where}.",
    )
    yield Code(noticed or rng.choice(opening), code, views=(View(box, scale),), prints="")
    number = len(facts.counted)
    if number == 0:
        return Final(f"I see no {things} {facts.where}.", scene.answer)
    if number > 4 or rng.random() < 0.3:
        return (yield from by_dots(scene, facts, rng))
    closing = (
        f"In the crop I count {number} of the {things} that belong there.",
        f"I see {number} {facts.where}.",
        f"Counting the {things} in it gives {number}.",
    )
    return Final(rng.choice(closing), scene.answer)


def _half_of(facts: ObjectsFacts) -> Eighths | None:
    """The half of the picture that is asked about, if one is."""
    halves = {
        "left half": Eighths(0, 0, 4, 8),
        "right half": Eighths(4, 0, 8, 8),
        "upper half": Eighths(0, 0, 8, 4),
        "lower half": Eighths(0, 4, 8, 8),
    }
    return next((cells for name, cells in halves.items() if name in facts.where), None)


def _cut_off(scene: Scene, facts: ObjectsFacts, cells: Eighths) -> Generator[Code, str, str]:
    """A first crop that is too narrow; returns the thought that notices it."""
    narrow = Eighths(cells.left, cells.top, max(cells.left + 1, cells.right - 2), cells.bottom)
    code = f"w, h = input_image.size\n{narrow.expression()}"
    thing = "plate" if facts.layout == "plates" else "frame"
    yield Code(
        f"I crop the {thing} to see what belongs to it.", code, views=(View(narrow.box(scene.image.size)),), prints=""
    )
    return f"The {thing} is cut off on the right. I take a wider crop."
