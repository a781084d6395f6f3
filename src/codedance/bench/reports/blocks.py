"""What a report is made of, whether it becomes Markdown or a page: headings, facts, tables, figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "Block",
    "Facts",
    "Figure",
    "Heading",
    "Names",
    "Paragraph",
    "Table",
    "number",
    "percent",
    "span",
    "to_markdown",
]

_SHOWN_NAMES = 40
_LONGEST_CELL = 300


@dataclass(frozen=True, slots=True)
class Heading:
    """A title of a level from 1 on."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with what is to be said of them."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """A list of rows by name; pages fold it, Markdown shows its beginning."""

    title: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in SVG, for pages only."""

    svg: str
    caption: str


Block = Heading | Paragraph | Facts | Table | Names | Figure


def to_markdown(blocks: Iterable[Block]) -> str:
    r"""The blocks as Markdown. Nothing in a cell breaks the table or becomes markup.

    >>> print(to_markdown([Heading("Runs"), Table(("a", "b"), (("x|y", "1"),))]))
    ## Runs
    <BLANKLINE>
    | a    | b |
    |------|---|
    | x\|y | 1 |
    <BLANKLINE>
    """
    return "\n\n".join(text for block in blocks if (text := _markdown(block))) + "\n"


def percent(value: float | None) -> str:
    """A share in percent; nothing for an absent one.

    >>> percent(0.5), percent(None)
    ('50.0', '')
    """
    return "" if value is None else f"{100 * value:.1f}"


def span(interval: tuple[float, float] | None) -> str:
    """An interval in percent."""
    return "" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def number(value: float | None, digits: int = 1) -> str:
    """A number, with commas between thousands; nothing for an absent one."""
    return "" if value is None else f"{value:,.{digits}f}"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text=text, level=level):
            return f"{'#' * level} {_cell(text)}"
        case Paragraph(text=text):
            return _escaped(text)
        case Facts(pairs=pairs):
            return "\n".join(f"- **{_cell(name)}**: {_cell(text)}" for name, text in pairs)
        case Table(head=head, rows=rows):
            return _table(head, rows)
        case Names(title=title, names=names):
            more = f", and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
            return f"{_cell(title)}: {', '.join(map(_code, names[:_SHOWN_NAMES]))}{more}"
        case Figure():
            return ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[_cell(text) for text in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cell(text: str) -> str:
    line = " ".join(_escaped(text).split()).replace("|", "\\|")
    return line if len(line) <= _LONGEST_CELL else f"{line[: _LONGEST_CELL - 1]}…"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("<", "&lt;").replace("*", "\\*").replace("`", "\\`")


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', '')[:120]}`"
