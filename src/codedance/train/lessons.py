"""Cheap lessons in seeing, made on the fly: what lies where in a picture, how many there are, what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageDraw

from codedance.models.local.chat import Encoder
from codedance.protocol import Role, system_prompt
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Oracle, Scene, SceneObject, make_scene
from codedance.tasks.worlds.lettering import FONTS, font, text_size
from codedance.tasks.worlds.vocabulary import COLOURS, COUNT_QUESTIONS, LETTERS, READ_QUESTIONS, SHAPE_QUESTIONS, SHAPES
from codedance.train.sequence import Cells, Supervised

__all__ = [
    "LESSON_TEXTS",
    "LESSON_WORDS",
    "Written",
    "ask_card",
    "counting_lesson",
    "look",
    "reading_lesson",
    "writing_lesson",
]

_QUESTIONS = 5
"""Questions about one picture: the picture is what costs."""
_NOTHING = "none"
LESSON_WORDS = (_NOTHING, *COLOURS, *SHAPES, *LETTERS)
"""Words that must be tokens of their own."""
_WRITTEN = ("What is written here?", "Read the text.", "What does the label say?")
_ENDS = ("Which numbers are at the top and at the bottom?", "Read the first number and the last one.")
_GLANCES = ("I can read it.", "It is written clearly.")
LESSON_TEXTS = tuple(f"<think>{one}</think>\n<answer>" for one in _GLANCES) + _WRITTEN + _ENDS
"""What the lessons say beside what trajectories say."""
_ATTRIBUTES = (
    (("", *COLOURS), "colour"),
    (("", *SHAPES), "shape"),
    (("", *"0123456789", *LETTERS), "glyph"),
)
_CHARACTERS = "0123456789.-%abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def counting_lesson(encoder: Encoder, rng: Random) -> Supervised:
    """An easy counting picture, several questions about it answered at a glance; its cells are known."""
    scene = make_scene("counting", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
    asked = [scene, *(_ask_count(scene, rng) for _ in range(_QUESTIONS - 1))]
    return _glances(encoder, scene, asked, rng=rng)


def reading_lesson(encoder: Encoder, rng: Random) -> Supervised:
    """An easy search picture, a question about each card answered at a glance; its cells are known."""
    scene = make_scene("search", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
    asked = [scene, *(ask_card(scene, card, rng) for card in scene.objects if card is not scene.target)]
    return _glances(encoder, scene, asked, rng=rng)


def look(encoder: Encoder, rng: Random, names: Sequence[str]) -> Supervised:
    """A picture that is only looked at, without a word written about it: the cheapest lesson there is."""
    item = Supervised()
    kind = rng.random()
    if kind < 0.3:
        scene = make_scene("counting", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
        item.read(encoder, Role.USER, [scene.image])
        item.cells.extend(_known(encoder, scene.objects, scene.image.size, *item.encoded.images[0]))
    elif kind < 0.62:
        difficulty = Difficulty.HARD if kind < 0.48 else Difficulty.EASY
        scene = make_scene("search", difficulty, rng.randrange(HELD_OUT_SEEDS))
        if difficulty is Difficulty.EASY:
            item.read(encoder, Role.USER, [scene.image])
            item.cells.extend(_known(encoder, scene.objects, scene.image.size, *item.encoded.images[0]))
        for card in scene.objects if difficulty is Difficulty.HARD else ():
            _close(item, encoder, scene, card, rng)
    else:
        shown = _column(rng) if rng.random() < 0.3 else _write((_label(rng, names),), rng)
        item.read(encoder, Role.USER, [shown.image])
        item.cells.append(_characters(encoder, shown, *item.encoded.images[0]))
    return item


def _close(item: Supervised, encoder: Encoder, scene: Scene, card: SceneObject, rng: Random) -> None:
    """A card as code would cut it out, a little more or less."""
    left, top, right, bottom = card.box
    margin = rng.randint(4, 14)
    shift = rng.randint(-3, 3), rng.randint(-3, 3)
    box = left - margin + shift[0], top - margin + shift[1], right + margin + shift[0], bottom + margin + shift[1]
    crop = scene.image.crop(box)
    inside = replace(card, box=(left - box[0], top - box[1], right - box[0], bottom - box[1]))
    item.read(encoder, Role.USER, [crop])
    item.cells.extend(_known(encoder, [inside], crop.size, *item.encoded.images[-1]))


def _glances(encoder: Encoder, scene: Scene, asked: Sequence[Scene], *, rng: Random) -> Supervised:
    item = Supervised()
    item.read(encoder, Role.SYSTEM, [system_prompt()])
    for number, one in enumerate(asked):
        item.read(encoder, Role.USER, [scene.image, one.question] if number == 0 else [one.question])
        item.write(encoder, Oracle(one, rng, mode="direct").reply())
    item.cells.extend(_known(encoder, scene.objects, scene.image.size, *item.encoded.images[0]))
    return item


def _known(
    encoder: Encoder, objects: Sequence[SceneObject], size: tuple[int, int], start: int, scaled: Image.Image
) -> Iterator[Cells]:
    """For each cell the colour, the shape and the glyph of the thing whose centre lies in it."""
    columns, rows = scaled.width // encoder.config.patch, scaled.height // encoder.config.patch
    for words, name in _ATTRIBUTES:
        if name == "glyph" and not any(one.glyph for one in objects):
            continue
        labels = [0] * (columns * rows)
        for thing in objects:
            left, top, right, bottom = thing.box
            cell = int((top + bottom) / 2 * rows / size[1]) * columns + int((left + right) / 2 * columns / size[0])
            labels[cell] = words.index(str(getattr(thing, name) or ""))
        yield Cells(start, _tokens(encoder, words), tuple(labels))


def _tokens(encoder: Encoder, words: Sequence[str]) -> tuple[int, ...]:
    return tuple(encoder.tokenizer.encode(word or _NOTHING)[0] for word in words)


def _ask_count(scene: Scene, rng: Random) -> Scene:
    """Another question about the same picture, mostly about something that is there."""
    shown = rng.choice(scene.objects) if rng.random() < 0.85 else None
    colour = shown.colour if shown else rng.choice(COLOURS)
    shape = (shown.shape if shown else rng.choice(SHAPES)) if rng.random() < 0.4 else None
    found = sum(one.colour == colour and shape in (None, one.shape) for one in scene.objects)
    noun = f"{shape}s" if shape else "objects"
    question = rng.choice(COUNT_QUESTIONS).format(colour=colour, noun=noun)
    return replace(scene, question=question, answer=str(found), colour=colour, shape=shape)


def ask_card(scene: Scene, card: SceneObject, rng: Random) -> Scene:
    """The same search scene with a question about this card."""
    shape = rng.random() < 0.25
    questions = SHAPE_QUESTIONS if shape else READ_QUESTIONS[card.glyph_kind or "digit"]
    return replace(
        scene,
        question=rng.choice(questions).format(colour=card.colour),
        answer=card.shape if shape else str(card.glyph),
        asks="shape" if shape else "glyph",
        colour=card.colour,
        target=card,
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A picture with lines of text, and where each character stands."""

    image: Image.Image
    lines: tuple[str, ...]
    places: tuple[tuple[str, float, float], ...]
    """Character and its centre in pixels."""


