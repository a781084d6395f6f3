"""What every request must pass: the right host, no page of a stranger, the token, a length that fits; safe headers.

A server on somebody's own machine can be reached by every web page that this person opens. A page of a stranger may not
call it (its ``Origin`` is refused), nor may one whose name was made to point here (its ``Host`` is unknown).
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from codedance.serving.refusals import RefusalError, refusal_response
from codedance.serving.settings import ServingSettings

__all__ = ["Guard", "host_allowed"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_OPEN_PATHS = frozenset({"/", "/health"})
"""Served without the token: the playground's page holds nothing but itself."""
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("Cache-Control", "no-store"),
)
"""Set where the answer itself does not."""


class Guard:
    """The outermost layer of the application.

    Args:
        app: what is guarded.
        settings: token, hosts, origins, the largest body.
    """

    def __init__(self, app: App, settings: ServingSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request pass or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        shared = self._shared(origin)
        send = _with_headers(send, shared)
        try:
            self._check_caller(headers, origin)
            if scope["method"] == "OPTIONS" and shared:
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            self._check_token(scope["path"], headers)
            self._check_length(headers)
        except RefusalError as refusal:
            await refusal_response(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_caller(self, headers: dict[str, str], origin: str | None) -> None:
        host = headers.get("host", "")
        if not host_allowed(host, self._settings.hosts):
            raise RefusalError(
                421, f"this server is not called '{host[:100]}'; start it with --allow-host NAME", code="unknown_host"
            )
        if origin is not None and origin not in self._settings.origins and urlsplit(origin).netloc != host:
            raise RefusalError(403, "pages of other sites may not call this server", code="foreign_origin")

    def _check_token(self, path: str, headers: dict[str, str]) -> None:
        token = self._settings.token
        if token is None or path in _OPEN_PATHS:
            return
        sent = headers.get("authorization", "")
        if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            raise RefusalError(401, "send the token as 'Authorization: Bearer TOKEN'", code="invalid_api_key")

    def _check_length(self, headers: dict[str, str]) -> None:
        length = headers.get("content-length")
        if length is not None and (not length.isdecimal() or int(length[:20]) > self._settings.body_bytes):
            raise RefusalError(
                413, f"the body is larger than {self._settings.body_bytes >> 10} KiB", code="request_too_large"
            )

    def _shared(self, origin: str | None) -> Sequence[tuple[str, str]]:
        """What allows a page of a named site to read the answer."""
        if origin is None or origin not in self._settings.origins:
            return ()
        return (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ("Access-Control-Expose-Headers", "Retry-After"),
            ("Vary", "Origin"),
        )


def host_allowed(host: str, names: Sequence[str]) -> bool:
    """Whether a request may have been meant for us: bare addresses, ``localhost``, and the names that were given.

    A name that a stranger made to point at our address is none of these; a bare address cannot be such a name.

    >>> [host_allowed(one, ["box.lan"]) for one in ("127.0.0.1:80", "[::1]:80", "localhost", "BOX.lan:8", "a.example")]
    [True, True, True, True, False]
    >>> [host_allowed(one, []) for one in ("", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost")]
    [False, False, False, False]
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if "@" in host or "/" in host:
        return False
    if name == "localhost" or name in {one.lower() for one in names}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send, shared: Sequence[tuple[str, str]]) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", [])}
            more = [(name, value) for name, value in _HEADERS if name.lower().encode() not in there]
            if shared:
                more = [(name, value) for name, value in more if name != "Cross-Origin-Resource-Policy"]
            added = [(name.lower().encode(), value.encode("latin-1")) for name, value in [*more, *shared]]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return wrapped
