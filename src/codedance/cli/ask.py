"""``codedance ask``: one question about pictures, watched live."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from codedance.cli.failures import stop_code, tell
from codedance.cli.inline import Graphics, find_graphics, from_environment
from codedance.cli.places import SandboxPlace, sandbox_at
from codedance.cli.progress import watched
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.errors import StoreError, UsageError
from codedance.schema import CodeFormat

if TYPE_CHECKING:
    from codedance.cli.live import LiveView, PlainView
    from codedance.episode import EpisodeSettings, Rollout
    from codedance.imaging import Picture
    from codedance.schema import Task, Trajectory
    from codedance.store import RunFolder

__all__ = ["EPILOG", "ask"]

EPILOG = """
Examples:

- `codedance ask photo.jpg -q "How many red circles are there?"`

- `codedance ask chart.png -q "Which year had the highest sales?" --model server:Qwen2.5-VL-7B --base-url http://localhost:8000/v1`

- `codedance ask a.png b.png -q "What differs?" --model hf:./my-checkpoint --out runs/diff --max-turns 6`

- `codedance ask photo.jpg -q "How many?" --quiet` (the answer alone), or `--json` (the whole trajectory)

Exit codes: 0 answered, 2 bad input or usage (a checkpoint that is not there, too), 3 stopped without an answer, 4 the
model, the sandbox or the output failed, or an extra is not installed.
"""


def ask(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Picture files, in the question's order.")],
    question: Annotated[str, typer.Option("-q", "--question", metavar="TEXT", help="The question.")],
    model: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="nano (embedded), server:NAME, hf:PATH_OR_ID, or scripted:FILE (a JSON list of replies).",
        ),
    ] = "nano",
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where server:NAME is, for example http://localhost:8000/v1.")
    ] = None,
    max_turns: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most replies of the model. [10]")] = None,
    code_format: Annotated[
        CodeFormat, typer.Option("--format", help="How the model is asked to write code.")
    ] = CodeFormat.CODE,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder to write: trajectory, pictures, trace.html.")
    ] = None,
    sandbox_url: Annotated[
        str | None,
        typer.Option("--sandbox", metavar="URL", help="Run the code in this sandbox service, not on this machine."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the trajectory as JSON and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the answer and nothing else.")] = False,
    inline: Annotated[
        Graphics | None,
        typer.Option(help="How the terminal shows pictures. [as it says of itself; none in a pipe]"),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example budgets.seconds=60; may be repeated."),
    ] = None,
) -> None:
    """Ask a question about pictures and watch the model think, write code and answer.

    The key of a server is read from CODEDANCE_API_KEY or OPENAI_API_KEY, the token of a sandbox service from
    CODEDANCE_SANDBOX_TOKEN.
    """
    from codedance.episode.asking import question_task

    settings = _settings(config, assignments or [], code_format=code_format, max_turns=max_turns)
    if as_json and quiet:
        raise UsageError("--json and --quiet: choose one")
    if not question.strip():
        raise UsageError("the question is empty; write it after -q")
    pictures = _checked(images, model=model, base_url=base_url)
    run = _open_run(out)
    task = question_task(question, pictures)
    view = None if as_json or quiet else _view(run, inline)
    rollout = _run(
        task,
        list(zip(images, pictures, strict=True)),
        settings=settings,
        model=model,
        base_url=base_url,
        sandbox_url=sandbox_url,
        view=view,
        run=run,
    )
    if run is not None:
        page = _write(run, rollout)
        if view is not None:
            typer.echo(f"trace: {page}")
    _tell(rollout.trajectory, quiet=quiet, as_json=as_json)
    raise typer.Exit(stop_code(rollout.trajectory))


def _checked(images: Sequence[Path], *, model: str, base_url: str | None) -> list[Picture]:
    """The pictures; what is wrong with them or with the model's name is told before a folder is made."""
    from codedance.imaging import Picture
    from codedance.models.registry import check_model

    check_model(model, base_url=base_url)
    return [Picture.from_file(path) for path in images]


