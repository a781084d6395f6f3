"""``codedance serve``: the playground, and OpenAI's chat completions with a model that thinks by writing code."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.places import SandboxPlace, sandbox_at
from codedance.cli.progress import watched
from codedance.cli.settings import apply_settings
from codedance.errors import MissingExtraError, SandboxError, UsageError
from codedance.schema import CodeFormat

if TYPE_CHECKING:
    from codedance.episode import EpisodeSettings
    from codedance.sandbox import Limits, Sandbox
    from codedance.serving import ServedModel, ServingSettings
    from codedance.store import RunFolder

__all__ = ["EPILOG", "serve"]

EPILOG = """
Examples:

- `codedance serve` and open the address that it prints: the embedded model, nothing else needed

- `codedance serve --model server:Qwen2.5-VL-7B --base-url http://localhost:8000/v1 --model nano --save runs/served`

- `CODEDANCE_API_TOKEN=... codedance serve --host 0.0.0.0 --allow-host box.lan --set budgets.turns=6`

- `curl localhost:8080/v1/models`

The token is read from CODEDANCE_API_TOKEN; without one the server listens to this machine only. Settings given with
--set are what an episode uses by default, and their budgets the most that a request may ask for.
"""
_ALIAS = re.compile(r"([\w.-]{1,64})=(.+)", re.S)


def serve(
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="[NAME=]SPEC",
            help="nano (embedded), server:NAME, hf:PATH_OR_ID or scripted:FILE; may be repeated. [nano]",
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where server:NAME is, for example http://localhost:8000/v1.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name under which this machine is called; may be repeated."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A web site whose pages may call the API (CORS); may be repeated."),
    ] = None,
    allow_remote_images: Annotated[
        bool, typer.Option("--allow-remote-images", help="Fetch pictures from public addresses that requests name.")
    ] = False,
    running: Annotated[int, typer.Option(min=1, metavar="N", help="Episodes at once.")] = 4,
    waiting: Annotated[int, typer.Option(min=0, metavar="N", help="Episodes that may wait; more are refused.")] = 32,
    max_body: Annotated[int, typer.Option(min=1, metavar="MIB", help="Largest request in MiB.")] = 32,
    save: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder in which every episode is kept as well.")
    ] = None,
    sandbox_url: Annotated[
        str | None,
        typer.Option("--sandbox", metavar="URL", help="Run the code in this sandbox service, not on this machine."),
    ] = None,
    code_format: Annotated[
        CodeFormat, typer.Option("--format", help="How the models are asked to write code.")
    ] = CodeFormat.CODE,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of episodes, for example budgets.seconds=60."),
    ] = None,
) -> None:
    """Serve the playground, and OpenAI's chat completions with a model that thinks by writing code."""
    import anyio

    from codedance.viewer.listening import is_address, is_loopback

    token = os.environ.get("CODEDANCE_API_TOKEN") or None
    if token is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others: set a token in the environment variable CODEDANCE_API_TOKEN first"
        )
    episode = _episode(config, assignments or [], code_format)
    settings = _settings(
        token=token,
        episode=episode,
        running=running,
        waiting=waiting,
        body_bytes=max_body << 20,
        hosts=(*(allow_host or ()), *(() if is_address(host) else (host,))),
        origins=tuple(one.rstrip("/") for one in allow_origin or ()),
        remote_images=allow_remote_images,
    )
    specs = _specs(models or ["nano"], base_url)
    run = _open_run(save)
    anyio.run(_serve, (host, port), specs, base_url, sandbox_url, settings, run)


def _specs(models: Sequence[str], base_url: str | None) -> list[tuple[str, str]]:
    """Name and kind of each model."""
    from codedance.models.registry import check_model

    specs = [_named(one) for one in models]
    if len({name for name, _ in specs}) < len(specs):
        raise UsageError("two models have the same name; write --model NAME=SPEC")
    if base_url is not None and not any(spec.startswith("server:") for _, spec in specs):
        raise UsageError("--base-url goes with server:NAME, and no model is a server")
    for _, spec in specs:
        check_model(spec, base_url=base_url if spec.startswith("server:") else None)
    return specs


