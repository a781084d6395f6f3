"""Drawing tables: zebra, lined, grid or plain, each row and column as wide as its texts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from PIL import Image

from codedance.tasks.worlds.charts.style import PLAIN_PALETTE, Canvas, Colour, Style, Tint
from codedance.tasks.worlds.charts.topics import NOTES
from codedance.tasks.worlds.tables.model import TableDrawing, Tinted
from codedance.tasks.worlds.tables.topics import Table

__all__ = ["TableLook", "draw_table", "pick_look", "tintable"]

_HEADS: tuple[Colour, ...] = ((52, 73, 94), (66, 84, 100), (78, 66, 82), (70, 70, 70), (92, 72, 58), (58, 82, 78))
_SMALLEST = 210
"""Shortest side of a picture in pixels."""


@dataclass(frozen=True, slots=True)
class TableLook:
    """How a table is set."""

    lines: Literal["zebra", "rules", "grid", "plain"]
    head: Literal["filled", "tinted", "bold"]
    numbers_right: bool
    pad: int
    """Room left and right of the texts of a cell."""
    height: int
    """Of a row."""
    title: bool
    note: str | None
    margins: tuple[int, int, int, int]
    corner: str
    """Header of the first column."""


def pick_look(rng: Random, style: Style, noun: str, *, easy: bool) -> TableLook:
    """A look by chance."""
    size = style.size
    roomy = (size // 3, size) if easy else (size, 6 * size)
    return TableLook(
        lines=rng.choice(("zebra", "zebra", "rules", "grid", "plain")),
        head=rng.choice(("filled", "tinted", "bold")),
        numbers_right=rng.random() < 0.6,
        pad=rng.randint(size // 3, size // 2) if easy else rng.randint(size // 2, size * 3 // 2),
        height=size * rng.randint(150, 190 if easy else 230) // 100,
        title=rng.random() < (0.2 if easy else 0.75),
        note=None if easy or rng.random() < 0.6 else rng.choice(NOTES),
        margins=(rng.randint(*roomy), rng.randint(*roomy), rng.randint(*roomy), rng.randint(*roomy)),
        corner=rng.choice(("", noun.capitalize(), "Name")) if not easy else "",
    )


def draw_table(
    table: Table, style: Style, look: TableLook, rng: Random, *, tints: dict[tuple[int, int], Tint]
) -> tuple[Image.Image, TableDrawing]:
    """The picture of a table and where everything is.

    Args:
        table: the content.
        style: colours and fonts.
        look: how it is set.
        rng: for the ground.
        tints: cells that stand out by their colour, by row and column; column 0 has the names.
    """
    measure = Canvas((8, 8), style, rng)
    texts = [[look.corner, *(one.header for one in table.columns)]]
    texts += [[name, *row] for name, row in zip(table.names, table.cells, strict=True)]
    widths = [
        max(max(measure.width_of(row[column]) for row in texts[1:]), measure.width_of(texts[0][column], name="bold"))
        + 2 * look.pad
        for column in range(len(texts[0]))
    ]
    left, top, right, bottom = look.margins
    title_height = style.size * 5 // 2 if look.title else 0
    note_height = style.size * 2 if look.note else 0
    title_width = measure.width_of(table.title, size=style.size * 5 // 4, name=style.heading) if look.title else 0
    width = left + max(sum(widths), title_width) + right
    height = top + title_height + look.height * len(texts) + note_height + bottom
    left, width = left + max(0, _SMALLEST - width) // 2, max(_SMALLEST, width)
    top, height = top + max(0, _SMALLEST - height) // 2, max(_SMALLEST, height)
    canvas = Canvas((width, height), style, rng)
    if look.title:
        canvas.text((left, top), table.title, size=style.size * 5 // 4, name=style.heading)
    xs, ys = [left], [top + title_height]
    for one in widths:
        xs.append(xs[-1] + one)
    for _ in texts:
        ys.append(ys[-1] + look.height)
    _ground(canvas, look, xs, ys)
    for (row, column), tint in tints.items():
        box = (xs[column] + 1, ys[row + 1] + 1, xs[column + 1] - 2, ys[row + 2] - 2)
        canvas.draw.rectangle(box, fill=tint.rgb)
    _write(canvas, table, look, texts, xs=xs, ys=ys, tints=tints)
    if look.note:
        note_size = style.size * 4 // 5
        canvas.text((left, ys[-1] + style.size // 2), look.note, size=note_size)
    return canvas.image, TableDrawing(
        title=table.title if look.title else None,
        noun=table.noun,
        plural=table.plural,
        dark=style.dark,
        open=look.lines in ("zebra", "plain") and look.head != "bold" and not tints,
        ruled=look.lines in ("rules", "grid") and look.head != "filled",
        header=tuple(texts[0]),
        rows=tuple(tuple(row) for row in texts[1:]),
        phrases=("name", *(one.phrase for one in table.columns)),
        kinds=tuple(one.kind for one in table.columns),
        units=tuple(one.unit for one in table.columns),
        alike=table.alike,
        glyph=max(6, style.size * 7 // 10),
        xs=tuple(xs),
        ys=tuple(ys),
        tinted=tuple(Tinted(row=row, column=column, word=tint.word) for (row, column), tint in tints.items()),
    )


def _ground(canvas: Canvas, look: TableLook, xs: list[int], ys: list[int]) -> None:
    """Stripes, lines and the header's ground."""
    style, draw = canvas.style, canvas.draw
    left, right = xs[0], xs[-1] - 1
    if look.lines == "zebra":
        for index in range(2, len(ys) - 1, 2):
            draw.rectangle((left, ys[index], right, ys[index + 1] - 1), fill=_stripe(style))
    if look.head == "filled":
        fill = (86, 92, 104) if style.dark else _HEADS[(xs[-1] + ys[-1]) % len(_HEADS)]
        draw.rectangle((left, ys[0], right, ys[1] - 1), fill=fill)
    elif look.head == "tinted":
        draw.rectangle((left, ys[0], right, ys[1] - 1), fill=style.soft)
    if look.lines == "grid":
        for x in xs:
            draw.line((x - (x == xs[-1]), ys[0], x - (x == xs[-1]), ys[-1] - 1), fill=style.ink)
    if look.lines in ("grid", "rules"):
        for y in ys[1:] if look.lines == "rules" else ys:
            draw.line((left, y - (y == ys[-1]), right, y - (y == ys[-1])), fill=style.ink)
    elif look.head == "bold":
        draw.line((left, ys[1] - 1, right, ys[1] - 1), fill=style.ink, width=style.line)


