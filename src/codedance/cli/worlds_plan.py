"""Which scenes the options of ``codedance worlds`` mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.tasks.worlds import Difficulty

__all__ = [
    "BLOCK",
    "AsJson",
    "DifficultyName",
    "FamiliesCommand",
    "FamilyName",
    "Seed",
    "check_count",
    "chosen_cells",
    "print_table",
    "scene_plan",
]

BLOCK = 1_000_000
"""How many seeds of scenes belong to one ``--seed``: runs with different seeds never share a scene."""

Seed = Annotated[int, typer.Option(metavar="S", help="Different seeds never share a scene.")]
FamilyName = Annotated[str | None, typer.Option(metavar="F")]
"""Its help is written by :class:`FamiliesCommand`."""
DifficultyName = Annotated[str | None, typer.Option(metavar="D", help="easy or hard. [both in turn]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


class FamiliesCommand(TyperCommand):
    """A command whose help names the families that there are: they are loaded only when somebody reads it."""

    def format_help(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - types that Typer does not export
        """Write the help."""
        from codedance.tasks.worlds import FAMILIES

        for one in self.params:
            if isinstance(one, TyperOption) and one.name == "family":
                one.help = f"{', '.join(FAMILIES)}." + ("" if one.required else " [all in turn]")
        super().format_help(*arguments, **named)


def chosen_cells(family: str | None, difficulty: str | None) -> list[tuple[str, Difficulty]]:
    """The families and difficulties asked for, in the order in which they take turns; one line about a wrong name."""
    from codedance.tasks.worlds import FAMILIES, Difficulty

    if family is not None and family not in FAMILIES:
        raise UsageError(f"--family {family}: there is no such family; choose one of {', '.join(FAMILIES)}")
    if difficulty is not None and difficulty not in list(Difficulty):
        raise UsageError(f"--difficulty {difficulty}: there is no such difficulty; choose {' or '.join(Difficulty)}")
    levels = list(Difficulty) if difficulty is None else [Difficulty(difficulty)]
    return [(name, level) for level in levels for name in (FAMILIES if family is None else (family,))]


def check_count(count: int, *, most: int) -> None:
    """Refuse a ``--count`` that is not from 1 to ``most``."""
    if not 1 <= count <= most:
        raise UsageError(f"--count {count}: choose a number from 1 to {most}")


def scene_plan(
    cells: Sequence[tuple[str, Difficulty]], *, count: int, seed: int
) -> Iterator[tuple[str, Difficulty, int]]:
    """Family, difficulty and seed of each of so many scenes: the cells take turns, each with seeds of this block."""
    check_count(count, most=BLOCK * len(cells))
    if seed < 0:
        raise UsageError(f"--seed {seed}: choose 0 or more")
    return ((*cells[index % len(cells)], seed * BLOCK + index // len(cells)) for index in range(count))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns of text, as wide as they need be; a text of several lines becomes one."""
    flat = [[" ".join(cell.split()) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in flat) for column in range(len(head))]
    for row in flat:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
