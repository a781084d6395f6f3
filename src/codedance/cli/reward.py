"""``codedance reward``: what attempts earn under a reward, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.settings import apply_settings
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.rewards import RewardSettings

__all__ = ["app"]

EXPLAIN_EPILOG = """
Examples:

- `codedance reward explain examples/attempts.json`

- `codedance reward explain examples/attempts.json --variant deepeyes --json`

- `codedance reward explain runs/rollouts --set curve=tanh --set gamma=4 --set lambda=0.1`

FILE holds `{"groups": [{"attempts": [{"correct": true, "format_ok": true, "calls": ["ok", "error"]}]}]}`. A call is ok,
silent (ran and showed nothing), error, timeout, memory, exited, crashed, denied or lost. An attempt may also say
`"weights": "mathematics"`.
"""

app = typer.Typer(no_args_is_help=True, help="Rewards, advantages and turn credit of attempts, explained.")


@app.callback()
def _reward() -> None:
    """Rewards, advantages and turn credit of attempts, explained."""


Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A constant, for example gamma=8.")]


@app.command(epilog=EXPLAIN_EPILOG)
def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Groups of attempts as JSON, or a run folder.")],
    variant: Annotated[
        str, typer.Option(metavar="V", help="Which reward; `codedance reward variants` lists them.")
    ] = "bat",
    assignments: Sets = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    groups: Annotated[int, typer.Option(min=0, metavar="N", help="How many groups the tables show.")] = 20,
) -> None:
    """Print what each attempt earns: its terms, its advantage in its group, the credit of each call.

    Groups are compared within themselves; the returns of calls are normalised over all groups of the file.
    """
    from codedance.cli.reward_input import read_groups
    from codedance.cli.reward_report import as_json as report
    from codedance.cli.reward_report import print_tables
    from codedance.rewards import score_batch, variant_named

    chosen, settings = variant_named(variant), _settings(assignments)
    named = read_groups(file, settings)
    rewards = score_batch([one.attempts for one in named], variant=chosen, settings=settings)
    if as_json:
        typer.echo(json.dumps(report(named, rewards, variant=chosen, settings=settings), allow_nan=False))
    else:
        print_tables(named, rewards, variant=chosen, most=groups)


@app.command(epilog="Example: `codedance reward variants --json`")
def variants(as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False) -> None:
    """List the rewards with their formulas and where they come from."""
    from codedance.rewards import VARIANTS

    if as_json:
        listed = [{"name": one.name, "formula": one.formula, "source": one.source} for one in VARIANTS.values()]
        typer.echo(json.dumps(listed))
        return
    for one in VARIANTS.values():
        typer.echo(f"{one.name}\n    {one.formula}\n    {one.source}")


@app.command(epilog="Example: `codedance reward plot --out difficulty.svg --set gamma=8`")
def plot(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the picture is written, as SVG.")],
    assignments: Sets = None,
) -> None:
    """Draw the difficulty d over the accuracy of a group, in both forms."""
    from codedance.rewards.figure import difficulty_svg
    from codedance.store import write_text

    if out.suffix.lower() != ".svg" or out.is_dir():
        raise UsageError(f"--out {out}: choose a file whose name ends with .svg")
    try:
        write_text(out, difficulty_svg(_settings(assignments)))
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror or error})") from None
    typer.echo(f"picture: {out}")


def _settings(assignments: Sequence[str] | None) -> RewardSettings:
    """The constants; ``lambda``, which no field can be called, is the paper's name of ``turn_weight``."""
    from codedance.rewards import RewardSettings

    named = [f"turn_weight={one[7:]}" if one.startswith("lambda=") else one for one in assignments or []]
    return apply_settings(RewardSettings(), named)
