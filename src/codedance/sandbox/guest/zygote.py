"""The process that everything is imported in once, and that forks one isolated process for every session.

Started by the host as a program, with one connected socket as its standard input. Single-threaded, holding no secret:
what it knows, every session could know. When the socket closes, it ends, and all sessions with it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from . import isolation, seccomp
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
        self._pid_namespace: int | None = None
        self._ends: dict[int, tuple[int, str]] = {}
        """Process id: the pipe that waits for its exit status, and its folder."""
        self._sessions = 0
        self._filter = seccomp.build_filter()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def serve(self) -> None:
        """Isolate, import, then fork on request until the control socket closes."""
        if self._settings["tier"] == "b":
            self._pid_namespace = isolation.enter_namespaces()
        else:
            isolation.die_with_parent()
        _preload()
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._control.sendall(b"ready\n")
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        poller.register(self._wake_read, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll():
                if descriptor == self._wake_read:
                    self._reap()
                    continue
                request = self._control.recv(1 << 16)
                if not request:
                    return
                self._spawn(json.loads(request))

    def _spawn(self, limits: dict[str, Any]) -> None:
        """Fork a session and send the host its channel, output pipes, exit pipe and process descriptor."""
        self._sessions += 1
        workdir = self._settings["folder"]
        if self._pid_namespace is not None:
            isolation.new_session_namespaces(self._pid_namespace)
        else:
            workdir = f"{workdir}/{self._sessions}"
            os.mkdir(workdir, 0o700)
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        end_read, end_write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self._become_session(theirs, (out_write, err_write), workdir, limits)
            except BaseException as error:
                os.write(err_write, f"isolation failed: {error}".encode()[:500])
            os._exit(99)
        process = os.pidfd_open(child)
        descriptors = [ours.fileno(), out_read, err_read, end_read, process]
        socket.send_fds(self._control, [json.dumps({"folder": workdir}).encode()], descriptors)
        for descriptor in (out_read, out_write, err_read, err_write, end_read, process):
            os.close(descriptor)
        ours.close()
        theirs.close()
        self._ends[child] = (end_write, workdir)

    def _become_session(
        self, channel: socket.socket, outputs: tuple[int, int], workdir: str, limits: dict[str, Any]
    ) -> None:
        """In the child: keep only what the session needs, lock the doors, serve cells."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (outputs[0], 1), (outputs[1], 2)):
            os.dup2(source, target)
        channel = socket.socket(fileno=os.dup2(channel.detach(), 3, inheritable=False))
        os.closerange(4, 1024)
        isolation.Walls(
            readable=tuple(self._settings["readable"]) + _FILES_READABLE,
            workdir=workdir,
            namespaces=self._pid_namespace is not None,
            memory_bytes=limits["memory_bytes"],
            cpu_seconds=limits["cpu_seconds"],
            file_bytes=limits["file_bytes"],
            disk_bytes=limits["disk_bytes"],
            open_files=limits["open_files"],
            filter_code=self._filter,
        ).enter()
        _fresh_randomness()
        Interpreter(channel).serve()

    def _reap(self) -> None:
        """Pass on the exit status of every process that has ended."""
        os.read(self._wake_read, 4096)
        while True:
            try:
                child, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if child == 0:
                return
            end, _ = self._ends.pop(child, (None, ""))
            if end is not None:
                with contextlib.suppress(OSError):  # the host may have closed the session, and its end of the pipe
                    os.write(end, f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}".encode())
                os.close(end)


def _fresh_randomness() -> None:
    """Sessions are forked from one state: without new seeds they would all draw the same numbers."""
    import random

    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(int.from_bytes(os.urandom(4), "little"))


def _preload() -> None:
    """Import what cells use, and touch what is made on first use, so that sessions share the pages."""
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
    from matplotlib import pyplot

    cv2.setNumThreads(1)
    Image.init()
    ImageDraw.Draw(Image.new("RGB", (40, 20))).text((0, 0), "a", font=ImageFont.load_default(12))
    figure = pyplot.figure()
    pyplot.plot([1, 2])
    pyplot.title("a")
    figure.canvas.draw()
    pyplot.close("all")
    del asyncio, collections, datetime, itertools, math, random, re, statistics
    del np, ImageColor, ImageEnhance, ImageFilter, ImageOps
    # Frozen objects are not visited by the collector, so that its marks do not copy shared pages.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Entry point: the control socket is standard input, the settings are the first line on it."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    first = control.recv(1 << 16)
    try:
        settings = json.loads(first)
        Zygote(control, settings).serve()
        # The host is gone, perhaps killed: nothing of it may stay behind.
        remove_tree(os.path.dirname(settings["folder"]))
    except BaseException as error:
        message = f"failed {type(error).__name__}: {error}"
        control.sendall(message.encode(errors="replace")[:2000])
        os._exit(1)
    os._exit(0)
