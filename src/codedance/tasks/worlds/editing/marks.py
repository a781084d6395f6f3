"""Mark all of one kind with dots, then count: the marked, those in one half of the picture, or the rest."""

from __future__ import annotations

from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import ALL_SHAPES, Pen, find_lines, imports
from codedance.tasks.worlds.editing.kind import (
    INKS,
    Kind,
    canvas,
    centre,
    draw_objects,
    quiet_canvas,
    request,
    scatter,
    text_fact,
)
from codedance.tasks.worlds.editing.things import (
    FIND_THINGS,
    NUMBER_THINGS,
    THING_NAMES,
    contrasting_ink,
    draw_things,
    numbers_of,
)
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.things import THINGS
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["MARKS"]

_DRAW = (
    "put a {ink} dot on every {one}",
    "mark each {one} with a {ink} dot",
    "place a {ink} dot on all the {many}",
    "draw a {ink} dot in the middle of each {one}",
    "dot every {one} in {ink}",
    "give each {one} a {ink} dot",
)
_ASK = {
    "count": (
        "How many did you mark?",
        "How many dots did you draw?",
        "How many {many} are there?",
        "What is the number of dots you needed?",
        "How many dots does the picture have now?",
    ),
    "half": (
        "How many of the marked {many} are in the {half} half of the picture?",
        "In the {half} half, how many dots are there now?",
        "How many dots lie in the {half} half?",
    ),
    "rest": (
        "How many {all} have no dot?",
        "How many {all} did you leave unmarked?",
        "What is the number of {all} without a dot?",
    ),
}
_HALVES = {
    "left": ("x + w / 2 < input_image.width / 2", 0),
    "right": ("x + w / 2 > input_image.width / 2", 0),
    "upper": ("y + h / 2 < input_image.height / 2", 1),
    "lower": ("y + h / 2 > input_image.height / 2", 1),
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard, things = difficulty is Difficulty.HARD, rng.random() < 0.5
    asks = rng.choice(("count", "count", "half", "rest") if hard else ("count", "count", "rest"))
    wanted = rng.randint(3, 14) if hard else rng.randint(1, 5)
    while True:
        image = quiet_canvas(difficulty, rng) if things else canvas(difficulty, rng)
        short = min(image.size)
        rest = rng.randint(5, 16) if hard else rng.randint(1, 4)
        low, high = (short // 40, short // 24) if hard else (short // 17, short // 12)
        if things:
            low, high = low * 5 // 4, high * 5 // 4
        halves = [rng.randint(low, high) for _ in range(wanted + rest)]
        places = scatter(rng, image.size, halves, gap=22 if things else 10)
        half = rng.choice(tuple(_HALVES))
        axis = _HALVES[half][1]
        if places is None or (asks == "half" and not _clear(places[:wanted], axis, image.size[axis])):
            continue
        spots = [(*at, size) for at, size in zip(places, halves, strict=True)]
        if things:
            name, *others = rng.sample(THING_NAMES, rng.randint(4, 7))
            names = [name] * wanted + [rng.choice(others) for _ in range(rest)]
            objects = draw_things(image, names, spots, rng)
            one, many = name, THINGS[name]
        else:
            kind = (rng.choice(COLOURS), rng.choice(SHAPES))
            others_too = [_other(kind, rng) for _ in range(rest)]
            objects = draw_objects(image, [kind] * wanted + others_too, spots, rng)
            one, many = " ".join(kind), f"{kind[0]} {kind[1]}s"
        marked = objects[:wanted]
        ink = contrasting_ink(image, [thing.box for thing in marked], rng)
        if ink is not None:
            break
    answer = {"count": wanted, "rest": rest, "half": _in_half(marked, half, image.size)}[asks]
    words = {"many": many, "half": half, "all": "things" if things else "shapes"}
    ask = rng.choice(_ASK[asks]).format(**words)
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, rng.choice(_DRAW).format(ink=ink, one=one, many=many), ask),
        answer=str(answer),
        asks=f"mark-{asks}",
        colour=marked[0].colour,
        shape=marked[0].shape,
        objects=objects,
        category=Category.EDITING,
        edit=EditCheck(colour=INKS[ink], writing=tuple(thing.box for thing in marked)),
        facts={
            "kind": "mark",
            "asked": asks,
            "half": half,
            "ink": ink,
            "things": things,
            "one": one,
            "many": many,
            "evidence": [list(thing.box) for thing in marked],
        },
    )


def _other(kind: tuple[str, str], rng: Random) -> tuple[str, str]:
    """Another kind, often alike in colour or form."""
    while True:
        other = (rng.choice((kind[0], *COLOURS)), rng.choice((kind[1], *SHAPES)))
        if other != kind:
            return other


def _clear(places: list[tuple[int, int]], axis: int, length: int) -> bool:
    """True if nothing lies so near the middle that its half could be doubted."""
    return all(abs(place[axis] - length / 2) > 15 for place in places)


def _in_half(marked: tuple[SceneObject, ...], half: str, size: tuple[int, int]) -> int:
    axis = _HALVES[half][1]
    before = [centre(one.box)[axis] < size[axis] / 2 for one in marked]
    return before.count(half in ("left", "upper"))


