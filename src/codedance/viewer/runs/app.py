"""The run browser as a web application: pages that are read, nothing that can be changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from codedance.errors import CodeDanceError, StoreError
from codedance.viewer.runs.browse import Browse
from codedance.viewer.runs.details import compare_page, group_page, picture_of, trajectory_page
from codedance.viewer.runs.filters import Filter
from codedance.viewer.runs.guard import BrowserGuard, GuardSettings
from codedance.viewer.runs.pages import error_page, groups_page, plots_page, runs_page, table_view
from codedance.viewer.runs.tables import changes_of

__all__ = ["create_app"]

_ONE_RUN = ["."]


def create_app(browse: Browse, guard: GuardSettings) -> BrowserGuard:
    """The application for one folder.

    Args:
        browse: what is looked at; its watcher runs.
        guard: who may ask.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_pages(app, browse)

    # Not asynchronous: they wait for the disk, so each runs in a thread.
    @app.get("/")
    def runs() -> Response:
        with browse.reading() as base:
            if [one.name for one in browse.runs(base)] == _ONE_RUN:
                return RedirectResponse("trajectories?run=.", status_code=307)
            return HTMLResponse(runs_page(browse, base))

    @app.get("/runs")
    def all_runs() -> Response:
        with browse.reading() as base:
            return HTMLResponse(runs_page(browse, base))

    @app.get("/state")
    def state() -> Response:
        with browse.reading() as base:
            return JSONResponse({"changes": changes_of(base), "words": browse.words})

    @app.get("/picture")
    def picture(request: Request) -> Response:
        with browse.reading() as base:
            found = picture_of(browse, base, request.query_params)
        # Under its hash a picture never changes.
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(found.data, media_type=found.mime_type, headers=headers)

    @app.exception_handler(CodeDanceError)
    def tell(_: Request, error: Exception) -> Response:
        title = "Not here" if isinstance(error, StoreError) else "That cannot be shown"
        return HTMLResponse(error_page(browse, title, str(error)), status_code=404)

    @app.exception_handler(HTTPException)
    def unknown(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return HTMLResponse(error_page(browse, "Not here", "There is no such page."), status_code=status)

    return BrowserGuard(app, guard)


def _add_pages(app: FastAPI, browse: Browse) -> None:
    tables: Mapping[str, Callable[[Browse, sqlite3.Connection, Filter], str]] = {
        "/trajectories": table_view,
        "/groups": groups_page,
        "/plots": plots_page,
    }
    details: Mapping[str, Callable[[Browse, sqlite3.Connection, Mapping[str, str]], str]] = {
        "/trajectory": trajectory_page,
        "/group": group_page,
        "/compare": compare_page,
    }

    def add_table(path: str, make: Callable[[Browse, sqlite3.Connection, Filter], str]) -> None:
        @app.get(path)
        def page(request: Request) -> Response:
            with browse.reading() as base:
                return HTMLResponse(make(browse, base, Filter.read(request.query_params)))

    def add_detail(path: str, make: Callable[[Browse, sqlite3.Connection, Mapping[str, str]], str]) -> None:
        @app.get(path)
        def page(request: Request) -> Response:
            with browse.reading() as base:
                return HTMLResponse(make(browse, base, request.query_params))

    for path, table in tables.items():
        add_table(path, table)
    for path, detail in details.items():
        add_detail(path, detail)
