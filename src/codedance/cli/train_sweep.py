"""``codedance train sweep``: one policy under several constants of BAT, and the table of what they led to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell
from codedance.cli.progress import duration
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.cli.train_ablation import make_run
from codedance.cli.train_grpo import check_runs, check_torch, policy_of, rehearsed, renamed, require_torch, task_source
from codedance.cli.train_options import AskedTasks, CommonStart, Device, RunSeeds, RunSettings, SettingsFile, Threads
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.train.grpo_settings import GrpoSettings

__all__ = ["SWEEP_EPILOG", "sweep"]

_SEEDS = (0, 1)

SWEEP_EPILOG = """
Examples:

- `codedance train sweep --out runs/sweep --model runs/nano/checkpoint --steps 60 --dry-run` (how long it would take)

- `codedance train sweep --out runs/sweep --model runs/nano/checkpoint --steps 60` (each constant alone: 18 points)

- `codedance train sweep --out runs/sweep --vary gamma=1,4,16 --vary delta=0,0.2,0.5 --product --seed 0 --seed 1`

- `codedance train sweep --out runs/sweep --table` (table and picture of the runs that are there; nothing is trained)

Constants: gamma, delta, beta, lambda, curve (the two forms of d). Stopped by whatever, the same command goes on;
another one with the same --out adds its points. Several processes may share the work: give each its own --seed.
"""


@dataclass(frozen=True, slots=True)
class _Plan:
    settings: GrpoSettings
    folder: Path


def sweep(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Holds the runs, the table and the picture.")],
    model: CommonStart = "nano",
    tasks: AskedTasks = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=V,V", help="Values of a constant; may be repeated. [all five, their usual values]"),
    ] = None,
    product: Annotated[
        bool, typer.Option("--product", help="Every combination of the values. [each constant changed alone]")
    ] = False,
    seeds: RunSeeds = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Steps of each run.")] = 60,
    assignments: RunSettings = None,
    config: SettingsFile = None,
    device: Device = "cpu",
    threads: Threads = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure one small step, name the runs, stop.")] = False,
    only_table: Annotated[bool, typer.Option("--table", help="Train nothing: table and picture anew.")] = False,
) -> None:
    """Train one policy under several constants of BAT, and set accuracy against turns against failed code."""
    check_torch()
    if only_table:
        typer.echo(_written(out))
        return
    plans = _plans(out, vary, assignments, seeds=seeds or list(_SEEDS), product=product, config=config)
    if steps < plans[0].settings.exam_every:
        raise UsageError(
            f"exam_every={plans[0].settings.exam_every}: none comes within --steps {steps}; set a smaller one"
        )
    if not dry_run:
        check_runs([(plan.settings, plan.folder) for plan in plans], model=model, tasks=tasks)
    require_torch(threads)
    if dry_run:
        typer.echo(_estimate(plans, model=model, tasks=tasks, device=device, steps=steps))
        return
    began, made = time.monotonic(), 0
    for number, plan in enumerate(plans, 1):
        left = f", about {duration((time.monotonic() - began) / made * (len(plans) - number + 1))} left" if made else ""
        tell(f"run {number} of {len(plans)}: {plan.folder.name}{left}")
        begun = _reached(plan.folder)
        make_run(plan.settings, plan.folder, model=model, tasks=tasks, device=device, steps=steps)
        if begun < steps:
            made += 1
        else:
            began = time.monotonic() if not made else began
    typer.echo(_written(out))


def _plans(
    out: Path,
    vary: list[str] | None,
    assignments: list[str] | None,
    *,
    seeds: list[int],
    product: bool,
    config: Path | None,
) -> list[_Plan]:
    """Every run, a seed's together: whoever stops early has all points once."""
    from codedance.train.grpo_settings import GrpoSettings
    from codedance.train.sweep_points import constants_of, levels_of, points_of

    if min(seeds) < 0:
        raise UsageError(f"--seed {min(seeds)}: choose 0 or more")
    base = apply_settings(GrpoSettings(), renamed(assignments), file=config)
    if not base.exam_every:
        raise UsageError("exam_every=0: a sweep compares exams; let there be some")
    if base.variant != "bat":
        raise UsageError(f"variant={base.variant}: the constants of a sweep are those of bat")
    rewards = points_of(base.reward, levels_of(vary or []), product=product)
    return [
        _Plan(base.model_copy(update={"reward": reward, "seed": seed}), out / f"{constants_of(reward).name}-{seed}")
        for seed in dict.fromkeys(seeds)
        for reward in rewards
    ]


def _estimate(plans: list[_Plan], *, model: str, tasks: Path | None, device: str, steps: int) -> str:
    """What would be done, and how long it would take, from one small step that is really made."""
    open_plans = [(plan, steps - min(steps, _reached(plan.folder))) for plan in plans]
    left = sum(remaining for _, remaining in open_plans)
    runs = sum(remaining > 0 for _, remaining in open_plans)
    lines = [f"nothing was written; {len(plans)} runs of {steps} steps, {runs} of them not done, {left} steps left"]
    lines += [f"{plan.folder.name:<40} {_state(steps, remaining)}" for plan, remaining in open_plans]
    first = next((plan for plan, remaining in open_plans if remaining), None)
    if first is None:
        return "\n".join(lines)
    network, encoder, start = policy_of(model, device)
    source = task_source(tasks, first.settings)
    found = rehearsed(network, encoder, source, first.settings, folder=first.folder, steps=steps, start=start)
    every = first.settings.exam_every
    exams = sum((remaining == steps) + remaining // every for _, remaining in open_plans if remaining)
    seconds = left * found.step_seconds + exams * found.exam_seconds
    disk = found.disk_bytes * runs
    lines.append(
        f"about {duration(seconds)}: {found.step_seconds:.1f} s a step, {found.exam_seconds:.1f} s an exam, "
        f"{max(1, disk >> 20)} MiB; a busy machine takes longer"
    )
    return "\n".join([*lines, *(f"warning: {one}" for one in found.warnings)])


def _state(steps: int, remaining: int) -> str:
    return "done" if not remaining else "to do" if remaining == steps else f"goes on after step {steps - remaining}"


def _reached(folder: Path) -> int:
    """The last step of a run's curve, 0 if there is none; a kill may have cost it a few of them."""
    from codedance.errors import DataError
    from codedance.train.curves import read_curve

    try:
        return read_curve(folder)[-1].step
    except DataError:
        return 0


def _written(out: Path) -> str:
    """Write table, figures and picture of all runs below the folder that have come to an exam; gives the table."""
    from codedance.store import write_text
    from codedance.train.ablation import read_runs
    from codedance.train.curves import read_curve
    from codedance.train.sweep import sweep as put_together
    from codedance.train.sweep import sweep_table
    from codedance.train.sweep_plot import draw_sweep

    folders = [one.parent for one in sorted(out.glob("*/curve.jsonl"))]
    ended = [folder for folder in folders if any(line.exam and line.step for line in read_curve(folder))]
    if not ended:
        raise UsageError(f"{out}: holds no run that has come to an exam; let exam_every be at most --steps")
    found = put_together(read_runs(ended))
    text = sweep_table(found)
    write_text(out / "sweep.md", text + "\n")
    write_text(out / "sweep.json", found.model_dump_json(indent=2) + "\n")
    draw_sweep(found, out / "sweep.png")
    waiting = "".join(f"\nnot in it, without an exam: {one.name}" for one in folders if one not in ended)
    return visible(f"{text}\n\nwritten: {out / 'sweep.md'}, sweep.json, sweep.png{waiting}")
