"""``codedance analyze adaptivity``: whether effort follows difficulty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codedance.cli.analyze import JsonFlag, Limit, Out, attempts_of, deliver

__all__ = ["EPILOG", "adaptivity"]

EPILOG = """
Examples:

- `codedance analyze adaptivity runs/bat`

- `codedance analyze adaptivity runs/bat runs/outcome runs/deepeyes -o reports/adaptivity`

A run with several attempts at each task tells how hard each is for the policy; with one attempt only what the tasks'
source says is known.
"""


def adaptivity(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs with trajectories.")],
    out: Out = None,
    as_json: JsonFlag = False,
    limit: Limit = None,
) -> None:
    """Code, turns and tokens against difficulty, what they buy, and entropy over training."""
    from codedance.analysis.adaptivity import adaptivity_of, training_points
    from codedance.analysis.adaptivity_report import adaptivity_figures, adaptivity_sections

    found = [
        adaptivity_of(list(attempts_of([run], limit=limit)), run=run.name or str(run), training=training_points(run))
        for run in runs
    ]
    deliver(
        "adaptivity",
        adaptivity_sections(found),
        title=f"Effort and difficulty in {', '.join(one.run for one in found)}",
        values=[one.model_dump(mode="json") for one in found],
        figures=adaptivity_figures(found),
        out=out,
        as_json=as_json,
    )
