"""Two framed parts that are nearly alike: put them side by side and say what differs."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw

from codedance.tasks.worlds.backgrounds import background
from codedance.tasks.worlds.drawing import box_around, draw_shape
from codedance.tasks.worlds.editing.code import imports
from codedance.tasks.worlds.editing.kind import Kind, Size, enlargement, scatter, text_fact
from codedance.tasks.worlds.editing.things import THING_NAMES, draw_things
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES

__all__ = ["COMPARE"]

_TASKS = (
    "Put the part in the {a} frame and the part in the {b} frame side by side.",
    "Cut out what the {a} and the {b} frame hold and compare them.",
    "Compare the two framed parts, {a} and {b}.",
    "Lay the part in the {b} frame beside the one in the {a} frame.",
    "The {a} frame and the {b} frame show nearly the same.",
    "Subtract the part in the {b} frame from the part in the {a} frame.",
)
_ASK = {
    "missing": (
        "What is in the {a} frame but not in the {b} one?",
        "Which thing of the {a} frame is missing in the {b} frame?",
        "One thing is only in the {a} frame: which?",
    ),
    "count": (
        "In how many places do they differ?",
        "How many things are different or missing?",
        "How many differences are there between them?",
    ),
    "colour": (
        "One shape has another colour in the {b} frame: which colour has it there?",
        "Which colour has the shape in the {b} frame whose colour differs?",
        "What is the new colour, in the {b} frame, of the shape that was changed?",
    ),
}
_FRAMES = {"red": (255, 0, 0), "blue": (0, 0, 255), "magenta": (255, 0, 255), "cyan": (0, 255, 255)}
_EASY: tuple[Size, ...] = ((560, 300), (320, 560), (600, 330))
_HARD: tuple[Size, ...] = ((1280, 700), (760, 1240), (1400, 800))
_FRAME = 5
_PATIENCE = 2000
"""Failed layouts after which things are drawn smaller."""
_INSET = 8
"""How far inside its frame a part is cut out."""


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    asks = rng.choice(("missing", "count", "colour"))
    size = rng.choice(_HARD if hard else _EASY)
    frames = _frames(size)
    inner = (frames[0][2] - frames[0][0], frames[0][3] - frames[0][1])
    count = rng.randint(10, 15) if hard else rng.randint(4, 5)
    short = min(inner)
    low, high = (short // 20, short // 15) if hard else (short // 9, short // 8)
    halves, places = [rng.randint(low, high) for _ in range(count)], None
    tries = 0
    while places is None:
        places = scatter(rng, inner, halves, gap=26, margin=_INSET + 8)
        tries += 1
        if tries > _PATIENCE:  # some sizes leave no room for so many: a little smaller, they do
            halves = [max(8, half * 9 // 10) for half in halves]
    spots = [(*at, half) for at, half in zip(places, halves, strict=True)]
    changed = rng.sample(range(count), rng.randint(1, min(count, 7 if hard else 4)) if asks == "count" else 1)
    ground = rng.choice(((250, 249, 245), (240, 244, 248), (247, 243, 236), (244, 248, 240)))
    parts, names = (_shapes if asks == "colour" else _things)(Image.new("RGB", inner, ground), spots, changed, rng)
    colours = [name for name, ink in _FRAMES.items() if not any(_near(part, ink) for part in parts)]
    first, second = rng.sample(colours, 2)
    image = background(size, rng)
    drawn = list(zip(frames, parts, (first, second), strict=True))
    rng.shuffle(drawn)
    order = list(frames)
    boxes: dict[str, Box] = {}
    for box, (_, part, colour) in zip(order, drawn, strict=True):
        image.paste(part, box[:2])
        ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=colour, width=_FRAME)
        boxes[colour] = box
    task = rng.choice(_TASKS).format(a=first, b=second)
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=f"{task} {rng.choice(_ASK[asks]).format(a=first, b=second)}",
        answer=str(len(changed)) if asks == "count" else names,
        asks=f"compare-{asks}",
        category=Category.EDITING,
        accepted=(f"the {names}", f"a {names}", f"an {names}") if asks == "missing" else (),
        facts={
            "kind": "compare",
            "asked": asks,
            "a": first,
            "b": second,
            "frames": {colour: list(box) for colour, box in boxes.items()},
            "changed": [list(box_around(*spots[index])) for index in changed],
            "evidence": [list(box) for box in boxes.values()],
        },
    )


def _frames(size: Size) -> tuple[Box, Box]:
    """Two boxes of the same size beside or above each other."""
    width, height = size
    rim = max(14, min(size) // 24)
    if width > height:
        across = (width - 3 * rim) // 2
        return (rim, rim, rim + across, height - rim), (2 * rim + across, rim, 2 * rim + 2 * across, height - rim)
    down = (height - 3 * rim) // 2
    return (rim, rim, width - rim, rim + down), (rim, 2 * rim + down, width - rim, 2 * rim + 2 * down)


def _things(
    ground: Image.Image, spots: list[tuple[int, int, int]], changed: list[int], rng: Random
) -> tuple[list[Image.Image], str]:
    """Both parts with things, of which those that are changed are missing in the second; the first one's name."""
    names = rng.sample(THING_NAMES, len(spots))
    seed = rng.random()
    whole, less = ground.copy(), ground.copy()
    for index, (name, spot) in enumerate(zip(names, spots, strict=True)):
        for part in (whole, less):
            if part is whole or index not in changed:
                # Both get the same chance, so that a thing is turned and mirrored alike.
                draw_things(part, [name], [spot], Random(f"{seed}/{index}"))  # noqa: S311 - reproducible pictures
    return [whole, less], names[changed[0]]


