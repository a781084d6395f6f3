"""A judge behind a real HTTP server: it answers by a function of what it is asked, and misbehaves as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.models.faulty_server import FaultyServer, Handler, completion

__all__ = ["JudgeServer", "kind_of", "serve_judge"]


class JudgeServer(FaultyServer):
    """What it answers, and what it was asked."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self.answer = answer
        self.kinds: list[str] = []
        self.always = ""
        """A fault of every request but the greeting."""
        self.lock = threading.Lock()


def kind_of(asked: str) -> str:
    """Which prompt a request was made of."""
    if "lettered options" in asked:
        return "option"
    if "Two answers to one question" in asked:
        return "compare"
    return "extract" if "Copy the final answer" in asked else "hello"


class _JudgeHandler(Handler):
    state: JudgeServer

    def do_POST(self) -> None:  # noqa: N802 - the name that the base class calls
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = next(one["content"] for one in request["messages"] if one["role"] == "user")
        kind = kind_of(asked)
        with self.state.lock:
            self.state.times.append(time.monotonic())
            self.state.requests.append(request)
            self.state.kinds.append(kind)
            body = b""
            fault = self.state.faults.pop(0) if self.state.faults and kind != "hello" else ""
            if fault or (self.state.always and kind != "hello"):
                fault = fault or self.state.always
            else:
                self.state.text = "ready" if kind == "hello" else self.state.answer(asked)
                body = json.dumps(completion(self.state)).encode()
        if fault:
            self.misbehave(fault, request)
        else:
            self.reply(200, body)


@contextmanager
def serve_judge(answer: Callable[[str], str]) -> Iterator[JudgeServer]:
    """Run the judge on a free port of loopback."""
    state = JudgeServer(answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (_JudgeHandler,), {"state": state}))
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
