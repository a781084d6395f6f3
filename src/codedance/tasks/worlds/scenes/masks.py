"""Searching with a colour mask: pieces of a named colour are found by code, shown, sorted by shape, or compared."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from random import Random

from PIL import Image, ImageChops, ImageColor

from codedance.tasks.worlds.family import Code, Script, View
from codedance.tasks.worlds.looking import contains, enlargement
from codedance.tasks.worlds.scene import Box, Scene, SceneObject
from codedance.tasks.worlds.scenes.facts import ScenesFacts, Target
from codedance.tasks.worlds.scenes.words import found_final, none_final, wanted
from codedance.tasks.worlds.vocabulary import SHAPES

__all__ = ["by_candidates", "by_comparison", "by_positions", "can_compare", "can_show", "pieces"]

_IMPORTS = "import cv2\nimport numpy as np\nfrom PIL import ImageColor\n"
_NEAR = "near = np.abs(np.array(input_image).astype(int) - ImageColor.getrgb({colour})).sum(2) < 60\n"
_RANGE = "rgb = np.array(ImageColor.getrgb({colour}))\nnear = cv2.inRange(np.array(input_image), rgb - 24, rgb + 24)\n"
_LARGE = 2_600_000
"""Pixels from which the faster of the two tests is used."""
_CONTOURS = "contours, _ = cv2.findContours(near.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)\n"
_BOXES = "boxes = sorted(cv2.boundingRect(one) for one in contours if len(one) > 20)\n"
_FILL = (
    "def fill(one):\n"
    "    x, y, w, h = cv2.boundingRect(one)\n"
    "    return cv2.contourArea(cv2.convexHull(one)) / ((w - 1) * (h - 1))\n"
)
_FORM = (
    "low, high = {{'triangle': (0, 0.65), 'circle': (0.65, 0.9), 'square': (0.9, 2)}}[{shape}]\n"
    "contours = [one for one in contours if len(one) > 20 and low <= fill(one) < high]\n"
)
_MOST_SHOWN = 10
_TOO_STRICT = 0.1


def _test(scene: Scene, colour: str) -> str:
    """Lines that test every pixel for a colour; ``colour`` is Python."""
    large = scene.image.width * scene.image.height > _LARGE
    return (_RANGE if large else _NEAR).format(colour=colour)


def pieces(scene: Scene, colour: str, shape: str | None = None) -> list[tuple[Box, SceneObject]]:
    """What the code finds: boxes of all pieces of a colour (of a shape, if one is named) with their objects.

    In the order in which the code sorts them: from left to right.
    """
    found = []
    for one in scene.objects:
        if one.colour == colour and shape in (None, one.shape):
            box = _coloured(scene.image, one.box, colour)
            if box is not None:
                found.append((box, one))
    return sorted(found, key=lambda piece: (piece[0][0], piece[0][1]))


def _coloured(image: Image.Image, box: Box, colour: str) -> Box | None:
    """Around the pixels of a box that pass the test which the code makes."""
    part = image.crop(box)
    red, green, blue = ImageChops.difference(part, Image.new("RGB", part.size, ImageColor.getrgb(colour)[:3])).split()
    if image.width * image.height > _LARGE:
        far, limit = ImageChops.lighter(ImageChops.lighter(red, green), blue), 25
    else:
        far, limit = ImageChops.add(ImageChops.add(red, green), blue), 60
    inner = far.point([255 * (value < limit) for value in range(256)]).getbbox()
    if inner is None:
        return None
    return box[0] + inner[0], box[1] + inner[1], box[0] + inner[2], box[1] + inner[3]


def _named_shape(target: Target) -> str | None:
    return target.noun if "shape" in target.keys and target.noun in SHAPES else None


def _found(scene: Scene, target: Target) -> list[tuple[Box, SceneObject]]:
    return pieces(scene, target.colour, _named_shape(target))


def can_show(scene: Scene, facts: ScenesFacts) -> bool:
    """True if the pieces of the named colours can be shown one by one."""
    if not facts.pure or facts.beside or any("colour" not in one.keys for one in facts.targets):
        return False
    if len(facts.targets) == 1:
        return len(_found(scene, facts.targets[0])) <= _MOST_SHOWN
    return sum(len(pieces(scene, one.colour)) for one in facts.targets) <= _MOST_SHOWN


def can_compare(scene: Scene, facts: ScenesFacts) -> bool:
    """True if colour, or colour and shape, alone tell where everything is that the question names."""
    if not facts.pure or facts.asks not in ("side", "nearer"):
        return False
    return all("colour" in one.keys and len(_found(scene, one)) == 1 for one in facts.targets)


def _finding(scene: Scene, target: Target) -> str:
    """Code that makes the sorted list ``boxes``."""
    shape = _named_shape(target)
    form = "" if shape is None else _FILL + _FORM.format(shape=repr(shape))
    return _IMPORTS + _test(scene, repr(target.colour)) + _CONTOURS + form + _BOXES


def _margin(found: Sequence[tuple[Box, SceneObject]]) -> int:
    """How far around a coloured piece one must look to see the whole object."""
    reach = [
        max(box[0] - one.box[0], box[1] - one.box[1], one.box[2] - box[2], one.box[3] - box[3], 0) for box, one in found
    ]
    return max(reach, default=0) // 4 * 4 + 8


def _showing(found: Sequence[tuple[Box, SceneObject]], name: str = "boxes") -> tuple[str, tuple[View, ...]]:
    """Code that shows each piece enlarged, and what it shows."""
    m = _margin(found)
    sides = [(box[2] - box[0] + 2 * m, box[3] - box[1] + 2 * m) for box, _ in found]
    scale = min((enlargement(side, shown=480) for side in sides), default=4)
    enlarged = "part" if scale == 1 else f"part.resize((part.width * {scale}, part.height * {scale}))"
    code = (
        f"for x, y, w, h in {name}:\n"
        f"    part = input_image.crop((x - {m}, y - {m}, x + w + {m}, y + h + {m}))\n"
        f"    display({enlarged})"
    )
    views = tuple(View((box[0] - m, box[1] - m, box[2] + m, box[3] + m), scale) for box, _ in found)
    return code, views


def _printed(found: Sequence[tuple[Box, SceneObject]]) -> str:
    return str([(box[0], box[1], box[2] - box[0], box[3] - box[1]) for box, _ in found])


def by_candidates(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Find all pieces of the named colour (and shape), show them, pick the one that is meant."""
    target = facts.targets[0]
    found = _found(scene, target)
    shape = _named_shape(target)
    things = f"{target.colour} {shape or 'thing'}s" if shape or target.noun not in SHAPES else f"{target.colour} cards"
    opening = (
        f"I need the {target.phrase}. Code can find everything {target.colour}; then I look at it.",
        f"A colour mask shows where the {things} are.",
        f"The {target.phrase} is small, so I search for its colour with code and zoom in.",
        f"I let code find all {things} and enlarge each of them.",
    )
    thought = rng.choice(opening)
    if rng.random() < _TOO_STRICT:
        thought = yield from _too_strict(target, thought)
    show, views = _showing(found)
    finding = _finding(scene, target)
    if rng.random() < 0.6:
        yield Code(thought, finding + show, views=views, prints="")
    else:
        shown = yield Code(thought, f"{finding}print(boxes)", views=(), prints=_printed(found))
        if shown == "[]":
            return none_final(scene, facts, rng, before=f"The mask finds no {things}.")
        number = shown.count("(")
        look = (f"{number} found. I look at each.", f"I zoom in on the {number} found." if number > 1 else "I zoom in.")
        yield Code(rng.choice(look), show, views=views, prints="")
    if not found:
        return none_final(scene, facts, rng, before=f"Nothing is shown: there are no {things}.")
    if target.box is None:
        return none_final(
            scene, facts, rng, before=f"I see {len(found)} of that colour, but none is a {target.phrase}."
        )
    place = next(index for index, (box, _) in enumerate(found) if contains(target.box, box))
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    which = f"The {ordinals[place]} of them is the {target.phrase}." if len(found) > 1 else ""
    return found_final(scene, facts, rng, before=which)


