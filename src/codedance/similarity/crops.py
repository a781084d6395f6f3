"""Pictures that may be parts of one another: the few likeliest pairs among many, by blocks of matrix products.

A perceptual hash of the whole does not survive a cut (with 5 % off it finds one in ten). So each picture's grid of mean
brightness is also compared through windows that leave a border or a side out, in both directions. What is found is a
candidate; :mod:`codedance.similarity.alignment` takes the second look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["WHOLE", "Candidate", "Window", "crop_candidates"]

Window = tuple[float, float, float, float]
"""Left, top, right and bottom of a part, in shares of the whole."""
WHOLE: Window = (0.0, 0.0, 1.0, 1.0)
_CENTRE = tuple((cut, cut, 1 - cut, 1 - cut) for cut in (0.04, 0.08, 0.13))
_SIDES = tuple((x, y, x + 0.85, y + 0.85) for y in (0.0, 0.15) for x in (0.0, 0.15))
_BANDS = ((0.0, 0.0, 0.85, 1.0), (0.15, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 0.85), (0.0, 0.15, 1.0, 1.0))
_WINDOWS: tuple[Window, ...] = (WHOLE, *_CENTRE, *_SIDES, *_BANDS)
_SIDE = 12
"""Brightness is compared at 12 x 12 places: a window that is off by a few percent still fits."""
_FLAT = 1.0
"""Standard deviation of brightness, of 255, below which a picture has no pattern to compare."""
_ROWS, _COLUMNS = 512, 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of pictures that may show the same."""

    left: int
    right: int
    likeness: float
    """Correlation of the coarse patterns."""
    window: Window
    """The part that is like the whole of the other."""
    of_left: bool
    """The part is one of the left picture."""


def crop_candidates(
    left: Any,  # noqa: ANN401 - an array
    right: Any,  # noqa: ANN401
    *,
    most: int = 4,
    floor: float = 0.65,
    tick: Callable[[int], None] = lambda done: None,
) -> Iterator[Candidate]:
    """For each left picture the few right ones that fit it best through some window, best first.

    Args:
        left: mean colours of cells, bytes, [pictures, 16, 16, 3].
        right: likewise.
        most: candidates for each left picture.
        floor: least correlation.
        tick: called with how many left pictures are done.
    """
    import numpy as np

    ours, theirs = _brightness(left), _brightness(right)
    for row in range(0, len(ours), _ROWS):
        block = ours[row : row + _ROWS]
        best = np.full((len(block), 0), -1.0, dtype=np.float32)
        whom, how = np.zeros((len(block), 0), dtype=np.int64), np.zeros((len(block), 0), dtype=np.int8)
        for column in range(0, len(theirs), _COLUMNS):
            likeness, ways = _best_windows(block, theirs[column : column + _COLUMNS])
            keep = min(most, likeness.shape[1])
            chosen = np.argpartition(-likeness, keep - 1, axis=1)[:, :keep]
            best = np.concatenate([best, np.take_along_axis(likeness, chosen, axis=1)], axis=1)
            whom = np.concatenate([whom, chosen + column], axis=1)
            how = np.concatenate([how, np.take_along_axis(ways, chosen, axis=1)], axis=1)
        # Stable: equal ones in the order of their numbers, whatever argpartition made of them.
        order = np.lexsort((whom, -best), axis=1)[:, :most]
        for index in range(len(block)):
            for place in order[index]:
                if best[index, place] >= floor:
                    way = int(how[index, place])
                    window = _WINDOWS[way % len(_WINDOWS)]
                    of_left = way < len(_WINDOWS)
                    yield Candidate(row + index, int(whom[index, place]), float(best[index, place]), window, of_left)
        tick(len(block))


def _best_windows(ours: Any, theirs: Any) -> tuple[Any, Any]:  # noqa: ANN401 - arrays
    """The best likeness of each pair, and the number of its window: of ours first, then of theirs."""
    import numpy as np

    best = np.full((len(ours), len(theirs)), -1.0, dtype=np.float32)
    ways = np.zeros(best.shape, dtype=np.int8)
    whole_ours, whole_theirs = _pattern(ours, WHOLE), _pattern(theirs, WHOLE)
    for way, window in enumerate((*_WINDOWS, *_WINDOWS)):
        if way < len(_WINDOWS):
            likeness = _pattern(ours, window) @ whole_theirs.T
        elif window == WHOLE:
            continue
        else:
            likeness = whole_ours @ _pattern(theirs, window).T
        better = likeness > best
        np.copyto(best, likeness, where=better)
        np.copyto(ways, np.int8(way), where=better)
    return best, ways


def _brightness(grids: Any) -> Any:  # noqa: ANN401
    import numpy as np

    return grids.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _pattern(grids: Any, window: Window) -> Any:  # noqa: ANN401
    """What is in the window, at 12 x 12 places, as vectors of length 1; a flat one is zero."""
    import numpy as np

    side = grids.shape[1]
    across, down = (_weights(*ends, side) for ends in ((window[0], window[2]), (window[1], window[3])))
    seen = (down @ grids @ across.T).reshape(len(grids), -1)
    seen -= seen.mean(axis=1, keepdims=True)
    length = np.sqrt((seen**2).sum(axis=1, keepdims=True))
    return np.where(length > _FLAT * _SIDE, seen / np.maximum(length, 1e-6), 0).astype(np.float32)


def _weights(begin: float, end: float, side: int) -> Any:  # noqa: ANN401
    """Linear interpolation of a row of cells at the middles of 12 equal parts of a stretch."""
    import numpy as np

    places = (begin + (end - begin) * (np.arange(_SIDE) + 0.5) / _SIDE) * side - 0.5
    low = np.clip(np.floor(places).astype(int), 0, side - 2)
    share = np.clip(places - low, 0, 1)
    weights = np.zeros((_SIDE, side), dtype=np.float32)
    weights[np.arange(_SIDE), low] = 1 - share
    weights[np.arange(_SIDE), low + 1] = share
    return weights
