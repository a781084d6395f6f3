"""``POST /v1/chat/completions``: bounded before it is read, ended when its client goes away."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from codedance.episode import Event
from codedance.serving.completions import DONE, ChoiceStream, completion, failure_of, server_sent, usage_chunk
from codedance.serving.refusals import RefusalError, error_body
from codedance.serving.service import Asked, Choice, Service
from codedance.serving.settings import ServingSettings
from codedance.viewer.asgi import Receive, Send

__all__ = ["ChatEndpoint"]

T = TypeVar("T")

_ALIVE = b": still working\n\n"
_ALIVE_SECONDS = 10.0
"""A comment after so long without a piece, so that nobody in between takes the stream for dead."""
_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class _GoneError(Exception):
    """The client has closed the connection."""


class ChatEndpoint:
    """The endpoint as an ASGI application: it sees the connection itself, and so when a client has gone.

    Args:
        service: what answers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; raises :class:`RefusalError` before anything was sent."""
        try:
            # Room comes first: a body that nobody has room for is not even read.
            async with self._service.queue.place() as place:
                body = await _body(scope, receive, self._service.settings)
                asked = await _while_there(receive, lambda: self._service.understand(body))
                place.take(asked.choices - 1)
                if asked.request.stream:
                    await _while_there(receive, lambda: self._stream(asked, send))
                else:
                    await _while_there(receive, lambda: self._whole(asked, send))
        except _GoneError:
            return

    async def _whole(self, asked: Asked, send: Send) -> None:
        choices: list[Choice] = []
        await self._run(asked, lambda index: None, choices.append)
        refusal = failure_of(choices)
        if refusal is not None:
            raise refusal
        answer = completion(asked, sorted(choices, key=lambda one: one.index))
        body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, asked: Asked, send: Send) -> None:
        """Steps go through a pipe that holds references only; they become text when the client takes them in."""
        told, ear = anyio.create_memory_object_stream[tuple[int, Event | Choice | RefusalError]](float("inf"))
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
        async with anyio.create_task_group() as group:
            group.start_soon(self._tell, asked, told)
            async with ear:
                await self._write(asked, ear, send)
            group.cancel_scope.cancel()

    async def _tell(
        self, asked: Asked, told: MemoryObjectSendStream[tuple[int, Event | Choice | RefusalError]]
    ) -> None:
        async with told:
            try:
                await self._run(
                    asked,
                    lambda index: lambda event: told.send_nowait((index, event)),
                    lambda choice: told.send_nowait((choice.index, choice)),
                )
            except RefusalError as refusal:
                told.send_nowait((0, refusal))

    async def _write(
        self, asked: Asked, ear: MemoryObjectReceiveStream[tuple[int, Event | Choice | RefusalError]], send: Send
    ) -> None:
        writer = _Writer(send, self._service.settings.write_seconds)
        streams = [ChoiceStream(asked, index) for index in range(asked.choices)]
        for stream in streams:
            await writer.data(stream.begin())
        choices: list[Choice] = []
        refusal: RefusalError | None = None
        while refusal is None and (heard := await _hear(ear, writer)) is not None:
            index, said = heard
            if isinstance(said, Choice):
                refusal = failure_of([said])
                choices.append(said)
                for piece in streams[index].end(said) if refusal is None else ():
                    await writer.data(piece)
            elif isinstance(said, RefusalError):
                refusal = said
            elif (step := streams[index].step(said)) is not None:
                await writer.data(step)
        options = asked.request.stream_options
        if refusal is not None:
            await writer.data(error_body(refusal))
        elif options is not None and options.include_usage:
            await writer.data(usage_chunk(asked, choices))
        await writer.bytes(DONE, last=True)

    async def _run(
        self,
        asked: Asked,
        listener: Callable[[int], Callable[[Event], None] | None],
        done: Callable[[Choice], None],
    ) -> None:
        """All episodes of a request side by side; the first refusal ends the others."""
        refusals: list[RefusalError] = []
        async with anyio.create_task_group() as group:

            async def one(index: int) -> None:
                try:
                    done(await self._service.answer(asked, index, listener(index)))
                except RefusalError as refusal:
                    refusals.append(refusal)
                    group.cancel_scope.cancel()

            for index in range(asked.choices):
                group.start_soon(one, index)
        if refusals:
            raise refusals[0]


class _Writer:
    """Writes to a client that must take in what it is sent."""

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds

    async def data(self, data: dict[str, Any]) -> None:
        """Send one message of the stream."""
        await self.bytes(server_sent(data))

    async def bytes(self, body: bytes, *, last: bool = False) -> None:
        """Send bytes; raises :class:`_GoneError` if the client takes in nothing for too long."""
        with anyio.move_on_after(self._seconds) as patience:
            await self._send({"type": "http.response.body", "body": body, "more_body": not last})
        if patience.cancelled_caught:
            raise _GoneError


async def _hear(ear: MemoryObjectReceiveStream[T], writer: _Writer) -> T | None:
    """What is said next, ``None`` at the end; while there is silence the client gets a sign of life."""
    while True:
        with anyio.move_on_after(_ALIVE_SECONDS):
            try:
                return await ear.receive()
            except anyio.EndOfStream:
                return None
        await writer.bytes(_ALIVE)


async def _while_there(receive: Receive, work: Callable[[], Awaitable[T]]) -> T:
    """Do something as long as the client is there; when it goes, the work is cancelled.

    Raises:
        _GoneError: it has gone.
        RefusalError: of the work.
    """
    outcome: list[T] = []
    refused: list[RefusalError | _GoneError] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            outcome.append(await work())
        except (RefusalError, _GoneError) as refusal:
            refused.append(refusal)
        except OSError:  # the connection broke while something was sent
            refused.append(_GoneError())
        group.cancel_scope.cancel()
    if refused:
        raise refused[0]
    if not outcome:
        raise _GoneError
    return outcome[0]


async def _body(scope: MutableMapping[str, Any], receive: Receive, settings: ServingSettings) -> bytes:
    """The body of a request, if it is JSON, comes in time and is not too large."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    # Web pages of others may send forms and plain text without asking; JSON they may not.
    if kind.partition(b";")[0].strip().lower() != b"application/json":
        raise RefusalError(415, "send the body as application/json", code="unsupported_media_type")
    body = bytearray()
    with anyio.move_on_after(settings.body_seconds) as patience:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            body += message.get("body", b"")
            if len(body) > settings.body_bytes:
                raise RefusalError(
                    413, f"the body is larger than {settings.body_bytes >> 10} KiB", code="request_too_large"
                )
            if not message.get("more_body", False):
                break
    if patience.cancelled_caught:
        raise RefusalError(408, f"the body did not come within {settings.body_seconds:g} s", code="request_timeout")
    return bytes(body)