def writing_lesson(encoder: Encoder, rng: Random, names: Sequence[str]) -> Supervised:
    """Labels to be read: numbers, or one of these names, as crops of charts, tables and maps show them."""
    item = Supervised()
    for _ in range(3):
        column = rng.random() < 0.3
        shown = _column(rng) if column else _write((_label(rng, names),), rng)
        question = rng.choice(_ENDS if column else _WRITTEN)
        answer = f"{shown.lines[0]}, {shown.lines[-1]}" if column else shown.lines[0]
        item.read(encoder, Role.USER, [shown.image, question])
        item.write(encoder, f"<think>{rng.choice(_GLANCES)}</think>\n<answer>{answer}</answer>")
        item.cells.append(_characters(encoder, shown, *item.encoded.images[-1]))
    return item


def _label(rng: Random, names: Sequence[str]) -> str:
    match rng.randrange(6):
        case 0 | 1:
            return str(rng.choice((rng.randint(0, 20), rng.randint(10, 99), rng.randint(100, 999))))
        case 2:
            return str(rng.choice((rng.randint(1000, 9999), 10 * rng.randint(1, 200), 100 * rng.randint(1, 90))))
        case 3:
            return f"{rng.randint(0, 99)}.{rng.randint(0, 9)}" + (str(rng.randint(0, 9)) if rng.random() < 0.4 else "")
        case 4 if not names:
            return rng.choice(LETTERS)
        case 4:
            return rng.choice(names)
        case _:
            return "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 3)))