def _too_strict(target: Target, thought: str) -> Generator[Code, str, str]:
    """A first test that takes the colour too exactly; returns the thought that notices it."""
    exact = f"exact = (np.array(input_image) == ImageColor.getrgb({target.colour!r})).all(2)\nprint(exact.sum())"
    code = f"import numpy as np\nfrom PIL import ImageColor\n{exact}"
    shown = yield Code(thought, code, views=())
    return f"{shown} pixels are exactly {target.colour}: the shades differ a little. I allow some distance."


def by_comparison(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Let code find everything that the question names, and compare their places."""
    shaped = any(_named_shape(one) for one in facts.targets)
    code = _IMPORTS + (_FILL if shaped else "") + _finder(scene, shaped=shaped)
    names = ("a", "b", "c")[: len(facts.targets)]
    for name, target in zip(names, facts.targets, strict=True):
        shape = _named_shape(target)
        code += f"{name} = find({target.colour!r}{f', {shape!r}' if shape else ''})\n"
    opening = (
        f"I find {wanted(facts)} by colour and compare where they are.",
        f"Code can locate {wanted(facts)}; then their positions tell.",
        f"The question is about positions, so I compute them for {wanted(facts)}.",
    )
    shown = yield Code(rng.choice(opening), code + _comparison(facts, names), views=(), prints=facts.truth)
    before = f"The code says {shown}." if rng.random() < 0.5 else ""
    return found_final(scene, facts, rng, before=before)


def _finder(scene: Scene, *, shaped: bool) -> str:
    """A function that returns the middle of the piece with a colour, and a shape if one is named."""
    lines = [*_test(scene, "colour").splitlines(), _CONTOURS.rstrip("\n")]
    head = "def find(colour, shape=None):\n" if shaped else "def find(colour):\n"
    if shaped:
        lines += [
            "low, high = {None: (0, 2), 'triangle': (0, 0.65), 'circle': (0.65, 0.9), 'square': (0.9, 2)}[shape]",
            "one = next(one for one in contours if len(one) > 20 and low <= fill(one) < high)",
        ]
    else:
        lines += ["one = max(contours, key=len)"]
    lines += ["x, y, w, h = cv2.boundingRect(one)", "return x + w / 2, y + h / 2"]
    return head + "".join(f"    {line}\n" for line in lines)


def _comparison(facts: ScenesFacts, names: Sequence[str]) -> str:
    """Code that prints which side, or which is nearer, from the middles with these names."""
    if facts.asks == "side":
        number, low, high = (0, "left", "right") if facts.axis == "across" else (1, "above", "below")
        return f"print({low!r} if {names[0]}[{number}] < {names[1]}[{number}] else {high!r})"
    first, second, third = names
    near, far = facts.targets[0].phrase, facts.targets[1].phrase
    return (
        f"near, far = np.hypot({first}[0] - {third}[0], {first}[1] - {third}[1]), "
        f"np.hypot({second}[0] - {third}[0], {second}[1] - {third}[1])\n"
        f"print({near!r} if near < far else {far!r})"
    )


def by_positions(scene: Scene, facts: ScenesFacts, rng: Random) -> Script:
    """Show all pieces of the named colours, pick those that are meant, compare their places with code."""
    code, views, picks = _IMPORTS + _lists(scene), list[View](), list[int]()
    names = ("first", "second", "third")[: len(facts.targets)]
    for name, target in zip(names, facts.targets, strict=True):
        found = pieces(scene, target.colour)
        show, shown = _showing(found, name)
        code += f"{name} = boxes_of({target.colour!r})\n{show}\n"
        views += shown
        assert target.box is not None
        picks.append(next(index for index, (box, _) in enumerate(found) if contains(target.box, box)))
    colours = " and ".join(dict.fromkeys(one.colour for one in facts.targets))
    opening = (
        f"I look at everything {colours} to find {wanted(facts)}.",
        f"A mask for each colour finds the candidates for {wanted(facts)}; I look at all of them.",
    )
    yield Code(rng.choice(opening), code.rstrip("\n"), views=tuple(views), prints="")
    middles = [
        f"({name}[{pick}][0] + {name}[{pick}][2] / 2, {name}[{pick}][1] + {name}[{pick}][3] / 2)"
        for name, pick in zip(names, picks, strict=True)
    ]
    letters = ("a", "b", "c")[: len(names)]
    lines = "".join(f"{letter} = {middle}\n" for letter, middle in zip(letters, middles, strict=True))
    told = ", ".join(
        f"number {pick + 1} of the {one.colour} ones is the {one.phrase}"
        for pick, one in zip(picks, facts.targets, strict=True)
    )
    shown_text = yield Code(
        f"{told[0].upper()}{told[1:]}. I compare their middles.",
        lines + _comparison(facts, letters),
        views=(),
        prints=facts.truth,
    )
    before = f"The code says {shown_text}." if rng.random() < 0.4 else ""
    return found_final(scene, facts, rng, before=before)


def _lists(scene: Scene) -> str:
    """A function that returns the sorted boxes of a colour."""
    lines = [*_test(scene, "colour").splitlines(), _CONTOURS.rstrip("\n")]
    lines.append("return sorted(cv2.boundingRect(one) for one in contours if len(one) > 20)")
    return "def boxes_of(colour):\n" + "".join(f"    {line}\n" for line in lines)
