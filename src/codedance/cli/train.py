"""``codedance train``: the embedded model, fine-tuning on trajectories, evaluation on held-out worlds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli import train_ablation, train_grpo, train_sweep
from codedance.cli.settings import apply_settings
from codedance.cli.train_bar import status_progress, training_bar
from codedance.cli.train_grpo import check_torch, require_torch, weights_of
from codedance.cli.train_options import Threads
from codedance.errors import CodeDanceError, UsageError
from codedance.schema import ReasoningMode
from codedance.tasks.worlds import Difficulty

if TYPE_CHECKING:
    from codedance.models.local.chat import Encoder
    from codedance.models.local.network import Network
    from codedance.train.evaluate import AskReport, CellReport
    from codedance.train.nano_recipe import NanoRecipe

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Train models on trajectories and on generated worlds.")


@app.callback()
def _train() -> None:
    """Train models on trajectories and on generated worlds."""


app.command(name="grpo", epilog=train_grpo.GRPO_EPILOG)(train_grpo.grpo)
app.command(name="ablation", epilog=train_ablation.ABLATION_EPILOG)(train_ablation.ablation)
app.command(name="sweep", epilog=train_sweep.SWEEP_EPILOG)(train_sweep.sweep)
app.command(name="table", epilog=train_ablation.TABLE_EPILOG)(train_ablation.table)
app.command(name="plot", epilog=train_grpo.PLOT_EPILOG)(train_grpo.plot)

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run; a run that was stopped goes on there.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example train.steps=2000.")
]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")]


@app.command(
    epilog="Examples: `codedance train nano --out runs/nano` (makes its data first; several hours on two cores); "
    "`codedance train nano --data data/worlds --out runs/nano --set train.steps=2000 --set seed=1`; "
    "`codedance train nano --data data/worlds --start runs/nano/checkpoint --out runs/second --set looks_first=0`"
)
def nano(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A set of `codedance data generate`. [DIR/data of the run, made if need be]"),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="CHECKPOINT", help="Go on from a checkpoint of the same size. [nothing]")
    ] = None,
    assignments: Sets = None,
    config: Config = None,
    exam_every: Annotated[
        int, typer.Option(min=0, metavar="N", help="Ask about held-out scenes after every N steps; 0: never.")
    ] = 200,
    exam_scenes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Scenes of each family, difficulty and mode in such an exam.")
    ] = 24,
    threads: Threads = 1,
) -> None:
    """Train the embedded model from nothing and write its checkpoint to DIR/checkpoint."""
    check_torch()
    from codedance.store.holding import held
    from codedance.train.nano_recipe import NanoRecipe, check_nano

    recipe = apply_settings(NanoRecipe(), assignments or [], file=config)
    check_nano(recipe, out, start=start, data=data)
    with held(out):
        require_torch(threads)
        from codedance.models.local.checkpoint import save_checkpoint
        from codedance.train.nano import check_recipe, train_nano

        check_recipe(recipe, start)
        if data is None:
            from codedance.cli.data_generate import make_set
            from codedance.synth.plan import GenerateSettings

            data = out / "data"
            make_set(GenerateSettings(**({"count": recipe.episodes} if recipe.episodes else {})), data, workers=2)
        with training_bar(recipe.train.steps, before=f"reading {data}") as bar:
            network, tokenizer = train_nano(
                recipe,
                data,
                out,
                start=start,
                begun=bar.begin,
                listener=bar.show,
                say=bar.say,
                examiner=_examiner(out, recipe, every=exam_every, count=exam_scenes, say=bar.say),
            )
        save_checkpoint(network, tokenizer, out / "checkpoint")
    typer.echo(f"checkpoint: {out / 'checkpoint'}")


@app.command(epilog="Example: `codedance train sft runs/oracle --out runs/sft --set train.steps=500`")
def sft(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders with trajectories.")],
    out: Out,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", "--model", metavar="DIR", help="Checkpoint to start from. [the embedded model's]"),
    ] = None,
    assignments: Sets = None,
    config: Config = None,
    threads: Threads = 1,
) -> None:
    """Fine-tune on trajectories: cross-entropy on the model's own text only."""
    check_torch()
    from codedance.models.nano import CHECKPOINT
    from codedance.store.holding import held
    from codedance.train.settings import SftSettings
    from codedance.train.sft_checks import check_sft

    settings = apply_settings(SftSettings(), assignments or [], file=config)
    first = checkpoint or CHECKPOINT
    start = weights_of(first)
    check_sft(runs, settings, folder=out, start=start)
    with held(out):
        with training_bar(settings.train.steps, before="reading " + ", ".join(map(str, runs))) as bar:
            require_torch(threads)
            from codedance.models.local.checkpoint import load_checkpoint, save_checkpoint
            from codedance.train.sft import train_sft

            network, encoder = load_checkpoint(first)
            train_sft(
                network,
                encoder,
                runs,
                settings=settings,
                folder=out,
                start=start,
                begun=bar.begin,
                listener=bar.show,
                say=bar.say,
            )
        save_checkpoint(network, encoder.tokenizer, out / "checkpoint")
    typer.echo(f"checkpoint: {out / 'checkpoint'}")


