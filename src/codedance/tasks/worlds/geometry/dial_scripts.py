"""How dials are read: enlarged and by eye, or by the direction of the coloured hands as code measures it."""

from __future__ import annotations

import math
from collections.abc import Generator
from random import Random

from PIL import Image

from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.figures.looking import enlargement, tens_box
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.figures.puzzle import Figure
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.steps import choosing, computing, concluding, option_values, reading
from codedance.tasks.worlds.figures.words import as_text, joined
from codedance.tasks.worlds.scene import Box, Difficulty, Scene

__all__ = ["clock_script", "gauge_script", "measure_turn", "turn_of"]

Cut = Generator[Code, str, tuple[str, Image.Image]]
"""Turns, and in the end the name of a picture in the code and the picture."""

_LOOKS = (
    "I enlarge {it} to read it.",
    "A closer look at {it}.",
    "I crop {it} and make it larger, so that the marks can be told apart.",
    "Let me zoom in on {it}.",
    "{It} is small in the picture; I cut it out and enlarge it.",
)
_CUTS = (
    "First I cut out {it}, so that nothing else disturbs the measuring.",
    "I need {it} alone: a crop, which I also look at.",
    "I crop {it}; I will measure in this crop.",
)
_TURNS = (
    "Now the direction of {hands}: from the black middle to the mean of the coloured pixels, as an angle from the top.",
    "I measure {hands}: the angle clockwise from twelve o'clock, between the black hub and the coloured pixels.",
    "The black hub is the centre. The mean pixel of a colour tells the direction of {hands}.",
)


