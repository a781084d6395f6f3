"""The process that everything is imported in once, and that forks one isolated process for every session.

Started by the host as a program, with one connected socket as its standard input. Single-threaded, holding no secret:
what it knows, every session could know. When the socket closes, it ends, and all sessions with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from . import isolation, wire
from .folders import remove_tree
from .interpreter import Interpreter

__all__ = ["main"]

_FILES_READABLE = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types",
    "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo", "/proc/meminfo",
)  # fmt: skip


class Zygote:
    """Forks sessions on request and tells each one's host how its process ended."""

    def __init__(self, control: socket.socket, settings: dict[str, Any]) -> None:
        self._control = control
        self._settings = settings
        self._ends: dict[int, int] = {}
        """Process id: the pipe that waits for its exit status."""
        self._sessions = 0
        self._interpreter = Interpreter()
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def serve(self) -> None:
        """Isolate, import, then fork on request until the control socket closes."""
        tier = self._settings["tier"]
        if tier == "b":
            isolation.enter_namespaces(os.path.dirname(self._settings["folder"]))
        # Sessions are forked from one state: without new seeds they would all draw the same numbers.
        self._seeds = _preload()
        self._interpreter.prepare(attributes=tier != "a")
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # one descriptor for every session
        for name in set(os.environ) - set(self._settings["environment"]):
            del os.environ[name]  # libraries put paths of theirs there
        # Frozen objects are not visited by the collector, so that its marks do not copy shared pages.
        gc.collect()
        gc.freeze()
        isolation.collapse_memory()
        in_use = isolation.memory_in_use() if sys.platform == "linux" else 0
        readable = [*self._settings["readable"], *_FILES_READABLE]
        if tier == "b":
            isolation.enter_root(os.path.dirname(self._settings["folder"]), readable, self._settings["folder"])
        self._walls = isolation.Walls.prepare(tier, readable, memory_in_use=in_use)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._control.sendall(wire.pack({"kind": "ready"}))
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        poller.register(self._wake_read, select.POLLIN)
        with contextlib.suppress(EOFError, OSError):  # the host is gone
            while True:
                for descriptor, _ in poller.poll():
                    if descriptor == self._wake_read:
                        self._reap()
                    else:
                        self._spawn(wire.receive(self._control))

    def _spawn(self, limits: dict[str, Any]) -> None:
        """Fork a session and send the host its channel, output pipes, exit pipe and process descriptor."""
        self._sessions += 1
        try:
            self._fork(limits)
        except OSError as error:  # no memory, no process numbers, no descriptors, no disk
            self._control.sendall(wire.BIRTH.pack(0, error.errno or 0))

    def _fork(self, limits: dict[str, Any]) -> None:
        workdir = self._settings["folder"]
        if self._settings["tier"] != "b":
            workdir = f"{workdir}/{self._sessions}"
            os.mkdir(workdir, 0o700)
        opened: list[int] = []
        try:
            for pair in (socket.socketpair(), os.pipe(), os.pipe(), os.pipe()):
                opened += [end.detach() if isinstance(end, socket.socket) else end for end in pair]
            ours, theirs, out_read, out_write, err_read, err_write, end_read, end_write = opened
            child = isolation.fork()
            if child == 0:
                try:
                    self._become_session(theirs, (out_write, err_write), workdir, limits)
                except BaseException as error:
                    os.write(err_write, f"isolation failed: {type(error).__name__}: {error}".encode()[:500])
                os._exit(99)
            self._ends[child] = end_write
            opened.remove(end_write)
            given = [ours, out_read, err_read, end_read]
            if hasattr(os, "pidfd_open"):
                given.append(os.pidfd_open(child))
                opened.append(given[-1])
            socket.send_fds(self._control, [wire.BIRTH.pack(self._sessions, child)], given)
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _become_session(self, channel: int, outputs: tuple[int, int], workdir: str, limits: dict[str, Any]) -> None:
        """In the child: keep only what the session needs, lock the doors, serve cells."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Out of the way of the numbers that the session's own descriptors get.
        source = os.dup(channel)
        for original, target in ((self._null, 0), (outputs[0], 1), (outputs[1], 2)):
            os.dup2(original, target)
        self._walls.enter(workdir, limits)
        os.dup2(source, 3, inheritable=False)
        isolation.close_from(4)
        for seed in self._seeds:
            seed(int.from_bytes(os.urandom(4), "little"))
        self._interpreter.serve(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=3))

    def _reap(self) -> None:
        """Pass on the exit status of every process that has ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        while True:
            try:
                child, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if child == 0:
                return
            end = self._ends.pop(child, None)
            if end is not None:
                with contextlib.suppress(OSError):  # the host may have closed the session, and its end of the pipe
                    os.write(end, f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}".encode())
                os.close(end)


def _preload() -> list[Callable[[int], None]]:
    """Import what cells use, and touch what is made on first use, so that sessions share the pages.

    Returns:
        What seeds the generators of random numbers.
    """
    import asyncio
    import collections
    import datetime
    import itertools
    import math
    import random
    import re
    import statistics

    import cv2
    import matplotlib
    import numpy as np
    from PIL import Image, ImageColor, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

    matplotlib.use("agg")
    from matplotlib import font_manager, pyplot

    cv2.setNumThreads(1)
    seeds: list[Callable[[int], None]] = [random.seed, np.random.seed]  # numpy imports its generators on first use
    Image.init()
    ImageDraw.Draw(Image.new("RGB", (40, 20))).text((0, 0), "a", font=ImageFont.load_default(12))
    figure = pyplot.figure()
    pyplot.plot([1, 2])
    pyplot.title("a")
    figure.canvas.draw()
    pyplot.close("all")
    # Open font files must not be shared between sessions: they would share the position too.
    font_manager._get_font.cache_clear()  # type: ignore[attr-defined]
    del asyncio, collections, datetime, itertools, math, re, statistics
    del ImageColor, ImageEnhance, ImageFilter, ImageOps
    return seeds


def main() -> None:
    """Entry point: the control socket is standard input, the settings are the first message on it."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    settings = wire.receive(control)
    code = 0
    try:
        Zygote(control, settings).serve()
    except BaseException as error:
        code = 1
        message = f"{type(error).__name__}: {error}".encode(errors="replace").decode()
        with contextlib.suppress(OSError):
            control.sendall(wire.pack({"kind": "failed", "error": message[:2000]}))
    # The host is gone, perhaps killed: nothing of it may stay behind. (In tier b the process outside does this.)
    if settings["tier"] != "b":
        remove_tree(os.path.dirname(settings["folder"]))
    os._exit(code)
