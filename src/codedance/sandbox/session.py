"""One session as the host sees it: frames are claims, the clock and the exit status are facts."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from PIL import Image

from codedance.errors import SandboxError
from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits
from codedance.sandbox.guest.folders import tree_bytes
from codedance.sandbox.guest.wire import HEADER, MAX_FRAME_BYTES, pack
from codedance.sandbox.process import Process, Stream
from codedance.schema import CapturedImage, Execution, ExecutionStatus, GuestError, ImageSource

__all__ = ["LocalSession"]

_CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}
_POLL_SECONDS = 0.1
_OPEN_SECONDS = 30.0
_GRACE_SECONDS = 0.5
_CHUNK, _CONTROL = 1 << 16, socket.CMSG_SPACE(64)
"""Small enough for the allocator to keep at hand: a larger block would be mapped and unmapped for every read."""
_SMALL_BYTES = 300_000
"""Raw pixels up to here are encoded at once, which takes a millisecond."""


class _ChannelBrokenError(Exception):
    """The session sent something that an honest interpreter never sends."""


@dataclass(slots=True)
class _Cell:
    """What has come of the running cell so far."""

    stdout: Stream
    stderr: Stream
    captured: list[CapturedImage] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    reply: dict[str, Any] | None = None


class LocalSession:
    """A session in a process of this machine, see :class:`codedance.sandbox.contract.Session`."""

    def __init__(self, process: Process, limits: Limits, *, when_idle: Callable[[], None]) -> None:
        self._when_idle: Callable[[], None] | None = when_idle
        self._process = process
        self._limits = limits
        self._buffer = bytearray()
        self._dead = False
        self._next_check = time.monotonic() + _POLL_SECONDS
        self._selector = selectors.DefaultSelector()
        for stream in (process.channel, process.stdout, process.stderr):
            self._selector.register(stream, selectors.EVENT_READ)

    async def open(self, images: Sequence[Picture]) -> None:
        """Give the session its pictures; raises :class:`SandboxError` if it does not come up."""
        cell = self._cell()
        deadline = time.monotonic() + _OPEN_SECONDS
        try:
            await self._read("born", cell, deadline)
            if images:
                self._check_room(images)
                message = pack({"kind": "open", "images": [len(picture.data) for picture in images]})
                await self._write(message + b"".join(picture.data for picture in images), cell, deadline)
        except (EOFError, TimeoutError, _ChannelBrokenError, _OverLimitError, OSError) as error:
            self._dead = True
            _, detail = await self._verdict_of_the_dead()
            cell.stderr.drain(self._process.stderr)
            reason = cell.stderr.text.strip() or str(error) or detail
            raise SandboxError(f"a session could not be started ({reason})") from None

    def _check_room(self, images: Sequence[Picture]) -> None:
        limits, sizes = self._limits, [len(picture.data) for picture in images]
        if sum(sizes) > limits.disk_bytes or max(sizes) > limits.file_bytes:
            raise SandboxError(
                f"the pictures ({sum(sizes) / 2**20:.1f} MiB) do not fit into the session's files (file_bytes "
                f"{limits.file_bytes >> 20} MiB each, disk_bytes {limits.disk_bytes >> 20} MiB together); raise them"
            )

    async def run(self, code: str) -> CellResult:
        """Run one cell."""
        if self._dead:
            return CellResult(Execution(status=ExecutionStatus.LOST, seconds=0.0, detail="the session has ended"))
        cell = self._cell()
        begin = time.monotonic()
        deadline = begin + self._limits.wall_seconds
        status, detail = ExecutionStatus.OK, None
        finished = False
        try:
            status, detail = await self._run(code, cell, deadline)
            finished = True
        except anyio.ClosedResourceError:
            status = ExecutionStatus.LOST
        except EOFError:
            status, detail = await self._verdict_of_the_dead()
        except (_ChannelBrokenError, OSError) as error:
            self._process.kill()
            status, detail = ExecutionStatus.CRASHED, f"the code broke the channel to the host: {error}"
        finally:
            # Also when cancelled: a cell that is no longer waited for must not run on.
            if not finished or (status is not ExecutionStatus.OK and status not in _LIVING):
                self._dead = True
                self._process.kill()
        seconds = time.monotonic() - begin
        if self._process.closed:  # by another task: its descriptors may be another session's by now
            return CellResult(Execution(status=ExecutionStatus.LOST, seconds=seconds, detail="the session was closed"))
        cell.stdout.drain(self._process.stdout)
        cell.stderr.drain(self._process.stderr)
        self._tell_idle()
        return self._result(cell, status, detail, seconds)

    def memory(self) -> dict[str, int]:
        """KiB of the process by kind, as ``/proc/PID/smaps_rollup`` names them; empty where that cannot be read."""
        return self._process.memory()

    def close(self) -> None:
        """End the session's process; a cell that another task still waits for is lost."""
        self._dead = True
        self._tell_idle()
        if not self._process.closed:
            # Whoever waits must hear of it first: these numbers will be those of other files, and of other sessions.
            for waited_for in (self._selector, self._process.channel, self._process.end):
                anyio.notify_closing(waited_for)
        self._selector.close()
        self._process.close()

    def _tell_idle(self) -> None:
        """Once: after the first cell, or at the end if there was none."""
        tell, self._when_idle = self._when_idle, None
        if tell is not None:
            tell()

    def _cell(self) -> _Cell:
        return _Cell(Stream(self._limits.output_characters), Stream(self._limits.output_characters))

    async def _run(self, code: str, cell: _Cell, deadline: float) -> tuple[ExecutionStatus, str | None]:
        limits = self._limits
        token = os.urandom(8).hex()
        request = {
            "kind": "run",
            "token": token,
            "code": code.encode("utf-8", "replace").decode(),
            "output_characters": limits.output_characters,
            "images": limits.images,
            "image_pixels": limits.image_pixels,
        }
        message = pack(request)
        if len(message) > MAX_FRAME_BYTES:
            error = {"type": "ValueError", "message": "the code is too long", "traceback": "the code is too long"}
            cell.reply = {"status": "error", "error": error}
            return ExecutionStatus.ERROR, None
        try:
            await self._write(message, cell, deadline)
            cell.reply = await self._read("reply", cell, deadline)
        except TimeoutError:
            self._process.kill()
            return ExecutionStatus.TIMEOUT, f"over {limits.wall_seconds:g} seconds"
        except _OverLimitError as error:
            self._process.kill()
            return error.status, str(error)
        if cell.reply.get("token") != token:
            cell.reply = None
            raise _ChannelBrokenError("a forged answer")
        return _claimed_status(cell.reply), None

    async def _read(self, kind: str, cell: _Cell, deadline: float) -> dict[str, Any]:
        """The next message of this kind, taking in output and pictures on the way.

        Raises:
            TimeoutError: the deadline has passed.
            EOFError: the process has ended.
            _ChannelBrokenError: a message that does not belong here, or none at all.
        """
        while True:
            while (message := self._next_frame()) is not None:
                if message.get("kind") == "image" and kind == "reply":
                    await self._take_image(message, cell, deadline)
                elif message.get("kind") == kind:
                    return message
                else:
                    raise _ChannelBrokenError("an unexpected message")
            await self._wait(cell, deadline)

    async def _take_image(self, header: dict[str, Any], cell: _Cell, deadline: float) -> None:
        """Check a picture's header against the limits, read its pixels, and build it on our side."""
        mode, width, height = header.get("mode"), header.get("width"), header.get("height")
        if (
            not isinstance(mode, str)
            or mode not in _CHANNELS
            or not isinstance(width, int)
            or not isinstance(height, int)
        ):
            raise _ChannelBrokenError("a picture of no known form")
        if min(width, height) < 1 or width * height > self._limits.image_pixels:
            raise _ChannelBrokenError("a picture of forbidden size")
        if len(cell.pictures) >= self._limits.images:
            raise _ChannelBrokenError("too many pictures")
        size = width * height * _CHANNELS[mode]
        while len(self._buffer) < size:
            await self._wait(cell, deadline)
        pixels = self._buffer[:size]
        del self._buffer[:size]
        if size < _SMALL_BYTES:
            picture = _picture(mode, (width, height), pixels)
        else:  # a large one takes longer to encode than others should wait
            picture = await anyio.to_thread.run_sync(_picture, mode, (width, height), pixels, abandon_on_cancel=True)
        source, after = header.get("source"), header.get("after")
        known = next((one for one in ImageSource if one.value == source), ImageSource.DISPLAY)
        printed = after if isinstance(after, int) and after >= 0 else 0
        captured = CapturedImage(image=picture.ref, source=known, after_characters=printed)
        cell.captured.append(captured)
        cell.pictures.append(picture)

    def _next_frame(self) -> dict[str, Any] | None:
        if len(self._buffer) < HEADER.size:
            return None
        (length,) = HEADER.unpack_from(self._buffer)
        if length > MAX_FRAME_BYTES:
            raise _ChannelBrokenError("a message that is too long")
        if len(self._buffer) < HEADER.size + length:
            return None
        body = bytes(self._buffer[HEADER.size : HEADER.size + length])
        del self._buffer[: HEADER.size + length]
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            raise _ChannelBrokenError("a message that is no JSON") from None
        if not isinstance(message, dict):
            raise _ChannelBrokenError("a message of the wrong form")
        return message

    async def _wait(self, cell: _Cell, deadline: float) -> None:
        """Wait for anything to arrive and take it in; checks limits that only the host can see."""
        if self._process.closed:
            raise anyio.ClosedResourceError
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        with anyio.move_on_after(min(remaining, _POLL_SECONDS)):
            await anyio.wait_readable(self._selector)
        if self._process.closed:  # while this slept to the end of its interval: nobody was told then
            raise anyio.ClosedResourceError
        # By the clock, not by silence: a cell that prints without end must not hide what else it does.
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + _POLL_SECONDS
            self._check_usage()
        ended = False
        for key, _ in self._selector.select(0):
            if key.fd == self._process.stdout:
                self._drain(cell.stdout, key.fd)
            elif key.fd == self._process.stderr:
                self._drain(cell.stderr, key.fd)
            else:
                ended = self._receive()
        if ended:
            raise EOFError

    def _drain(self, stream: Stream, descriptor: int) -> None:
        if stream.drain(descriptor):
            # A closed pipe is readable for ever: watching on would spin.
            with suppress(KeyError):
                self._selector.unregister(descriptor)

    def _receive(self) -> bool:
        """Read what the channel holds; True at its end."""
        for _ in range(16):
            try:
                data, extra, _, _ = self._process.channel.recvmsg(_CHUNK, _CONTROL)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            for level, kind, payload in extra:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    _close_all(payload)
            if not data:
                return True
            self._buffer += data
            if len(data) < _CHUNK:
                break
        return False

    async def _write(self, data: bytes, cell: _Cell, deadline: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._process.channel.send(view) :]
            except BlockingIOError:
                # The session may be blocked on its output while it should read: take that in, then try again.
                await self._wait_briefly(cell, deadline)
            except (BrokenPipeError, ConnectionResetError):
                raise EOFError from None

    async def _wait_briefly(self, cell: _Cell, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError
        cell.stdout.drain(self._process.stdout)
        cell.stderr.drain(self._process.stderr)
        if not self._process.alive:
            raise EOFError
        with anyio.move_on_after(0.05):
            await anyio.wait_writable(self._process.channel)
        if self._process.closed:
            raise anyio.ClosedResourceError

    def _check_usage(self) -> None:
        usage = self._process.usage()
        threads, resident = usage.get("Threads", 0), usage.get("VmRSS", 0) * 1024
        if threads > self._limits.threads + 1:
            raise _OverLimitError(ExecutionStatus.DENIED, f"more than {self._limits.threads} threads")
        if resident > self._limits.memory_bytes + (512 << 20):
            raise _OverLimitError(ExecutionStatus.MEMORY, f"over {self._limits.memory_bytes >> 20} MiB")
        folder = self._process.folder
        if folder is not None and tree_bytes(str(folder)) > self._limits.disk_bytes:
            raise _OverLimitError(ExecutionStatus.DENIED, f"over {self._limits.disk_bytes >> 20} MiB of files")

    async def _verdict_of_the_dead(self) -> tuple[ExecutionStatus, str]:
        """What the exit status of an ended process means."""
        code, cpu_seconds = 0, 0.0
        with anyio.move_on_after(_GRACE_SECONDS) as scope:
            with suppress(anyio.ClosedResourceError):
                await anyio.wait_readable(self._process.end)
            if self._process.closed:
                return ExecutionStatus.LOST, "the session was closed"
            with suppress(BlockingIOError, ValueError):
                status, used = os.read(self._process.end, 64).split()
                code, cpu_seconds = int(status), float(used)
        if scope.cancelled_caught:
            # It has closed its channel and lives on: nobody would hear it again.
            self._process.kill()
            return ExecutionStatus.CRASHED, "the process closed its channel"
        if code >= 0:
            return ExecutionStatus.CRASHED, f"the process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        # The kernel's processor limit ends in SIGKILL where the process is the first of its namespace.
        # It counts by its own ticks; what it reports at the end may be well below on a busy machine.
        share = {"SIGXCPU": 0.5, "SIGKILL": 0.9}.get(name)
        if share is not None and cpu_seconds >= self._limits.cpu_seconds * share:
            return ExecutionStatus.TIMEOUT, f"over {self._limits.cpu_seconds:g} seconds of processor time"
        if name == "SIGKILL":
            return ExecutionStatus.MEMORY, "killed by the kernel, most likely for want of memory"
        if name == "SIGSYS":
            return ExecutionStatus.DENIED, "a forbidden system call"
        return ExecutionStatus.CRASHED, f"the process was ended by {name}"

    def _result(self, cell: _Cell, status: ExecutionStatus, detail: str | None, seconds: float) -> CellResult:
        reply = cell.reply or {}
        limit = self._limits.output_characters
        value = reply.get("value")
        execution = Execution(
            status=status,
            stdout=cell.stdout.text,
            stderr=cell.stderr.text,
            value=value[:limit] if isinstance(value, str) else None,
            error=_guest_error(reply.get("error"), limit),
            # The guest says where a picture stands in the text; it cannot stand behind its end.
            images=tuple(
                one.model_copy(update={"after_characters": min(one.after_characters, len(cell.stdout.text))})
                for one in cell.captured
            ),
            seconds=seconds,
            truncated=cell.stdout.cut or cell.stderr.cut or bool(reply.get("cut")) or bool(reply.get("dropped")),
            exit_code=_exit_code(reply) if status is ExecutionStatus.EXITED else None,
            detail=detail,
        )
        return CellResult(execution, tuple(cell.pictures))


_LIVING = frozenset({ExecutionStatus.OK, ExecutionStatus.ERROR, ExecutionStatus.EXITED, ExecutionStatus.MEMORY})


class _OverLimitError(Exception):
    """The host saw the session go over a limit."""

    def __init__(self, status: ExecutionStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def _claimed_status(reply: dict[str, Any]) -> ExecutionStatus:
    match reply.get("status"):
        case "ok":
            return ExecutionStatus.OK
        case "exited":
            return ExecutionStatus.EXITED
        case _:
            error = reply.get("error")
            out_of_memory = isinstance(error, dict) and error.get("type") == "MemoryError"
            return ExecutionStatus.MEMORY if out_of_memory else ExecutionStatus.ERROR


def _exit_code(reply: dict[str, Any]) -> int | None:
    code = reply.get("code")
    return code & 0xFF if isinstance(code, int) else None


def _guest_error(error: object, limit: int) -> GuestError | None:
    if not isinstance(error, dict):
        return None
    kind, message, trace = (str(error.get(name, ""))[:limit] for name in ("type", "message", "traceback"))
    return GuestError(type=kind[:200], message=message, traceback=trace)


def _picture(mode: str, size: tuple[int, int], pixels: bytearray) -> Picture:
    return Picture.from_image(Image.frombytes(mode, size, pixels))


def _close_all(payload: bytes) -> None:
    for offset in range(0, len(payload) - len(payload) % 4, 4):
        os.close(int.from_bytes(payload[offset : offset + 4], "little"))
