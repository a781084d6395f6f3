"""Draw a box around one shape, then say what lies beside it, what is nearest, or how large it is."""

from __future__ import annotations

import math
from random import Random

from codedance.schema import EditCheck
from codedance.tasks.worlds.editing.code import ALL_SHAPES, Pen, find_lines, imports
from codedance.tasks.worlds.editing.kind import (
    INKS,
    Kind,
    canvas,
    centre,
    draw_objects,
    grown,
    looks,
    rectangle,
    request,
    scatter,
    text_fact,
)
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["BOXES"]

_DRAW = (
    "draw a {ink} box around {it}",
    "put a {ink} rectangle around {it}",
    "frame {it} with a {ink} rectangle",
    "outline {it} with a {ink} box",
    "mark {it} with a {ink} bounding box",
    "draw a box in {ink} that encloses {it}",
)
_SIDES = {
    "left": ("further left than it", "to the left of it"),
    "right": ("further right than it", "to the right of it"),
    "above": ("higher up than it", "above it"),
    "below": ("lower down than it", "below it"),
}
_ASK = {
    "side": (
        "How many of the other shapes have their centre {where}?",
        "How many other shapes are {where}, going by their centres?",
        "Going by the centres, how many shapes lie {where}?",
        "What is the number of shapes whose centre is {where}?",
    ),
    "nearest": (
        "Which colour is the shape nearest to it?",
        "What colour does its nearest neighbour have?",
        "What is the colour of the shape that is closest to it?",
    ),
    "width": (
        "How many pixels wide is that {shape}?",
        "What is the width of that {shape} in pixels?",
        "How wide is the {shape} itself, in pixels?",
    ),
}
_MARGIN = 4
_SWAPS = 0.08
"""Share of the boxes that are first drawn with x and y mixed up."""
_BETWEEN = {
    "left": "a + c / 2 < x + w / 2 - 1",
    "right": "a + c / 2 > x + w / 2 + 1",
    "above": "b + d / 2 < y + h / 2 - 1",
    "below": "b + d / 2 > y + h / 2 + 1",
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    asks = rng.choice(("side", "side", "nearest", "width") if hard else ("side", "side", "nearest"))
    while True:
        image = canvas(difficulty, rng)
        by, kinds, halves = _plan(hard, min(image.size), rng)
        places = scatter(rng, image.size, halves, gap=10)
        if places is None:
            continue
        side = rng.choice(tuple(_SIDES))
        answer = _answer(asks, side, places, kinds, halves, least=12 if hard else 26)
        if answer is not None:
            break
    objects = draw_objects(image, kinds, [(*at, half) for at, half in zip(places, halves, strict=True)], rng)
    target, ink = objects[0], rng.choice([one for one in ("red", "blue", "black", "magenta") if one != kinds[0][0]])
    it = f"the {by + ' ' if by else ''}{target.colour} {target.shape}"
    ask = rng.choice(_ASK[asks]).format(where=rng.choice(_SIDES[side]), shape=target.shape)
    quarter = (target.box[2] - target.box[0]) // 4
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, rng.choice(_DRAW).format(ink=ink, it=it), ask),
        answer=answer,
        asks=f"box-{asks}",
        colour=target.colour,
        shape=target.shape,
        objects=objects,
        target=target,
        category=Category.EDITING,
        tolerance=4.0 if asks == "width" else 0.0,
        edit=EditCheck(
            colour=INKS[ink],
            strokes=rectangle(grown(target.box, _MARGIN)),
            kept=(grown(target.box, -quarter),),
            reach=8,
        ),
        facts={"kind": "box", "asked": asks, "by": by, "side": side, "ink": ink, "evidence": [list(target.box)]},
    )


