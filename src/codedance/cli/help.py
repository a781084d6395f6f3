"""Help that loses nothing: where a terminal is narrow, names and texts go on in the next line and are not cut."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text
from typer import rich_utils

__all__ = ["HelpTable", "never_cut"]

_WIDEST_CHOICES = 24
"""A list of choices has no spaces, and some are longer than all texts; such a list alone is broken within."""


class HelpTable(Table):
    """A table whose columns but the last are as wide as their longest word, and which cuts nothing.

    Rich's own takes from all columns alike what a terminal lacks, and writes ``--base…`` and ``http://localhost:8000…``.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, widths set."""
        for column in self.columns:
            column.overflow = "fold"
        for column in self.columns[:-1]:
            if column.width is None:
                column.width = max((len(word) for cell in column.cells for word in _words(cell)), default=0)
        return super().__rich_console__(console, options)


def _words(cell: RenderableType) -> Iterator[str]:
    for word in str(cell if isinstance(cell, Text | str) else "").split():
        yield word[:_WIDEST_CHOICES] if "|" in word else word


def never_cut() -> None:
    """Have typer draw its help with :class:`HelpTable`."""
    rich_utils.Table = HelpTable  # type: ignore[attr-defined]
