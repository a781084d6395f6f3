"""The command line: ``codedance COMMAND``; every command's errors end here as one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from codedance import __version__
from codedance.cli.failures import exit_code, missing_extra, tell
from codedance.errors import CodeDanceError

__all__ = ["COMMANDS", "build", "main"]

COMMANDS: Mapping[str, str | tuple[str, str, str]] = {
    "ask": ("ask", "ask", "EPILOG"),
    "sandbox": "sandbox",
    "worlds": "worlds",
    "data": "data",
    "reward": "reward",
    "synth": ("synth", "synth", "EPILOG"),
    "train": "train",
    "launch": ("launch", "launch", "EPILOG"),
    "plan": ("plan", "plan", "EPILOG"),
    "export": ("export", "export", "EPILOG"),
    "import": ("import_data", "import_data", "EPILOG"),
    "eval": ("evaluate", "evaluate", "EVAL_EPILOG"),
    "report": ("report", "report", "REPORT_EPILOG"),
    "view": ("view", "view", "EPILOG"),
    "compare": ("report", "compare", "COMPARE_EPILOG"),
    "replay": ("replay", "replay", "EPILOG"),
    "verify": ("verify", "verify", "EPILOG"),
    "score": ("score", "score", "SCORE_EPILOG"),
    "benchmarks": ("score", "benchmarks", "BENCHMARKS_EPILOG"),
    "audit": ("audit", "audit", "EPILOG"),
    "analyze": "analyze_commands",
    "reproduce": ("reproduce", "reproduce", "EPILOG"),
    "serve": ("serve", "serve", "EPILOG"),
}
"""Every command, in the order of the help: the module of a group, or module, function and text of a single one.

Modules are imported when their command is wanted: all together cost a second of every start.
"""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"codedance {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def build(names: Sequence[str]) -> typer.Typer:
    """The command line with these commands only."""
    app = typer.Typer(
        name="codedance",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Vision-language models that reason by writing and running code.",
        epilog="Begin with: `codedance ask PICTURE -q 'How many red circles are there?'`",
    )
    app.callback()(_root)
    for name in names:
        match COMMANDS[name]:
            case str() as group:
                app.add_typer(import_module(f"codedance.cli.{group}").app, name=name)
            case (module, function, epilog):
                found = import_module(f"codedance.cli.{module}")
                app.command(name=name, epilog=getattr(found, epilog))(getattr(found, function))
    return app


def __getattr__(name: str) -> typer.Typer:
    """``app``: the whole command line, for programs that look at it."""
    if name == "app":
        return build(list(COMMANDS))
    raise AttributeError(f"module {__name__} has no attribute {name}")


def _wanted(arguments: Sequence[str]) -> list[str]:
    """The commands that these arguments can be about: the one that they name, or all for a help or an error."""
    first = arguments[0] if arguments else ""
    return [first] if first in COMMANDS else list(COMMANDS)


def main() -> None:
    """Entry point of the console script."""
    try:
        build(_wanted(sys.argv[1:]))()
    except CodeDanceError as error:
        tell(error)
        sys.exit(exit_code(error))
    except ModuleNotFoundError as error:
        # What a command needs is asked for where it begins; this is for what was forgotten there.
        missing = missing_extra(error)
        if missing is None:
            raise
        tell(missing)
        sys.exit(exit_code(missing))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (``codedance ... | head``): that is no error of anybody's.
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