def _episode(config: Path | None, assignments: Sequence[str], code_format: CodeFormat) -> EpisodeSettings:
    from codedance.episode import EpisodeSettings
    from codedance.protocol import protocol_info, relabelled

    base = EpisodeSettings(protocol=protocol_info(code_format))
    settings = apply_settings(base, assignments, file=config)
    return settings.model_copy(update={"protocol": relabelled(settings.protocol)})


def _settings(**values: object) -> ServingSettings:
    from codedance.serving import ServingSettings

    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise MissingExtraError("codedance serve", "serve") from None
    return ServingSettings.model_validate(values)


def _named(text: str) -> tuple[str, str]:
    """A model's name for clients, and its specification.

    >>> _named("nano"), _named("big=server:Qwen2.5-VL-72B")
    (('nano', 'nano'), ('big', 'server:Qwen2.5-VL-72B'))
    """
    match = _ALIAS.fullmatch(text)
    if match is not None:
        return match[1], match[2]
    kind, _, name = text.partition(":")
    return (name if kind == "server" and name else text), text


def _open_run(save: Path | None) -> RunFolder | None:
    """Open the run folder before anything is asked: a folder that cannot be written must not cost an answer."""
    from codedance.store import Manifest, RunFolder

    return RunFolder.create(save, Manifest(kind="serve")) if save is not None else None


async def _serve(
    address: tuple[str, int],
    specs: Sequence[tuple[str, str]],
    base_url: str | None,
    sandbox_url: str | None,
    settings: ServingSettings,
    run: RunFolder | None,
) -> None:
    import anyio
    import uvicorn

    from codedance.serving.app import create_app
    from codedance.serving.service import Service
    from codedance.serving.traces import TraceShelf
    from codedance.viewer.listening import leave, listen_at, url_of

    listening = listen_at(*address)
    native = settings.episode.protocol.code_format is CodeFormat.TOOL_CALL
    with listening:
        async with (
            _loaded(specs, base_url, native_tools=native) as models,
            _sandbox(sandbox_url, settings.episode.limits, settings.running) as sandbox,
        ):
            shelf = TraceShelf(most=settings.traces, most_bytes=settings.trace_bytes, run=run)
            service = Service(models, sandbox, settings, shelf=shelf)
            config = uvicorn.Config(
                create_app(service),
                log_level="warning",
                lifespan="off",  # there is none, and its task would print a traceback if we are stopped just now
                server_header=False,
                timeout_graceful_shutdown=3,
                limit_concurrency=512,
            )
            shown = url_of(address[0], listening)
            typer.echo(f"playground: {shown}/")
            typer.echo(f"API: {shown}/v1 (models: {', '.join(name for name, _ in specs)})")
            signal.signal(signal.SIGTERM, leave)
            leaving: SystemExit | None = None
            async with anyio.create_task_group() as group:
                group.start_soon(_warm, sandbox)
                try:
                    await uvicorn.Server(config).serve([listening])
                except SystemExit as ended:  # outside of the group, which would wrap it
                    leaving = ended
                group.cancel_scope.cancel()
            if leaving is not None:
                raise leaving


async def _warm(sandbox: Sandbox) -> None:
    """Start the sandbox's processes before somebody waits for them; what fails here fails there with a message."""
    with suppress(SandboxError):
        async with sandbox.session():
            pass


@asynccontextmanager
async def _loaded(
    specs: Sequence[tuple[str, str]], base_url: str | None, *, native_tools: bool
) -> AsyncIterator[tuple[ServedModel, ...]]:
    """The models, loaded one after the other; leaving closes them."""
    from codedance.models import load_model, server_key
    from codedance.serving import ServedModel

    api_key = server_key()
    made: list[ServedModel] = []
    try:
        for name, spec in specs:
            server = spec.startswith("server:")
            model = load_model(
                spec,
                base_url=base_url if server else None,
                api_key=api_key,
                native_tools=native_tools and server,
                bars=watched(),
            )
            note = "embedded; knows generated counting and search pictures" if spec == "nano" else ""
            made.append(ServedModel(name, model, note))
        yield tuple(made)
    finally:
        for one in made:
            await one.model.close()


def _sandbox(url: str | None, limits: Limits, running: int) -> AbstractAsyncContextManager[Sandbox]:
    if url is not None:
        return sandbox_at(SandboxPlace(url), limits=limits)
    from codedance.sandbox import LocalSandbox

    return LocalSandbox(limits=limits, pool=min(4, running))
