"""Clocks with coloured hands: one to be told, or two with the time between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.figures.drawing import INKS, RGB, polar
from codedance.tasks.worlds.figures.puzzle import Figure, Given, Kind, Panel, Puzzle, stepped
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import ask, capital, joined
from codedance.tasks.worlds.geometry.dial_scripts import clock_script
from codedance.tasks.worlds.geometry.dials import DIAL_INK, Dial, draw_face, draw_hand, places
from codedance.tasks.worlds.scene import Category

__all__ = ["CLOCK_KINDS"]

_ROMAN = ("XII", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI")
_CITIES = ("Oslo", "Lima", "Cairo", "Delhi", "Paris", "Tokyo", "Quito", "Perth", "Bonn", "Dakar")
_TOLD = (
    " The short {hour} hand shows the hours, the long {minute} one the minutes.",
    " ({Hour} is the hour hand, {minute} the minute hand.)",
    " The minute hand is {minute} and the hour hand is {hour}.",
)
_FORMS = (
    " Write it as hours:minutes.",
    " Answer like 4:05.",
    " Give hours and minutes, such as 10:40.",
    " Use the form h:mm.",
)
_SAME_DAY = (
    " Both times are of the same afternoon or evening.",
    " Both times lie between noon and midnight of one day.",
    " (Same day, both after noon.)",
)
_Shown = tuple[str, Dial, int, tuple[str, str]]
"""What a clock is called, where it is, minutes after twelve, and the colours of its hour and its minute hand."""


def _hands(panel: Panel, dial: Dial, time: int, *, colours: tuple[RGB, RGB]) -> None:
    """Hands in these colours at so many minutes after twelve."""
    hour, minute = colours
    draw_hand(panel, dial, 90 - time / 2, shape=(0.46 if panel.hard else 0.36, 0.11, hour))
    draw_hand(panel, dial, 90 - 6 * (time % 60), shape=(0.78 if panel.hard else 0.56, 0.075, minute))
    panel.sheet.disc(dial.centre, max(4.0, dial.radius * 0.06), (12, 12, 12))


def _numbers(panel: Panel, dial: Dial, rng: Random) -> None:
    """Marks and numbers in one of several styles."""
    style = rng.choice(("all", "all", "quarters", "roman", "none") if panel.hard else ("all", "quarters"))
    for mark in range(60):
        main = mark % 5 == 0
        if main or panel.hard:
            start, end = (polar(dial.centre, dial.radius * r, 90 - 6 * mark) for r in (0.94, 0.86 if main else 0.9))
            panel.sheet.line(start, end, DIAL_INK, width=max(2.0, dial.radius / (40 if main else 80)))
    pen = panel.pen(min(0.95, dial.radius * 0.19 / panel.size), DIAL_INK)
    for hour in range(12):
        if style in ("all", "roman") or (style == "quarters" and hour % 3 == 0):
            text = _ROMAN[hour] if style == "roman" else str(hour or 12)
            panel.sheet.write(text, polar(dial.centre, dial.radius * 0.72, 90 - 30 * hour), pen)


def _time(rng: Random, *, hard: bool) -> int:
    """Minutes after twelve, with the hands well apart."""
    while True:
        time = rng.randrange(720) if hard else rng.randrange(48) * 15
        apart = abs((time / 2 - 6 * (time % 60) + 180) % 360 - 180)
        if apart > 14:
            return time


def _told(time: int) -> str:
    """A time as a clock tells it.

    >>> _told(5), _told(455)
    ('12:05', '7:35')
    """
    return f"{time // 60 % 12 or 12}:{time % 60:02d}"


def _clock(panel: Panel, rng: Random) -> Puzzle:
    count = rng.choice((1, 2, 3, 4)) if panel.hard else 1
    names: Sequence[str] = (
        rng.sample(_CITIES, count) if rng.random() < 0.5 else [f"clock {one}" for one in "ABCD"[:count]]
    )
    shown: list[_Shown] = []
    for name, dial in zip(names, places(panel, rng, count, above=1.6 * panel.size if count > 1 else 0), strict=True):
        time, (hour, minute) = _time(rng, hard=panel.hard), rng.sample(INKS, 2)
        draw_face(panel, dial, rng)
        _numbers(panel, dial, rng)
        _hands(panel, dial, time, colours=(jittered(hour, rng), jittered(minute, rng)))
        if count > 1:
            at = (dial.centre[0], dial.centre[1] - dial.radius - 0.9 * panel.size)
            panel.sheet.write(capital(name), at, panel.pen(colour=DIAL_INK))
        called = "the clock" if count == 1 else name if name.startswith("clock") else f"the clock of {name}"
        shown.append((called, dial, time, (hour, minute)))
    rng.shuffle(shown)
    used = sorted(shown[: 2 if count > 1 and rng.random() < 0.4 else 1], key=lambda one: one[2])
    if len(used) == 2 and used[0][2] == used[1][2]:
        used = used[:1]
    puzzle = _elapsed(rng, used) if len(used) == 2 else _single(panel, rng, used[0])
    values = {
        "clocks": [one[0] for one in used],
        "colours": list(used[0][3]),
        "times": [_told(one[2]) for one in used],
        "alone": count == 1,
        "whole": list(used[0][1].box),
    }
    return puzzle.knowing(values, evidence=tuple(one[1].box for one in used))


def _single(panel: Panel, rng: Random, shown: _Shown) -> Puzzle:
    """What time it is, or how many minutes past the hour."""
    called, dial, time, (hour, minute) = shown
    told = rng.choice(_TOLD).format(hour=hour, minute=minute, Hour=hour.capitalize()) if rng.random() < 0.6 else ""
    value = time // 60 % 12 or 12
    givens = (
        Given(name="hours", meaning="the hour", value=value, text=str(value), box=dial.box),
        Given(name="minutes", meaning="the minute", value=time % 60, text=f"{time % 60:02d}", box=dial.box),
    )
    first = ("hours", "Which hour has begun?", "hours", value, "reading a clock")
    if panel.hard and rng.random() < 0.4:
        sought = f"the number of minutes past the full hour on {called}"
        also: tuple[str, ...] = (
            f"How many minutes past the full hour does {called} show?",
            f"On {called}, how many minutes have passed since the last full hour?",
            f"How many minutes have gone by since the full hour on {called}?",
        )
        steps = stepped(first, ("minutes", "Where does the long hand point?", "minutes", time % 60, "reading a clock"))
        figure = Figure(kind="", givens=givens, steps=steps, sought=sought, noun="clock")
        return Puzzle(question=ask(rng, sought, also=also) + told, figure=figure, tolerance=0.5)
    sought = f"the time on {called}"
    also = (
        f"What time does {called} show?",
        f"What time is it on {called}?",
        f"Read {called}.",
        f"Which time can be read off {called}?",
        f"How late is it, by {called}?",
    )
    steps = stepped(first, ("time", "What time is it?", "hours and minutes", _told(time), "reading a clock"))
    figure = Figure(kind="", givens=givens, steps=steps, sought=sought, noun="clock")
    return Puzzle(
        question=ask(rng, sought, also=also) + told,
        tail=rng.choice(_FORMS),
        figure=figure,
        accepted=(f"{value:02d}:{time % 60:02d}",),
    )


def _elapsed(rng: Random, used: Sequence[_Shown]) -> Puzzle:
    """Minutes from the earlier time to the later one."""
    (first, one, start, _), (last, other, end, _) = used
    givens = []
    for prefix, called, dial, time in (("first", first, one, start), ("last", last, other, end)):
        rows = (
            ("hours", f"the time on {called}", time // 60, _told(time)),
            ("minutes", "its minutes", time % 60, str(time % 60)),
        )
        for name, meaning, value, text in rows:
            givens.append(Given(name=f"{prefix}_{name}", meaning=meaning, value=value, text=text, box=dial.box))
    recipe = Recipe(
        sought=f"the number of minutes from the time on {first} to the time on {last}",
        steps=(
            (
                "start",
                "How many minutes after noon is the first time?",
                "first_hours * 60 + first_minutes",
                "hours and minutes",
            ),
            (
                "end",
                "How many minutes after noon is the second time?",
                "last_hours * 60 + last_minutes",
                "hours and minutes",
            ),
            ("passed", "How many minutes lie between?", "end - start", "difference of times"),
        ),
        plans=(
            "I turn both times into minutes after noon, where 12 counts as 0, and subtract.",
            "Hours times 60 plus minutes, for both (12 counts as 0), then the difference.",
        ),
        also=(
            f"How many minutes pass from the time on {first} to the time on {last}?",
            f"How many minutes later is the time on {last} than the time on {first}?",
            f"{capital(joined([first, last]))} show a start and an end. How many minutes lie between them?",
        ),
        wrong=("passed - 60", "passed + 60", "passed + 40", "passed - 40"),
        power=0,
    )
    puzzle = prepared(rng, recipe, givens, noun="clocks")
    return replace(puzzle, question=puzzle.question + rng.choice(_SAME_DAY))


CLOCK_KINDS = (
    Kind(
        name="clock",
        draw=_clock,
        script=clock_script,
        easy=3,
        hard=4,
        category=Category.VISUAL,
        shared=False,
        plain=True,
        extent=(600, 900),
    ),
)
