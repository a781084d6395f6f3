"""Tables and sections of the reports, as Markdown; on a terminal they read as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codedance.analysis.shares import Lift, Share

__all__ = ["Section", "Table", "lift_text", "per_thousand", "section_text", "share_text"]

_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what is to be said, and a table or figure, if there is one."""

    title: str
    text: str = ""
    table: Table | None = None
    figure: str | None = None
    """File name of a figure beside the report."""


def section_text(sections: Iterable[Section], *, figures: bool = False) -> str:
    r"""The sections as Markdown.

    Args:
        sections: in order.
        figures: whether the figures lie beside the text.

    >>> print(section_text([Section("Runs", table=Table(("a",), (("x|y",),)))]))
    ## Runs
    <BLANKLINE>
    | a    |
    |------|
    | x\|y |
    <BLANKLINE>
    """
    parts: list[str] = []
    for one in sections:
        if not figures and not one.text and (one.table is None or not one.table.rows):
            continue
        parts.append(f"## {one.title}")
        parts += [one.text] if one.text else []
        parts += [_table(one.table)] if one.table is not None and one.table.rows else []
        parts += [f"![{one.title}]({one.figure})"] if figures and one.figure is not None else []
    return "\n\n".join(parts) + "\n"


def share_text(found: Share | None) -> str:
    """A share in percent with its interval, and of how many.

    >>> share_text(Share(right=3, count=4, low=0.3, high=0.95)), share_text(None)
    ('75.0 (30.0-95.0) of 4', '-')
    """
    if found is None:
        return "-"
    return f"{100 * found.value:.1f} ({100 * found.low:.1f}-{100 * found.high:.1f}) of {found.count:,}"


def lift_text(found: Lift | None) -> str:
    """A difference in points of percent with its interval, and over how many groups."""
    if found is None:
        return "-"
    interval = (
        f" ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
        if found.low is not None and found.high is not None
        else ""
    )
    return f"{100 * found.mean:+.1f}{interval} over {found.groups:,}"


def per_thousand(count: int, of: int) -> str:
    """So many in a thousand.

    >>> per_thousand(1, 400)
    '2.5'
    """
    return f"{1000 * count / of:.1f}" if of else "-"


def _table(table: Table) -> str:
    rows: Sequence[tuple[str, ...]] = [tuple(_cell(cell) for cell in row) for row in (table.head, *table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """One line that does not end its cell."""
    flat = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 3] + "..."
