"""Labels to be read, as crops of charts, tables and maps show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from codedance.models.local.chat import Encoder
from codedance.protocol import Role
from codedance.tasks.worlds.lettering import FONTS, font, text_size
from codedance.tasks.worlds.vocabulary import LETTERS
from codedance.train.cells import word_tokens
from codedance.train.sequence import Cells, Supervised

__all__ = ["WRITING_TEXTS", "Written", "character_cells", "writing_lesson", "written_picture"]

_WRITTEN = ("What is written here?", "Read the text.", "What does the label say?")
_ENDS = ("Which numbers are at the top and at the bottom?", "Read the first number and the last one.")
_GLANCES = ("I can read it.", "It is written clearly.")
WRITING_TEXTS = tuple(f"<think>{one}</think>\n<answer>" for one in _GLANCES) + _WRITTEN + _ENDS
"""What the lessons say beside what trajectories say."""
_CHARACTERS = "0123456789.-%abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
        shown = written_picture(rng, names)
        column = len(shown.lines) > 1
        question = rng.choice(_ENDS if column else _WRITTEN)
        answer = f"{shown.lines[0]}, {shown.lines[-1]}" if column else shown.lines[0]
        item.read(encoder, Role.USER, [shown.image, question])
        item.write(encoder, f"<think>{rng.choice(_GLANCES)}</think>\n<answer>{answer}</answer>")
        item.cells.append(character_cells(encoder, shown, *item.encoded.images[-1]))
    return item


def written_picture(rng: Random, names: Sequence[str]) -> Written:
    """A picture of a label or of an axis' numbers."""
    return _column(rng) if rng.random() < 0.3 else _write((_label(rng, names),), rng)


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


def character_cells(encoder: Encoder, shown: Written, start: int, scaled: Image.Image) -> Cells:
    """For each cell the character whose centre is nearest to the cell's centre, if one lies in it."""
    patch = encoder.config.patch
    columns, rows = scaled.width // patch, scaled.height // patch
    labels = [0] * (columns * rows)
    nearest = [float("inf")] * len(labels)
    for place, cell, distance in _in_cells(shown, columns, rows):
        if distance < nearest[cell] and shown.places[place][0] in _CHARACTERS:
            labels[cell] = 1 + _CHARACTERS.index(shown.places[place][0])
            nearest[cell] = distance
    return Cells(start, word_tokens(encoder, ("", *_CHARACTERS)), tuple(labels))


def _in_cells(shown: Written, columns: int, rows: int) -> Iterator[tuple[int, int, float]]:
    """Index of each character, its cell, and its distance from the cell's centre in cells."""
    for index, (_, x, y) in enumerate(shown.places):
        across = min(columns - 0.01, x * columns / shown.image.width)
        down = min(rows - 0.01, y * rows / shown.image.height)
        distance = abs(across % 1 - 0.5) + abs(down % 1 - 0.5)
        yield index, int(down) * columns + int(across), distance
