"""``codedance reproduce``: the paper's study from nothing to a report, in steps that go on after a stop."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell
from codedance.cli.progress import duration
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.cli.train_grpo import renamed, require_torch
from codedance.cli.train_options import SettingsFile, Threads
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.study.settings import StudySettings
    from codedance.study.steps import Step

__all__ = ["EPILOG", "Scale", "StepName", "reproduce"]

EPILOG = """
Examples:

- `codedance reproduce --scale smoke --out runs/smoke` (minutes: everything once, as small as it goes)

- `codedance reproduce --scale nano --out runs/study --dry-run` (the steps, and how long they take)

- `codedance reproduce --scale nano --out runs/study --set seeds=[0,1,2] --set grpo.groups=4`

- `codedance reproduce --scale nano --out runs/study --data data/worlds --model nano` (teach nothing anew)

- `codedance reproduce --scale nano --out runs/study --set scaling.trajectories=[] --set scaling.sizes=[]` (no scaling)

- `codedance reproduce --scale nano --out runs/study --from analysis` (read everything anew, train nothing)

Steps: data, sft, grpo, evaluation, scaling, analysis, report. Stopped by whatever, the same command goes on where it
stood. Then: DIR/report/report.html, report.md and report.json.
"""


class Scale(StrEnum):
    """How large a study is."""

    SMOKE = "smoke"
    NANO = "nano"


class StepName(StrEnum):
    """The steps by name, known before anything heavy is imported."""

    DATA = "data"
    SFT = "sft"
    GRPO = "grpo"
    EVALUATION = "evaluation"
    SCALING = "scaling"
    ANALYSIS = "analysis"
    REPORT = "report"


def reproduce(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the study; a stopped one goes on.")
    ],
    scale: Annotated[
        Scale,
        typer.Option(help="smoke: minutes, shows that the parts fit. nano: the recipe in small, more than a day."),
    ] = Scale.SMOKE,
    only: Annotated[
        StepName | None, typer.Option("--only", help="Do this step and stop; its inputs are there.")
    ] = None,
    begin: Annotated[
        StepName | None, typer.Option("--from", help="Take this step and those after it as not done; they go on.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="SET", help="A supervised set that is there, of `codedance data generate`.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="CKPT", help="Begin with this checkpoint, a folder or `nano`; teach none.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example steps=60.")
    ] = None,
    config: SettingsFile = None,
    device: Annotated[str, typer.Option(metavar="D", help="Where networks learn by reward: cpu, cuda.")] = "cpu",
    threads: Threads = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the steps with their expected times and stop.")
    ] = False,
) -> None:
    """Data, teaching, four rewards with several seeds, evaluation, analysis, and each claim of the paper beside it."""
    if only is not None and begin is not None:
        raise UsageError("--only and --from: choose one")
    require_torch(threads)
    from codedance.study.settings import settings_of
    from codedance.study.steps import Step, forget, held
    from codedance.train.nano import check_recipe

    settings = apply_settings(settings_of(scale.value), renamed(assignments), file=config)
    given = {"given_data": str(data.absolute()) if data is not None else settings.given_data}
    given["given_model"] = _checkpoint(model) if model is not None else settings.given_model
    settings = settings.model_copy(update=given)
    for size in (settings.sft.size, *settings.scaling.sizes):
        check_recipe(settings.sft.model_copy(update={"size": size}))
    if dry_run:
        typer.echo(_plan(out, settings, scale.value))
        return
    _claimed(out, settings, scale.value)
    with held(out):
        if begin is not None:
            forget(out, Step(begin.value))
        for step in [Step(only.value)] if only is not None else list(Step):
            _do(out, step, settings, scale=scale.value, again=only is not None, device=device)
    if only is None or only is StepName.REPORT:
        typer.echo(_summary(out))


def _checkpoint(model: str) -> str:
    """The same wherever the command is given from."""
    return model if model == "nano" else str(Path(model).absolute())


def _claimed(out: Path, settings: StudySettings, scale: str) -> None:
    """Begin a study in the folder, or make sure that it is this one."""
    from codedance.store import Manifest, RunFolder

    described = {"scale": scale, **settings.model_dump(mode="json")}
    RunFolder.create(out, Manifest(kind="study", settings=described))


def _do(out: Path, step: Step, settings: StudySettings, *, scale: str, again: bool, device: str) -> None:
    """Do a step that is not done, and mark it."""
    from codedance.cli.reproduce_steps import do_step
    from codedance.study.steps import done, mark, ready

    if done(out, step) is not None and not again:
        return
    ready(out, step)
    tell(f"step {step.value}")
    began = time.monotonic()
    do_step(out, step, settings, scale=scale, device=device)
    mark(out, step, time.monotonic() - began)


def _plan(out: Path, settings: StudySettings, scale: str) -> str:
    from codedance.study.scaling import grades_of, own_grade
    from codedance.study.steps import Step, done, expected_seconds

    seconds = expected_seconds(settings)
    grades = [one for one in grades_of(settings, count=settings.data.count) if one != own_grade(settings)]
    what = {
        Step.DATA: settings.given_data or f"{settings.data.count:,} trajectories",
        Step.SFT: settings.given_model or f"size {settings.sft.size}, {settings.sft.train.steps:,} steps",
        Step.GRPO: f"{len(settings.variants)} rewards x {len(settings.seeds)} seeds, {settings.steps} steps",
        Step.EVALUATION: f"{1 + len(settings.runs)} policies, {2 * settings.rows * len(settings.families):,} scenes",
        Step.SCALING: f"{len(grades)} policies by supervised learning, of other sizes or less data",
        Step.ANALYSIS: "operations, emergence, adaptivity, faithfulness",
        Step.REPORT: "claims, tables, figures",
    }
    lines = [f"nothing was written; scale {scale}, in {out}"]
    for step in Step:
        state = "done" if done(out, step) is not None else f"about {duration(seconds[step])}"
        lines.append(f"{step.value:<11} {state:<18} {what[step]}")
    left = sum(seconds[step] for step in Step if done(out, step) is None)
    lines.append(f"left        about {duration(left)} on two cores; a busy machine takes longer")
    return "\n".join(lines)


def _summary(out: Path) -> str:
    """A line a claim, and where the report lies."""
    from codedance.cli.reproduce_steps import judged_of

    lines = [f"{one.finding.verdict.value:<16} {one.says}  {one.finding.ours}".rstrip() for one in judged_of(out)]
    return visible("\n".join([*lines, f"report: {out / 'report' / 'report.html'}"]))
