"""What is known about the cells of a picture: each is one token, and the generator knows what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from codedance.models.local.chat import Encoder
from codedance.tasks.worlds import SceneObject
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.vocabulary import COLOURS, LETTERS, SHAPES
from codedance.train.sequence import Cells

__all__ = ["CELL_WORDS", "Grid", "middle", "seen_cells", "word_tokens"]

_NOTHING = "none"
CELL_WORDS = (_NOTHING, *COLOURS, *SHAPES, *LETTERS)
"""Words that must be tokens of their own."""
_ATTRIBUTES = (
    (("", *COLOURS), "colour"),
    (("", *SHAPES), "shape"),
    (("", *"0123456789", *LETTERS), "glyph"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """The tokens of a picture: where they begin in the sequence, and how they lie."""

    start: int
    columns: int
    rows: int
    size: tuple[int, int]
    """Width and height in pixels of the picture before it was scaled."""

    @classmethod
    def of(cls, encoder: Encoder, size: tuple[int, int], image: tuple[int, Image.Image]) -> Grid:
        """Of a picture of this size, given where its scaled form begins and that form."""
        start, scaled = image
        patch = encoder.config.patch
        return cls(start, scaled.width // patch, scaled.height // patch, size)

    def cell(self, box: Box) -> int:
        """The cell in which the middle of a box lies, counted row by row."""
        x, y = middle(box)
        column = min(self.columns - 1, max(0, int(x * self.columns / self.size[0])))
        return min(self.rows - 1, max(0, int(y * self.rows / self.size[1]))) * self.columns + column


def middle(box: Box) -> tuple[float, float]:
    """The middle of a box.

    >>> middle((0, 0, 10, 5))
    (5.0, 2.5)
    """
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2


def seen_cells(encoder: Encoder, objects: Sequence[SceneObject], grid: Grid) -> Iterator[Cells]:
    """For each cell the colour, the shape and the glyph of the thing whose middle lies in it; none of other words."""
    for words, name in _ATTRIBUTES:
        if name == "glyph" and not any(one.glyph for one in objects):
            continue
        labels = [0] * (grid.columns * grid.rows)
        for thing in objects:
            word = str(getattr(thing, name) or "")
            labels[grid.cell(thing.box)] = words.index(word) if word in words else 0
        yield Cells(grid.start, word_tokens(encoder, words), tuple(labels))


def word_tokens(encoder: Encoder, words: Sequence[str]) -> tuple[int, ...]:
    """The first token of each word; of an empty one, that of *none*."""
    return tuple(encoder.tokenizer.encode(word or _NOTHING)[0] for word in words)
