"""Where a shown picture lies in an input, pixel by pixel: the only place where it does, or nothing."""

from __future__ import annotations

from PIL import Image

__all__ = ["find_part"]

_LEAST_PIXELS = 64
_MOST_PIXELS = 16 * 2**20
_MOST_TRIES = 4_000
"""Places where one line agrees and that are looked at closer; beyond them the search is given up."""

Place = tuple[int, int, int, int]


def find_part(part: Image.Image, whole: Image.Image) -> Place | None:
    """The box of the input that equals the picture in every pixel, if there is exactly one.

    Both are in mode ``RGB``. Pictures of one colour, of a few pixels, and inputs of more than 16 megapixels are not
    looked for.

    >>> whole = Image.effect_noise((60, 40), 90).convert("RGB")
    >>> find_part(whole.crop((7, 5, 27, 20)), whole)
    (7, 5, 27, 20)
    """
    width, height = part.size
    if width > whole.width or height > whole.height or width * height < _LEAST_PIXELS:
        return None
    if whole.width * whole.height > _MOST_PIXELS or _is_plain(part):
        return None
    step, stride = 3 * width, 3 * whole.width
    lines = part.tobytes()
    rows = [lines[begin : begin + step] for begin in range(0, len(lines), step)]
    ground = whole.tobytes()
    # The line with the most different bytes is found in the fewest wrong places.
    key = max(range(height), key=lambda row: len(set(rows[row])))
    found: Place | None = None
    tries, at = 0, ground.find(rows[key])
    while at >= 0:
        tries += 1
        if tries > _MOST_TRIES:
            return None
        top, left = divmod(at, stride)
        top -= key
        if _lies_at(rows, ground, begin=top * stride + left, stride=stride) and left % 3 == 0 and left + step <= stride:
            if found is not None:
                return None
            found = (left // 3, top, left // 3 + width, top + height)
        at = ground.find(rows[key], at + 1)
    return found


def _is_plain(part: Image.Image) -> bool:
    """Whether all pixels have one colour."""
    return part.getcolors(1) is not None


def _lies_at(rows: list[bytes], ground: bytes, *, begin: int, stride: int) -> bool:
    if begin < 0 or begin + (len(rows) - 1) * stride + len(rows[0]) > len(ground):
        return False
    return all(ground.startswith(row, begin + index * stride) for index, row in enumerate(rows))
