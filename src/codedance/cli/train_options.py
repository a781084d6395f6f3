"""Options that several commands of ``codedance train`` have, each with one meaning and one text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AskedTasks", "CommonStart", "Device", "RunSeeds", "RunSettings", "SettingsFile", "Threads"]

AskedTasks = Annotated[
    Path | None, typer.Option(metavar="RUN", help="Run folder whose tasks are asked. [fresh scenes of worlds]")
]
CommonStart = Annotated[str, typer.Option(metavar="CKPT", help="Checkpoint that all begin with: a folder, or `nano`.")]
Device = Annotated[str, typer.Option(metavar="D", help="Where the network lives: cpu, cuda, cuda:1.")]
RunSeeds = Annotated[list[int] | None, typer.Option("--seed", metavar="S", help="A seed; may be repeated. [0, 1]")]
RunSettings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of `train grpo`, for all runs.")
]
SettingsFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads of the matrix products.")]
