"""The command line: ``codedance COMMAND``; every command's errors end here as one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from codedance import __version__
from codedance.cli.failures import INTERRUPTED, exit_code, missing_extra, own_output, tell, tell_stopped
from codedance.cli.options import is_narrow, may_be_empty, refuse_empty_paths
from codedance.errors import CodeDanceError

__all__ = ["COMMANDS", "Command", "build", "main", "outline"]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: where it stands in the help, and which module has it."""

    panel: str
    says: str
    """Its line of the help: the first paragraph of its own, so that the help of all imports none."""
    module: str
    function: str = ""
    """Empty: a group of commands, the module's ``app``."""
    epilog: str = "EPILOG"
    """Name of the text below the help of a single command."""
    goes_on: tuple[str, ...] = ()
    """Which of a group's commands go on where they were stopped; an empty name for a single command that does."""


_ASK, _DATA, _TRAIN, _TELL, _LOOK = "Ask", "Make data", "Train", "Evaluate", "Look closer"
COMMANDS: Mapping[str, Command] = {
    "ask": Command(
        _ASK, "Ask a question about pictures and watch the model think, write code and answer.", "ask", "ask"
    ),
    "serve": Command(
        _ASK,
        "Serve the playground, and OpenAI's chat completions with a model that thinks by writing code.",
        "serve",
        "serve",
    ),
    "sandbox": Command(_ASK, "Run code in the sandbox; see what it offers, costs and withstands.", "sandbox"),
    "worlds": Command(_DATA, "Generated pictures with questions whose answers are known.", "worlds"),
    "data": Command(
        _DATA, "Make, filter and check sets of trajectories and tasks.", "data", goes_on=("generate", "filter")
    ),
    "synth": Command(_DATA, "Make executed trajectories from pictures.", "synth", "synth", goes_on=("",)),
    "export": Command(
        _DATA, "Write run folders as a data set of ms-swift, TRL, verl or the `datasets` library.", "export", "export"
    ),
    "import": Command(
        _DATA,
        "Read a data set into a run folder of trajectories or tasks.",
        "import_data",
        "import_data",
        goes_on=("",),
    ),
    "train": Command(
        _TRAIN,
        "Train models on trajectories and on generated worlds.",
        "train",
        goes_on=("nano", "sft", "grpo", "ablation", "sweep"),
    ),
    "reward": Command(_TRAIN, "Rewards, advantages and turn credit of attempts, explained.", "reward"),
    "launch": Command(
        _TRAIN,
        "Train with ms-swift or verl: the recipe's command, after a check of versions and of the plug-in.",
        "launch",
        "launch",
    ),
    "plan": Command(
        _TRAIN,
        "Predict reinforcement learning on so many GPUs: a step is simulated event by event, a pass is counted.",
        "plan",
        "plan",
    ),
    "reproduce": Command(
        _TRAIN,
        "Data, teaching, four rewards with several seeds, evaluation, analysis, and each claim of the paper beside it.",
        "reproduce",
        "reproduce",
        goes_on=("",),
    ),
    "eval": Command(
        _TELL,
        "Evaluate a model on benchmarks; every episode is kept, and a run that was stopped goes on where it stood.",
        "evaluate",
        "evaluate",
        "EVAL_EPILOG",
        ("",),
    ),
    "report": Command(
        _TELL,
        "Accuracies with intervals, what the model did, what it cost, by category, beside reported numbers.",
        "report",
        "report",
        "REPORT_EPILOG",
    ),
    "compare": Command(
        _TELL,
        "Compare two runs row by row: a paired test, and the rows that were fixed and broken.",
        "report",
        "compare",
        "COMPARE_EPILOG",
    ),
    "score": Command(
        _TELL,
        "Score replies to the rows of a benchmark and add them up; nothing leaves the denominator.",
        "score",
        "score",
        "SCORE_EPILOG",
    ),
    "benchmarks": Command(
        _TELL,
        "List the benchmarks: rows, metric, prompts, where the data lie.",
        "score",
        "benchmarks",
        "BENCHMARKS_EPILOG",
    ),
    "audit": Command(
        _TELL,
        "Look for the rows of a benchmark in a training set: pixels, perceptual hashes, crops, questions, words.",
        "audit",
        "audit",
    ),
    "view": Command(
        _LOOK,
        "Look at a run: a table of its trajectories and a page for each, with pictures, code, output and timings.",
        "view",
        "view",
    ),
    "analyze": Command(
        _LOOK,
        "What code does in finished runs, and what that is evidence of.",
        "analyze_commands",
        goes_on=("feedback", "holdout"),
    ),
    "replay": Command(
        _LOOK,
        "Run every cell of recorded trajectories again in fresh sessions, and tell what differs and why.",
        "replay",
        "replay",
    ),
    "verify": Command(
        _LOOK,
        "Hold trajectories against their seals and pictures against their hashes: any change, removal or swap is told.",
        "verify",
        "verify",
    ),
}
"""Every command, in the order of the help.

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
    app = _bare()
    for name in names:
        command = COMMANDS[name]
        found = import_module(f"codedance.cli.{command.module}")
        if command.function:
            epilog = getattr(found, command.epilog)
            app.command(name=name, epilog=epilog, rich_help_panel=command.panel)(getattr(found, command.function))
        else:
            app.add_typer(found.app, name=name, rich_help_panel=command.panel)
    return app


def outline() -> typer.Typer:
    """The command line as its help and its errors show it: the names and lines of all commands, and none of them."""
    app = _bare()
    for name, command in COMMANDS.items():
        app.command(name=name, help=command.says, rich_help_panel=command.panel)(lambda: None)
    return app


class _Commands(TyperGroup):
    """All commands, of which none ends without a word when Ctrl-C ends it."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's context; click's in its older versions
        """Run what was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # typer would take it for an end like any other
            tell_stopped(goes_on=_goes_on(sys.argv[1:]))
            raise typer.Exit(INTERRUPTED) from None


def _goes_on(arguments: Sequence[str]) -> bool:
    """Whether the command that was asked for keeps what it has done, and begins there the next time.

    >>> [_goes_on(words) for words in (["eval", "vstar"], ["train", "sft", "runs/a"], ["train", "table"], ["ask"], [])]
    [True, True, False, False, False]
    """
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None or not command.goes_on:
        return False
    return bool(command.function) or (len(arguments) > 1 and arguments[1] in command.goes_on)


def _bare() -> typer.Typer:
    app = typer.Typer(
        name="codedance",
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None if is_narrow() else "markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Vision-language models that reason by writing and running code.",
        epilog="Begin with: `codedance ask PICTURE -q 'How many red circles are there?'`",
    )
    app.callback()(_root)
    return app


def __getattr__(name: str) -> typer.Typer:
    """``app``: the whole command line, for programs that look at it."""
    if name == "app":
        return build(list(COMMANDS))
    raise AttributeError(f"module {__name__} has no attribute {name}")


def _fitting(arguments: Sequence[str], *, completes: bool) -> typer.Typer:
    """What these arguments can be about: the command that they begin with, all, or none for a help or an error."""
    if arguments and arguments[0] in COMMANDS:
        return build(arguments[:1])
    return build(list(COMMANDS)) if completes or not COMMANDS.keys().isdisjoint(arguments) else outline()


def _run(arguments: Sequence[str]) -> None:
    """Run the command that the arguments are about; ends by ``SystemExit``."""
    app = _fitting(arguments, completes="_CODEDANCE_COMPLETE" in os.environ)
    if len(arguments) <= 1 or not {"-h", "--help"}.isdisjoint(arguments):  # a group alone shows its help
        from codedance.cli.help import never_cut

        never_cut()
    command = typer.main.get_command(app)
    if any(may_be_empty(word) for word in arguments):
        refuse_empty_paths(command)
    command()


def main() -> None:
    """Entry point of the console script."""
    try:
        with own_output():
            _run(sys.argv[1:])
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
    except KeyboardInterrupt:  # while the command was looked up; its own ends are told there
        tell_stopped(goes_on=_goes_on(sys.argv[1:]))
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (``codedance ... | head``): that is no error of anybody's.
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
