"""``codedance analyze emergence``: what a trained policy does that its supervised data never showed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codedance.cli.analyze import JsonFlag, Out, attempts_of, deliver

__all__ = ["EPILOG", "emergence"]

EPILOG = """
Examples:

- `codedance analyze emergence runs/bat --sft data/worlds -o reports/emergence`

- `codedance analyze emergence runs/bat --sft data/without-grids --sft-limit 5000 --json`

A run of `codedance train grpo` keeps the attempts of every step with `--set keep_rollouts_every=1`, else of each 20th.
Any other run folder can stand in its place; then there are no steps.
"""


def emergence(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run whose attempts are looked at.")],
    sft: Annotated[Path, typer.Option(metavar="SET", help="Supervised set that the policy was taught with.")],
    sft_limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first so many trajectories of the set.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first so many attempts.")] = None,
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Operations and compositions that the supervised set never has: how often, since when, with what success."""
    from codedance.analysis.emergence import corpus_of, emergence_of
    from codedance.analysis.emergence_report import emergence_figures, emergence_sections

    attempts = list(attempts_of([run], limit=limit))
    corpus = corpus_of(attempts_of([sft], limit=sft_limit))
    found = emergence_of(corpus, attempts, names=(str(sft), str(run)))
    deliver(
        "emergence",
        emergence_sections(found),
        title=f"What emerged in {run.name} beyond {sft.name}",
        values=found.model_dump(mode="json"),
        figures=emergence_figures(found),
        out=out,
        as_json=as_json,
    )
