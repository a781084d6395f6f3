"""``codedance eval``: a model on benchmarks, hundreds of episodes in flight, nothing asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codedance.cli.eval_judge import JudgePlan, greet_judge, judge_plan, run_judge
from codedance.cli.failures import INFRASTRUCTURE, tell
from codedance.cli.places import SandboxPlace, sandbox_at
from codedance.cli.progress import watched
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.errors import UsageError
from codedance.schema import CodeFormat, ReasoningMode
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.bench.evaluation import EvalRun, EvalSettings, Patience, Progress
    from codedance.bench.judging import JudgeSettings
    from codedance.models.server import ServerSettings
    from codedance.sandbox import Limits, Sandbox

__all__ = ["EVAL_EPILOG", "evaluate"]

_WITHOUT_CODE = (ReasoningMode.DIRECT, ReasoningMode.SCHEMA)
_FLAGS = {
    "benchmarks": "NAME...",
    "model": "--model",
    "attempts": "--attempts",
    "seed": "--seed",
    "rows.limit": "--limit",
    "rows.prompt": "--prompt",
    "rows.allow_partial": "--allow-partial",
    "rows.": "--set rows.",
    "episode.protocol.mode": "--mode",
    "episode.protocol.code_format": "--format",
    "episode.budgets.turns": "--max-turns",
    **{f"episode.{part}.": f"--set {part}." for part in ("budgets", "limits", "sampling")},
}
"""How settings of a run are given, by their names in its manifest."""

EVAL_EPILOG = """
Examples:

- `codedance eval worlds/counting worlds/search --limit 50 --out runs/worlds`

- `codedance eval vstar --data vstar.tsv --model server:Qwen2.5-VL-7B --base-url http://localhost:8000/v1 --out runs/v`

- `codedance eval worlds/hard --mode direct --attempts 8 --seed 0 --set sampling.temperature=1 --out runs/direct`

- `codedance eval chartqa wemath --data folder/of/copies --limit 100 --prompt vlmevalkit --out runs/two`

- `codedance eval mathvista --data copies --out runs/m --judge server:Qwen2.5-72B --judge-base-url http://localhost:8001/v1`

- `codedance eval vstar --data vstar.tsv --model server:NAME --base-url http://a/v1,http://b/v1 --ray auto --out runs/q`

