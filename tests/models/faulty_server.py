"""A real HTTP server for the tests that answers chat completions, or misbehaves as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["FaultyServer", "serve"]


class FaultyServer:
    """Faults are used up one a request; then requests are answered well."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.times: list[float] = []
        self.text = "<think>x</think><answer>7"
        self.replies: list[str] = []
        """What is said first, one a request; then the last of it stays."""
        self.message: dict[str, Any] = {}
        self.finish = "stop"
        self.url = ""


def completion(server: FaultyServer) -> dict[str, Any]:
    message = {"role": "assistant", "content": server.text, **server.message}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": server.finish, "message": message}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }


def chunks(server: FaultyServer) -> Iterator[dict[str, Any]]:
    base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    for begin in range(0, len(server.text), 4):
        delta = {"content": server.text[begin : begin + 4]}
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": server.finish}]}
    yield {**base, "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}}


class Handler(BaseHTTPRequestHandler):
    """Answers for the server whose state the subclass holds."""

    state: FaultyServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.state.times.append(time.monotonic())
        self.state.keys.append(self.headers.get("Authorization"))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        self.state.requests.append(request)
        if self.state.replies:
            self.state.text = self.state.replies.pop(0)
        fault = self.state.faults.pop(0) if self.state.faults else ""
        if not self.path.startswith("/v1/"):
            self.reply(404, b'{"detail": "Not Found"}')
        elif fault:
            self.misbehave(fault, request)
        elif request.get("stream"):
            lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks(self.state)) + "data: [DONE]\n\n"
            self.reply(200, lines.encode(), kind="text/event-stream")
        else:
            self.reply(200, json.dumps(completion(self.state)).encode())

    def misbehave(self, fault: str, request: dict[str, Any]) -> None:
        kind, _, rest = fault.partition(" ")
        if kind == "slow":
            time.sleep(float(rest))
            kind = "well"
        if kind.isdigit():
            message = json.dumps({"error": {"message": rest or "no reason"}}).encode()
            self.reply(int(kind), message, headers={"Retry-After": "0"} if kind == "429" else {})
        elif kind == "hangup":
            self.close_connection = True
            self.connection.close()
        elif kind == "cut":
            first = next(chunks(self.state))
            self.reply(200, f"data: {json.dumps(first)}\n\ndata: {{".encode(), kind="text/event-stream")
        else:
            if kind == "huge":
                self.state.text = "x" * 3_000_000
            well = json.dumps(completion(self.state)).encode()
            bodies = {"html": b"<html>It works!</html>", "half": well[:60], "empty": b"", "nothing": b'{"choices": []}'}
            self.reply(200, bodies.get(kind, well), kind="text/html" if kind == "html" else "application/json")

    def reply(
        self, status: int, body: bytes, *, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextmanager
def serve() -> Iterator[FaultyServer]:
    """Run the server on a free port of loopback."""
    state = FaultyServer()
    handler = type("BoundHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
