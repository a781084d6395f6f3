"""``codedance analyze comeback``: whether training brings back what its supervised set was made without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codedance.cli.analyze import JsonFlag, Out, attempts_of, deliver, operation_named

__all__ = ["EPILOG", "comeback"]

EPILOG = """
Examples:

- `codedance analyze comeback runs/held-out runs/control runs/blind --operation draw_grid -o reports/grids`

- `codedance analyze comeback runs/held-out --operation contours --domain counting --json`

The set without the operation: `codedance analyze holdout`. The counterfactual: `codedance train grpo --set
execute=false`. A run keeps the attempts of every step with `--set keep_rollouts_every=1`, else of each 20th.
"""


def comeback(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs of `codedance train grpo`.")],
    operation: Annotated[
        list[str], typer.Option(metavar="NAME", help="Look for this operation; repeated: for any of them.")
    ],
    domains: Annotated[
        list[str] | None,
        typer.Option("--domain", metavar="NAME", help="Only in this family of worlds; may be repeated."),
    ] = None,
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Does an operation that was held out come back? Early, middle and late in each run, with what success."""
    from codedance.analysis.comeback import comeback_figures, comeback_of, comeback_sections

    wanted = [operation_named(name) for name in operation]
    found = [
        comeback_of(attempts_of([run], limit=None), wanted, run=run.name or str(run), domains=domains or ())
        for run in runs
    ]
    deliver(
        "comeback",
        comeback_sections(found),
        title=f"Does {' or '.join(operation)} come back?",
        values=[one.model_dump(mode="json") for one in found],
        figures=comeback_figures(found),
        out=out,
        as_json=as_json,
    )
