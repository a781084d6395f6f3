"""The command line: ``codedance COMMAND``; every command's errors end here as one line and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from codedance import __version__
from codedance.cli import (
    analyze_commands,
    ask,
    audit,
    data,
    evaluate,
    export,
    import_data,
    launch,
    plan,
    replay,
    report,
    reproduce,
    reward,
    sandbox,
    score,
    serve,
    synth,
    train,
    verify,
    view,
    worlds,
)
from codedance.cli.failures import exit_code, missing_extra, tell
from codedance.errors import CodeDanceError

__all__ = ["app", "main"]

app = typer.Typer(
    name="codedance",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Vision-language models that reason by writing and running code.",
    epilog="Begin with: `codedance ask PICTURE -q 'How many red circles are there?'`",
)
app.command(name="ask", epilog=ask.EPILOG)(ask.ask)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(worlds.app, name="worlds")
app.add_typer(data.app, name="data")
app.add_typer(reward.app, name="reward")
app.command(name="synth", epilog=synth.EPILOG)(synth.synth)
app.add_typer(train.app, name="train")
app.command(name="launch", epilog=launch.EPILOG)(launch.launch)
app.command(name="plan", epilog=plan.EPILOG)(plan.plan)
app.command(name="export", epilog=export.EPILOG)(export.export)
app.command(name="import", epilog=import_data.EPILOG)(import_data.import_data)
app.command(name="eval", epilog=evaluate.EVAL_EPILOG)(evaluate.evaluate)
app.command(name="report", epilog=report.REPORT_EPILOG)(report.report)
app.command(name="view", epilog=view.EPILOG)(view.view)
app.command(name="compare", epilog=report.COMPARE_EPILOG)(report.compare)
app.command(name="replay", epilog=replay.EPILOG)(replay.replay)
app.command(name="verify", epilog=verify.EPILOG)(verify.verify)
app.command(name="score", epilog=score.SCORE_EPILOG)(score.score)
app.command(name="benchmarks", epilog=score.BENCHMARKS_EPILOG)(score.benchmarks)
app.command(name="audit", epilog=audit.EPILOG)(audit.audit)
app.add_typer(analyze_commands.app, name="analyze")
app.command(name="reproduce", epilog=reproduce.EPILOG)(reproduce.reproduce)
app.command(name="serve", epilog=serve.EPILOG)(serve.serve)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"codedance {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
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
