"""The playground: one page, what it must know to begin, and pictures to try.

The page asks through the same API as every other client; nothing of it runs on the server but what is here.
"""

from __future__ import annotations

from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse

from codedance.models.nano import FAMILIES
from codedance.serving.gallery import Example, make_gallery
from codedance.serving.refusals import RefusalError
from codedance.serving.service import Service
from codedance.viewer.shell import Policy, read_asset, render_page

__all__ = ["add_playground", "playground_page"]

_PACKAGE = "codedance.serving.play"
_SCRIPTS = ("dom.js", "python.js", "api.js", "turns.js", "history.js", "pictures.js", "app.js")
_POLICY = "frame-ancestors 'none'; require-trusted-types-for 'script'"
"""Beside the page's own policy: no text becomes markup, whatever a script of ours might try."""


def playground_page() -> str:
    """The page as HTML: its own script and style, which its policy names by their hashes, and nothing else."""
    return render_page(
        read_asset("page.html", package=_PACKAGE),
        {},
        style=read_asset("page.css", package=_PACKAGE),
        script="\n".join(read_asset(name, package=_PACKAGE) for name in _SCRIPTS),
        policy=Policy(images=("blob:",), connect=("'self'",)),
    )


def add_playground(app: FastAPI, service: Service) -> None:
    """Add the page and what it asks for to the application."""
    page = playground_page()
    gallery = _Gallery()

    @app.get("/")
    async def playground() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    @app.get("/playground/setup")
    async def setup() -> JSONResponse:
        return JSONResponse(_setup(service))

    @app.get("/playground/examples")
    async def examples() -> JSONResponse:
        return JSONResponse({"examples": [_example(one) for one in (await gallery.examples()).values()]})

    @app.get("/playground/examples/{name}/picture")
    async def picture(name: str) -> Response:
        example = (await gallery.examples()).get(name)
        if example is None:
            raise RefusalError(404, "there is no such example", code="not_found")
        data, kind = example.picture.data, example.picture.mime_type
        return Response(data, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})


class _Gallery:
    """The examples, drawn when somebody first looks at them."""

    def __init__(self) -> None:
        self._examples: dict[str, Example] = {}
        self._drawing = anyio.Lock()

    async def examples(self) -> dict[str, Example]:
        """By name, in order."""
        async with self._drawing:
            if not self._examples:
                drawn = await anyio.to_thread.run_sync(make_gallery, FAMILIES)
                self._examples = {one.name: one for one in drawn}
        return self._examples


def _setup(service: Service) -> dict[str, Any]:
    settings = service.settings
    budgets = settings.episode.budgets
    return {
        "models": [{"name": one.name, "note": one.note} for one in service.models.values()],
        "budgets": {"turns": budgets.turns, "tokens": budgets.tokens, "seconds": budgets.seconds},
        "temperature": settings.episode.sampling.temperature,
        "images": settings.images,
        "image_bytes": settings.image_bytes,
        "image_pixels": settings.image_pixels,
        "body_bytes": settings.body_bytes,
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "name": example.name,
        "family": example.family,
        "difficulty": example.difficulty,
        "question": example.question,
        "answer": example.answer,
        "for_small": example.for_small,
        "width": example.picture.ref.width,
        "height": example.picture.ref.height,
        "url": f"/playground/examples/{example.name}/picture",
    }
