"""One session: a notebook-like interpreter that runs cells until its channel closes."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import json
import linecache
import os
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any

from . import eyes, wire
from .display import Display, as_image, text_of

__all__ = ["Interpreter"]


class _CountingOutput(io.TextIOWrapper):
    """Standard output that knows how many characters the cell has printed, to place pictures among them."""

    printed = 0

    def write(self, text: str) -> int:
        self.printed += len(text)
        return super().write(text)


class _Nowhere:
    """A channel that nobody listens at."""

    def sendall(self, data: bytes) -> None:
        pass


class Interpreter:
    """State of one session; cells share one namespace, as in a notebook."""

    def __init__(self) -> None:
        self._channel: socket.socket | _Nowhere = _Nowhere()
        self._module = types.ModuleType("__main__")
        self._names = self._module.__dict__
        self._cells = 0
        self._runner: asyncio.Runner | None = None
        self._display = Display(self._send, images=0, image_pixels=0)
        self._output = _CountingOutput(open(1, "wb", closefd=False), encoding="utf-8", errors="replace")  # noqa: SIM115
        self._sending = threading.Lock()
        """Threads of a cell may show pictures while it ends: messages must not run into each other."""

    def prepare(self, *, attributes: bool) -> None:
        """Lay out what every session has; done once, in the zygote, because a fork copies what it touches.

        Args:
            attributes: modes and times of files can be set here.
        """
        if not attributes:
            _ignore_attributes()
        sys.stdout = self._output
        sys.modules["__main__"] = self._module
        self._names["__builtins__"] = builtins
        self._names["display"] = self._show_value
        self._names |= eyes.FUNCTIONS
        self._patch_show()

    def serve(self, channel: socket.socket) -> None:
        """Handle messages until the host closes the channel; then the process ends."""
        self.rehearse()
        self._channel = channel
        with contextlib.suppress(EOFError, OSError):
            self._send({"kind": "born"})
            while True:
                message = wire.receive(channel)
                if message["kind"] == "open":
                    self._open([wire.receive_exactly(channel, size) for size in message["images"]])
                else:
                    self._run(message["code"], message)
        os._exit(0)

    def rehearse(self) -> None:
        """Run an empty cell that nobody hears of: a waiting session has then copied the memory that cells write to."""
        limits = {"token": "", "output_characters": 1, "images": 0, "image_pixels": 0}
        self._channel = _Nowhere()
        self._run("0", json.loads(json.dumps(limits)))
        self._cells = 0

    def _open(self, images: list[bytes]) -> None:
        """Put the pictures into the namespace and their files into the folder."""
        from PIL import Image

        opened = []
        for number, data in enumerate(images, start=1):
            name = "input_image.jpg" if len(images) == 1 else f"input_image_{number}.jpg"
            with open(name, "wb") as file:
                file.write(data)
            opened.append(Image.open(io.BytesIO(data)))
        if opened:
            self._names["input_image"] = opened[0]
        if len(opened) > 1:
            self._names["input_images"] = opened

    def _patch_show(self) -> None:
        """Let everything that would open a window show a picture instead."""
        from PIL import Image

        def show(image: Image.Image, title: str | None = None) -> None:
            self._show(image, "display")

        def show_bgr(name: str, array: Any) -> None:  # noqa: ANN401 - whatever the cell made
            image = as_image(array[..., 2::-1] if getattr(array, "ndim", 0) == 3 else array)
            if image is None:
                raise TypeError("cv2.imshow needs an array of 8-bit BGR or grey pixels")
            self._show(image, "display")

        Image.Image.show = show  # type: ignore[assignment, method-assign]
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.show = lambda *_, **__: self._display.show_figures()  # type: ignore[attr-defined]
        cv2 = sys.modules.get("cv2")
        if cv2 is not None:
            cv2.imshow = show_bgr  # type: ignore[attr-defined]
            for name in ("namedWindow", "destroyAllWindows", "destroyWindow", "waitKey"):
                setattr(cv2, name, lambda *_, **__: -1)

    def _show(self, image: Any, source: str) -> None:  # noqa: ANN401 - a PIL image
        self._flush()
        self._display.show(image, source)

    def _show_value(self, *values: Any) -> None:  # noqa: ANN401 - whatever the cell made
        """``display(...)``: pictures as pictures, everything else printed."""
        for value in values:
            image = as_image(value)
            if image is None:
                print(text_of(value, 100_000)[0])  # noqa: T201 - the cell's own output
            else:
                self._show(image, "display")

    def _run(self, code: str, limits: dict[str, Any]) -> None:
        limit = int(limits["output_characters"])
        self._display = Display(self._send, images=limits["images"], image_pixels=limits["image_pixels"])
        self._output.printed = 0
        if sys.stdin.closed:  # the builtin exit() closes it
            sys.stdin = open(os.devnull)  # noqa: SIM115 - lives as long as the session
        reply: dict[str, Any] = {"kind": "reply", "status": "ok", "value": None, "error": None, "cut": False}
        # A frame that the cell forges lacks this, unless it searches the interpreter for it.
        reply["token"] = limits["token"]
        try:
            value = self._execute(code)
            image = as_image(value)
            if image is not None:
                self._show(image, "value")
            elif value is not None:
                reply["value"], reply["cut"] = text_of(value, limit)
            self._display.show_figures()
        except SystemExit as error:
            reply["status"] = "exited"
            reply["code"] = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException as error:
            reply["status"] = "error"
            reply["error"] = _describe(error, limit)
        if reply["status"] != "ok":
            # A failing cell's figures are shown too; left open, the next cell would draw into them.
            with contextlib.suppress(BaseException):
                self._display.show_figures()
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
        with self._sending:
            self._channel.sendall(wire.pack(message))
            if raw:
                self._channel.sendall(raw)


def _ignore_attributes() -> None:
    """Copying a file sets its mode and times; where that is refused, it is left out instead of failing the copy."""

    def ignoring(call: Callable[..., None]) -> Callable[..., None]:
        def ignored(path: Any, *values: Any, **settings: Any) -> None:  # noqa: ANN401 - as the wrapped function
            os.stat(path)  # what is not there is an error all the same
            with contextlib.suppress(PermissionError):
                call(path, *values, **settings)

        return ignored

    for name in ("chmod", "utime"):
        setattr(os, name, ignoring(getattr(os, name)))


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