def _stripe(style: Style) -> Colour:
    red, green, blue = style.ground
    step = 14 if style.dark else -14
    return (red + step, green + step, blue + step)


def _write(
    canvas: Canvas,
    table: Table,
    look: TableLook,
    texts: list[list[str]],
    *,
    xs: list[int],
    ys: list[int],
    tints: dict[tuple[int, int], Tint],
) -> None:
    for index, row in enumerate(texts):
        middle = (ys[index] + ys[index + 1]) // 2
        for column, text in enumerate(row):
            right = look.numbers_right and column > 0 and table.columns[column - 1].numeric
            if right:
                at, anchor = (xs[column + 1] - look.pad, middle), "rm"
            elif column == 0:
                at, anchor = (xs[column] + look.pad, middle), "lm"
            else:
                at, anchor = ((xs[column] + xs[column + 1]) // 2, middle), "mm"
            fill: Colour | None = None
            if index == 0 and look.head == "filled":
                fill = (245, 245, 245)
            tint = tints.get((index - 1, column)) if index else None
            if tint is not None:
                fill = (255, 255, 255) if 3 * tint.rgb[0] + 6 * tint.rgb[1] + tint.rgb[2] < 1450 else (10, 10, 10)
            canvas.text(at, text, anchor=anchor, name="bold" if index == 0 else None, fill=fill)


def tintable(style: Style) -> list[Tint]:
    """Colours that stand out on the ground."""
    return [tint for tint in PLAIN_PALETTE if not style.dark or tint.word not in ("blue", "purple")]