def clock_script(scene: Scene, rng: Random) -> Script:
    """Read one clock by eye or by the angles of its hands; two clocks by eye, then the minutes between them."""
    figure = figure_of(scene)
    clocks, times = _texts(figure, "clocks"), _texts(figure, "times")
    if len(clocks) == 2:
        yield _look(scene, figure, joined(clocks), rng=rng)
        first, last = (f"{name} shows {time}" for name, time in zip(clocks, times, strict=True))
        thought = f"{first[0].upper()}{first[1:]} and {last}. {figure.plan}"
        shown = yield computing(scene, figure, thought, rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    if rng.random() < 0.5:
        yield _look(scene, figure, clocks[0], rng=rng)
        said = rng.choice(
            (
                "The short hand and the long hand show {time}.",
                "It is {time} on {it}.",
                "The short hand is at or after {hour}, the long hand at minute {minute}: {time}.",
                "I can read it: {time}.",
            )
        )
        hour, minute = times[0].split(":")
        return Final(said.format(time=times[0], it=clocks[0], hour=hour, minute=int(minute)), scene.answer)
    return (yield from _measured_clock(scene, figure, rng))


def _measured_clock(scene: Scene, figure: Figure, rng: Random) -> Script:
    hour, minute = _texts(figure, "colours")
    name, image = yield from _cut(scene, figure, _texts(figure, "clocks")[0], rng=rng)
    minute_turn, hour_turn = turn_of(image, minute), turn_of(image, hour)
    code = f"{measure_turn(name)}\nprint(round(turn({minute!r}), 1), round(turn({hour!r}), 1))"
    thought = rng.choice(_TURNS).format(hands=f"the {minute} minute hand and the {hour} hour hand")
    yield Code(thought, code, views=(), prints=f"{round(minute_turn, 1)} {round(hour_turn, 1)}")
    minutes = round(minute_turn / 6) % 60
    hours = round((hour_turn - minutes / 2) / 30) % 12 or 12
    code = f"minutes = round(turn({minute!r}) / 6) % 60\n"
    numeric = figure.steps[-1].name == "minutes"
    if numeric:
        code, prints = f"{code}print(minutes)", str(minutes)
    else:
        code += f"hours = round((turn({hour!r}) - minutes / 2) / 30) % 12 or 12\nprint(f'{{hours}}:{{minutes:02d}}')"
        prints = f"{hours}:{minutes:02d}"
    thought = rng.choice(
        (
            "A minute is 6 degrees of the long hand, an hour 30 of the short one.",
            "I divide: 6 degrees for a minute; the hour hand moves half a degree a minute and 30 an hour.",
            "From angles to time: 6 degrees a minute, 30 degrees an hour.",
        )
    )
    shown = yield Code(thought, code, views=(), prints=prints)
    said = rng.choice(
        ("It shows {value}.", "So the clock shows {value}.", "The answer is {value}.", "That is {value}.")
    )
    return Final(said.format(value=shown.strip()), shown.strip())


def gauge_script(scene: Scene, rng: Random) -> Script:
    """Count marks in an enlarged crop, or turn the needle's direction into a value."""
    figure = figure_of(scene)
    it = f"the {figure.noun}" + ("" if figure.values["alone"] else f" with the {scene.colour} needle")
    if scene.difficulty is Difficulty.EASY or rng.random() < 0.5:
        yield _look(scene, figure, it, rng=rng)
        shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    name, image = yield from _cut(scene, figure, it, rng=rng, always=True)
    degrees = turn_of(image, scene.colour)
    code = f"{measure_turn(name)}\nprint(round(turn({scene.colour!r}), 1))"
    yield Code(
        rng.choice(_TURNS).format(hands=f"the {scene.colour} needle"), code, views=(), prints=str(round(degrees, 1))
    )
    start, end = (int(one) for one in _texts(figure, "sweep"))
    most, grain = figure.values["most"], float(str(figure.values["grain"]))
    offset, sweep = start - 90, start - end
    value = (degrees + offset) % 360 / sweep * float(str(most))
    code = f"value = (turn({scene.colour!r}) + {offset}) % 360 / {sweep} * {most}\n"
    options = option_values(scene, figure.unit)
    if options:
        code, prints = code + choosing(options, "value", rng, nearest=True), scene.answer
    elif grain == int(grain):
        code, prints = (
            f"{code}print(round(value / {int(grain)}) * {int(grain)})",
            str(round(value / grain) * int(grain)),
        )
    else:
        code, prints = (
            f"{code}print(round(round(value / {grain}) * {grain}, 2))",
            str(round(round(value / grain) * grain, 2)),
        )
    thought = (
        f"The scale begins {offset} degrees left of the top with 0 and runs over {sweep} degrees to {most}; "
        f"a small mark is {as_text(grain)}."
    )
    shown = yield Code(thought, code, views=(), prints=prints)
    return concluding(scene, figure, shown, rng=rng)


def _look(scene: Scene, figure: Figure, it: str, *, rng: Random) -> Code:
    thought = rng.choice(_LOOKS).format(it=it, It=it[0].upper() + it[1:])
    return showing(thought, look_at(scene, list(figure.evidence), rng))


def _cut(scene: Scene, figure: Figure, it: str, *, rng: Random, always: bool = False) -> Cut:
    """Turns that cut out the dial if there are others; the name of the picture to measure in, and the picture."""
    if figure.values["alone"] and not always:
        return "input_image", scene.image
    left, top, right, bottom = (int(one) for one in _texts(figure, "whole"))
    box: Box = tens_box((left, top, right, bottom), scene.image.size)
    scale = enlargement(box)
    code = f"dial = input_image.crop({box})\n"
    code += f"dial.resize((dial.width * {scale}, dial.height * {scale}))" if scale > 1 else "dial"
    yield Code(rng.choice(_CUTS).format(it=it), code, views=(View(box, scale),), prints="")
    return "dial", scene.image.crop(box)


def measure_turn(name: str) -> str:
    """Code that defines ``turn``: degrees clockwise from the top of what has a colour."""
    return (
        "import math\nimport numpy as np\nfrom PIL import ImageColor\n"
        f"pixels = np.array({name}).astype(int)\n"
        "def middle(colour):\n"
        "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
        "    rows, columns = np.where(near)\n"
        "    return columns.mean(), rows.mean()\n"
        "x, y = middle('black')\n"
        "def turn(colour):\n"
        "    u, v = middle(colour)\n"
        "    return math.degrees(math.atan2(u - x, y - v)) % 360"
    )


def turn_of(image: Image.Image, colour: str) -> float:
    """What that code finds."""
    hub, hand = blob(near_mask(image, "black")), blob(near_mask(image, colour))
    assert hub is not None
    assert hand is not None
    return math.degrees(math.atan2(hand.mean[0] - hub.mean[0], hub.mean[1] - hand.mean[1])) % 360


def _texts(figure: Figure, name: str) -> list[str]:
    """A list among the figure's values, as texts."""
    found = figure.values[name]
    assert isinstance(found, list)
    return [str(one) for one in found]
