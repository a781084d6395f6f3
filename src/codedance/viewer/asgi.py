"""What every web server of ours asks of a request's host and adds to an answer; plain ASGI, no framework.

A server on somebody's own machine can be asked by every web page that this person opens. A name that was made to point
here is refused by its ``Host``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

__all__ = ["SAFE_HEADERS", "App", "Message", "Receive", "Send", "host_allowed", "with_headers"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

SAFE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("Cache-Control", "no-store"),
)
"""Of every answer; what a page may load and run is each server's own to say."""


def host_allowed(host: str, names: Sequence[str]) -> bool:
    """Whether a request may have been meant for us: bare addresses, ``localhost``, and the names that were given.

    A name that a stranger made to point at our address is none of these; a bare address cannot be such a name.

    >>> [host_allowed(one, ["box.lan"]) for one in ("127.0.0.1:80", "[::1]:80", "localhost", "BOX.lan:8", "a.example")]
    [True, True, True, True, False]
    >>> [host_allowed(one, []) for one in ("", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost")]
    [False, False, False, False]
    >>> host_allowed("localhost/x", [])
    False
    """
    if "@" in host or "/" in host:
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in {one.lower() for one in names}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def with_headers(send: Send, headers: Sequence[tuple[str, str]]) -> Send:
    """Send answers with these headers too, where they do not have them already."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            held = list(message.get("headers", []))
            there = {name.lower() for name, _ in held}
            added = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
            message = {**message, "headers": [*held, *(one for one in added if one[0] not in there)]}
        await send(message)

    return wrapped
