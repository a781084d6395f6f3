"""Code that measures charts in pixels, and what it finds: Pillow and plain numbers give the same, to the last digit."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops

from codedance.tasks.worlds.charts.model import ChartFacts, ChartKind, Drawing, Mark
from codedance.tasks.worlds.figures.pixels import near_mask
from codedance.tasks.worlds.pieces import largest_piece

__all__ = ["Frame", "axes_code", "find_frame", "gauge", "gauge_code", "named_code", "shares", "variable"]

_DARK, _LIGHT, _COLOURED = 100, 180, 60
_ABOVE = 9
"""Pixels above the highest tick in which a line's points may still lie."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What code finds of the axes."""

    axis: int
    base: int
    ticks: tuple[int, ...]
    """Rows of an upright axis from above, columns of a level one from the left."""
    columns: tuple[int, ...] = ()
    """Of the names' ticks, where there are such."""

    @property
    def printed(self) -> str:
        """As the code prints it.

        >>> Frame(40, 300, (20, 160, 300)).printed
        '40 300 [20, 160, 300]'
        """
        return f"{self.axis} {self.base} {list(self.ticks)}"


def _ink_line(drawing: Drawing) -> str:
    """The line of code that finds writing and axes."""
    return f"ink = pixels.min(2) > {_LIGHT}" if drawing.dark else f"ink = pixels.max(2) < {_DARK}"


def axes_code(drawing: Drawing) -> str:
    """Code that finds both axes and the ticks of the axis of values, and prints them."""
    if drawing.kind is ChartKind.ROW:
        ticks = "[column for column in range(axis, ink.shape[1]) if ink[base + 3:base + 6, column].all()]"
    else:
        ticks = "[row for row in range(base + 1) if ink[row, axis - 5:axis - 1].all()]"
    return (
        "import numpy as np\n"
        "pixels = np.array(input_image).astype(int)\n"
        f"{_ink_line(drawing)}\n"
        "axis, base = ink.sum(0).argmax(), ink.sum(1).argmax()\n"
        f"ticks = {ticks}\n"
        "print(axis, base, ticks)"
    )


def find_frame(image: Image.Image, drawing: Drawing) -> Frame | None:
    """What :func:`axes_code` finds; ``None`` if that is not what was drawn, so that code could not go by it."""
    if drawing.axis is None or drawing.base is None or not drawing.ticks:
        return None
    red, green, blue = image.split()
    if drawing.dark:
        channel = ImageChops.darker(ImageChops.darker(red, green), blue)
        ink = channel.point([255 * (value > _LIGHT) for value in range(256)])
    else:
        channel = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        ink = channel.point([255 * (value < _DARK) for value in range(256)])
    axis, base = _fullest(ink.transpose(Image.Transpose.TRANSPOSE)), _fullest(ink)
    if not (0 <= axis - drawing.axis < drawing.line and 0 <= base - drawing.base < drawing.line):
        return None
    below = ink.crop((0, base + 3, image.width, base + 6)).transpose(Image.Transpose.TRANSPOSE)
    under = _full_rows(below)
    if drawing.kind is ChartKind.ROW:
        ticks = tuple(place for place in under if place >= axis)
        columns: tuple[int, ...] = ()
    else:
        ticks = _full_rows(ink.crop((axis - 5, 0, axis - 1, base + 1)))
        first = axis - 1 if drawing.kind is ChartKind.SCATTER else axis + 2
        columns = tuple(place for place in under if place >= first)
    if sorted(ticks) != sorted(tick.at for tick in drawing.ticks):
        return None
    return Frame(axis, base, ticks, columns)


def _fullest(mask: Image.Image) -> int:
    """The first of the rows with most pixels."""
    data, width = mask.tobytes(), mask.width
    counts = [data.count(b"\xff", row * width, (row + 1) * width) for row in range(mask.height)]
    return counts.index(max(counts))


def _full_rows(mask: Image.Image) -> tuple[int, ...]:
    data, width = mask.tobytes(), mask.width
    full = b"\xff" * width
    return tuple(row for row in range(mask.height) if data[row * width : (row + 1) * width] == full)


def gauge_code(drawing: Drawing, series: list[int], *, scaled: bool) -> str:
    """Code that measures all values of some series into lists, after :func:`axes_code`.

    A single series is called ``values``, several are called by their colours' words. ``low`` and ``high`` must be set
    to what is written at the first and last tick where ``scaled``; else values are left in pixels.
    """
    if drawing.kind in (ChartKind.BAR, ChartKind.ROW):
        return _bars_code(drawing, scaled=scaled)
    lines = (
        ["from PIL import ImageColor"]
        if drawing.kind is ChartKind.LINE
        else ["import cv2", "from PIL import ImageColor"]
    )
    if drawing.kind is ChartKind.LINE:
        lines.append(
            "columns = [column for column in range(axis + 2, ink.shape[1]) if ink[base + 3:base + 6, column].all()]"
        )
    lines += [
        "def measure(colour):",
        "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60",
    ]
    if drawing.kind is not ChartKind.LINE:
        lines.append("    stats = cv2.connectedComponentsWithStats(near.astype(np.uint8))[2][1:]")
    match drawing.kind:
        case ChartKind.LINE:
            lines += [
                f"    start = ticks[0] - {_ABOVE}",
                "    rows = [float(np.where(near[start:base, column])[0].mean() + start) for column in columns]",
                f"    return {_scaled('row', 'rows') if scaled else '[base - row for row in rows]'}",
            ]
        case ChartKind.STACKED:
            part = "h * (high - low) / (ticks[-1] - ticks[0])" if scaled else "h"
            lines += [
                "    widest = stats[:, 2].max()",
                f"    return [{part} for x, y, w, h, area in sorted(stats.tolist()) if w == widest]",
            ]
        case _:
            lines += [
                "    tops = [y for x, y, w, h, area in sorted(stats.tolist()) if abs(y + h - base) < 4]",
                f"    return {_scaled('top', 'tops') if scaled else '[base - top for top in tops]'}",
            ]
    names = [variable(drawing, one) for one in series]
    called = ", ".join(f"measure('{drawing.entries[one].colour}')" for one in series)
    return "\n".join([*lines, f"{', '.join(names)} = {called}"])


