"""A real chat-completions server whose replies depend on what is asked, and which fails when it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["ReplyingServer", "answering", "question_of", "serve_replies"]

Messages = list[dict[str, Any]]
_HTML = b"<html><body>It works!</body></html>"


class ReplyingServer:
    """Faults are taken by one request each; with ``always`` every request gets that one."""

    def __init__(self, reply: Callable[[Messages], str]) -> None:
        self.reply = reply
        self.faults: list[str] = []
        self.always = ""
        self.seconds = 0.0
        self.requests: list[dict[str, Any]] = []
        self.extra_choices = 0
        self.url = ""


def question_of(messages: Messages) -> str:
    """Text of the question."""
    content = next(message["content"] for message in messages if message["role"] == "user")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def answering(answer: Callable[[str], str]) -> Callable[[Messages], str]:
    """A box first, then an answer that depends on the question."""

    def reply(messages: Messages) -> str:
        if sum(message["role"] == "assistant" for message in messages) == 0:
            call = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 20, 16]}}
            return f"<think>closer</think><tool_call>{json.dumps(call)}</tool_call>"
        return f"<think>so</think><answer>{answer(question_of(messages))}</answer>"

    return reply


class _Handler(BaseHTTPRequestHandler):
    state: ReplyingServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state = self.state
        state.requests.append(request)
        time.sleep(state.seconds)
        fault = state.always or (state.faults.pop(0) if state.faults else "")
        if fault.isdigit():
            self.answer(int(fault), b'{"error": {"message": "no reason"}}')
            return
        if fault == "hangup":
            self.close_connection = True
            self.connection.close()
            return
        text = {"empty": "", "huge": "x" * 20_000_000}.get(fault) if fault in ("empty", "huge") else None
        body = json.dumps(self.completion(state.reply(request["messages"]) if text is None else text)).encode()
        bodies = {"html": _HTML, "half": body[: len(body) // 2], "nothing": b'{"choices": []}', "blank": b""}
        self.answer(200, bodies.get(fault, body), kind="text/html" if fault == "html" else "application/json")

    def completion(self, text: str) -> dict[str, Any]:
        texts = [text] + ["<answer>another choice</answer>"] * self.state.extra_choices
        choices = [
            {"index": index, "finish_reason": "stop", "message": {"role": "assistant", "content": one}}
            for index, one in enumerate(texts)
        ]
        usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": usage}

    def answer(self, status: int, body: bytes, *, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that was killed is no error of the server."""


@contextmanager
def serve_replies(reply: Callable[[Messages], str]) -> Iterator[ReplyingServer]:
    """Run the server on a free port of loopback."""
    state = ReplyingServer(reply)
    server = _Server(("127.0.0.1", 0), type("BoundHandler", (_Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