_PLANS = (
    "I find the {many} with code, so that none is missed, and dot each.",
    "Marking by hand is error-prone; a mask gives me every {one}.",
    "A colour mask and the filled share tell the {many} from the others. Each one found gets a dot.",
    "I let code collect the {many} and put a {ink} dot in the middle of each.",
)
_TOO_STRICT = 0.12
"""Share of the first masks that allow no difference from the named colour."""
_NONE = (
    "None found, although I see some: the {colour} is not exact. I allow a larger distance.",
    "0 cannot be right; the shade differs a little from pure {colour}. With a wider threshold:",
)
_SOME = (
    "{number} so far; with a wider threshold none is missed.",
    "That gives {number}. I widen the threshold to be sure.",
)
_NUMBERING = (
    "The ground is plain, so everything that differs from it is a thing. I number them all to see which are {many}.",
    "First I number all things: then I can say which ones are {many}.",
    "Code can find the things but does not know what they are. I number them and look.",
)
_CHOSEN = (
    "The {many} carry the numbers {numbers}. I dot these.",
    "I see {many} at {numbers}. Those get a {ink} dot.",
    "Numbers {numbers} are {many}; the others are not.",
    "{numbers}: these are the {many}. Now the dots, on a clean copy.",
)
_POINTED = (
    "I see the {many} near {points}. I put a dot on each.",
    "There they are: {points}. A {ink} dot on each, and I look at the result.",
)
_DONE = {
    "count": (
        "{answer} dots are in the picture, one on each.",
        "All {many} are marked: {answer}.",
        "I marked {answer}.",
    ),
    "half": ("Of the marked ones, {answer} lie in the {half} half.", "The code counted {answer} in the {half} half."),
    "rest": ("{answer} are left without a dot.", "What was not marked adds up to {answer}."),
}


def _script(scene: Scene, rng: Random) -> Script:
    asked, ink = text_fact(scene, "asked"), text_fact(scene, "ink")
    words = {name: text_fact(scene, name) for name in ("one", "many", "half", "ink")}
    pen = Pen(ink, rng)
    if not scene.facts["things"]:
        lines = [find_lines(scene.colour, scene.shape, rng), *_dots(pen, "found"), _question(asked, words["half"])]
        thought = rng.choice(_PLANS).format(**words)
        if rng.random() < _TOO_STRICT:
            strict = find_lines(scene.colour, scene.shape, rng, limit=1)
            shown = yield Code(thought, imports(f"{strict}\nprint(len(found))"), views=())
            thought = rng.choice(_NONE if shown == "0" else _SOME).format(number=shown, colour=scene.colour, **words)
    elif scene.difficulty is Difficulty.EASY and asked == "count" and rng.random() < 0.5:
        points = [tuple(round(edge, -1) for edge in centre(one.box)) for one in _marked(scene)]
        lines = [pen.start(), f"points = {points}", "for x, y in points:"]
        lines += [f"    {pen.dot('x', 'y', '6')}", "print(len(points))"]
        thought = rng.choice(_POINTED).format(points=", ".join(map(str, points)), **words)
    else:
        board = f"board = input_image.copy()\npen = ImageDraw.Draw(board)\n{NUMBER_THINGS}"
        size = max(18, min(scene.image.size) // 36)
        code = imports(f"{FIND_THINGS}\n{board.format(size=size)}\nboard")
        shown = yield Code(rng.choice(_NUMBERING).format(**words), code)
        marked = _marked(scene)
        numbers = [number for number, one in numbers_of(shown, scene.objects).items() if one in marked]
        said = ", ".join(map(str, numbers[:-1])) + (" and " if numbers[:-1] else "") + str(numbers[-1])
        thought = rng.choice(_CHOSEN).format(numbers=said, **words)
        lines = [f"found = [things[number] for number in {numbers}]", *_dots(pen, "found")]
        lines.append(_question(asked, words["half"], all_of="things"))
    printed = yield Code(thought, imports("\n".join([*lines, pen.show()])), prints=scene.answer)
    return Final(rng.choice(_DONE[asked]).format(answer=printed, **words), printed)


def _marked(scene: Scene) -> tuple[SceneObject, ...]:
    return tuple(one for one in scene.objects if (one.colour, one.shape) == (scene.colour, scene.shape))


def _dots(pen: Pen, boxes: str) -> list[str]:
    dot = pen.dot("x + w // 2", "y + h // 2", "radius")
    return [pen.start(), f"for x, y, w, h in {boxes}:", "    radius = max(4, min(w, h) // 6)", f"    {dot}"]


def _question(asked: str, half: str, *, all_of: str = "shapes") -> str:
    match asked:
        case "count":
            return "print(len(found))"
        case "half":
            return f"print(sum({_HALVES[half][0]} for x, y, w, h in found))"
        case _:
            every = f"{ALL_SHAPES}\n" if all_of == "shapes" else ""
            return f"{every}print(len({all_of}) - len(found))"


MARKS = Kind("mark", _make, _script)
