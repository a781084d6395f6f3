"""Pointing: places that the model names because it sees something there, and what is known about its attention then.

A place is written in percent of the picture's sides, at the middle of one of eight columns and of eight rows: a small
model sees a picture as about 8 x 8 cells. Each half of a place is one token, the first with the space before it: right
after the name of a thing the model says where it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.train.cells import Grid
from codedance.train.sequence import Cells, Pointing, Supervised

__all__ = ["PLACE_PIECES", "place_cells", "place_of", "point"]

_EIGHTHS = 8
_PERCENT = tuple(round((index + 0.5) * 100 / _EIGHTHS) for index in range(_EIGHTHS))
_ACROSS = tuple(f" ({percent}%, " for percent in _PERCENT)
_DOWN = tuple(f"{percent}%)" for percent in _PERCENT)
PLACE_PIECES = (*_ACROSS, *_DOWN)
"""Texts that must be tokens of their own."""


def place_of(cell: int, grid: Grid) -> str:
    """The place of a cell as the model writes it after a name: the eighths in which its middle lies.

    >>> place_of(9, Grid(0, 8, 8, (400, 400))), place_of(0, Grid(0, 9, 6, (720, 540)))
    (' (19%, 19%)', ' (6%, 6%)')
    """
    row, column = divmod(cell, grid.columns)
    return _ACROSS[_eighth(column, grid.columns)] + _DOWN[_eighth(row, grid.rows)]


def point(item: Supervised, encoder: Encoder, text: str, *, grid: Grid, cells: Sequence[int]) -> None:
    """Append a message of the model in which the places of these cells stand, and say where attention belongs then.

    Raises:
        ValueError: the text names another number of places.
        DataError: the tokenizer does not hold places as single tokens.
    """
    begin = len(item.encoded.ids)
    item.write(encoder, text)
    first, second = (set(_tokens(encoder, pieces)) for pieces in (_ACROSS, _DOWN))
    ids = item.encoded.ids
    places = [at for at in range(begin, len(ids) - 1) if ids[at] in first and ids[at + 1] in second]
    for at, cell in zip(places, cells, strict=True):
        target = grid.start + cell
        item.pointings += (Pointing(at - 1, target), Pointing(at, target))


def place_cells(encoder: Encoder, grid: Grid) -> tuple[Cells, Cells]:
    """That every cell must spell its own place, once across and once down (the POS loss)."""
    columns = tuple(_eighth(column, grid.columns) for _ in range(grid.rows) for column in range(grid.columns))
    rows = tuple(_eighth(row, grid.rows) for row in range(grid.rows) for _ in range(grid.columns))
    return (
        Cells(grid.start, _tokens(encoder, _ACROSS), columns, place=True),
        Cells(grid.start, _tokens(encoder, _DOWN), rows, place=True),
    )


def _eighth(index: int, count: int) -> int:
    return (2 * index + 1) * _EIGHTHS // (2 * count)


def _tokens(encoder: Encoder, pieces: Sequence[str]) -> tuple[int, ...]:
    encoded = [encoder.tokenizer.encode(piece) for piece in pieces]
    if any(len(ids) != 1 for ids in encoded):
        raise DataError("the tokenizer does not hold places as single tokens (PLACE_PIECES): this model cannot point")
    return tuple(ids[0] for ids in encoded)
