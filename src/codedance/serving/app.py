"""The application: OpenAI's API, traces by name, the playground, health and metrics."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import generate_latest

from codedance import __version__
from codedance.serving.chat import ChatEndpoint
from codedance.serving.guard import Guard
from codedance.serving.playground import add_playground
from codedance.serving.refusals import RefusalError, refusal_response
from codedance.serving.service import Service
from codedance.serving.settings import ServedModel
from codedance.serving.steps import trace_events
from codedance.serving.traces import KeptTrace
from codedance.viewer import trace_page
from codedance.viewer.asgi import App

__all__ = ["create_app"]

_TRACE_POLICY = "sandbox allow-scripts; frame-ancestors 'none'"
"""Beside the page's own policy: whatever happens in it, it is nobody's page here and can ask for nothing."""


def create_app(service: Service) -> App:
    """The application for a service whose sandbox is open."""
    app = FastAPI(title="CodeDance", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    chat: Any = ChatEndpoint(service)  # an application of its own, which routes may be as well
    app.add_route("/v1/chat/completions", chat, methods=["POST"])
    app.add_exception_handler(RefusalError, _refused)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_allowed)
    app.add_exception_handler(500, _failed)
    _add_models(app, service)
    _add_traces(app, service)
    _add_state(app, service)
    add_playground(app, service)
    return Guard(app, service.settings)


def _add_models(app: FastAPI, service: Service) -> None:
    @app.get("/v1/models")
    async def models() -> JSONResponse:
        return JSONResponse({"object": "list", "data": [_model(one) for one in service.models.values()]})

    @app.get("/v1/models/{name:path}")
    async def model(name: str) -> JSONResponse:
        if name not in service.models:
            raise RefusalError(404, f"there is no model '{name[:80]}' here", code="model_not_found", param="model")
        return JSONResponse(_model(service.models[name]))


def _add_traces(app: FastAPI, service: Service) -> None:
    def kept(name: str) -> KeptTrace:
        trace = service.shelf.get(name)
        if trace is None:
            raise RefusalError(404, "there is no such trace, or it is too old to be kept", code="trace_not_found")
        return trace

    @app.get("/v1/traces/{name}")
    async def trajectory(name: str) -> Response:
        return Response(kept(name).trajectory.model_dump_json(), media_type="application/json")

    @app.get("/v1/traces/{name}/events")
    async def events(name: str) -> JSONResponse:
        trace = kept(name)
        told = trace.trajectory
        images = [ref.model_dump(mode="json") for ref in told.task.images]
        return JSONResponse({"question": told.task.question, "images": images, "events": trace_events(told)})

    @app.get("/v1/traces/{name}/page")
    async def page(name: str) -> HTMLResponse:
        trace = kept(name)
        text = await anyio.to_thread.run_sync(trace_page, trace.trajectory, trace.pictures)
        data = text.encode("utf-8", "replace")
        return HTMLResponse(data, headers={"Content-Security-Policy": _TRACE_POLICY})

    @app.get("/v1/traces/{name}/pictures/{sha256}")
    async def picture(name: str, sha256: str) -> Response:
        found = kept(name).pictures.get(sha256)
        if found is None:
            raise RefusalError(404, "the trace has no such picture", code="picture_not_found")
        return Response(found.data, media_type=found.mime_type, headers={"Cache-Control": "private, max-age=3600"})


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/health")
    async def health() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        text = generate_latest(service.metrics.registry)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _model(served: ServedModel) -> dict[str, Any]:
    return {"id": served.name, "object": "model", "created": served.since, "owned_by": "codedance"}


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return refusal_response(error)


async def _not_found(request: Request, error: Exception) -> Response:
    what = f"there is no {request.method} {request.url.path[:100]} here"
    return refusal_response(RefusalError(404, what, code="not_found"), getattr(error, "headers", None))


async def _not_allowed(request: Request, error: Exception) -> Response:
    headers = dict(getattr(error, "headers", None) or {})
    instead = f"; use {headers['Allow']}" if headers.get("Allow") else ""
    what = f"{request.url.path[:100]} does not take {request.method}{instead}"
    return refusal_response(RefusalError(405, what, code="method_not_allowed"), headers)


async def _failed(_: Request, __: Exception) -> Response:
    return refusal_response(RefusalError(500, "the server failed; its log says why", code="server_error"))
