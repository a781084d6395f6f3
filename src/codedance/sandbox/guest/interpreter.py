"""One session: a notebook-like interpreter that runs cells until its channel closes."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import linecache
import os
import socket
import sys
import traceback
import types
from typing import Any

from . import wire
from .display import Display, as_image, text_of

__all__ = ["Interpreter"]


class _CountingOutput(io.TextIOWrapper):
    """Standard output that knows how many characters the cell has printed, to place pictures among them."""

    printed = 0

    def write(self, text: str) -> int:
        self.printed += len(text)
        return super().write(text)


class Interpreter:
    """State of one session; cells share one namespace, as in a notebook."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._module = types.ModuleType("__main__")
        self._names = self._module.__dict__
        self._cells = 0
        self._runner: asyncio.Runner | None = None
        self._display = Display(self._send, images=0, image_pixels=0)
        self._output = _CountingOutput(open(1, "wb", closefd=False), encoding="utf-8", errors="replace")  # noqa: SIM115
        sys.stdout = self._output

    def serve(self) -> None:
        """Handle messages until the host closes the channel; then the process ends."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = wire.receive(self._channel)
                if message["kind"] == "open":
                    self._open([wire.receive_exactly(self._channel, size) for size in message["images"]])
                elif message["kind"] == "run":
                    self._run(message["code"], message)
                else:
                    # An answer that only this loop can give: a cell that forged its own reply is found out here.
                    self._send({"kind": "ready", "token": message["token"]})
        os._exit(0)

    def _open(self, images: list[bytes]) -> None:
        """Lay out the namespace and the picture files."""
        sys.modules["__main__"] = self._module
        self._names["__builtins__"] = builtins
        from PIL import Image

        opened = []
        for number, data in enumerate(images, start=1):
            name = "input_image.jpg" if len(images) == 1 else f"input_image_{number}.jpg"
            with open(name, "wb") as file:
                file.write(data)
            image = Image.open(io.BytesIO(data))
            opened.append(image)
        if opened:
            self._names["input_image"] = opened[0]
        if len(opened) > 1:
            self._names["input_images"] = opened
        self._names["display"] = self._show_value
        self._patch_show()
        self._send({"kind": "opened"})

    def _patch_show(self) -> None:
        from PIL import Image

        def show(image: Image.Image, title: str | None = None) -> None:
            self._display.show(image, "display")

        Image.Image.show = show  # type: ignore[assignment, method-assign]
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.show = lambda *_, **__: self._display.show_figures()  # type: ignore[attr-defined]

    def _show_value(self, *values: Any) -> None:  # noqa: ANN401 - whatever the cell made
        """``display(...)``: pictures as pictures, everything else printed."""
        for value in values:
            image = as_image(value)
            if image is None:
                print(text_of(value, 100_000)[0])  # noqa: T201 - the cell's own output
            else:
                sys.stdout.flush()
                self._display.show(image, "display")

    def _run(self, code: str, limits: dict[str, Any]) -> None:
        limit = int(limits["output_characters"])
        self._display = Display(self._send, images=limits["images"], image_pixels=limits["image_pixels"])
        self._output.printed = 0
        if sys.stdin.closed:  # the builtin exit() closes it
            sys.stdin = open(os.devnull)  # noqa: SIM115 - lives as long as the session
        reply: dict[str, Any] = {"kind": "reply", "status": "ok", "value": None, "error": None, "cut": False}
        try:
            value = self._execute(code)
            image = as_image(value)
            if image is not None:
                self._flush()
                self._display.show(image, "value")
            elif value is not None:
                reply["value"], reply["cut"] = text_of(value, limit)
            self._display.show_figures()
        except SystemExit as error:
            reply["status"] = "exited"
            reply["code"] = error.code if isinstance(error.code, int) else None
        except BaseException as error:
            reply["status"] = "error"
            reply["error"] = _describe(error, limit)
        self._flush()
        reply["dropped"] = self._display.dropped
        self._send(reply)

    def _execute(self, code: str) -> Any:  # noqa: ANN401 - the value of the last expression
        """Run a cell; returns the value of its last expression, ``None`` if it ends otherwise or with a semicolon."""
        self._cells += 1
        name = f"<cell {self._cells}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        if "\0" in code:  # Python versions differ in how they refuse it
            raise SyntaxError("source code cannot contain null bytes")
        tree = ast.parse(code, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
            last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
        if tree.body:
            self._evaluate(tree, name, "exec")
        return self._evaluate(last, name, "eval") if last is not None else None

    def _evaluate(self, tree: ast.Module | ast.Expression, name: str, mode: str) -> Any:  # noqa: ANN401
        compiled = compile(tree, name, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(compiled, self._names)  # noqa: S307 - running code is what this process is for
        if compiled.co_flags & inspect.CO_COROUTINE:
            if self._runner is None:
                self._runner = asyncio.Runner()
            value = self._runner.run(value)
        return value

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()

    def _send(self, message: dict[str, Any], raw: bytes = b"") -> None:
        if message["kind"] == "image":
            message = {**message, "after": self._output.printed}
        self._flush()  # what was printed before is in the pipe before the host hears of what follows
        self._channel.sendall(wire.pack(message))
        if raw:
            self._channel.sendall(raw)


def _describe(error: BaseException, limit: int) -> dict[str, str]:
    """Type, message and traceback of an exception; the traceback names the lines of cells only."""
    try:
        chain = traceback.TracebackException.from_exception(error, limit=-40)
        _keep_cells(chain)
        text = "".join(chain.format())
        message = str(error)
    except BaseException as second:
        text = message = f"<the exception's own text raised {type(second).__name__}>"
    return {"type": type(error).__name__[:200], "message": message[:limit], "traceback": _cut(text, limit)}


def _keep_cells(chain: traceback.TracebackException) -> None:
    """Drop frames of the interpreter and of libraries, here and in the causes."""
    link: traceback.TracebackException | None = chain
    for _ in range(20):
        if link is None:
            return
        kept = [frame for frame in link.stack if frame.filename.startswith("<cell ")]
        link.stack = traceback.StackSummary.from_list(kept)
        link = link.__cause__ or link.__context__


def _cut(text: str, limit: int) -> str:
    """The end of a long traceback says most."""
    return text if len(text) <= limit else text[-limit:]
