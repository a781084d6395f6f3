"""The way of most puzzles: look closer at the figure, read what is given, compute step by step, conclude."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.looking import (
    Look,
    around,
    colour_look,
    eighths_look,
    enlargement,
    tens_look,
    union,
)
from codedance.tasks.worlds.figures.puzzle import Figure
from codedance.tasks.worlds.figures.steps import computing, concluding, reading
from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["Turns", "figure_of", "look_at", "reading_script", "showing"]

Turns = Generator[Code, str, None]
"""Some turns with code, whose outcome is known."""

_LOOKS = (
    "The lettering of the {noun} is too small to read like this, so I crop {it} and enlarge it.",
    "I need the numbers in the {noun}. I zoom in on {it} first.",
    "Let me cut out {it} and make it larger, so that I can read the numbers.",
    "I look closer at {it} to read what is given.",
    "First I enlarge {it}, to read the values safely.",
    "Before I compute anything, I read the values: a closer look at {it}.",
    "At this size I would have to guess the numbers. I crop {it} and enlarge it.",
)
_FRAME_LOOKS = (
    "The question is about {it}. I find the frame by its colour and cut out what is inside.",
    "A colour test finds the {frame} frame; I crop it and look closer.",
    "Only {it} matters. Code can find the {frame} frame and zoom in on it.",
    "The {frame} pixels show where {it} is; I crop it and enlarge it.",
)
_EASY_LOOKS = (
    "I take a closer look at the {noun} first.",
    "To be sure of the numbers I enlarge the {noun}.",
    "I crop the {noun}, so that I read the numbers correctly.",
)
_MISSES = (
    "That is {other}, not {it}. I crop again, now at the right place.",
    "I cut out {other} by mistake; I need {it}.",
    "This crop shows {other}. {It} lies elsewhere, so I move the crop.",
    "Wrong part of the picture: this is {other}. Once more for {it}.",
)
_CUTS = (
    "Part of the {noun} is cut off here. I take a larger crop.",
    "The crop is too narrow, it does not show the whole {noun}. Once more, wider.",
    "Some of the lettering is missing in this crop, so I widen it.",
)
_TIGHTS = (
    "I want to be sure of the single numbers, so I enlarge each of them.",
    "Now one crop for each label, larger still.",
    "I zoom in on the labels themselves.",
    "The labels are there; I enlarge them one by one.",
)
_WHOLES = (
    "First I cut out {it}, to see it as a whole.",
    "I crop {it} to see where its numbers stand.",
    "An overview first: I cut out {it}.",
)
_ENLARGED = (
    "I enlarge the whole picture to read it.",
    "Twice as large, everything in the {noun} can be read.",
    "I make the picture larger first.",
    "The {noun} fills the picture, so I enlarge all of it.",
)
_LABELS = (
    "The lettering of the {noun} is small. I crop the places where numbers stand and enlarge them.",
    "I zoom in on the labels of the {noun}, each in a crop of its own.",
    "The {noun} is large, its numbers are not: I enlarge just these.",
    "I cut out the numbers and make them larger.",
)
_PLANS = ("{reading} {plan}", "{reading} {plan}", "{plan} {reading}")
_CHECKS = (
    "I check it by putting the result back.",
    "Let me verify that: the result must satisfy the condition.",
    "A quick check with the value found.",
    "Before I answer, I test the result.",
)


def figure_of(scene: Scene) -> Figure:
    """What is known about the scene's puzzle."""
    return Figure.model_validate(dict(scene.facts))


def reading_script(scene: Scene, rng: Random) -> Script:
    """Look, read, compute, now and then check, conclude."""
    figure = figure_of(scene)
    looks = 0
    if scene.difficulty is Difficulty.HARD or rng.random() < 0.45:
        looks = yield from _closer(scene, figure, rng)
    thought = rng.choice(_PLANS).format(reading=reading(figure, rng), plan=figure.plan).strip()
    step = computing(scene, figure, thought, rng=rng)
    shown = yield step
    named = f"\n{figure.steps[-1].name} =" in step.code  # not where numbers were put into one expression
    if figure.check and named and looks < 3 and rng.random() < 0.3:
        yield Code(rng.choice(_CHECKS), f"print({figure.check})", views=(), prints="True")
    return concluding(scene, figure, shown, rng=rng)


