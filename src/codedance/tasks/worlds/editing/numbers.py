"""Number all that is in the picture in some order, then say which number something got, or what carries a number."""

from __future__ import annotations

import itertools
from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import ALL_SHAPES, find_lines, imports
from codedance.tasks.worlds.editing.kind import (
    Kind,
    canvas,
    draw_objects,
    looks,
    number_fact,
    quiet_canvas,
    request,
    scatter,
    text_fact,
)
from codedance.tasks.worlds.editing.things import FIND_THINGS, THING_NAMES, draw_things, numbers_of
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["NUMBERS"]

_DRAW = (
    "number the {all} {order}: write 1 on the first, 2 on the next, and so on",
    "write the numbers 1, 2, 3, ... on the {all}, {order}",
    "label the {all} with numbers, counting {order} from 1",
    "write on each of the {all} which one it is, counted {order}",
    "count the {all} through {order} and write its number on each",
)
_ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "x": ("box[0] + box[2] / 2", ("from left to right", "going from the left to the right")),
    "-x": ("-box[0] - box[2] / 2", ("from right to left", "starting at the right")),
    "y": ("box[1] + box[3] / 2", ("from top to bottom", "starting at the top")),
    "-y": ("-box[1] - box[3] / 2", ("from bottom to top", "starting at the bottom")),
    "size": ("box[2]", ("from the smallest to the largest", "by size, the smallest first")),
    "-size": ("-box[2]", ("from the largest to the smallest", "by size, the largest first")),
}
"""What each order sorts by, and how it is said."""
_ASK = {
    "one": (
        "Which number does the {it} get?",
        "What number is on the {it}?",
        "Which number is the {it}?",
        "What number did you write on the {it}?",
    ),
    "sum": (
        "What do the numbers on the {it} and on the {other} add up to?",
        "What is the sum of the numbers of the {it} and the {other}?",
        "Add the number on the {it} to the number on the {other}: what do you get?",
    ),
    "what": (
        "What is number {number}?",
        "Which of them is number {number}?",
        "What carries the number {number}?",
    ),
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard, things = difficulty is Difficulty.HARD, rng.random() < 0.4
    asks = rng.choice(("one", "sum", "what") if hard else ("one", "one", "what"))
    order = rng.choice(("x", "-x", "y", "-y") if things else tuple(_ORDERS))
    count = rng.randint(7, 11) if hard else rng.randint(4, 6)
    while True:
        image = quiet_canvas(difficulty, rng) if things else canvas(difficulty, rng)
        short = min(image.size)
        low, high = (short // 32, short // 18) if hard else (short // 16, short // 10)
        if "size" in order:
            steps = range(low, high + 1, 3)
            halves = rng.sample(steps, min(count, len(steps)))
        else:
            halves = [rng.randint(low, high) for _ in range(count)]
        places = scatter(rng, image.size, halves, gap=24 if things else 10)
        if places is None:
            continue
        spots = [(*at, half) for at, half in zip(places, halves, strict=True)]
        if not _apart([_rank(order, (x - h, y - h, x + h + 1, y + h + 1)) for x, y, h in spots], order, hard=hard):
            continue
        break
    if things:
        objects = draw_things(image, rng.sample(THING_NAMES, count), spots, rng)
    else:
        kinds = rng.sample([(colour, shape) for colour in COLOURS for shape in SHAPES], len(spots))
        objects = draw_objects(image, kinds, spots, rng)
    ranked = sorted(objects, key=lambda one: _rank(order, one.box))
    target, other = rng.sample(objects, 2)
    first, second = ranked.index(target) + 1, ranked.index(other) + 1
    answer = {"one": str(first), "sum": str(first + second), "what": _name(target)}[asks]
    every = rng.choice(("things", "pictures") if things else ("shapes", "figures"))
    ask = rng.choice(_ASK[asks]).format(it=_name(target), other=_name(other), number=first)
    draw = rng.choice(_DRAW).format(all=every, order=rng.choice(_ORDERS[order][1]))
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, ask),
        answer=answer,
        asks=f"number-{asks}",
        colour=target.colour,
        shape=target.shape,
        objects=objects,
        target=target,
        category=Category.EDITING,
        accepted=(f"the {answer}", f"a {answer}", f"an {answer}") if asks == "what" else (),
        edit=EditCheck(writing=tuple(one.box for one in objects)),
        facts={
            "kind": "number",
            "asked": asks,
            "order": order,
            "things": things,
            "every": every,
            "number": first,
            "other": list(other.box),
            "evidence": [list(one.box) for one in objects],
        },
    )


