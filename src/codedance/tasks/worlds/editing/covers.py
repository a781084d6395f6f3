"""Cover what is written on one card, then say what it was, or what the other cards make together."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from codedance.schema import EditCheck
from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.editing.code import Pen, imports
from codedance.tasks.worlds.editing.kind import INKS, Kind, canvas, grown, request, scatter, text_fact
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.lettering import FONTS, FontName, font
from codedance.tasks.worlds.scene import Box, Category, Difficulty, Scene, SceneObject
from codedance.tasks.worlds.vocabulary import COLOURS

__all__ = ["COVERS"]

_DRAW = (
    "cover the number on the {colour} card with a {ink} rectangle",
    "hide the number on the {colour} card under a {ink} rectangle",
    "paint a {ink} rectangle over the number on the {colour} card",
    "black out the number on the {colour} card",
    "redact the number on the {colour} card with a {ink} bar",
    "make the number on the {colour} card unreadable with a filled {ink} rectangle",
)
_DRAW_EXTREME = (
    "cover the {extreme} number with a {ink} rectangle",
    "hide the {extreme} of the numbers under a {ink} rectangle",
    "paint a {ink} rectangle over the {extreme} number",
)
_ASK = {
    "read": ("Which number did you cover?", "What number is hidden now?", "Which number can no longer be read?"),
    "sum": (
        "What do the numbers that can still be read add up to?",
        "What is the sum of the numbers left?",
        "Add up the numbers that are still there: what is the sum?",
    ),
    "largest": ("Which is the largest number that can still be read?", "What is the largest number left?"),
    "smallest": ("Which is the smallest number that can still be read?", "What is the smallest number left?"),
    "colour": ("Which colour is the card whose number you covered?", "What colour does that card have?"),
}


def _make(difficulty: Difficulty, seed: int, rng: Random) -> Scene:
    hard = difficulty is Difficulty.HARD
    by_number = hard and rng.random() < 0.35
    kinds = ("read", "sum", "largest", "smallest") if hard else ("read", "sum", "largest")
    asks = rng.choice(("sum", "colour") if by_number else kinds)
    count = rng.randint(4, 6) if hard else rng.randint(3, 4)
    image, places = canvas(difficulty, rng), None
    short = min(image.size)
    low, high = (short // 26, short // 20) if hard else (short // 8, short // 7)
    halves = [rng.randint(low, high) for _ in range(count)]
    while places is None:
        places = scatter(rng, image.size, halves, gap=12)
    numbers = rng.sample(range(10, 100), count) if hard else rng.sample(range(10), count)
    lettering = rng.choice(FONTS)
    cards, inked = [], []
    for colour, number, (x, y), half in zip(rng.sample(COLOURS, count), numbers, places, halves, strict=True):
        box = _card_box(x, y, half, rng)
        inked.append(_draw_card(image, box, colour, str(number), lettering, rng))
        cards.append(SceneObject(colour=colour, shape="card", box=box, glyph=str(number), glyph_kind="digit"))
    extreme = rng.choice(("largest", "smallest"))
    order = sorted(range(count), key=lambda index: numbers[index])
    chosen = order[-1 if extreme == "largest" else 0] if by_number else rng.randrange(count)
    left = [number for index, number in enumerate(numbers) if index != chosen]
    answer = {
        "read": str(numbers[chosen]),
        "sum": str(sum(left)),
        "largest": str(max(left)),
        "smallest": str(min(left)),
        "colour": cards[chosen].colour,
    }[asks]
    draw = rng.choice(_DRAW_EXTREME if by_number else _DRAW)
    ink = "black" if draw.startswith("black out") else rng.choice(("black", "white", "gray"))
    draw = draw.format(ink=ink, colour=cards[chosen].colour, extreme=extreme)
    return Scene(
        family="editing",
        difficulty=difficulty,
        seed=seed,
        image=image,
        question=request(rng, draw, rng.choice(_ASK[asks])),
        answer=answer,
        asks=f"cover-{asks}",
        colour=cards[chosen].colour,
        shape="card",
        objects=tuple(cards),
        target=cards[chosen],
        category=Category.EDITING,
        edit=EditCheck(colour=INKS[ink], areas=(grown(inked[chosen], 1),), free=(cards[chosen].box,)),
        facts={
            "kind": "cover",
            "asked": asks,
            "ink": ink,
            "by": extreme if by_number else "",
            "numbers": list(numbers),
            "evidence": [list(one.box) for one in cards],
        },
    )


def _card_box(x: int, y: int, half: int, rng: Random) -> Box:
    """A card around this centre, not always square."""
    across, down = rng.choice(((half, half), (half, half * 4 // 5), (half, half * 3 // 4)))
    return x - across, y - down, x + across, y + down


def _draw_card(image: Image.Image, box: Box, colour: str, text: str, name: FontName, rng: Random) -> Box:
    """Draw a card with a light field; returns the box of the text's ink."""
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = box
    rim = max(4, (bottom - top) // rng.randint(7, 9))
    draw.rectangle((left, top, right - 1, bottom - 1), fill=jittered(colour, rng))
    draw.rectangle((left + rim, top + rim, right - rim - 1, bottom - rim - 1), fill=(250, 250, 248))
    height = (bottom - top - 2 * rim) * 3 // 4
    face = font(name, height)
    at = ((left + right) // 2, (top + bottom) // 2)
    draw.text(at, text, fill=(24, 24, 28), font=face, anchor="mm")
    ink = draw.textbbox(at, text, font=face, anchor="mm")
    return int(ink[0]), int(ink[1]), int(ink[2]) + 1, int(ink[3]) + 1


_LOOKS = (
    "I have to read all cards first. I cut each one out by its colour and enlarge it.",
    "The numbers must be read before one is covered: I show every card enlarged.",
    "Let me look at each card on its own, found by its colour.",
)
_ONE_LOOK = (
    "I look at the {colour} card before I cover its number.",
    "First I read the {colour} card: afterwards it cannot be read any more.",
    "The {colour} card, enlarged, before anything is painted.",
)
_READ = (
    "The cards say {said}. {then}",
    "I read {said}. {then}",
    "That is {said}. {then}",
)
_ONE_READ = ("It says {number}. Now I cover it.", "A {number}. I paint the rectangle over its light field.")
_EASY = (
    "The cards are large enough to read: {said}. {then}",
    "I can read {said}. {then}",
    "{said}, that is easy to see. {then}",
)
_DONE = {
    "read": ("The number {answer} is covered.", "What I covered is {answer}."),
    "sum": ("The numbers left add up to {answer}.", "{answer} is the sum of what can still be read."),
    "largest": ("Of those left, {answer} is the largest.", "Now {answer} is the largest number to be seen."),
    "smallest": ("Of those left, {answer} is the smallest.", "Now {answer} is the smallest number to be seen."),
    "colour": ("The covered number was on the {answer} card.", "It was the {answer} card."),
}


def _script(scene: Scene, rng: Random) -> Script:
    asked, by, target = text_fact(scene, "asked"), text_fact(scene, "by"), scene.target
    assert target is not None
    pen = Pen(text_fact(scene, "ink"), rng)
    left = [int(one.glyph or 0) for one in scene.objects if one is not target]
    said = ", ".join(f"{one.colour} {one.glyph}" for one in scene.objects)
    then = _plan(scene, rng)
    if scene.difficulty is Difficulty.EASY and rng.random() < 0.5:
        thought = rng.choice(_EASY).format(said=said, then=then)
    elif asked == "read":
        yield _cut_out([target], rng.choice(_ONE_LOOK).format(colour=target.colour))
        thought = rng.choice(_ONE_READ).format(number=target.glyph)
    else:
        yield _cut_out(scene.objects, rng.choice(_LOOKS))
        thought = rng.choice(_READ).format(said=said, then=then)
    lines = [
        "pixels = np.array(input_image)",
        f"wanted = np.array(ImageColor.getrgb('{target.colour}'))",
        "ys, xs = np.where(cv2.inRange(pixels, wanted - 30, wanted + 30))",
        "left, top, right, bottom = (int(v) for v in (xs.min(), ys.min(), xs.max(), ys.max()))",
        "rows, columns = np.where(pixels[top:bottom, left:right].min(2) > 230)",
        pen.start(),
        pen.filled(
            "left + int(columns.min())", "top + int(rows.min())", "left + int(columns.max())", "top + int(rows.max())"
        ),
    ]
    computes = {
        "sum": f"print({' + '.join(map(str, left))})",
        "largest": f"print(max({left}))",
        "smallest": f"print(min({left}))",
    }
    printed = None
    if asked in computes:
        lines.append(computes[asked])
        printed = scene.answer
    shown = yield Code(thought, imports("\n".join([*lines, pen.show()])), prints=printed or "")
    answer = shown if printed else scene.answer
    return Final(rng.choice(_DONE[asked]).format(answer=answer, by=by), answer)


def _plan(scene: Scene, rng: Random) -> str:
    """What is to be done once the numbers are read."""
    target, by = scene.target, text_fact(scene, "by")
    assert target is not None
    if by:
        return f"The {by} is {target.glyph}, on the {target.colour} card: that one I cover."
    return rng.choice(
        (
            f"I cover the {target.glyph} on the {target.colour} card.",
            f"The {target.colour} one gets the rectangle.",
            f"Now the {target.glyph} on {target.colour} disappears.",
        )
    )


def _cut_out(cards: tuple[SceneObject, ...] | list[SceneObject], thought: str) -> Code:
    """A turn that shows cards, each found by its colour, enlarged."""
    near = "np.where(cv2.inRange(pixels, wanted - 30, wanted + 30))"
    cut = "card = input_image.crop((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))"
    scale = max(2, 200 // (cards[0].box[2] - cards[0].box[0]))
    enlarged = f"card.resize((card.width * {scale}, card.height * {scale}))"
    lines = ["pixels = np.array(input_image)"]
    if len(cards) == 1:
        lines.append(f"wanted = np.array(ImageColor.getrgb('{cards[0].colour}'))")
        lines += [f"ys, xs = {near}", cut, enlarged]
    else:
        lines.append(f"for name in {[one.colour for one in cards]}:")
        lines.append("    wanted = np.array(ImageColor.getrgb(name))")
        lines += [f"    ys, xs = {near}", f"    {cut}", f"    display({enlarged})"]
    views = tuple(View(one.box, scale) for one in cards)
    return Code(thought, imports("\n".join(lines)), views=views, prints="")


COVERS = Kind("cover", _make, _script)