def _closer(scene: Scene, figure: Figure, rng: Random) -> Generator[Code, str, int]:
    """The turns that look closer, what they show is known; in the end how many there were."""
    words = {"noun": figure.noun, "it": figure.name or f"the {figure.noun}", "frame": figure.frame or ""}
    if scene.difficulty is Difficulty.EASY:
        yield _focused(scene, figure, rng.choice(_EASY_LOOKS).format(**words), rng=rng)
        return 1
    thought = rng.choice(_LOOKS).format(**words)
    if figure.frame and rng.random() < 0.6:
        yield showing(rng.choice(_FRAME_LOOKS).format(**words), colour_look(scene.image, figure.frame))
        return 1
    missed = _miss(scene, figure, rng) if rng.random() < 0.12 else None
    if missed is not None:
        look, other = missed
        yield showing(thought, look)
        it = words["it"]
        thought = rng.choice(_MISSES if other else _CUTS).format(other=other, It=it[:1].upper() + it[1:], **words)
    labels = _labels(scene, figure)
    large = enlargement(figure.focus) == 1 and 1 <= len(labels) <= 6
    if missed is not None:
        yield showing(thought, look_at(scene, [figure.focus], rng))
    elif large and rng.random() < 0.7:
        yield showing(rng.choice(_LABELS).format(**words), look_at(scene, labels, rng))
        return 1
    else:
        thought = rng.choice(_WHOLES).format(**words) if large else thought
        yield _focused(scene, figure, thought, rng=rng)
    looks = 1 if missed is None else 2
    if large or (missed is None and 1 <= len(labels) <= 4 and rng.random() < 0.2):
        yield showing(rng.choice(_TIGHTS).format(**words), tens_look(labels, scene.image.size))
        looks += 1
    return looks


def _labels(scene: Scene, figure: Figure) -> list[Box]:
    """Boxes around what is written in the figure; none if what must be seen is not written in small places."""
    size = scene.image.size
    boxes = [around(one.box, max(6, (one.box[3] - one.box[1]) // 2), size) for one in figure.givens]
    small = all((right - left) * (bottom - top) * 12 < size[0] * size[1] for left, top, right, bottom in boxes)
    return list(dict.fromkeys(boxes)) if small else []


def look_at(scene: Scene, boxes: list[Box], rng: Random) -> Look:
    """One crop for each box, in eighths of the picture or in tens of pixels."""
    size = scene.image.size
    return (eighths_look if rng.random() < 0.6 else tens_look)(boxes, size)


def _miss(scene: Scene, figure: Figure, rng: Random) -> tuple[Look, str] | None:
    """A crop that shows another figure, and its name; or one that cuts a label off, and no name."""
    if figure.others:
        other = rng.choice(figure.others)
        return tens_look([other.box], scene.image.size), other.name
    whole = union([figure.focus, *figure.evidence])
    left, top, right, bottom = whole
    middle: Box = (left + (right - left) // 5, top + (bottom - top) // 5, right, bottom)
    look = tens_look([middle], scene.image.size)
    shown = look[1][0].box
    if all(one[0] >= shown[0] and one[1] >= shown[1] for one in figure.evidence):
        return None
    return look, ""


def showing(thought: str, look: Look) -> Code:
    """A turn that shows known parts of the picture and prints nothing."""
    return Code(thought, look[0], views=look[1], prints="")


def _focused(scene: Scene, figure: Figure, thought: str, *, rng: Random) -> Code:
    """A turn that shows the figure; said in other words if that is the whole picture."""
    look = look_at(scene, [figure.focus], rng)
    if look[1][0].box == (0, 0, *scene.image.size):
        thought = rng.choice(_ENLARGED).format(noun=figure.noun)
    return showing(thought, look)