NAME is a benchmark (`codedance benchmarks` lists them), `worlds`, `worlds/FAMILY` or `worlds/hard`. Started again with
the same settings, a run that was stopped at any moment goes on; errors are tried again. Then: `codedance report RUN`.
The key of a server is read from CODEDANCE_API_KEY or OPENAI_API_KEY.
With a judge it decides what rules leave open; a run that has ended may be given to one later, by the same command.
Exit codes: 0 every row has ended, 2 bad input or usage, 4 a model, judge or sandbox failed for some or all rows, the
output cannot be written, or an extra is not installed.
"""


def evaluate(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Benchmarks, or groups of worlds.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Run folder; a run that was stopped goes on there.")],
    model: Annotated[
        str, typer.Option(metavar="SPEC", help="nano, server:NAME, hf:PATH_OR_ID, or scripted:FILE.")
    ] = "nano",
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where server:NAME is; several with commas between.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Local copies, DIR/NAME.tsv and the like. [the hub]")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first rows of each.")] = None,
    attempts: Annotated[int, typer.Option(min=1, max=1024, metavar="K", help="How often each row is asked.")] = 1,
    max_turns: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most replies of the model. [10]")] = None,
    mode: Annotated[ReasoningMode, typer.Option(help="How the model may reason.")] = ReasoningMode.CODE,
    code_format: Annotated[
        CodeFormat, typer.Option("--format", help="How it is asked to write code.")
    ] = CodeFormat.CODE,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=4096, metavar="C", help="Episodes at once. [32]")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Of sampling; attempt k takes S + k.")] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="How the question is put. [the benchmark's first]")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Accept rows that are not the whole benchmark; it is said so.")
    ] = False,
    sandbox_url: Annotated[str | None, typer.Option("--sandbox", metavar="URL", help="A sandbox service.")] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run code on a Ray cluster: HOST:PORT, auto or local.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(metavar="SPEC", help="A model that decides what rules leave open: server:NAME.")
    ] = None,
    judge_base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The judge's server. [that of --base-url]")
    ] = None,
    judge_cache: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where its answers are kept. [RUN/judge.sqlite]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="For example budgets.seconds=60, rows.split=testmini."),
    ] = None,
) -> None:
    """Evaluate a model on benchmarks; every episode is kept, and a run that was stopped goes on where it stood."""
    chosen = _chosen(turns=max_turns, concurrency=concurrency, limit=limit, prompt=prompt, partial=allow_partial)
    settings, patience, server, judging = _settings((code_format, mode), [*chosen, *(assignments or [])], config)
    plan = judge_plan(judge, (judge_base_url, base_url), judge_cache, out=out, settings=judging)
    progress = _run(
        names,
        out,
        settings=settings.model_copy(update={"attempts": attempts, "seed": seed}),
        patience=patience,
        server=server,
        model=model,
        base_url=None if plan is not None and plan.shares(base_url, model) else base_url,
        data=data,
        place=SandboxPlace(sandbox_url, ray),
        judge=plan,
    )
    judged = plan is None or run_judge(plan, out)
    failed = _tell(out, as_json=as_json)
    raise typer.Exit(INFRASTRUCTURE if not judged or (failed and progress.errors) else 0)


def _chosen(
    *, turns: int | None, concurrency: int | None, limit: int | None, prompt: str | None, partial: bool
) -> list[str]:
    """The flags that are settings, as --set writes them."""
    given = {
        "budgets.turns": turns,
        "patience.concurrency": concurrency,
        "rows.limit": limit,
        "rows.prompt": prompt,
        "rows.allow_partial": partial or None,
    }
    return [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None]


def _tell(out: Path, *, as_json: bool) -> int:
    """Print what the run is worth; returns how many episodes could not be had."""
    from codedance.bench.reports import summarize
    from codedance.bench.reports.blocks import to_markdown
    from codedance.bench.reports.content import short_blocks

    report = summarize(out)
    if as_json:
        typer.echo(json.dumps(report.model_dump(mode="json")))
    else:
        typer.echo(visible(to_markdown(short_blocks(report))))
        typer.echo(f"run: {out}; more with: codedance report {out}")
    stops = [one.behaviour.stops for one in report.benchmarks]
    failed = sum(one.get(name, 0) for one in stops for name in ("model_failed", "sandbox_failed"))
    if failed:
        tell(f"{counted(failed, 'episode')} failed; start the same command again to try again")
    return failed


def _settings(
    protocol: tuple[CodeFormat, ReasoningMode], assignments: Sequence[str], config: Path | None
) -> tuple[EvalSettings, Patience, ServerSettings, JudgeSettings]:
    """What results depend on, and what they do not; all of it can be set by name."""
    from codedance.bench.data.loading import LoadSettings
    from codedance.bench.evaluation import EvalSettings, Patience
    from codedance.bench.judging import JudgeSettings
    from codedance.episode import EpisodeSettings
    from codedance.models.server import ServerSettings
    from codedance.protocol import protocol_info, relabelled

    class Settings(EpisodeSettings):
        rows: LoadSettings = LoadSettings()
        patience: Patience = Patience()
        server: ServerSettings = ServerSettings()
        judge: JudgeSettings = JudgeSettings()

    found = apply_settings(Settings(protocol=protocol_info(*protocol)), assignments, file=config)
    episode = EpisodeSettings.model_validate(found.model_dump(exclude={"rows", "patience", "server", "judge"}))
    episode = episode.model_copy(update={"protocol": relabelled(episode.protocol)})
    return EvalSettings(episode=episode, rows=found.rows), found.patience, found.server, found.judge


def _run(
    names: Sequence[str],
    out: Path,
    *,
    settings: EvalSettings,
    patience: Patience,
    server: ServerSettings,
    model: str,
    base_url: str | None,
    data: Path | None,
    place: SandboxPlace,
    judge: JudgePlan | None,
) -> Progress:
    import anyio

    from codedance.bench import expand
    from codedance.bench.evaluation import EvalRun, Progress, evaluate, open_rows
    from codedance.models import load_model, server_key
    from codedance.models.registry import check_model

    mode = settings.episode.protocol.mode
    if place.flag is not None and mode in _WITHOUT_CODE:
        raise UsageError(f"{place.flag}: --mode {mode.value} runs no code; take it out")
    check_model(model, base_url=base_url)
    benchmarks = expand(names)
    loaded = open_rows(benchmarks, settings.rows, data)
    native = settings.episode.protocol.code_format is CodeFormat.TOOL_CALL and model.startswith("server:")
    if native and mode is not ReasoningMode.CODE:
        raise UsageError("--format tool-call: goes with --mode code")
    key = server_key()

    async def work(run: EvalRun, listener: Callable[[Progress], None]) -> Progress:
        if run.left == 0:  # nothing to load a model for
            run.finish()
            return Progress.of(run)
        if judge is not None:
            await greet_judge(judge)
        asked = load_model(model, base_url=base_url, api_key=key, native_tools=native, server=server, bars=watched())
        try:
            async with _sandbox(place, settings.episode.limits, mode) as sandbox:
                return await evaluate(run, asked, sandbox, patience=patience, listener=listener)
        finally:
            await asked.close()

    begun = EvalRun(out, benchmarks, loaded, settings=settings, model=model, flags=_FLAGS)
    with begun as run, _bar(run) as listener:
        return anyio.run(work, run, listener)


def _sandbox(place: SandboxPlace, limits: Limits, mode: ReasoningMode) -> AbstractAsyncContextManager[Sandbox]:
    if mode in _WITHOUT_CODE:
        from codedance.sandbox import NoSandbox

        return nullcontext(NoSandbox())
    return sandbox_at(place, limits=limits)


@contextmanager
def _bar(run: EvalRun) -> Iterator[Callable[[Progress], None]]:
    """A bar with rate, time left, and the accuracy until now; what had ended before does not count for the rate."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from codedance.cli.progress import RateColumn

    console = Console(stderr=True)
    columns: tuple[Any, ...] = (
        TextColumn("evaluating"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}", markup=False),
    )
    shown = console.is_terminal and not console.is_dumb_terminal
    with Bar(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("evaluating", total=run.total, completed=run.ended, status="")
        yield lambda progress: bar.update(task, completed=progress.ended, status=visible(progress.status))