@app.command(epilog="Example: `codedance train evaluate --count 200 --json`")
def evaluate(
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", "--model", metavar="DIR", help="Checkpoint to evaluate. [the embedded model's]"),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Held-out scenes in each cell.")] = 200,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="F", help="Only this family; may be repeated. [those that the embedded model knows]"),
    ] = None,
    asks: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="Only questions of this kind, as `--by-question` names them; may be repeated."
        ),
    ] = None,
    answer: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only questions with this right answer: 0 for what is not there.")
    ] = None,
    difficulty: Annotated[Difficulty | None, typer.Option(help="Only easy or only hard scenes. [both]")] = None,
    mode: Annotated[ReasoningMode, typer.Option(help="How the model may reason.")] = ReasoningMode.CODE,
    by_question: Annotated[bool, typer.Option("--by-question", help="A row for each kind of question too.")] = False,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=5.0, help="Of the sampling; 0 takes the likeliest token.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="First scene's seed; held out from 10000000 on.")] = 10_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON and nothing else.")] = False,
    threads: Threads = 1,
) -> None:
    """Measure a checkpoint of the nano make on held-out worlds in the real loop, beside its baselines."""
    require_torch(threads)
    import anyio

    from codedance.episode import EpisodeSettings
    from codedance.models import nano as embedded
    from codedance.protocol import protocol_info
    from codedance.sandbox import LocalSandbox
    from codedance.schema import Sampling
    from codedance.train.evaluate import evaluate_cell

    folder = checkpoint or embedded.CHECKPOINT
    cells = [(name, level) for name in _families(family) for level in ([difficulty] if difficulty else Difficulty)]
    settings = EpisodeSettings(protocol=protocol_info(mode=mode), sampling=Sampling(temperature=temperature, seed=seed))

    async def measure(tick: Callable[[], None]) -> list[CellReport]:
        model = embedded.load(folder)
        async with LocalSandbox() as sandbox:
            return [
                await evaluate_cell(
                    model,
                    sandbox,
                    family=name,
                    difficulty=level,
                    count=count,
                    asks=asks or (),
                    answer=answer,
                    first_seed=seed,
                    settings=settings,
                    listener=lambda *_: tick(),
                )
                for name, level in cells
            ]

    with status_progress() as progress:
        task = progress.add_task("evaluating", total=count * len(cells), status="")
        reports = anyio.run(measure, lambda: progress.advance(task))
    if as_json:
        typer.echo(json.dumps([report.model_dump() for report in reports]))
        return
    typer.echo(_table(reports, by_question=by_question))