def _name(one: SceneObject) -> str:
    return f"{one.colour} {one.shape}".strip()


def _rank(order: str, box: Box) -> int:
    x, y = box[0] + box[2], box[1] + box[3]
    place = {"x": x, "y": y, "size": 2 * (box[2] - box[0])}[order.lstrip("-")]
    return -place if order.startswith("-") else place


def _apart(ranks: list[int], order: str, *, hard: bool) -> bool:
    """True if no two of them (in half pixels) are so near that their order could be doubted."""
    least = 8 if "size" in order else 28 if hard else 48
    ranks = sorted(ranks)
    return all(b - a >= least for a, b in itertools.pairwise(ranks))


_PLANS = (
    "I find all {every}, sort them {said}, and write the numbers with code.",
    "The {every} must be put in order first. Code sorts them {said} and numbers them.",
    "Let me collect the {every}, order them {said} and label each one.",
    "Numbering by eye is risky where they lie close; I sort the bounds instead.",
)
_LOOKS = (
    "A closer look at the {it} first, so that I know it again.",
    "I zoom in on the {it} before I number anything.",
)
_SEEN = ("That is the {it}. Now I number all {every} {said}.", "Now I number all of them {said}.")
_READ = {
    "one": ("The {it} carries number {answer}.", "On the {it} I read {answer}.", "Number {answer} is on the {it}."),
    "sum": (
        "The {it} has number {first}, the {other} has {second}: together {answer}.",
        "{first} on the {it} and {second} on the {other} make {answer}.",
    ),
    "what": ("Number {number} is on the {answer}.", "The {answer} carries number {number}."),
}
_COMPUTED = ("The code says {answer}, and the numbers are in the picture.", "It is number {answer}.")


def _script(scene: Scene, rng: Random) -> Script:
    target, things, asked = scene.target, bool(scene.facts["things"]), text_fact(scene, "asked")
    assert target is not None
    key, said = _ORDERS[text_fact(scene, "order")]
    words = {"every": text_fact(scene, "every"), "said": rng.choice(said), "it": _name(target)}
    thought = rng.choice(_PLANS).format(**words)
    if asked != "what" and rng.random() < 0.2:
        yield from looks(words["it"], target.box, scene, rng=rng, thought=rng.choice(_LOOKS).format(**words))
        thought = rng.choice(_SEEN).format(**words)
    name = rng.choice(("marked", "labelled", "numbered", "board"))
    find, found = (FIND_THINGS, "things") if things else (ALL_SHAPES, "shapes")
    in_code = not things and asked == "one" and rng.random() < 0.5
    lines = [find, f"order = sorted({found}, key=lambda box: {key})"]
    lines += [f"{name} = input_image.copy()", f"pen = ImageDraw.Draw({name})"]
    lines += ["for number, (x, y, w, h) in enumerate(order, 1):", "    size = max(18, h // 2)"]
    lines.append(_writing(rng))
    if in_code:
        lines += [find_lines(target.colour, target.shape, rng), "x, y, w, h = found[0]"]
        lines.append("print([abs(box[0] - x) + abs(box[1] - y) < 6 for box in order].index(True) + 1)")
    else:
        lines.append("    print(number, x, y, w, h)")
    printed = yield Code(thought, imports("\n".join([*lines, name])), prints=scene.answer if in_code else None)
    if in_code:
        return Final(rng.choice(_COMPUTED).format(answer=printed), printed)
    return _read(scene, printed, words, rng.choice(_READ[asked]))


def _read(scene: Scene, printed: str, words: dict[str, str], template: str) -> Final:
    """What the numbers in the picture, whose boxes were printed, say."""
    carried = numbers_of(printed, scene.objects)
    if text_fact(scene, "asked") == "what":
        number = number_fact(scene, "number")
        answer = _name(carried[number])
        return Final(template.format(number=number, answer=answer), answer)
    first, second = (
        next(number for number, one in carried.items() if list(one.box) == box)
        for box in (list(scene.target.box) if scene.target else None, scene.facts["other"])
    )
    other = _name(carried[second])
    answer = str(first if text_fact(scene, "asked") == "one" else first + second)
    return Final(template.format(first=first, second=second, other=other, answer=answer, **words), answer)


def _writing(rng: Random) -> str:
    fill, edge = rng.choice((("white", "black"), ("black", "white")))
    at = "(x + w / 2, y + h / 2), str(number)"
    return f"    pen.text({at}, fill='{fill}', stroke_fill='{edge}', stroke_width=2, anchor='mm', font_size=size)"


NUMBERS = Kind("number", _make, _script)
