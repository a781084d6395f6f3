"""``codedance train grpo`` and ``train plot``: reinforcement learning in the real loop, and pictures of its curves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.settings import apply_settings
from codedance.cli.train_options import AskedTasks, Device, SettingsFile, Threads
from codedance.errors import MissingExtraError, UsageError, ungrouped

if TYPE_CHECKING:
    from codedance.models.local.chat import Encoder
    from codedance.models.local.network import Network
    from codedance.sandbox import Sandbox
    from codedance.train.curves import CurveLine
    from codedance.train.grpo_settings import GrpoSettings
    from codedance.train.rehearsal import Rehearsal
    from codedance.train.task_source import TaskSource

__all__ = [
    "GRPO_EPILOG",
    "PLOT_EPILOG",
    "check_runs",
    "check_torch",
    "grpo",
    "plot",
    "policy_of",
    "rehearsed",
    "renamed",
    "require_torch",
    "run_policy",
    "task_source",
    "weights_of",
]

GRPO_EPILOG = """
Examples:

- `codedance train grpo --out runs/bat --dry-run` checks everything and says how long it will take

- `codedance train grpo --out runs/bat --steps 240`

- `codedance train grpo --out runs/outcome --variant outcome --seed 1 --set episode.sampling.temperature=1.2`

- `codedance train grpo --out runs/wide --model runs/sft/checkpoint --set worlds.shares.charts=2 --set worlds.hard=0.7`

- `codedance train grpo --out runs/mine --tasks data/tasks --tensorboard`

- `codedance train grpo --out runs/blind --set execute=false` the counterfactual: code is taken and never runs

A run that was stopped, by whatever, goes on where it stood: give the same command again. A larger --steps goes on too.
"""

PLOT_EPILOG = """
Examples:

- `codedance train plot runs/bat`

- `codedance train plot runs/nano` (lessons, losses by family, exams on held-out scenes)

