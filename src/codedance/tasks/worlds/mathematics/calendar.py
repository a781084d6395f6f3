"""A month's page: weekdays, marked days and the time between them."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.figures.drawing import INKS
from codedance.tasks.worlds.figures.looking import colour_look
from codedance.tasks.worlds.figures.puzzle import Figure, Given, Kind, Panel, Puzzle, stepped
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.steps import computing, concluding
from codedance.tasks.worlds.figures.words import ask, capital
from codedance.tasks.worlds.scene import Box, Scene

__all__ = ["CALENDAR_KINDS"]

_MONTHS = (
    ("January", 31), ("February", 28), ("March", 31), ("April", 30), ("May", 31), ("June", 30), ("July", 31),
    ("August", 31), ("September", 30), ("October", 31), ("November", 30), ("December", 31),
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def _page(panel: Panel, rng: Random, first: int, *, marked: dict[int, str]) -> dict[int, Box]:
    """Draw the month with rings around marked days; the box of each day."""
    month, days = rng.choice(_MONTHS)
    left, top, right, bottom = panel.inner(0.1)
    rows = -(-(first + days) // 7)
    wide, high = (right - left) / 7, min((bottom - top) / (rows + 2), 2.6 * panel.size)
    low = top + (bottom - top - high * (rows + 2)) / 2
    panel.sheet.rect((left, low, right, low + high), panel.theme.fills[0])
    panel.sheet.write(month, ((left + right) / 2, low + high / 2), panel.pen())
    scale = min(1.0, wide * 0.6 / panel.size) if not panel.hard else 1.0
    for index, name in enumerate(_SHORT):
        panel.sheet.write(name, (left + (index + 0.5) * wide, low + 1.5 * high), panel.pen(min(0.9, scale)))
    boxes = {}
    for day in range(1, days + 1):
        column, row = (first + day - 1) % 7, (first + day - 1) // 7
        x, y = left + (column + 0.5) * wide, low + (row + 2.5) * high
        if day in marked:
            panel.sheet.ring(
                (x, y), min(wide, high) * 0.45, jittered(marked[day], rng), width=max(3.0, panel.size * 0.16)
            )
        panel.sheet.write(str(day), (x, y), panel.pen(scale))
        half = min(wide, high) / 2
        boxes[day] = (round(x - half), round(y - half), round(x + half), round(y + half))
    return boxes


def _draw(panel: Panel, rng: Random) -> Puzzle:
    first = rng.randrange(7)
    one, other = sorted(rng.sample(range(1, 29), 2))
    colours = rng.sample(INKS, 2)
    boxes = _page(panel, rng, first, marked={one: colours[0], other: colours[1]} if panel.hard else {one: colours[0]})
    if not panel.hard:
        return (
            _date(rng, (one, colours[0]), boxes)
            if rng.random() < 0.5
            else _weekday(rng, (one, 0, colours[0]), first, boxes=boxes)
        )
    if rng.random() < 0.45:
        ahead = rng.randint(8, 40)
        return _weekday(rng, (one, ahead, colours[0]), first, boxes=boxes)
    givens = [
        Given(name="start", meaning=f"the day in the {colours[0]} ring", value=one, text=str(one), box=boxes[one]),
        Given(name="end", meaning=f"the day in the {colours[1]} ring", value=other, text=str(other), box=boxes[other]),
    ]
    recipe = Recipe(
        sought=f"the number of days from the day in the {colours[0]} ring to the day in the {colours[1]} ring",
        steps=(("days", "How many days lie between them?", "end - start", "calendar"),),
        plans=(
            "The difference of the two dates is the number of days.",
            "I subtract the earlier date from the later one.",
        ),
        also=(
            f"How many days after the {colours[0]} ring is the {colours[1]} ring?",
            f"From the {colours[0]} ring to the {colours[1]} one: how many nights are in between?",
            f"How many days must one wait from the {colours[0]} day until the {colours[1]} day?",
        ),
        wrong=("days + 1", "days - 1", "end", "start", "end + start", "days + 7"),
        power=0,
    )
    return prepared(rng, recipe, givens, noun="calendar").knowing({"colours": colours}, colour=colours[0])


def _date(rng: Random, marked: tuple[int, str], boxes: dict[int, Box]) -> Puzzle:
    """Which date has the ring, or comes a week later."""
    day, colour = marked
    later = rng.choice((0, 1, 2, 7)) if day <= 21 else rng.choice((0, 1))
    it = f"the day in the {colour} ring"
    given = Given(name="day", meaning=it, value=day, text=str(day), box=boxes[day])
    when = {
        0: f"the date of {it}",
        1: f"the date of the day after {it}",
        2: f"the date two days after {it}",
        7: f"the date a week after {it}",
    }[later]
    recipe = Recipe(
        sought=when,
        steps=(("date", "Which date is it?", f"day + {later}" if later else "day", "calendar"),),
        plans=("I read the date and count on." if later else "I only have to read the date.",),
        also=(
            f"Which date is {when.removeprefix('the date of ').removeprefix('the date ')}?"
            if later
            else f"Which date has the {colour} ring?",
        ),
        wrong=("day + 1", "day - 1", "day + 7", "day + 6", "day + 2"),
        power=0,
    )
    return prepared(rng, recipe, (given,), noun="calendar").knowing({"colours": [colour]}, colour=colour)


def _weekday(rng: Random, marked: tuple[int, int, str], first: int, *, boxes: dict[int, Box]) -> Puzzle:
    """Which weekday the marked day is, or the day so many days later."""
    day, ahead, colour = marked
    column = (first + day - 1) % 7
    answer = _DAYS[(column + ahead) % 7]
    it = f"the day in the {colour} ring"
    sought = f"the weekday {ahead} days after {it}" if ahead else f"the weekday of {it}"
    also = (
        (
            f"Which weekday is it {ahead} days after {it}?",
            f"{ahead} days after {it} there is a party. On which weekday?",
            f"On what weekday falls the day {ahead} days after {it}?",
        )
        if ahead
        else (
            f"On which weekday is {it}?",
            f"Which weekday has the {colour} ring?",
            f"What day of the week is ringed in {colour}?",
        )
    )
    given = Given(name="column", meaning=it, value=_DAYS[column], text=f"a {_DAYS[column]}", box=boxes[day])
    steps = stepped(
        ("column", "Which weekday is the marked day?", "column", _DAYS[column], "calendar"),
        *(
            (
                (
                    "rest",
                    "How many days are left after whole weeks?",
                    f"{ahead} % 7",
                    ahead % 7,
                    "division with remainder",
                ),
            )
            if ahead
            else ()
        ),
        ("weekday", "Which weekday is it?", "column + rest" if ahead else "column", answer, "calendar"),
    )
    figure = Figure(kind="", givens=(given,), steps=steps, sought=sought, noun="calendar", values={"ahead": ahead})
    wrong = rng.sample([one for one in _DAYS if one != answer], 3)
    options = tuple(sorted([answer, *wrong], key=_DAYS.index)) if rng.random() < 0.5 else ()
    puzzle = Puzzle(
        question=ask(rng, sought, also=also), figure=figure, options=options, accepted=(answer[:2], answer[:3])
    )
    return puzzle.knowing({"colours": [colour], "ahead": ahead}, colour=colour)


_RINGS = (
    "I find the {colour} ring by its colour and enlarge what is in it.",
    "The {colour} ring marks the day. I crop it.",
    "A colour test shows where the {colour} ring is; I look inside.",
)
_LOOKS = (
    "I enlarge the calendar to see the marked day and its column.",
    "First a closer look at the calendar page.",
    "Which column is the ring in? I enlarge the page.",
)
_WEEKS = (
    "The marked day is a {day}. Whole weeks change nothing, so the remainder by 7 counts.",
    "It is a {day}; after every seven days the weekday is the same, so I take the remainder.",
    "From {day} on I count {ahead} days, which is the same as the remainder after whole weeks.",
)


def _script(scene: Scene, rng: Random) -> Script:
    """Look at the rings or at the page, then reckon with dates or weekdays."""
    figure = figure_of(scene)
    colours = figure.values["colours"]
    assert isinstance(colours, list)
    if figure.steps[-1].name != "weekday":
        for colour in colours:
            thought = rng.choice(_RINGS).format(colour=colour)
            yield showing(thought, colour_look(scene.image, str(colour)))
        thought = f"{' and '.join(f'{one.meaning} has the number {one.text}' for one in figure.givens)}. {figure.plan}"
        shown = yield computing(scene, figure, capital(thought), rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    yield showing(rng.choice(_LOOKS), look_at(scene, [figure.focus], rng))
    day, ahead = str(figure.givens[0].value), int(str(figure.values["ahead"]))
    if not ahead:
        answer = scene.answer
        return Final(
            rng.choice(("The ring is in the column of {day}.", "It is a {day}.", "That column is {day}.")).format(
                day=day
            ),
            answer,
        )
    code = f"days = {list(_DAYS)}\n" + f"weekday = days[(days.index({day!r}) + {ahead}) % 7]\nprint(weekday)"
    shown = yield Code(
        rng.choice(_WEEKS).format(day=day, ahead=ahead), code, views=(), prints=str(figure.steps[-1].value)
    )
    return concluding(scene, figure, shown, rng=rng)


CALENDAR_KINDS = (
    Kind(name="calendar", draw=_draw, script=_script, easy=3, hard=3, shared=False, plain=True, extent=(560, 860)),
)
