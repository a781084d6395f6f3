"""A second look at two pictures: is one the other, or a part of it, but for brightness, size and compression?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image

from codedance.similarity.crops import WHOLE, Window

__all__ = ["Alignment", "align"]

_STAGES = ((16, (0.08, 0.04, 0.02)), (32, (0.03, 0.015)), (64, (0.012, 0.006, 0.003)))
"""Places each way, and the steps by which a window moves: blurred first, so that fine lines lead nowhere wrong."""
_FINE = 96
"""Places each way at which the pictures are compared."""
_SMALLEST = 0.5
"""A window is at least so wide and high."""
_ROUNDS = 3
_BLOCK = 12
_NUDGE = 0.025
"""The edge of the whole is a place to get stuck at: the search also begins a little inside."""
_HOPELESS = 0.75
"""Pictures whose blurred patterns agree less than this are not looked at more closely."""
_INWARD = (1, 1, -1, -1)
_MOVES = tuple(
    (sign * left, sign * top, sign * right, sign * bottom)
    for left, top, right, bottom in (
        *((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)),  # one side
        *((1, 0, 1, 0), (0, 1, 0, 1)),  # the whole window
        _INWARD,  # smaller or larger
    )
    for sign in (1, -1)
)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How well a part of one picture fits the whole of the other."""

    likeness: float
    """Correlation of brightness at 96 x 96 places, from -1 to 1."""
    worst: float
    """The largest mean difference within a block of 12 x 12 of these places, once brightness and contrast are made
    equal, in standard deviations of the brightness."""
    window: Window
    """The part."""
    of_first: bool
    """The part is one of the first picture."""


def align(first: Image.Image, second: Image.Image, *, window: Window = WHOLE, of_first: bool = True) -> Alignment:
    """Move the sides of a window until what is in it fits the whole other picture best.

    Args:
        first: a picture, or a small copy of it.
        second: another.
        window: where to begin; the whole stands for a small difference in either direction.
        of_first: the window is one of the first picture, else of the second.

    >>> picture = Image.effect_mandelbrot((256, 256), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    >>> found = align(picture, picture.crop((20, 20, 230, 240)), window=(0.08, 0.08, 0.92, 0.92))
    >>> found.likeness > 0.99, all(abs(256 * end - at) < 8 for end, at in zip(found.window, (20, 20, 230, 240)))
    (True, True)
    """
    if window == WHOLE:  # either may be the part
        ways = (_align(first, second, WHOLE), _align(second, first, WHOLE))
        of_first = ways[0][0] >= ways[1][0]
        likeness, worst, window = ways[0] if of_first else ways[1]
    else:
        likeness, worst, window = _align(*((first, second) if of_first else (second, first)), window)
    return Alignment(likeness, worst, window, of_first)


def _align(part: Image.Image, whole: Image.Image, window: Window) -> tuple[float, float, Window]:
    """Likeness, worst block and window."""
    begun = [window, _moved(window, _INWARD, _NUDGE) or window]
    for side, steps in _STAGES:
        target, source = _grey(whole, side), _grey(part, 2 * side)
        window, best = max((_climb(source, target, one, steps=steps) for one in begun), key=lambda found: found[1])
        begun = [window]
        if best < _HOPELESS:
            break
    return *_compare(_cut(part, window), _cut(whole, WHOLE)), window


def _climb(source: Any, target: Any, window: Window, *, steps: tuple[float, ...]) -> tuple[Window, float]:  # noqa: ANN401
    """Take every move that helps, with smaller and smaller steps."""
    best = _likeness(_sample(source, window, len(target)), target)
    for step in steps:
        for _ in range(_ROUNDS):
            before = best
            for move in _MOVES:
                moved = _moved(window, move, step)
                if moved is not None and (likeness := _likeness(_sample(source, moved, len(target)), target)) > best:
                    window, best = moved, likeness
            if best <= before + 1e-4:
                break
    return window, best


def _grey(image: Image.Image, side: int) -> Any:  # noqa: ANN401 - an array
    import numpy as np

    return np.asarray(image.convert("L").resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def _cut(image: Image.Image, window: Window) -> Any:  # noqa: ANN401
    import numpy as np

    left, top, right, bottom = window
    box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    seen = image.convert("L").resize((_FINE, _FINE), Image.Resampling.BILINEAR, box=box)
    return np.asarray(seen, dtype=np.float32)


def _moved(window: Window, move: tuple[int, ...], step: float) -> Window | None:
    left, top, right, bottom = (min(1.0, max(0.0, end + one * step)) for end, one in zip(window, move, strict=True))
    moved = (left, top, right, bottom)
    return moved if right - left >= _SMALLEST and bottom - top >= _SMALLEST and moved != window else None


def _sample(grey: Any, window: Window, side: int) -> Any:  # noqa: ANN401
    """What is in the window, at so many places each way, interpolated."""
    import numpy as np

    size = len(grey)
    axes = []
    for begin, end in ((window[1], window[3]), (window[0], window[2])):
        places = np.clip((begin + (end - begin) * (np.arange(side) + 0.5) / side) * size - 0.5, 0, size - 1)
        low = np.minimum(places.astype(int), size - 2)
        axes.append((low, (places - low).astype(np.float32)))
    (rows, down), (columns, across) = axes
    seen = grey[rows] * (1 - down[:, None]) + grey[rows + 1] * down[:, None]
    return seen[:, columns] * (1 - across) + seen[:, columns + 1] * across


def _likeness(one: Any, other: Any) -> float:  # noqa: ANN401
    import numpy as np

    one, other = one - one.mean(), other - other.mean()
    lengths = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / lengths if lengths > 1e-3 else 0.0


def _compare(one: Any, other: Any) -> tuple[float, float]:  # noqa: ANN401
    """Correlation, and the worst block once the first was given the brightness and contrast of the second."""
    import numpy as np

    likeness = _likeness(one, other)
    spread, wanted = float(one.std()), float(other.std())
    if spread < 1e-3 or wanted < 1e-3:
        return likeness, 0.0 if spread == wanted else float("inf")
    fitted = (one - one.mean()) / spread * wanted + other.mean()
    blocks = np.abs(fitted - other).reshape(_FINE // _BLOCK, _BLOCK, -1, _BLOCK).mean(axis=(1, 3))
    return likeness, float(blocks.max()) / wanted