- `codedance train plot runs/bat runs/outcome runs/deepeyes --out ablation.svg`
"""


def grpo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run; a run that was stopped goes on there.")],
    model: Annotated[
        str, typer.Option(metavar="CKPT", help="Checkpoint to start from: a folder, or `nano`, the embedded model.")
    ] = "nano",
    tasks: AskedTasks = None,
    variant: Annotated[
        str | None, typer.Option(metavar="V", help="The reward; `codedance reward variants` lists them. [bat]")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="The run ends after this step.")] = 100,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Seed of tasks and sampling. [0]")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example attempts=16.")
    ] = None,
    config: SettingsFile = None,
    device: Device = "cpu",
    threads: Threads = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, measure one small step, stop.")] = False,
    board: Annotated[bool, typer.Option("--tensorboard", help="Write event files to DIR/board too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each step as a line of JSON and nothing else.")
    ] = False,
) -> None:
    """Train a policy with GRPO in the real loop: attempts in groups, rewards, an update, step after step."""
    check_torch()
    from codedance.store.holding import held
    from codedance.train.grpo_settings import GrpoSettings

    named = renamed(assignments)
    named += [f'variant="{variant}"'] * (variant is not None) + [f"seed={seed}"] * (seed is not None)
    settings = apply_settings(GrpoSettings(), named, file=config)
    check_runs([(settings, out)], model=model, tasks=tasks)
    with nullcontext() if dry_run else held(out):
        require_torch(threads)
        network, encoder, start = policy_of(model, device)
        source = task_source(tasks, settings)
        if dry_run:
            found = rehearsed(network, encoder, source, settings, folder=out, steps=steps, start=start)
            typer.echo(found.model_dump_json() if as_json else _report(found))
            return
        run_policy(
            network, encoder, source, settings, folder=out, steps=steps, start=start, board=board, as_json=as_json
        )
    if not as_json:
        typer.echo(f"checkpoint: {out / 'checkpoint'}")


def plot(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs of `train`, all alike.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture: .png, .svg or .pdf. [curves.png in the first run]")
    ] = None,
    smooth: Annotated[
        float, typer.Option(min=0.0, max=0.99, metavar="S", help="How much of the mean before stays; 0: bare curves.")
    ] = 0.8,
) -> None:
    """Draw the curves of one run, or of several in one picture."""
    from codedance.train.curves import read_curve
    from codedance.train.lesson_curves import is_supervised, lesson_curve, lesson_panels
    from codedance.train.plots import draw_curves, draw_panels

    path = out or runs[0] / "curves.png"
    if path.suffix.lower() not in (".png", ".svg", ".pdf") or path.is_dir():
        raise UsageError(f"--out {path}: choose a file whose name ends with .png, .svg or .pdf")
    names = [run.name or str(run) for run in runs]
    taught = [is_supervised(run) for run in runs]
    if any(taught) and not all(taught):
        raise UsageError("some of these runs are of supervised learning and some of rewards; draw them apart")
    try:
        if all(taught):
            curves = [lesson_curve(run) for run in runs]
            panels = lesson_panels(curves)
            draw_panels(list(zip(names, curves, strict=True)), path, panels=panels, smooth=smooth)
        else:
            draw_curves(list(zip(names, map(read_curve, runs), strict=True)), path, smooth=smooth)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be written ({error.strerror or error})") from None
    typer.echo(f"picture: {path}")


def renamed(assignments: list[str] | None) -> list[str]:
    """The assignments, ``reward.lambda`` under its name in the settings: ``lambda`` can be none in Python.

    >>> renamed(["reward.lambda=0.5"])
    ['reward.turn_weight=0.5']
    """
    return [one.replace("reward.lambda=", "reward.turn_weight=", 1) for one in assignments or []]


def weights_of(folder: Path) -> str:
    """A name for exactly the weights of a checkpoint; raises :class:`UsageError` if a file of it is missing."""
    from codedance.train.identity import require_checkpoint

    return hashlib.sha256(require_checkpoint(folder).read_bytes()).hexdigest()[:16]


def check_runs(runs: Sequence[tuple[GrpoSettings, Path]], *, model: str, tasks: Path | None) -> None:
    """Refuse what cannot work before PyTorch is loaded and a task is read.

    Args:
        runs: settings and folder of each run that is wanted.
        model: what all begin with.
        tasks: run folder of their tasks, if it is not worlds.

    Raises:
        UsageError: the model is no checkpoint.
        StoreError: the tasks are no run folder; one of the folders holds something else or a run with other settings,
            or another process trains into it.
    """
    from codedance.store import RunFolder
    from codedance.store.holding import check_free
    from codedance.train.grpo_settings import check_grpo

    start = weights_of(_checkpoint(model))
    if tasks is not None:
        RunFolder.open(tasks)
    for settings, folder in runs:
        check_grpo(folder, settings, start=start)
        check_free(folder)


def _checkpoint(model: str) -> Path:
    from codedance.models.nano import CHECKPOINT

    return CHECKPOINT if model == "nano" else Path(model)


def policy_of(model: str, device: str) -> tuple[Network, Encoder, str]:
    """Network, its chat format, and a name for exactly these weights."""
    import torch

    from codedance.models.local.checkpoint import load_checkpoint

    folder = _checkpoint(model)
    network, encoder = load_checkpoint(folder)
    try:
        network = network.to(torch.device(device))
    except (AssertionError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0]
        raise UsageError(f"--device {device}: cannot be used here ({first})") from None
    return network, encoder, weights_of(folder)


def task_source(tasks: Path | None, settings: GrpoSettings) -> TaskSource:
    """The tasks of a run folder, or fresh scenes of worlds where none is named."""
    from codedance.train.task_source import StoredTasks, WorldTasks

    if tasks is not None:
        return StoredTasks(tasks, seed=settings.seed)
    return WorldTasks(settings.worlds, seed=settings.seed)


def run_policy(
    network: Network,
    encoder: Encoder,
    source: TaskSource,
    settings: GrpoSettings,
    *,
    folder: Path,
    steps: int,
    start: str,
    board: bool,
    as_json: bool,
) -> None:
    import anyio

    from codedance.cli.train_view import training_view
    from codedance.models.local.checkpoint import save_checkpoint
    from codedance.train.boards import tensorboard
    from codedance.train.grpo import train_grpo

    with ExitStack() as stack:
        view = stack.enter_context(training_view(settings.variant, steps=steps, as_json=as_json))
        write = stack.enter_context(tensorboard(folder)) if board else None

        def tell(line: CurveLine) -> None:
            view.line(line)
            if write is not None:
                write(line)

        async def train() -> None:
            async with _place(settings) as sandbox:
                await train_grpo(
                    network,
                    encoder,
                    source,
                    settings,
                    sandbox=sandbox,
                    folder=folder,
                    steps=steps,
                    start=start,
                    listener=tell,
                    progress=view.doing,
                )

        with ungrouped():
            anyio.run(train)
    save_checkpoint(network.cpu(), encoder.tokenizer, folder / "checkpoint")


def rehearsed(
    network: Network,
    encoder: Encoder,
    source: TaskSource,
    settings: GrpoSettings,
    *,
    folder: Path,
    steps: int,
    start: str,
) -> Rehearsal:
    """Check what a run would need, make one small step with a copy of the policy, and estimate the whole."""
    import anyio

    from codedance.train.rehearsal import rehearse

    found: list[Rehearsal] = []

    async def measure() -> None:
        async with _place(settings) as sandbox:
            found.append(
                await rehearse(
                    network, encoder, source, settings, sandbox=sandbox, folder=folder, steps=steps, start=start
                )
            )

    with ungrouped():
        anyio.run(measure)
    return found[0]


def _place(settings: GrpoSettings) -> AbstractAsyncContextManager[Sandbox]:
    """Where code runs, or does not."""
    from codedance.sandbox import IdleSandbox, LocalSandbox

    return LocalSandbox() if settings.execute else nullcontext(IdleSandbox())


def _report(found: Rehearsal) -> str:
    mib = 1 << 20
    hours = found.run_seconds / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{found.run_seconds / 60:.0f} minutes"
    begun = f"goes on after step {found.goes_on_after}, " if found.goes_on_after else ""
    lines = [
        "nothing was written; checked: checkpoint, folder, tasks, sandbox, reward, one update",
        f"run        {begun}{found.steps} steps of {found.attempts} attempts",
        f"policy     {found.parameters:,} parameters",
        f"attempt    {found.tokens:.0f} tokens sampled, {found.sequence_tokens:.0f} read by the trainer",
        f"measured   accuracy {found.accuracy:.2f}, {found.zero_variance:.0%} of the groups without variance",
        f"time       about {found.step_seconds:.1f} s a step, {found.exam_seconds:.1f} s an exam, {took} in all",
        f"memory     about {found.memory_bytes // mib} MiB",
        f"disk       about {max(1, found.disk_bytes // mib)} MiB of {found.disk_free_bytes // mib} MiB free",
    ]
    return "\n".join([*lines, *(f"warning    {one}" for one in found.warnings)])


def check_torch() -> None:
    """Raises :class:`MissingExtraError` where torch is missing, without loading it: that takes seconds."""
    if find_spec("torch") is None:
        raise MissingExtraError("training", "train")


def require_torch(threads: int) -> None:
    """Set the threads of matrix products; raises :class:`MissingExtraError` where torch is missing."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("training", "train") from None
    torch.set_num_threads(threads)
