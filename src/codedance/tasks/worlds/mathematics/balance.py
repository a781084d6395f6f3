"""Balances: what weighs a box, when both sides are in balance?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.figures.drawing import RGB
from codedance.tasks.worlds.figures.looking import union
from codedance.tasks.worlds.figures.puzzle import Given, Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.lettering import text_size
from codedance.tasks.worlds.mathematics.numbers import told
from codedance.tasks.worlds.scene import Box

__all__ = ["BALANCE_KINDS"]

_WEIGHT: RGB = (196, 200, 206)
_EQUAL = (
    "The scale is in balance.",
    "Both sides are equally heavy.",
    "The balance does not tip to either side.",
    "The two pans hold each other in balance.",
)
_SAME = (
    "All boxes with the same letter weigh the same.",
    "Equal letters mean equal weights.",
    "Boxes with the same letter are equally heavy.",
)

Load = Sequence[tuple[str, bool]]
"""What stands on a pan: texts, and whether each is a box of unknown weight."""


def _pan(panel: Panel, middle: tuple[float, float], width: float, *, load: Load, fill: RGB) -> list[Box]:
    """A pan with its load; the boxes of the texts."""
    x, y = middle
    sheet, ink, size = panel.sheet, panel.theme.ink, panel.size
    sheet.rect((x - width / 2, y, x + width / 2, y + max(3, size // 6)), ink)
    rows = [load[:3], load[3:]] if len(load) > 3 else [load]
    boxes: list[Box] = []
    floor = y
    for row in rows:
        wide = [max(text_size(text, panel.theme.font, panel.size)[0] + 0.5 * size, 1.3 * size) for text, _ in row]
        left = x - (sum(wide) + 4 * (len(row) - 1)) / 2
        for (text, unknown), span in zip(row, wide, strict=True):
            box = (left, floor - 1.5 * size, left + span, floor)
            if unknown:
                sheet.rect(box, fill)
                sheet.frame(box, ink, max(2, round(panel.stroke * 0.6)))
            else:
                sheet.area(
                    [
                        (left + 0.15 * span, floor - 1.5 * size),
                        (left + 0.85 * span, floor - 1.5 * size),
                        (left + span, floor),
                        (left, floor),
                    ],
                    _WEIGHT,
                )
            boxes.append(
                sheet.write(
                    text,
                    ((box[0] + box[2]) / 2, floor - 0.72 * size),
                    panel.pen(colour=None if unknown else (20, 20, 20)),
                )
            )
            left += span + 4
        floor -= 1.5 * size + 2
    return boxes


def _scale(
    panel: Panel, room: tuple[float, float, float, float], loads: tuple[Load, Load], *, fill: RGB
) -> tuple[list[Box], list[Box]]:
    """A balance with two level pans in a part of the panel; boxes of the texts on the left and on the right."""
    left, _, right, bottom = room
    x, ink, size = (left + right) / 2, panel.theme.ink, panel.size
    base = bottom - 0.2 * size
    beam = base - 1.3 * size
    wide = (right - left) / 2 - 0.3 * size
    panel.sheet.area([(x, beam), (x - 0.7 * size, base), (x + 0.7 * size, base)], ink)
    panel.sheet.rect((left + 0.2 * wide, beam - 3, right - 0.2 * wide, beam + 3), ink)
    found = []
    for middle, load in zip((left + wide / 2 + 0.1 * size, right - wide / 2 - 0.1 * size), loads, strict=True):
        panel.sheet.rect((middle - 2, beam - 0.5 * size, middle + 2, beam), ink)
        found.append(_pan(panel, (middle, beam - 0.5 * size - max(3, size // 6)), wide, load=load, fill=fill))
    return found[0], found[1]


def _weights(rng: Random, total: int, count: int) -> list[int]:
    """So many weights that add up to a total."""
    if count == 1 or total < 2:
        return [total]
    first = rng.randint(1, total - 1)
    return [first, total - first]


def _simple(panel: Panel, rng: Random) -> Puzzle:
    """One balance: boxes, perhaps with weights, against weights, or boxes on both sides."""
    letter, unit = rng.choice("xyabn"), rng.choice(("kg", "g"))
    box = rng.randint(2, 30 if panel.hard else 9)
    left_boxes = rng.randint(2, 4) if panel.hard else 1
    right_boxes = rng.randint(0, left_boxes - 1) if panel.hard else 0
    extra = rng.randint(1, 20) if panel.hard else rng.choice((0, rng.randint(1, 5)))
    total = (left_boxes - right_boxes) * box + extra
    parts = _weights(rng, total, 1 if panel.hard or extra else 2)
    left: list[tuple[str, bool]] = [(letter, True)] * left_boxes + ([(f"{extra} {unit}", False)] if extra else [])
    right: list[tuple[str, bool]] = [(letter, True)] * right_boxes + [(f"{one} {unit}", False) for one in parts]
    room = panel.inner(0.1, 0.3)
    high = min(room[3] - room[1], 8.5 * panel.size)
    middle = (room[1] + room[3]) / 2
    flip = rng.random() < 0.5
    shown = _scale(
        panel,
        (room[0], middle - high / 2, room[2], middle + high / 2),
        (right, left) if flip else (left, right),
        fill=rng.choice(panel.theme.fills),
    )
    on_left, on_right = shown[::-1] if flip else shown
    givens = []
    if left_boxes > 1:
        count = Given(
            name="boxes",
            meaning="the number of boxes on the side with more of them",
            value=left_boxes,
            text=str(left_boxes),
            box=union(on_left[:left_boxes]),
        )
        givens.append(count)
    if right_boxes:
        givens.append(
            Given(
                name="others",
                meaning="the number on the other side",
                value=right_boxes,
                text=str(right_boxes),
                box=union(on_right[:right_boxes]),
            )
        )
    if extra:
        givens.append(
            Given(
                name="beside",
                meaning="the weight beside the boxes" if left_boxes > 1 else "the weight beside the box",
                value=extra,
                text=f"{extra} {unit}",
                box=on_left[-1],
            )
        )
    for name, value, spot in zip(("weight", "more"), parts, on_right[right_boxes:], strict=False):
        meaning = "the weight on the other side" if name == "weight" else "the second weight there"
        givens.append(Given(name=name, meaning=meaning, value=value, text=f"{value} {unit}", box=spot))
    recipe = _recipe(rng, letter, {one.name for one in givens})
    puzzle = prepared(rng, recipe, givens, noun="balance", unit=(unit, "kilograms" if unit == "kg" else "grams"))
    rule = rng.choice(_EQUAL) + (" " + rng.choice(_SAME) if left_boxes > 1 else "")
    return told(puzzle, rule)


def _recipe(rng: Random, letter: str, names: set[str]) -> Recipe:
    """Take away what is on both sides, then share."""
    load = "weight + more" if "more" in names else "weight"
    steps: list[tuple[str, str, str, str]] = []
    if "beside" in names:
        steps.append(
            (
                "left",
                "How much remains without the weight beside?",
                f"{load} - beside",
                "equations: taking away on both sides",
            )
        )
        load = "left"
    if "others" in names:
        steps.append(
            ("apart", "How many boxes more are on one side?", "boxes - others", "equations: taking away on both sides")
        )
        steps.append(("box", "What does one weigh?", f"{load} // apart", "equations: sharing equally"))
    elif "boxes" in names:
        steps.append(("box", "What does one weigh?", f"{load} // boxes", "equations: sharing equally"))
    elif load == "left":
        steps[-1] = ("box", "What remains for the box?", "weight - beside", "equations: taking away on both sides")
    else:
        steps.append(("box", "How heavy is the other side?", load, "equations: both sides are equal"))
    plans = {
        True: (
            "I take the same away from both sides until only equal boxes are left on one side, then share.",
            "Both sides are equal, so I may take equal things off both; the rest is divided by the boxes.",
        ),
        False: ("Both sides weigh the same.", "What is on one side must be as heavy as the other side."),
    }
    return Recipe(
        sought=f"the weight of the box {letter}",
        steps=tuple(steps),
        plans=plans[len(steps) > 1],
        also=(
            f"How heavy is the box {letter}?",
            f"What does a box {letter} weigh?",
            f"How much does one box {letter} weigh?",
        ),
        wrong=("weight", "box + 1", "box - 1", "box * 2", "weight // 2"),
        check=None,
    )


def _double(panel: Panel, rng: Random) -> Puzzle:
    """Two balances: the first gives one sort of box, the second another by means of it."""
    first, second = rng.sample("abxyn", 2)
    unit = rng.choice(("kg", "g"))
    one = rng.randint(2, 15)
    count = rng.randint(2, 4)
    times, extra = rng.randint(1, 2), rng.choice((0, rng.randint(1, 12)))
    many = rng.randint(2, 4)
    while many == times and not extra:
        many = rng.randint(2, 4)
    total = one * count
    heavy = many * one + extra
    if heavy % times:
        extra += times - heavy % times
        heavy = many * one + extra
    room = panel.inner(0.1, 0.2)
    middle = (room[1] + room[3]) / 2
    high = min((room[3] - room[1]) / 2, 7.5 * panel.size)
    fill = rng.choice(panel.theme.fills)
    upper = _scale(
        panel,
        (room[0], middle - high, room[2], middle - 4),
        ([(first, True)] * count, [(f"{total} {unit}", False)]),
        fill=fill,
    )
    load: list[tuple[str, bool]] = [(first, True)] * many + ([(f"{extra} {unit}", False)] if extra else [])
    lower = _scale(panel, (room[0], middle + 4, room[2], middle + high), ([(second, True)] * times, load), fill=fill)
    rows = [
        ("count", f"the number of boxes {first} on the upper balance", count, str(count), union(upper[0])),
        ("total", "the weight against them", total, f"{total} {unit}", upper[1][0]),
        ("many", f"the number of boxes {first} on the lower one", many, str(many), union(lower[1][:many])),
    ]
    if extra:
        rows.append(("extra", "the weight beside those", extra, f"{extra} {unit}", lower[1][-1]))
    if times > 1:
        rows.append(("times", f"the number of boxes {second}", times, str(times), union(lower[0])))
    givens = [
        Given(name=name, meaning=meaning, value=value, text=text, box=box) for name, meaning, value, text, box in rows
    ]
    recipe = _double_recipe(first, second, {one.name for one in givens})
    puzzle = prepared(
        rng, recipe, givens, noun="pair of balances", unit=(unit, "kilograms" if unit == "kg" else "grams")
    )
    return told(puzzle, f"Both scales are in balance. {rng.choice(_SAME)}")


def _double_recipe(first: str, second: str, names: set[str]) -> Recipe:
    """The upper balance, then the lower one."""
    side = "many * one + extra" if "extra" in names else "many * one"
    steps = [
        ("one", f"What does a box {first} weigh?", "total // count", "equations: sharing equally"),
        ("side", "How heavy is the side with these boxes on the lower balance?", side, "substituting a known weight"),
    ]
    steps.append(
        (
            "box",
            f"What does a box {second} weigh?",
            "side // times" if "times" in names else "side",
            "equations: both sides are equal",
        )
    )
    return Recipe(
        sought=f"the weight of the box {second}",
        steps=tuple(steps),
        plans=(
            f"The upper balance gives the box {first}; put into the lower one it gives {second}.",
            f"First {first} from the balance above, then {second} from the one below.",
        ),
        also=(
            f"How heavy is the box {second}?",
            f"What does one box {second} weigh?",
            f"How much does a box {second} weigh?",
        ),
        wrong=("one", "total", "box + one", "box + 1", "total // count * 2"),
    )


BALANCE_KINDS = (
    Kind(name="balance", draw=_simple, script=reading_script, easy=4, hard=3, shape="wide"),
    Kind(name="two-balances", draw=_double, script=reading_script, hard=3),
)