def _tell(trajectory: Trajectory, *, quiet: bool, as_json: bool) -> None:
    """What failed, if anything did, and what the two modes for programs print."""
    if trajectory.failure is not None:
        tell(trajectory.failure.message)
    if quiet:
        _tell_answer(trajectory)
    if as_json:
        sys.stdout.write(trajectory.model_dump_json().encode("utf-8", "replace").decode() + "\n")


def _settings(
    config: Path | None, assignments: Sequence[str], *, code_format: CodeFormat, max_turns: int | None
) -> EpisodeSettings:
    from codedance.episode import EpisodeSettings
    from codedance.protocol import protocol_info, relabelled

    base = EpisodeSettings(protocol=protocol_info(code_format))
    settings = apply_settings(base, assignments, file=config)
    settings = settings.model_copy(update={"protocol": relabelled(settings.protocol)})
    if max_turns is not None:
        budgets = settings.budgets.model_copy(update={"turns": max_turns})
        settings = settings.model_copy(update={"budgets": budgets})
    return settings


def _open_run(out: Path | None) -> RunFolder | None:
    """Open the run folder before anything is asked: a folder that cannot be written must not cost an answer."""
    from codedance.store import Manifest, RunFolder

    return RunFolder.create(out, Manifest(kind="ask")) if out is not None else None


def _run(
    task: Task,
    shown: Sequence[tuple[Path, Picture]],
    *,
    settings: EpisodeSettings,
    model: str,
    base_url: str | None,
    sandbox_url: str | None,
    view: LiveView | PlainView | None,
    run: RunFolder | None,
) -> Rollout:
    import anyio

    from codedance.episode import run_episode
    from codedance.models import load_model, server_key

    pictures = [picture for _, picture in shown]
    attempt = sum(past.task.id == task.id for past in run.trajectories()) if run is not None else 0
    api_key = server_key()

    async def episode() -> Rollout:
        native = settings.protocol.code_format is CodeFormat.TOOL_CALL and model.startswith("server:")
        asked = load_model(
            model, base_url=base_url, api_key=api_key, native_tools=native, bars=view is not None and watched()
        )
        try:
            async with sandbox_at(SandboxPlace(sandbox_url), limits=settings.limits) as sandbox:
                if view is not None:
                    view.begin(task.question, shown)
                return await run_episode(
                    task, pictures, model=asked, sandbox=sandbox, settings=settings, attempt=attempt, listener=view
                )
        finally:
            await asked.close()

    try:
        return anyio.run(episode)
    finally:
        if view is not None:
            view.close()


def _view(run: RunFolder | None, inline: Graphics | None) -> LiveView | PlainView:
    """What a person watches: drawn in a terminal, plain lines in a pipe."""
    from codedance.cli.live import LiveView, PlainView

    def place(picture: Picture) -> Path | None:
        """Keep the picture at once: its path is told while the episode still runs."""
        if run is None:
            return None
        try:
            return run.pictures.add(picture)
        except OSError as error:
            raise StoreError(f"{run.folder}: pictures cannot be written ({error.strerror or error})") from None

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveView(console, place=place, graphics=_graphics() if inline is None else inline)
    return PlainView(typer.echo, place=place)


def _graphics() -> Graphics:
    """How the terminal shows pictures; who sets ``NO_COLOR`` wants no control codes, so it is not asked by one."""
    if os.environ.get("NO_COLOR"):
        return from_environment(os.environ) or Graphics.NONE
    return find_graphics()


def _tell_answer(trajectory: Trajectory) -> None:
    from codedance.cli.live import STOP_WORDS

    if trajectory.answer is not None:
        typer.echo(visible(trajectory.answer))
    elif trajectory.failure is None:
        tell(STOP_WORDS[trajectory.stop])


def _write(run: RunFolder, rollout: Rollout) -> Path:
    from codedance.viewer import write_trace_page

    run.add(rollout.trajectory, rollout.pictures)
    page = run.folder / "trace.html"
    write_trace_page(page, rollout.trajectory, rollout.pictures)
    return page
