"""``codedance sandbox serve | mcp``: the sandbox for other programs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.settings import apply_settings
from codedance.errors import MissingExtraError, UsageError, ungrouped
from codedance.sandbox.contract import Limits, Tier

if TYPE_CHECKING:
    from codedance.sandbox.service.api import ServiceSettings

__all__ = ["add_to"]

_SERVE_EPILOG = """
Examples:

- `codedance sandbox serve`

- `CODEDANCE_SANDBOX_TOKEN=... codedance sandbox serve --host 0.0.0.0 --max-sessions 256`

- `curl localhost:8123/run_code -H 'content-type: application/json' -d '{"code": "print(6 * 7)", "language": "python"}'`

The token is read from CODEDANCE_SANDBOX_TOKEN; without one the service binds to this machine only. The API is
described at /docs, metrics are at /metrics.
"""
_MCP_EPILOG = """
Example of a client's settings:

`{"mcpServers": {"codedance": {"command": "codedance", "args": ["sandbox", "mcp"]}}}`
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``codedance sandbox``."""
    app.command(epilog=_SERVE_EPILOG)(serve)
    app.command(epilog=_MCP_EPILOG)(mcp)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8123,
    tier: Annotated[Tier | None, typer.Option(help="Isolation that must be had. [the strongest there is]")] = None,
    max_sessions: Annotated[int, typer.Option(min=1, help="Sessions alive at once.")] = 64,
    max_running: Annotated[
        int | None, typer.Option(min=1, help="Cells running at once. [twice the processors]")
    ] = None,
    idle_seconds: Annotated[float, typer.Option(min=1.0, help="Close sessions that nobody used for so long.")] = 300.0,
    max_body: Annotated[int, typer.Option(min=1, metavar="MIB", help="Largest request in MiB.")] = 64,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LIMIT=V", help="A limit that no session exceeds; may be repeated."),
    ] = None,
) -> None:
    """Offer sandbox sessions over HTTP, and SandboxFusion's /run_code."""
    import anyio

    from codedance.viewer.listening import is_loopback

    token = os.environ.get("CODEDANCE_SANDBOX_TOKEN") or None
    if token is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others: set a token in the environment variable CODEDANCE_SANDBOX_TOKEN first"
        )
    try:
        from codedance.sandbox.service.api import ServiceSettings
    except ImportError:
        raise MissingExtraError("the sandbox service", "serve") from None
    settings = ServiceSettings(
        token=token,
        limits=apply_settings(Limits(), assignments or []),
        max_sessions=max_sessions,
        max_running=max_running,
        idle_seconds=idle_seconds,
        max_body_bytes=max_body << 20,
    )
    anyio.run(_serve, host, port, tier, settings)


async def _serve(host: str, port: int, tier: Tier | None, settings: ServiceSettings) -> None:
    import uvicorn

    from codedance.sandbox import LocalSandbox
    from codedance.sandbox.service import SessionKeeper
    from codedance.sandbox.service.api import create_app
    from codedance.viewer.listening import leave, listen_at, url_of

    with listen_at(host, port) as listening:
        pool = min(8, settings.max_sessions)
        async with LocalSandbox(tier=tier, limits=settings.limits, pool=pool) as sandbox:
            keeper = SessionKeeper(
                sandbox,
                max_sessions=settings.max_sessions,
                max_running=settings.max_running,
                idle_seconds=settings.idle_seconds,
            )
            app = create_app(keeper, settings)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5, limit_concurrency=512)
            )
            used = sandbox.tier.value if sandbox.tier else ""
            address = url_of(host, listening)
            typer.echo(f"the sandbox (tier {used}) listens at {address}, its API is described at {address}/docs")
            signal.signal(signal.SIGTERM, leave)
            await server.serve([listening])


def mcp(
    tier: Annotated[Tier | None, typer.Option(help="Isolation that must be had. [the strongest there is]")] = None,
    max_sessions: Annotated[int, typer.Option(min=1, help="Sessions alive at once.")] = 8,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="LIMIT=V", help="A limit of sessions; may be repeated.")
    ] = None,
) -> None:
    """Offer the tool execute_python_code to an MCP client, over standard input and output."""
    from codedance.sandbox import LocalSandbox

    try:
        from codedance.sandbox.service.mcp_server import create_server
    except ImportError:
        raise MissingExtraError("the MCP server", "mcp") from None
    sandbox = LocalSandbox(tier=tier, limits=apply_settings(Limits(), assignments or []))
    with ungrouped():  # what cannot be had is found out within the server
        create_server(sandbox, max_sessions=max_sessions).run("stdio")
