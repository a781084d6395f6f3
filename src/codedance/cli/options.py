"""What holds for every command's options: how wide their help may be, and that no path is empty."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

__all__ = ["is_narrow", "may_be_empty", "refuse_empty_paths"]

_TABLES_FROM = 80
"""Columns of a terminal below which a help's texts beside its names would be a word wide."""


def is_narrow() -> bool:
    """True if the terminal is too narrow for tables: ``COLUMNS`` says so, or the first of our streams that is one."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told) > 0:
        return int(told) < _TABLES_FROM
    for descriptor in (1, 2, 0):
        try:
            columns = os.get_terminal_size(descriptor).columns
        except OSError:
            continue
        return 0 < columns < _TABLES_FROM
    return False


def may_be_empty(word: str) -> bool:
    """True for a word of the command line that can give an option or argument nothing.

    >>> may_be_empty(""), may_be_empty("--out="), may_be_empty("runs/code")
    (True, True, False)
    """
    return not word or (word.startswith("-") and word.endswith("="))


def refuse_empty_paths(command: Any) -> None:  # noqa: ANN401 - typer's own class, and click's in its older versions
    """Have every path of a command, and of the commands within it, refuse to be empty.

    ``--out "$RUN"`` with no such variable is a mistake; the working folder is written as ``.``.
    """
    for inner in getattr(command, "commands", {}).values():
        refuse_empty_paths(inner)
    for param in command.params:
        _refuse(param)


def _refuse(param: Any) -> None:  # noqa: ANN401
    process = param.process_value
    # Typer's older versions make a text of it first, and a path later; they say so of the parameter.
    later = getattr(getattr(param, "type", None), "name", "") == "path"

    def checked(ctx: Any, value: Any) -> Any:  # noqa: ANN401
        found = process(ctx, value)
        given, paths = (one if isinstance(one, list | tuple) else [one] for one in (value, found))
        empty = [path for raw, path in zip(given, paths, strict=False) if raw == ""]
        if any(later or isinstance(path, Path) for path in empty):
            raise typer.BadParameter("the path is empty; the working folder is written as .", ctx=ctx, param=param)
        return found

    # Of the object, not of its class: what a path is, only its own conversion knows.
    param.process_value = checked