def _shapes(
    ground: Image.Image, spots: list[tuple[int, int, int]], changed: list[int], rng: Random
) -> tuple[list[Image.Image], str]:
    """Both parts with shapes, one of which has another colour in the second; that colour."""
    old, new = ground.copy(), ground.copy()
    other = ""
    for index, (x, y, half) in enumerate(spots):
        shape, colour = rng.choice(SHAPES), rng.choice(COLOURS)
        fill = _rgb(colour)
        draw_shape(old, shape, box_around(x, y, half), fill=fill)
        if index in changed:
            other = rng.choice([one for one in COLOURS if one != colour])
            fill = _rgb(other)
        draw_shape(new, shape, box_around(x, y, half), fill=fill)
    return [old, new], other


def _rgb(colour: str) -> tuple[int, int, int]:
    """A shade of a shape's colour that no frame has."""
    shades = {"red": (205, 45, 45), "green": (20, 128, 40), "blue": (45, 75, 205), "yellow": (240, 215, 40)}
    return (shades | {"purple": (128, 30, 140), "cyan": (60, 205, 215)})[colour]


def _near(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    """True if any pixel is so near to a colour that it might be taken for a frame."""
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    total = ImageChops.add(ImageChops.add(red, green), blue)
    low, _ = total.getextrema()
    return float(low) < 90  # type: ignore[arg-type]


_PLANS = (
    "I cut out both framed parts and look at them next to each other.",
    "Both frames have a colour of their own: I crop by it and enlarge.",
    "Side by side it will be easier to see. I cut out the two parts.",
)
_SUBTRACT = (
    "The parts have the same size, so I can subtract one from the other: what is left differs.",
    "A difference image shows at once where they are not alike.",
    "Instead of searching by eye I subtract the two parts.",
)
_PLACE = (
    "They differ in one place only, {place}. I look at it in both parts.",
    "One spot is left after subtracting: {place}. Now a closer look at it, in both.",
)
_SEEN = {
    "missing": (
        "The {answer} is in the {a} frame and missing in the {b} one.",
        "Where the {a} frame has the {answer}, the {b} frame has nothing.",
    ),
    "colour": ("In the {b} frame that shape is {answer}.", "There it has become {answer}."),
}
_COUNTED = (
    "Counted after subtracting: {answer}.",
    "The difference picture has {answer} separate spots, so the answer is {answer}.",
    "What is left after subtracting comes to {answer}.",
)


def _script(scene: Scene, rng: Random) -> Script:
    asked, a, b = (text_fact(scene, name) for name in ("asked", "a", "b"))
    frames = scene.facts["frames"]
    assert isinstance(frames, dict)
    boxes: list[Box] = [tuple(frames[name]) for name in (a, b)]  # type: ignore[arg-type, misc]
    if asked == "count":
        counted = yield Code(rng.choice(_SUBTRACT), imports(_subtract(a, b, "print(len(places))")), prints=scene.answer)
        return Final(rng.choice(_COUNTED).format(answer=counted), counted)
    words = {"a": a, "b": b, "answer": scene.answer}
    if rng.random() < 0.5:
        yield _both(boxes, a, b, rng)
        return Final(rng.choice(_SEEN[asked]).format(**words), scene.answer)
    shown = yield Code(rng.choice(_SUBTRACT), imports(_subtract(a, b, "print(*places[0])")))
    x, y, w, h = map(int, shown.split())
    place = f"{w} by {h} pixels at ({x}, {y})"
    yield _closer(boxes, (x, y, w, h), rng.choice(_PLACE).format(place=place))
    return Final(rng.choice(_SEEN[asked]).format(**words), scene.answer)


_CUT = (
    "def part(colour):\n"
    "    wanted = np.array(ImageColor.getrgb(colour))\n"
    "    ys, xs = np.where(cv2.inRange(pixels, wanted - 20, wanted + 20))\n"
    "    return input_image.crop((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))"
)
_CUT_INSIDE = _CUT.replace("min()", f"min() + {_INSET}").replace("max() + 1", f"max() - {_INSET - 1}")


def _subtract(a: str, b: str, last: str) -> str:
    """Code that leaves in ``places`` where, within them, the parts differ, and shows the difference."""
    return "\n".join(
        (
            "pixels = np.array(input_image)",
            _CUT_INSIDE,
            f"a, b = np.array(part('{a}')), np.array(part('{b}'))",
            "changed = (cv2.absdiff(a, b).sum(2) > 40).astype(np.uint8)",
            "joined = cv2.dilate(changed, np.ones((17, 17), np.uint8))",
            "places = [row[:4] for row in cv2.connectedComponentsWithStats(joined)[2][1:].tolist() if row[4] > 300]",
            last,
            "Image.fromarray(255 - changed * 255)",
        )
    )


def _both(boxes: list[Box], a: str, b: str, rng: Random) -> Code:
    """A turn that shows both parts enlarged, one after the other or in one picture."""
    scale = max(1, min(2, enlargement(boxes[0])))
    lines = ["pixels = np.array(input_image)", _CUT]
    if rng.random() < 0.5:
        lines += [f"for colour in ('{a}', '{b}'):", "    framed = part(colour)"]
        lines.append(f"    display(framed.resize((framed.width * {scale}, framed.height * {scale})))")
        views = tuple(View(box, scale) for box in boxes)
        return Code(rng.choice(_PLANS), imports("\n".join(lines)), views=views, prints="")
    lines += [
        f"left, right = part('{a}'), part('{b}')",
        "both = Image.new('RGB', (left.width + right.width + 10, left.height), 'white')",
        "both.paste(left, (0, 0))",
        "both.paste(right, (left.width + 10, 0))",
        "both",
    ]
    return Code(rng.choice(_PLANS), imports("\n".join(lines)), prints="")


def _closer(boxes: list[Box], place: Box, thought: str) -> Code:
    """A turn that shows the place where the parts differ, in both of them, with pixel coordinates that were printed."""
    x, y, w, h = place
    cuts: list[Box] = []
    for box in boxes:
        left, top = box[0] + _INSET + x, box[1] + _INSET + y
        cuts.append((left - 8, top - 8, left + w + 8, top + h + 8))
    scale = enlargement(cuts[0])
    size = ((w + 16) * scale, (h + 16) * scale)
    code = f"for box in ({cuts[0]}, {cuts[1]}):\n    display(input_image.crop(box).resize({size}))"
    return Code(thought, code, views=tuple(View(cut, scale) for cut in cuts), prints="")


COMPARE = Kind("compare", _make, _script)