@app.command(epilog="Example: `codedance train gallery --out gallery --right 8 --wrong 4`")
def gallery(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where gallery.md and its pictures are written.")],
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Checkpoint of the nano make. [the embedded model's]")
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="F", help="Only this family; may be repeated. [those that the embedded model knows]"),
    ] = None,
    right: Annotated[int, typer.Option(min=0, help="Traces with a right answer.")] = 8,
    wrong: Annotated[int, typer.Option(min=0, help="Traces with a wrong one, if so many are found.")] = 4,
    threads: Threads = 1,
) -> None:
    """Write a page of real traces on held-out scenes, failures among them."""
    require_torch(threads)
    import anyio

    from codedance.models import nano as embedded
    from codedance.sandbox import LocalSandbox
    from codedance.train.gallery import write_gallery

    cells = [(name, difficulty) for name in _families(family) for difficulty in Difficulty]

    async def write(show: Callable[[int], None]) -> Path:
        async with LocalSandbox() as sandbox:
            model = embedded.load(checkpoint or embedded.CHECKPOINT)
            return await write_gallery(model, sandbox, cells, out, right=right, wrong=wrong, listener=show)

    with status_progress() as progress:
        task = progress.add_task("collecting", total=right + wrong, status="")
        page = anyio.run(write, lambda found: progress.update(task, completed=found))
    typer.echo(f"gallery: {page}")


@app.command(name="export", epilog="Example: `codedance train export runs/nano/checkpoint --out ported`")
def export_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint of the nano make.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the copy is written.")],
) -> None:
    """Copy a checkpoint with Qwen's own token ids, for engines that have these ids in their code (ms-swift, verl)."""
    require_torch(1)
    from codedance.models.local.qwen_ids import with_qwen_ids

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out}: is there already; choose a folder that is new or empty")
    with_qwen_ids(checkpoint, out)
    typer.echo(f"checkpoint: {out}")


def _families(names: list[str] | None) -> tuple[str, ...]:
    from codedance.models import nano as embedded
    from codedance.tasks.worlds import FAMILIES

    for name in names or []:
        if name not in FAMILIES:
            raise UsageError(f"--family {name}: there is no such family; choose among {', '.join(FAMILIES)}")
    return tuple(names or embedded.FAMILIES)


def _table(reports: list[CellReport], *, by_question: bool) -> str:
    lines = [
        "| family | difficulty | question | n | accuracy (95 % interval) | image-blind | best constant "
        "| answered without code | code ran without error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in reports:
        rest = f"{one.direct / one.count:.3f} | {one.cells_ok / max(1, one.cells):.3f}"
        lines.append(_row(one, one, name="all", rest=rest))
        if by_question and len(one.asks) > 1:
            lines += [_row(one, part, name=name, rest="|") for name, part in one.asks.items()]
    left_out = [f"{one.family}/{one.difficulty}: {one.failed} left out" for one in reports if one.failed]
    return "\n".join(lines + [f"{one}: the model or the sandbox failed" for one in left_out])


def _row(cell: CellReport, part: CellReport | AskReport, *, name: str, rest: str) -> str:
    from codedance.rewards.intervals import wilson

    low, high = wilson(part.right, part.count)
    return (
        f"| {cell.family} | {cell.difficulty} | {name} | {part.count} "
        f"| {part.right / part.count:.3f} ({low:.3f}-{high:.3f}) | {part.blind_right / part.count:.3f} "
        f"| {part.constant_right / part.count:.3f} | {rest} |"
    )


def _examiner(
    folder: Path, recipe: NanoRecipe, *, every: int, count: int, say: Callable[[str], None]
) -> Callable[[int, Network, Encoder], None]:
    """Asks the network about held-out scenes when it is time, and writes down how it did; says why if it cannot.

    Not as long as it has only looked at pictures: it cannot write yet.
    """
    import anyio

    from codedance.models.local.engine import LocalModel
    from codedance.sandbox import LocalSandbox
    from codedance.train.held_out import add_exam, exam_cells, examine

    async def ask(step: int, network: Network, encoder: Encoder) -> None:
        model = LocalModel(network, encoder, name="pupil")
        try:
            async with LocalSandbox() as sandbox:
                lines = await examine(model, sandbox, exam_cells(recipe), step=step, count=count)
        finally:
            await model.close()
        add_exam(folder, lines)
        say(f"exam after step {step}: " + ", ".join(f"{one.cell} {one.right}/{one.count}" for one in lines))

    def when_due(step: int, network: Network, encoder: Encoder) -> None:
        if every and step % every == 0 and step > recipe.looks_first:
            try:
                anyio.run(ask, step, network, encoder)
            except CodeDanceError as error:  # hours of teaching are worth more than a look at them
                say(f"no exam after step {step}: {error}")

    return when_due
