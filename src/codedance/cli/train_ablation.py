"""``codedance train ablation``: every reward with every seed from one policy, and the table of what they led to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell
from codedance.cli.settings import apply_settings
from codedance.cli.train_grpo import check_runs, check_torch, policy_of, renamed, require_torch, run_policy, task_source
from codedance.cli.train_options import AskedTasks, CommonStart, Device, RunSeeds, RunSettings, SettingsFile, Threads
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.train.grpo_settings import GrpoSettings

__all__ = ["ABLATION_EPILOG", "TABLE_EPILOG", "ablation", "make_run", "table", "write_table"]

_SEEDS = (0, 1)

ABLATION_EPILOG = """
Examples:

- `codedance train ablation --out runs/ablation --model runs/nano/checkpoint --steps 240`

- `codedance train ablation --out runs/small --variant outcome --variant bat --seed 0 --steps 20 --set groups=4`

Runs are made one after another, each in a folder of its own under DIR. Stopped by whatever, the same command goes on;
a larger --steps goes on too. Several processes may share the work: give each its own --variant or --seed.
"""
TABLE_EPILOG = """
Examples:

- `codedance train table runs/ablation/bat-0 runs/ablation/bat-1 runs/ablation/outcome-0 runs/ablation/outcome-1`

- `codedance train table runs/ablation/*-? --json`
"""


def ablation(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Holds the runs, the table and the curves.")],
    model: CommonStart = "nano",
    tasks: AskedTasks = None,
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="V", help="A reward; may be repeated. [outcome, deepeyes, bat-no-turn, bat]"),
    ] = None,
    seeds: RunSeeds = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Steps of each run.")] = 100,
    assignments: RunSettings = None,
    config: SettingsFile = None,
    device: Device = "cpu",
    threads: Threads = 1,
) -> None:
    """Train with several rewards and seeds from one policy, equal in everything else, and compare them."""
    check_torch()
    from codedance.train.ablation import REWARDS, is_examined
    from codedance.train.grpo_settings import GrpoSettings

    named = renamed(assignments)
    plans = []
    for seed in dict.fromkeys(seeds or _SEEDS):
        for variant in dict.fromkeys(variants or REWARDS):
            settings = apply_settings(GrpoSettings(), [*named, f'variant="{variant}"', f"seed={seed}"], file=config)
            if not settings.exam_every:
                raise UsageError("exam_every=0: an ablation compares exams; let there be some")
            if steps < settings.exam_every:
                raise UsageError(f"exam_every={settings.exam_every}: none comes within --steps {steps}; set less")
            plans.append((settings, out / f"{variant}-{seed}"))
    check_runs(plans, model=model, tasks=tasks)
    require_torch(threads)
    for settings, folder in plans:
        make_run(settings, folder, model=model, tasks=tasks, device=device, steps=steps)
    folders = [one.parent for one in sorted(out.glob("*/curve.jsonl"))]
    ours = {folder.name for _, folder in plans}
    compared = [one for one in folders if one.name in ours or is_examined(one)]
    for folder in folders:
        if folder not in compared:
            tell(f"{folder}: has no exam after its start's yet; the table is without it")
    text = write_table(compared, out)
    typer.echo(f"{text}\n\nwritten: {out / 'ablation.md'}, ablation.json, curves.png")


def table(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of reinforcement-learning runs.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Compare runs that began with one policy: accuracy, turns, tool rate, by reward, over seeds."""
    from codedance.train.ablation import ablation as put_together
    from codedance.train.ablation import ablation_table, read_runs

    found = put_together(read_runs(runs))
    typer.echo(found.model_dump_json(indent=2) if as_json else ablation_table(found))


def make_run(settings: GrpoSettings, folder: Path, *, model: str, tasks: Path | None, device: str, steps: int) -> None:
    """One run of several that begin with the same policy; a stopped one goes on. Other processes are kept out of it."""
    from codedance.store.holding import held

    with held(folder):
        network, encoder, start = policy_of(model, device)
        source = task_source(tasks, settings)
        run_policy(
            network, encoder, source, settings, folder=folder, steps=steps, start=start, board=False, as_json=False
        )


def write_table(folders: list[Path], out: Path) -> str:
    """Write table, figures and curves of these runs; gives the table."""
    from codedance.store import write_text
    from codedance.train.ablation import ablation as put_together
    from codedance.train.ablation import ablation_table, read_runs
    from codedance.train.curves import read_curve
    from codedance.train.plots import draw_curves

    found = put_together(read_runs(folders))
    text = ablation_table(found)
    write_text(out / "ablation.md", text + "\n")
    write_text(out / "ablation.json", found.model_dump_json(indent=2) + "\n")
    draw_curves([(folder.name, read_curve(folder)) for folder in folders], out / "curves.png")
    return text
