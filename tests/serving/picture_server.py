"""A real web server with a picture, and with answers that are none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["PictureServer", "serve_pictures"]


class PictureServer:
    """What was asked of it."""

    def __init__(self, picture: bytes) -> None:
        self.picture = picture
        self.port = 0
        self.hosts: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers for the server whose state the subclass holds."""

    state: PictureServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.state.hosts.append(self.headers["Host"])
        port, picture = self.state.port, self.state.picture
        with suppress(BrokenPipeError, ConnectionResetError):
            match self.path:
                case "/ok":
                    self.reply(200, picture)
                case "/redirect":
                    self.reply(302, headers={"Location": f"http://inside.example:{port}/ok"})
                case "/loop":
                    self.reply(302, headers={"Location": "/loop"})
                case "/file":
                    self.reply(302, headers={"Location": "file:///etc/passwd"})
                case "/text":
                    self.reply(200, b"secret", kind="text/plain")
                case "/fake":
                    self.reply(200, b"secret")
                case "/zipped":
                    self.reply(200, picture, headers={"Content-Encoding": "gzip"})
                case "/endless":
                    self.endless()
                case "/slow":
                    time.sleep(2)
                    self.reply(200, picture)
                case "/cut":
                    self.reply(200, picture[:60], length=len(picture))
                case _:
                    self.reply(404)

    def reply(
        self,
        status: int,
        body: bytes = b"",
        *,
        kind: str = "image/png",
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 1024)


@contextmanager
def serve_pictures(picture: bytes) -> Iterator[PictureServer]:
    """Run the server on a free port of loopback."""
    state = PictureServer(picture)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"state": state}))
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
