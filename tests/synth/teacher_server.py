"""The teacher behind a real HTTP server that speaks OpenAI's protocol, and misbehaves where it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from codedance.imaging import Picture
from tests.models.faulty_server import FaultyServer, Handler
from tests.synth.teacher import Heard, Teacher, kind_of

__all__ = ["TeacherServer", "serve_teacher"]


class TeacherServer(FaultyServer):
    """What the server knows and has been asked.

    ``faults`` are used up one a request, as :class:`FaultyServer` does; ``always`` makes every request of a kind of
    prompt fail in the same way.
    """

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher
        self.always: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        """How often each request came, by its text; of a picture it has the hash of the file and that of the pixels."""
        self.kinds: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.delay_seconds = 0.0

    @property
    def count(self) -> int:
        """Requests so far."""
        return sum(self.seen.values())


class _TeacherHandler(Handler):
    state: TeacherServer

    def do_POST(self) -> None:  # noqa: N802 - the name that the base class calls
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        asked = _heard(request)
        kind = kind_of(asked)
        with self.state.lock:
            self.state.seen[_short(body.decode())] += 1
            self.state.kinds[f"{asked.model} {kind}"] += 1
            fault = self.state.faults.pop(0) if self.state.faults and kind != "hello" else ""
        fault = fault or self.state.always.get(kind, "")
        time.sleep(self.state.delay_seconds)
        if fault:
            self.misbehave(fault, request)
            return
        text = self.state.teacher.reply(asked)
        # A server strips the stop text that ended the reply.
        for stop in request.get("stop", []):
            text = text.split(stop)[0]
        usage = {"prompt_tokens": len(asked.text) // 4, "completion_tokens": len(text) // 4, "total_tokens": 0}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": request["model"]}
        self.reply(200, json.dumps({**reply, "choices": [choice], "usage": usage}).encode())


def _short(body: str) -> str:
    return re.sub(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", lambda found: _marks(found[1]), body)


def _marks(picture: str) -> str:
    data = base64.b64decode(picture)
    pixels = Picture.from_bytes(data).to_image().tobytes()
    return f"file {hashlib.sha256(data).hexdigest()[:12]}, pixels {hashlib.sha256(pixels).hexdigest()[:12]}"


def _heard(request: dict[str, Any]) -> Heard:
    system, texts, turn = "", "", 0
    pictures: list[str] = []
    for message in request["messages"]:
        if message["role"] == "assistant":
            turn += 1
        elif message["role"] == "system":
            system = message["content"]
        elif not turn:
            content = message["content"]
            parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
            for part in parts:
                if part["type"] == "text":
                    texts += part["text"]
                else:
                    data = base64.b64decode(part["image_url"]["url"].split(",", 1)[1])
                    pictures.append(hashlib.sha256(data).hexdigest())
    return Heard(system=system, text=texts, pictures=tuple(pictures), turn=turn, model=request["model"])


@contextmanager
def serve_teacher(teacher: Teacher) -> Iterator[TeacherServer]:
    """Run the server on a free port of loopback."""
    state = TeacherServer(teacher)
    handler = type("BoundTeacherHandler", (_TeacherHandler,), {"state": state})
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
