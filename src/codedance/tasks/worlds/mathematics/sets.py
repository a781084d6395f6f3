"""Groups and numbers of things: circles that overlap, and rows of little pictures with a key."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.things import THINGS, thing

__all__ = ["SET_KINDS"]

_GROUPS = (
    ("pupils", ("chess", "choir", "drama", "judo", "piano", "swimming", "tennis", "dance")),
    ("people", ("tea", "coffee", "juice", "milk", "water", "cocoa")),
    ("families", ("cats", "dogs", "fish", "birds", "rabbits")),
    ("guests", ("soup", "salad", "cake", "fruit", "bread")),
    ("readers", ("novels", "comics", "poems", "crime", "travel")),
)
_LIKES = {"pupils": "do", "people": "drink", "families": "keep", "guests": "take", "readers": "read"}


def _venn(panel: Panel, rng: Random) -> Puzzle:
    """Two circles that overlap, with a number in every region."""
    who, topics = rng.choice(_GROUPS)
    first, second = rng.sample(topics, 2)
    left, top, right, bottom = panel.inner(0.2, 0.2)
    radius = min((right - left) / 3.3, (bottom - top - 1.5 * panel.size) / 2.05)
    y, x = bottom - radius - 4, (left + right) / 2
    centres = ((x - 0.62 * radius, y), (x + 0.62 * radius, y))
    fills = rng.sample(panel.theme.fills, 2)
    for centre, fill in zip(centres, fills, strict=True):
        panel.sheet.disc(centre, radius, fill)
    for centre in centres:
        panel.sheet.ring(centre, radius, panel.theme.ink, width=max(2.0, panel.stroke * 0.8))
    for centre, name, anchor in zip(centres, (first, second), (-0.25, 0.25), strict=True):
        panel.sheet.write(name, (centre[0] + anchor * radius, y - radius - 0.7 * panel.size), panel.pen())
    most = 48 if panel.hard else 12
    only_a, only_b = rng.sample(range(2, most), 2)
    both, neither = rng.randint(1, most // 2), rng.randint(1, most // 2)
    rows = [
        ("only_a", f"the number for {first} alone", only_a, (centres[0][0] - 0.4 * radius, y)),
        ("both", "the number in the middle", both, (x, y)),
        ("only_b", f"the number for {second} alone", only_b, (centres[1][0] + 0.4 * radius, y)),
    ]
    outside = panel.hard and rng.random() < 0.6
    if outside:
        rows.append(("neither", "the number outside", neither, (left + 0.8 * panel.size, bottom - 0.6 * panel.size)))
    givens = []
    for name, meaning, value, at in rows:
        box = panel.sheet.write(str(value), at, panel.pen())
        givens.append(Given(name=name, meaning=meaning, value=value, text=str(value), box=box))
    recipe = _venn_recipe(rng, (who, first, second), outside=outside, hard=panel.hard)
    used = [one for one in givens if any(one.name in step[2] for step in recipe.steps)]
    return prepared(rng, recipe, used, noun="diagram")


def _venn_recipe(rng: Random, words: tuple[str, str, str], *, outside: bool, hard: bool) -> Recipe:
    """One circle, or one but not both; hard: two circles compared, a share, or all together."""
    return rng.choice(_harder(words, outside=outside) if hard else _easier(words))


def _easier(words: tuple[str, str, str]) -> tuple[Recipe, ...]:
    who, first, second = words
    like, sets = _LIKES[who], "overlapping sets"
    circles = tuple(
        Recipe(
            sought=f"the number of {who} who {like} {topic}",
            steps=(("total", f"How many {like} {topic}?", f"{alone} + both", sets),),
            plans=("Those in the overlap count as well.", "The overlap belongs to both circles, so I add it."),
            also=(f"How many {who} {like} {topic}?", f"{topic.capitalize()}: how many {who} is that in all?"),
            wrong=(alone, "both", "total + 1", "total - 1", "total + both"),
            power=0,
        )
        for topic, alone in ((first, "only_a"), (second, "only_b"))
    )
    either = Recipe(
        sought=f"the number of {who} who {like} exactly one of {first} and {second}",
        steps=(("total", "How many are in one circle only?", "only_a + only_b", sets),),
        plans=("The overlap is left out.", "I add the two parts outside the overlap."),
        also=(
            f"How many {who} {like} just one of {first} and {second}?",
            f"How many {who} {like} either {first} or {second}, but not both?",
        ),
        wrong=("only_a", "only_b", "total + 1", "total - 1", "total + 2"),
        power=0,
    )
    return (*circles, either)


def _harder(words: tuple[str, str, str], *, outside: bool) -> tuple[Recipe, ...]:
    who, first, second = words
    like, sets = _LIKES[who], "overlapping sets"
    one = ("one", f"How many {like} {first}?", "only_a + both", sets)
    compared = Recipe(
        sought=f"the difference between the numbers of {who} who {like} {first} and who {like} {second}",
        steps=(
            one,
            ("other", f"How many {like} {second}?", "only_b + both", sets),
            ("difference", "How much do they differ?", "abs(one - other)", "difference"),
        ),
        plans=("I find the number of each circle, the overlap included, and subtract.",),
        also=(f"By how many do the {who} who {like} {first} and those who {like} {second} differ?",),
        wrong=("one", "other", "difference + both", "one + other", "difference + 2"),
        power=0,
    )
    share = Recipe(
        sought=f"the percentage of those who {like} {first} that also {like} {second}",
        steps=(one, ("percent", "Which share of them is in the overlap?", "round(100 * both / one, 1)", "percentages")),
        plans=("The share is the overlap over the whole circle.", "Overlap divided by the circle, times 100."),
        also=(f"What percentage of the {who} who {like} {first} also {like} {second}?",),
        wrong=("100 * only_a / one", "100 * both / (one + both)", "both * 1.0", "percent / 2"),
        power=0,
    )
    total = ("total", "How many are there with those outside?", "circles + neither", "sum")
    everyone = Recipe(
        sought=f"the number of all {who} in the diagram",
        steps=(
            ("circles", "How many are in the circles?", "only_a + both + only_b", sets),
            *((total,) if outside else ()),
        ),
        plans=("Every region counts once" + (", the one outside too." if outside else "."),),
        also=(f"How many {who} are there in all?", f"How many {who} were asked, if all of them are shown?"),
        wrong=("circles + both", "only_a + only_b", "circles + 2", "circles - both"),
        power=0,
    )
    return compared, share, everyone


def _pictograph(panel: Panel, rng: Random) -> Puzzle:
    """Rows of one little picture, with a key that says how many each stands for."""
    name = rng.choice([one for one in THINGS if one not in ("scissors", "cup of tea")])
    days: tuple[str, ...] = rng.choice(
        (
            ("Mon", "Tue", "Wed", "Thu", "Fri"),
            ("May", "June", "July", "Aug", "Sept"),
            ("Ann", "Ben", "Cleo", "Dan", "Eve"),
            ("north", "east", "south", "west", "centre"),
        )
    )
    left, top, right, bottom = panel.inner(0.2, 0.2)
    count = rng.randint(4, 5) if panel.hard else rng.randint(2, 3)
    rows, most = list(days[:count]), 8 if panel.hard else 5
    worth = rng.choice((2, 3, 4, 5, 6, 8, 10, 12, 20, 25) if panel.hard else (2, 3, 5, 10))
    numbers = [rng.randint(1, most) for _ in rows]
    high = (bottom - top) / (count + 1)
    names = max(panel.size * 0.62 * len(row) for row in rows) + 0.6 * panel.size
    side = int(min(high * 0.78, (right - left - names) / (most + 0.5)))
    givens = []
    for index, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        y = top + (index + 0.5) * high
        panel.sheet.write(row, (left, y), panel.pen(), anchor="lm")
        panel.sheet.rect((left, top + (index + 1) * high - 1, right, top + (index + 1) * high), panel.theme.soft)
        boxes = [
            panel.sheet.paste(thing(name, side), (left + names + (place + 0.5) * side * 1.06, y))
            for place in range(number)
        ]
        box: Box = (boxes[0][0], boxes[0][1], boxes[-1][2], boxes[-1][3])
        givens.append(
            Given(
                name=f"row_{index + 1}",
                meaning=f"the number of pictures for {row}",
                value=number,
                text=str(number),
                box=box,
            )
        )
    y = top + (count + 0.5) * high
    panel.sheet.paste(thing(name, side), (left + side * 0.6, y))
    text = f"= {worth}"
    label = panel.sheet.write(text, (left + side * 1.3, y), panel.pen(), anchor="lm")
    key = Given(name="worth", meaning="what a picture stands for", value=worth, text=str(worth), box=label)
    recipe, used = _picture_recipe(rng, rows, THINGS[name], hard=panel.hard)
    return prepared(rng, recipe, [*(givens[one] for one in used), key], noun="pictograph")


def _picture_recipe(rng: Random, rows: list[str], plural: str, *, hard: bool) -> tuple[Recipe, list[int]]:
    """One row; hard: two rows or all. Also the rows that must be counted."""
    first, second = rng.sample(range(len(rows)), 2)
    if not hard:
        return _one_row(f"row_{first + 1}", rows[first], plural), [first]
    if rng.random() < 0.6:
        names = (f"row_{first + 1}", f"row_{second + 1}")
        return _two_rows(names, (rows[first], rows[second]), plural, together=rng.random() < 0.5), [first, second]
    everything = " + ".join(f"row_{index + 1}" for index in range(len(rows)))
    recipe = Recipe(
        sought=f"the number of {plural} in all rows",
        steps=(
            ("pictures", "How many pictures are there?", everything, "sum"),
            ("total", f"How many {plural} are that?", "pictures * worth", "pictographs"),
        ),
        plans=(f"I count all pictures and multiply by {_KEY}.", "All pictures times the key."),
        also=(f"How many {plural} are there altogether?", f"How many {plural} do all rows stand for?"),
        wrong=("pictures", "pictures + worth", "(pictures + 1) * worth", "(pictures - 1) * worth"),
        power=0,
    )
    return recipe, list(range(len(rows)))


_KEY = "what one picture stands for"


def _one_row(name: str, row: str, plural: str) -> Recipe:
    return Recipe(
        sought=f"the number of {plural} for {row}",
        steps=(("total", "How many are they?", f"{name} * worth", "pictographs"),),
        plans=(f"I multiply the pictures by {_KEY}.", "Pictures times the key."),
        also=(
            f"How many {plural} does the row {row} stand for?",
            f"How many {plural} are shown for {row}?",
            f"{capital(row)}: how many {plural} are that?",
        ),
        wrong=(name, f"{name} + worth", f"({name} + 1) * worth", f"({name} - 1) * worth"),
        power=0,
    )


def _two_rows(names: tuple[str, str], rows: tuple[str, str], plural: str, *, together: bool) -> Recipe:
    (a, b), (first, second) = names, rows
    if together:
        sought = f"the number of {plural} for {first} and {second} together"
        number = ("pictures", "How many pictures is that?", f"{a} + {b}", "sum")
        also: tuple[str, ...] = (
            f"How many {plural} do {first} and {second} have together?",
            f"How many {plural} are shown for {first} and {second} in all?",
        )
    else:
        sought = f"the difference between the {plural} for {first} and for {second}"
        number = ("pictures", "How many pictures is that?", f"abs({a} - {b})", "difference")
        also = (f"By how many {plural} do the rows {first} and {second} differ?",)
    return Recipe(
        sought=sought,
        steps=(number, ("total", f"How many {plural} are that?", "pictures * worth", "pictographs")),
        plans=(
            f"First in pictures, then times {_KEY}.",
            "I reckon with the pictures and multiply by the key at the end.",
        ),
        also=also,
        wrong=("pictures", f"{a} * worth", f"{b} * worth", "(pictures + 1) * worth"),
        power=0,
    )


SET_KINDS = (
    Kind(name="venn", draw=_venn, script=reading_script, easy=3, hard=3, shape="wide"),
    Kind(
        name="pictograph",
        draw=_pictograph,
        script=reading_script,
        easy=3,
        hard=3,
        shape="wide",
        shared=False,
        extent=(640, 900),
    ),
)
