"""``codedance plan``: how long a large run takes, on what, at what price, and what gives way first; by simulation."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from codedance.cli.settings import apply_settings
from codedance.errors import MissingExtraError, UsageError

__all__ = ["EPILOG", "plan"]

EPILOG = """
Examples:

- `codedance plan --gpus 16 --gpus 128 --gpus 1024 --out plan`

- `codedance plan --gpus 128:1024 --set driver.processes=8 --set hosts.count=2`

- `codedance plan --gpus 8 --config measured.toml --set prices.gpu_hour=1.9 --json`

An engine is estimated from the GPU's bandwidth and products unless the settings give one that was measured
(`[engine]`). What every input means, and how good the predictions are: docs/scaling.md.
"""


def plan(
    gpus: Annotated[
        list[str], typer.Option(metavar="N[:QUESTIONS]", help="GPUs, and questions a step; may be repeated.")
    ],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write plan.md, plan.json and figures there.")] = None,
    relief: Annotated[
        bool, typer.Option("--relief/--no-relief", help="Find the first limit: four more simulations.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON and nothing else.")] = False,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An input, for example work.turns=4.")
    ] = None,
) -> None:
    """Predict reinforcement learning on so many GPUs: a step is simulated event by event, a pass is counted."""
    from codedance.cluster.plan.forecast import forecast
    from codedance.cluster.plan.pages import markdown, write_plan
    from codedance.cluster.plan.settings import PlanSettings

    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; choose a folder")
    if out is not None and find_spec("matplotlib") is None:
        raise MissingExtraError("the figures of a plan", "guest")
    sizes = [_size(text) for text in gpus]
    settings = apply_settings(PlanSettings(), assignments or [], file=config)
    forecasts = [forecast(settings, count, groups=groups, relief=relief) for count, groups in sizes]
    if out is not None:
        write_plan(out, forecasts, settings)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in forecasts]))
    else:
        typer.echo(markdown(forecasts, settings), nl=False)


def _size(text: str) -> tuple[int, int | None]:
    count, _, groups = text.partition(":")
    if not count.isdecimal() or (groups and not groups.isdecimal()) or int(count) < 1 or groups == "0":
        raise UsageError(f"--gpus {text}: write a number of GPUs, or GPUs:QUESTIONS, for example 128:1024")
    if int(count) > 65_536 or int(groups or 0) > 65_536:
        raise UsageError(f"--gpus {text}: at most 65,536 of each")
    return int(count), int(groups) if groups else None
