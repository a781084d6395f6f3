"""The reference of the command line, a page for each command, from the program's own help."""

from __future__ import annotations

from typing import Any

import typer

from codedance.cli.app import app

__all__ = ["cell", "command_pages"]


def command_pages() -> dict[str, str]:
    """Markdown by the name of its page: an overview, and a page for each command with those below it."""
    # Typer brings a Click of its own, whose classes have no public names.
    root: Any = typer.main.get_command(app)
    lines = ["# Commands", "", root.help, "", "| command | what it does |", "|---|---|"]
    pages = {}
    for name, command in root.commands.items():
        lines.append(f"| [`codedance {name}`]({name}.md) | {cell(_first(command.help))} |")
        pages[f"reference/commands/{name}.md"] = "\n".join(_described(command, f"codedance {name}", level=1))
    lines += [
        "",
        "Exit codes: 0 done, 2 bad input or usage, 3 stopped without an answer, 4 a model or the sandbox failed.",
    ]
    return {"reference/commands/index.md": "\n".join(lines), **pages}


def cell(text: str) -> str:
    """Text as it can stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _first(text: str | None) -> str:
    return (text or "").strip().split("\n\n")[0]


def _described(command: Any, called: str, *, level: int) -> list[str]:  # noqa: ANN401 - a Click command
    below = getattr(command, "commands", {})
    parameters = [one for one in command.params if not getattr(one, "hidden", False) and one.name != "help"]
    usage = " ".join([called, *(_usage(one) for one in parameters if one.param_type_name == "argument")])
    lines = [f"{'#' * level} {called}", "", (command.help or "").strip(), ""]
    if not below:
        lines += ["```text", f"{usage} [OPTIONS]", "```", ""]
    if parameters:
        lines += ["| parameter | default | meaning |", "|---|---|---|", *map(_row, parameters), ""]
    lines += [(command.epilog or "").strip(), ""]
    for name, one in below.items():
        lines += _described(one, f"{called} {name}", level=level + 1)
    return lines


def _usage(argument: Any) -> str:  # noqa: ANN401 - a Click argument
    name = _named(argument)
    return name if argument.required else f"[{name}]"


def _named(parameter: Any) -> str:  # noqa: ANN401 - a Click parameter
    return str(parameter.metavar or parameter.name.upper())


def _row(parameter: Any) -> str:  # noqa: ANN401 - a Click parameter
    if parameter.param_type_name == "argument":
        words = [_named(parameter)]
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}"
        words = [f"{option}{value}" for option in (*parameter.opts, *parameter.secondary_opts)]
    named = ", ".join(f"`{word}`" for word in words)
    default = "required" if parameter.required else _default(parameter.default)
    return f"| {cell(named)} | {default} | {cell(parameter.help or '')} |"


def _default(value: object) -> str:
    if value is None or value is False or callable(value):
        return ""
    if value is True:
        return "on"
    return f"`{cell(str(getattr(value, 'value', value)))}`"
