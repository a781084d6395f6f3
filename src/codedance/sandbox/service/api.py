"""The sandbox over HTTP: sessions, SandboxFusion's ``/run_code``, health and metrics.

Everything that a client sends is bounded before it is read, everything that does not fit is refused at once (429 with
``Retry-After``), and whoever knows a session's name may use it, which is why names cannot be guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel, Field

from codedance import __version__
from codedance.errors import CodeDanceError, PictureError, SandboxError, UsageError
from codedance.sandbox.contract import CellResult, Limits
from codedance.sandbox.service.fusion import run_code
from codedance.sandbox.service.keeper import BusyError, SessionKeeper, UnknownSessionError
from codedance.sandbox.service.messages import (
    CellRequest,
    CellResponse,
    FusionRequest,
    FusionResponse,
    SessionRequest,
    SessionResponse,
    decode_picture,
)

__all__ = ["ServiceSettings", "create_app"]

_STATUS_CODES: tuple[tuple[type[CodeDanceError], int], ...] = (
    (BusyError, 429),
    (UnknownSessionError, 404),
    (PictureError, 422),
    (UsageError, 422),
    (SandboxError, 503),
)


class ServiceSettings(BaseModel, extra="forbid"):
    """How the service behaves."""

    token: str | None = None
    """What clients must send as ``Authorization: Bearer TOKEN``; ``None`` asks for nothing."""
    limits: Limits = Limits()
    """Of sessions that name none, and the most that others may ask for."""
    max_sessions: int = Field(default=64, ge=1)
    max_running: int | None = Field(default=None, ge=1)
    """Cells at once; twice the processors if not given."""
    idle_seconds: float = Field(default=300.0, gt=0.0)
    max_body_bytes: int = Field(default=64 << 20, ge=1 << 10)


class _Metrics:
    def __init__(self, keeper: SessionKeeper) -> None:
        self.registry = CollectorRegistry()
        names: dict[str, Any] = {"registry": self.registry, "namespace": "codedance_sandbox"}
        self.cells = Counter("cells", "Cells that ran, by how they ended", ["status"], **names)
        self.seconds = Histogram("cell_seconds", "Wall-clock seconds of cells", **names)
        self.refused = Counter("refused", "Requests refused for want of room", **names)
        gauges: list[tuple[str, str, Callable[[], float]]] = [
            ("sessions", "Sessions that are open", lambda: keeper.alive),
            ("running_cells", "Cells that run now", lambda: keeper.running),
            ("expired_sessions", "Sessions closed because nobody used them", lambda: keeper.expired),
        ]
        for name, words, value in gauges:
            Gauge(name, words, **names).set_function(value)

    def count(self, result: CellResult) -> None:
        self.cells.labels(result.execution.status.value).inc()
        self.seconds.observe(result.execution.seconds)


def create_app(keeper: SessionKeeper, settings: ServiceSettings) -> FastAPI:
    """The application for an open sandbox.

    Args:
        keeper: of the sandbox whose sessions are offered.
        settings: limits and the token.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(_expire, keeper)
            yield
            group.cancel_scope.cancel()
        await keeper.close_all()

    app = FastAPI(title="CodeDance sandbox", version=__version__, lifespan=lifespan)
    metrics = _Metrics(keeper)
    _add_guards(app, settings, metrics)
    _add_sessions(app, keeper, settings, metrics)
    _add_one_shot(app, keeper, settings)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the service answers."""
        return {"status": "ok"}

    @app.get("/info")
    async def info() -> dict[str, Any]:
        """What the sandbox is, and the most that sessions may ask for."""
        return {"version": __version__, "sandbox": dict(keeper.sandbox.description), "limits": settings.limits}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


async def _expire(keeper: SessionKeeper) -> None:
    while True:
        await anyio.sleep(min(5.0, keeper.idle_seconds / 2))
        await keeper.expire()


def _add_guards(app: FastAPI, settings: ServiceSettings, metrics: _Metrics) -> None:
    """The token, the size of bodies, and our errors as answers."""

    @app.middleware("http")
    async def guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        if settings.token is not None and request.url.path != "/health":
            sent = request.headers.get("authorization", "")
            if not secrets.compare_digest(sent.encode(), f"Bearer {settings.token}".encode()):
                return _refusal(401, "send the token as 'Authorization: Bearer TOKEN'", {"WWW-Authenticate": "Bearer"})
        length = request.headers.get("content-length")
        if length is None and request.method == "POST":
            return _refusal(411, "send the length of the body")
        if length is not None and (not length.isdigit() or int(length) > settings.max_body_bytes):
            return _refusal(413, f"the body is larger than {settings.max_body_bytes >> 10} KiB")
        return await go_on(request)

    @app.exception_handler(CodeDanceError)
    async def tell(_: Request, error: Exception) -> Response:
        if isinstance(error, BusyError):
            metrics.refused.inc()
            return _refusal(429, str(error), {"Retry-After": str(error.retry_after)})
        code = next((code for kind, code in _STATUS_CODES if isinstance(error, kind)), 500)
        return _refusal(code, str(error))


def _refusal(code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": message}, status_code=code, headers=headers)


def _add_sessions(app: FastAPI, keeper: SessionKeeper, settings: ServiceSettings, metrics: _Metrics) -> None:
    @app.post("/sessions", status_code=201)
    async def open_session(request: SessionRequest) -> SessionResponse:
        """Open a session."""
        limits = _within(request.limits or settings.limits, settings.limits)
        pictures = [await anyio.to_thread.run_sync(decode_picture, data) for data in request.images]
        return SessionResponse(id=await keeper.open(pictures, limits), limits=limits)

    @app.post("/sessions/{name}/cells")
    async def run_cell(name: str, request: CellRequest) -> CellResponse:
        """Run a cell; what the code does wrong is part of the answer, not an error of the request."""
        result = await keeper.run(name, request.code)
        metrics.count(result)
        return CellResponse.from_result(result)

    @app.delete("/sessions/{name}", status_code=204)
    async def close_session(name: str) -> None:
        """Close a session."""
        if not await keeper.close(name):
            raise UnknownSessionError("there is no such session")


def _add_one_shot(app: FastAPI, keeper: SessionKeeper, settings: ServiceSettings) -> None:
    @app.post("/run_code")
    async def one_shot(request: FusionRequest) -> FusionResponse:
        """Run a Python program once, as SandboxFusion's call of this name does."""
        return await run_code(keeper, request, settings.limits)


def _within(wanted: Limits, most: Limits) -> Limits:
    """The limits asked for, none above the service's own."""
    capped = {name: min(getattr(wanted, name), getattr(most, name)) for name in Limits.model_fields}
    return wanted.model_copy(update=capped)