def _column(rng: Random) -> Written:
    """Numbers of an axis, the largest on top."""
    step = rng.choice((1, 2, 5, 10, 20, 25, 50, 100, 200, 500))
    low = step * rng.randint(0, 12) if rng.random() < 0.5 else 0
    return _write(tuple(str(low + step * index) for index in range(rng.randint(4, 9), -1, -1)), rng)


def _write(lines: tuple[str, ...], rng: Random) -> Written:
    name, size = rng.choice(FONTS), rng.randint(18, 40)
    margin, gap = rng.randint(4, 24), rng.randint(size // 2, 3 * size)
    widest = max(text_size(line, name, size)[0] for line in lines)
    width = widest + margin + rng.randint(4, 24)
    height = 2 * margin + len(lines) * size + (len(lines) - 1) * gap
    light = rng.randint(225, 255)
    ground = tuple(max(0, light - rng.randint(0, 25)) for _ in range(3))
    image = Image.new("RGB", (max(24, width), max(24, height)), ground)
    pen = ImageDraw.Draw(image)
    ink = tuple(rng.randint(0, 70) for _ in range(3))
    places: list[tuple[str, float, float]] = []
    letters = font(name, size)
    for row, line in enumerate(lines):
        left = margin + (widest - text_size(line, name, size)[0] if len(lines) > 1 else 0)
        top = margin + row * (size + gap)
        pen.text((left, top), line, font=letters, fill=ink)
        for index, character in enumerate(line):
            begin, end = letters.getlength(line[:index]), letters.getlength(line[: index + 1])
            places.append((character, left + (begin + end) / 2, top + size * 0.6))
    return Written(image, lines, tuple(places))


def _characters(encoder: Encoder, shown: Written, start: int, scaled: Image.Image) -> Cells:
    """For each cell the character whose centre is nearest to the cell's centre, if one lies in it."""
    patch = encoder.config.patch
    columns, rows = scaled.width // patch, scaled.height // patch
    labels = [0] * (columns * rows)
    nearest = [float("inf")] * len(labels)
    for place, cell, distance in _in_cells(shown, columns, rows):
        if distance < nearest[cell] and shown.places[place][0] in _CHARACTERS:
            labels[cell] = 1 + _CHARACTERS.index(shown.places[place][0])
            nearest[cell] = distance
    return Cells(start, _tokens(encoder, ("", *_CHARACTERS)), tuple(labels))


def _in_cells(shown: Written, columns: int, rows: int) -> Iterator[tuple[int, int, float]]:
    """Index of each character, its cell, and its distance from the cell's centre in cells."""
    for index, (_, x, y) in enumerate(shown.places):
        across = min(columns - 0.01, x * columns / shown.image.width)
        down = min(rows - 0.01, y * rows / shown.image.height)
        distance = abs(across % 1 - 0.5) + abs(down % 1 - 0.5)
        yield index, int(down) * columns + int(across), distance