def _plan(hard: bool, short: int, rng: Random) -> tuple[str, list[tuple[str, str]], list[int]]:
    """How the target stands out, and the colours, forms and half sides of all shapes, the target's first."""
    low, high = (short // 56, short // 28) if hard else (short // 15, short // 10)
    count = rng.randint(12, 22) if hard else rng.randint(4, 6)
    kind = (rng.choice(COLOURS), rng.choice(SHAPES))
    by = rng.choice(("largest", "smallest", "")) if hard or rng.random() < 0.5 else ""
    twins = rng.randint(1, 4 if hard else 2) if by else 0
    own = {"largest": high, "smallest": low, "": rng.randint(low, high)}[by]
    others = {"largest": (low, high * 3 // 4), "smallest": (low * 4 // 3 + 1, high), "": (low, high)}[by]
    kinds, halves = [kind], [own]
    for index in range(count - 1):
        other = kind
        while index >= twins and other == kind:
            other = (rng.choice(COLOURS), rng.choice(SHAPES))
        kinds.append(other)
        halves.append(rng.randint(*others))
    return by, kinds, halves


def _answer(
    asks: str,
    side: str,
    places: list[tuple[int, int]],
    kinds: list[tuple[str, str]],
    halves: list[int],
    *,
    least: int,
) -> str | None:
    """What is right; ``None`` if it could be taken for something else."""
    (x, y), others = places[0], places[1:]
    match asks:
        case "side":
            axis = 0 if side in ("left", "right") else 1
            gaps = [one[axis] - places[0][axis] for one in others]
            if min(map(abs, gaps)) < least:
                return None
            return str(sum((gap < 0) == (side in ("left", "above")) for gap in gaps))
        case "nearest":
            far = sorted((math.dist((x, y), one), kinds[index + 1][0]) for index, one in enumerate(others))
            return far[0][1] if far[1][0] > 1.2 * far[0][0] else None
        case _:
            return str(2 * halves[0] + 1)


_PLANS = (
    "I look for {it} by its colour and draw the box around it.",
    "A colour mask gives me every {colour} part; then I pick {it}.",
    "First I find {it} with code, so that the box fits tightly.",
    "The {colour} pixels show where {it} is. I box it and work out the rest in the same go.",
    "To place the box well I need the exact bounds of {it}.",
    "I want the exact bounds of {it}: mask the {colour} pixels, split them into parts.",
)
_LOOKS = (
    "{It} seems to be in this part of the picture. I look closer first.",
    "Let me zoom in on the part where I see {it}.",
    "Before I draw, a closer look at {it}.",
)
_LOOKED = (
    "Yes, {it} is here, {w} pixels wide or so. Now its exact bounds, the box, and the answer.",
    "That is {it}. I measure it with a colour mask and draw.",
    "Good, this is the one. Code finds its bounds exactly.",
)
_PLACED = (
    "It lies at x = {x}, y = {y} and is {w} by {h} pixels. Now the box.",
    "Its bounds are x {x} to {right}, y {y} to {bottom}. I draw around them.",
    "Found: {w} x {h} pixels at ({x}, {y}). I draw the box a few pixels outside.",
)
_NONE = (
    "Nothing has exactly that colour, so the {colour} here is a slightly different shade. I allow some distance.",
    "No pixel matches exactly; the shade varies a little. I widen the threshold.",
)
_SWAPPED = (
    "The box is in the wrong place: I mixed up x and y. Once more, on a clean copy.",
    "That frame does not enclose {it}; the coordinates were swapped. I draw it again, the right way round.",
    "I see the box, but not around {it}. Pillow and OpenCV want x before y; corrected.",
)
_DONE = {
    "side": (
        "The box is drawn, and the code counted {answer}.",
        "The box sits around {it}; {answer} shapes lie on that side.",
        "{answer} it is, and the picture shows the box in place.",
    ),
    "nearest": (
        "The pixel {printed} is {answer}: that is the colour of the nearest shape.",
        "Its nearest neighbour has the colour {printed}, which is {answer}.",
    ),
    "width": (
        "The {shape} is {answer} pixels wide, and the box is around it.",
        "Measured without the frame: {answer} pixels.",
    ),
}


def _script(scene: Scene, rng: Random) -> Script:
    target = scene.target
    assert target is not None
    by, asked = text_fact(scene, "by"), text_fact(scene, "asked")
    it = f"the {by + ' ' if by else ''}{target.colour} {target.shape}"
    words = {"it": it, "It": it[0].upper() + it[1:], "colour": target.colour, "shape": target.shape}
    pen = Pen(text_fact(scene, "ink"), rng)
    thought = rng.choice(_PLANS).format(**words)
    turns = 1
    if rng.random() < 0.25:
        why = rng.choice(_LOOKS).format(**words)
        turns += yield from looks(it.removeprefix("the "), target.box, scene, rng=rng, thought=why)
        thought = rng.choice(_LOOKED).format(w=round(target.box[2] - target.box[0], -1), **words)
    if rng.random() < 0.12 and turns < 3:
        turns += 1
        strict = find_lines(target.colour, None, rng, limit=1)
        shown = yield Code(thought, imports(f"{strict}\nprint(len(found))"), views=())
        thought = rng.choice(_NONE).format(**words) if shown == "0" else f"{shown} such. Now {it} among them."
    find = f"{find_lines(target.colour, target.shape, rng)}\n{_pick(by, rng)}"
    if rng.random() < 0.45 and turns < 4:
        turns += 1
        shown = yield Code(thought, imports(f"{find}\nprint(x, y, w, h)"), views=(), prints=_bounds(target))
        x, y, w, h = map(int, shown.split())
        thought = rng.choice(_PLACED).format(x=x, y=y, w=w, h=h, right=x + w - 1, bottom=y + h - 1)
        find = f"x, y, w, h = {x}, {y}, {w}, {h}"
    if rng.random() < _SWAPS and turns < 4 and abs(target.box[0] - target.box[1]) > 60:
        swapped = "\n".join((pen.start(), pen.box("y - 4", "x - 4", "y + h + 3", "x + w + 3"), pen.show()))
        yield Code(thought, imports(f"{find}\n{swapped}"), prints="")
        thought, find = rng.choice(_SWAPPED).format(**words), ""
    code = "\n".join(part for part in (find, _drawing(pen, rng), _question(scene)) if part)
    printed = yield Code(thought, imports(f"{code}\n{pen.show()}"), prints=_printed(scene))
    answer = _nearest_colour(printed) if asked == "nearest" else printed
    return Final(rng.choice(_DONE[asked]).format(answer=answer, printed=printed, **words), answer)


def _pick(by: str, rng: Random) -> str:
    if not by:
        return rng.choice(("x, y, w, h = found[0]", "(x, y, w, h), = found"))
    least = "max" if by == "largest" else "min"
    return rng.choice(
        (
            f"x, y, w, h = {least}(found, key=lambda box: box[2] * box[3])",
            f"x, y, w, h = {least}(found, key=lambda box: box[2])",
            f"x, y, w, h = sorted(found, key=lambda box: box[2])[{-1 if by == 'largest' else 0}]",
        )
    )


def _drawing(pen: Pen, rng: Random) -> str:
    margin = rng.choice((3, 4, 5))
    lines = [pen.start(), pen.box(f"x - {margin}", f"y - {margin}", f"x + w + {margin - 1}", f"y + h + {margin - 1}")]
    if rng.random() < 0.3:
        lines.append(f"display({pen.part('x - 20', 'y - 20', 'x + w + 20', 'y + h + 20')}.resize((400, 400)))")
    return "\n".join(lines)


def _question(scene: Scene) -> str:
    """The lines that print what the question asks for."""
    match text_fact(scene, "asked"):
        case "side":
            return f"{ALL_SHAPES}\nprint(sum({_BETWEEN[text_fact(scene, 'side')]} for a, b, c, d in shapes))"
        case "nearest":
            return (
                f"{ALL_SHAPES}\n"
                "others = [one for one in shapes if abs(one[0] - x) > 3 or abs(one[1] - y) > 3]\n"
                "far = lambda one: np.hypot(one[0] + one[2] / 2 - x - w / 2, one[1] + one[3] / 2 - y - h / 2)\n"
                "a, b, c, d = min(others, key=far)\n"
                "print(input_image.getpixel((a + c // 2, b + d // 2)))"
            )
        case _:
            return "print(w)"


def _bounds(target: SceneObject) -> str:
    left, top, right, bottom = target.box
    return f"{left} {top} {right - left} {bottom - top}"


def _printed(scene: Scene) -> str:
    """What the last code prints."""
    if text_fact(scene, "asked") != "nearest":
        return scene.answer
    assert scene.target is not None
    middle = centre(scene.target.box)
    near = min(
        (one for one in scene.objects if one is not scene.target), key=lambda one: math.dist(centre(one.box), middle)
    )
    return str(scene.image.getpixel(centre(near.box)))


def _nearest_colour(printed: str) -> str:
    """The name of the colour whose channels were printed."""
    from PIL import ImageColor

    channels = [int(part) for part in printed.strip("()").split(",")]
    return min(
        COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(channels, ImageColor.getrgb(name), strict=False))
    )


BOXES = Kind("box", _make, _script)