def named_code(image: Image.Image, drawing: ChartFacts) -> str | None:
    """Code that measures the bars whose colours the question names into ``values``, after :func:`axes_code`.

    ``None`` where bars are not named by colours, or where something else has such a colour too.
    """
    asked = drawing.asked
    named = asked.by_colour and drawing.by_item and asked.answers == "number"
    if not named or len(asked.needed) > 3 or drawing.kind is ChartKind.PIE:
        return None
    for place in asked.needed:
        mark = drawing.mark(*place)
        found = near_mask(image, drawing.entry(*place).colour).getbbox()
        if found is None or found != _coloured(image, drawing, mark):
            return None
    colours = ", ".join(f"'{drawing.entry(*place).colour}'" for place in asked.needed)
    if drawing.kind is ChartKind.ROW:
        edge, value = "np.where(near)[1].max()", "low + (edge - ticks[0]) * (high - low) / (ticks[-1] - ticks[0])"
    else:
        edge, value = "np.where(near)[0].min()", "high - (edge - ticks[0]) * (high - low) / (ticks[-1] - ticks[0])"
    loop = f"for colour in ({colours}):" if len(asked.needed) > 1 else f"for colour in [{colours}]:"
    return "\n".join(
        [
            "from PIL import ImageColor",
            "values = []",
            loop,
            "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60",
            f"    edge = int({edge})",
            f"    values.append({value})",
        ]
    )


def variable(drawing: Drawing, series: int) -> str:
    """What code calls the values of a series."""
    return "values" if len(drawing.entries) == 1 or drawing.by_item else drawing.entries[series].word


def _scaled(one: str, many: str) -> str:
    return f"[high - ({one} - ticks[0]) * (high - low) / (ticks[-1] - ticks[0]) for {one} in {many}]"


def _bars_code(drawing: Drawing, *, scaled: bool) -> str:
    lines = [
        "import cv2",
        "coloured = (pixels.max(2) - pixels.min(2) > 60).astype(np.uint8)",
        "stats = cv2.connectedComponentsWithStats(coloured)[2][1:]",
    ]
    if drawing.kind is ChartKind.ROW:
        lines.append("bars = sorted((y, x + w - 1) for x, y, w, h, area in stats.tolist() if abs(x - axis) < 4)")
        scale = "low + (end - ticks[0]) * (high - low) / (ticks[-1] - ticks[0])"
        lines.append(f"values = [{scale if scaled else 'end - axis'} for y, end in bars]")
    else:
        lines.append("bars = sorted((x, y) for x, y, w, h, area in stats.tolist() if abs(y + h - base) < 4)")
        scale = "high - (top - ticks[0]) * (high - low) / (ticks[-1] - ticks[0])"
        lines.append(f"values = [{scale if scaled else 'base - top'} for x, top in bars]")
    return "\n".join(lines)


def gauge(image: Image.Image, drawing: Drawing, frame: Frame, mark: Mark, *, scaled: bool) -> float | None:
    """What :func:`gauge_code` measures for a mark; ``None`` if it is hidden."""
    low, high = int(drawing.ticks[0].value), int(drawing.ticks[-1].value)
    first, last = frame.ticks[0], frame.ticks[-1]
    if drawing.kind is ChartKind.LINE:
        column = (mark.box[0] + mark.box[2] - 1) // 2
        start = first - _ABOVE
        strip = image.crop((column, start, column + 1, frame.base))
        data = near_mask(strip, drawing.entries[mark.series].colour).tobytes()
        rows = [row for row, value in enumerate(data) if value]
        if not rows:
            return None
        row = sum(rows) / len(rows) + start
        return high - (row - first) * (high - low) / (last - first) if scaled else frame.base - row
    box = _coloured(image, drawing, mark)
    if box is None:
        return None
    _, top, right, bottom = box
    match drawing.kind:
        case ChartKind.ROW:
            end = right - 1
            return low + (end - first) * (high - low) / (last - first) if scaled else end - frame.axis
        case ChartKind.STACKED:
            height = bottom - top
            return height * (high - low) / (last - first) if scaled else height
        case _:
            return high - (top - first) * (high - low) / (last - first) if scaled else frame.base - top


def _coloured(image: Image.Image, drawing: Drawing, mark: Mark) -> tuple[int, int, int, int] | None:
    """The box of what a colour test finds of a bar."""
    cut = image.crop(mark.box)
    if drawing.kind in (ChartKind.BAR, ChartKind.ROW):
        red, green, blue = cut.split()
        most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        least = ImageChops.darker(ImageChops.darker(red, green), blue)
        found = ImageChops.subtract(most, least).point([255 * (value > _COLOURED) for value in range(256)]).getbbox()
    else:
        found = near_mask(cut, drawing.entries[mark.series].colour).getbbox()
    if found is None:
        return None
    x, y = mark.box[:2]
    return (x + found[0], y + found[1], x + found[2], y + found[3])


def shares(image: Image.Image, drawing: Drawing) -> list[float]:
    """Percentages of a disc's sectors by their pixels, in the order of the names."""
    pieces = [largest_piece(near_mask(image, entry.colour)) for entry in drawing.entries]
    areas = [piece.count if piece is not None else 0 for piece in pieces]
    return [100 * area / sum(areas) for area in areas]
