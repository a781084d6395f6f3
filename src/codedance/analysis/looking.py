"""Where in a picture a shown view comes from, found by its pixels: crops, also enlarged or reduced ones."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from PIL import Image

from codedance.errors import MissingExtraError

__all__ = ["Box", "Located", "locate"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are one past the last."""
_SCALES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 1.5, 2.5, 0.5, 1 / 3, 0.25)
"""Enlargements that are tried, the likely ones first."""
_COARSE = 320
"""Longest side of the picture in which a place is looked for first."""
_LEAST = 5
"""Pixels of a view's side in the coarse picture; smaller patterns are found anywhere."""
_CLOSE = 3.0
"""Mean difference of brightness, of 255, at which no other scale needs to be tried."""
_FAR = 14.0
"""Mean difference above which a view is none of the picture."""
_ALIKE = 0.9
"""Least correlation of a view with its place."""
_FLAT = 3.0
"""Standard deviation of brightness below which a view has no pattern."""


@dataclass(frozen=True, slots=True)
class Located:
    """A view's place."""

    box: Box
    difference: float
    """Mean difference of brightness, of 255, once the view is scaled back."""
    scale: float
    """Pixels of the view for one of the picture."""

    def is_whole(self, size: tuple[int, int]) -> bool:
        """Whether it shows nearly all of a picture of this size."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top) >= 0.95 * size[0] * size[1]


def locate(view: Image.Image, picture: Image.Image) -> Located | None:
    """Where a view was cut out of a picture; ``None`` if it shows something else, or was changed too much.

    A place is looked for in small copies, then made exact. Marks drawn on the view do no harm as long as they cover
    little. Views of one colour, which fit in many places, and views whose sides were stretched differently are not
    found.

    Raises:
        MissingExtraError: OpenCV is not installed.

    >>> picture = Image.effect_mandelbrot((400, 300), (-2, -1.5, 1, 1.5), 60)
    >>> locate(picture.crop((60, 40, 180, 130)).resize((240, 180)), picture).box
    (60, 40, 180, 130)
    """
    if find_spec("cv2") is None:
        raise MissingExtraError("finding where views come from", "guest")
    import numpy as np

    whole = np.asarray(picture.convert("L"), dtype=np.float32)
    shown = np.asarray(view.convert("L"), dtype=np.float32)
    if float(shown.std()) < _FLAT:
        return None  # it fits wherever that colour is
    best: Located | None = None
    for scale in _SCALES:
        template = _scaled_back(shown, whole.shape, scale)
        if template is None:
            continue
        found = _place(template, whole, scale)
        if found is not None and (best is None or found.difference < best.difference):
            best = found
        if best is not None and best.difference <= _CLOSE:
            break
    return best


def _scaled_back(shown: Any, room: tuple[int, ...], scale: float) -> Any:  # noqa: ANN401 - arrays
    """The view in the size that it had in the picture; ``None`` if it cannot have been that."""
    import cv2

    height, width = shown.shape[0] / scale, shown.shape[1] / scale
    rows, columns = round(height), round(width)
    whole_pixels = abs(height - rows) * scale < 1 and abs(width - columns) * scale < 1
    if not whole_pixels or min(rows, columns) < _LEAST or rows > room[0] or columns > room[1]:
        return None
    if scale == 1.0:
        return shown
    return cv2.resize(shown, (columns, rows), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC)


def _place(template: Any, whole: Any, scale: float) -> Located | None:  # noqa: ANN401
    import cv2
    import numpy as np

    rows, columns = template.shape
    shrink = max(1, min(max(whole.shape) // _COARSE, min(rows, columns) // (2 * _LEAST)))
    y, x = _best(_reduced(template, shrink), _reduced(whole, shrink))
    # Around the coarse place, pixel by pixel.
    around = 2 * shrink
    top, left = max(0, y * shrink - around), max(0, x * shrink - around)
    bottom, right = min(whole.shape[0], top + rows + 2 * around), min(whole.shape[1], left + columns + 2 * around)
    top, left = max(0, bottom - rows - 2 * around), max(0, right - columns - 2 * around)
    window = whole[top:bottom, left:right]
    if window.shape[0] < rows or window.shape[1] < columns:
        return None
    difference = cv2.matchTemplate(window, template, cv2.TM_SQDIFF)
    at = int(difference.argmin())
    y, x = top + at // difference.shape[1], left + at % difference.shape[1]
    patch = whole[y : y + rows, x : x + columns]
    mean = float(np.abs(patch - template).mean())
    if mean > _FAR or not _alike(patch, template):
        return None
    return Located((x, y, x + columns, y + rows), mean, scale)


def _best(template: Any, whole: Any) -> tuple[int, int]:  # noqa: ANN401
    import cv2

    difference = cv2.matchTemplate(whole, template, cv2.TM_SQDIFF)
    at = int(difference.argmin())
    return at // difference.shape[1], at % difference.shape[1]


def _reduced(image: Any, shrink: int) -> Any:  # noqa: ANN401
    import cv2

    if shrink == 1:
        return image
    size = (max(1, image.shape[1] // shrink), max(1, image.shape[0] // shrink))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _alike(patch: Any, template: Any) -> bool:  # noqa: ANN401
    """Whether the patterns agree, not only the mean brightness."""
    import numpy as np

    one, other = patch - patch.mean(), template - template.mean()
    spread = float(np.sqrt((one**2).mean() * (other**2).mean()))
    if spread <= 0:
        return False
    return float((one * other).mean()) / spread >= _ALIKE
