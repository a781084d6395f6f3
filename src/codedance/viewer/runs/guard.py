"""What every request to the run browser must pass: reading only, a host that is ours, the token; and safe headers.

A server on somebody's own machine can be asked by every web page that this person opens. A name that was made to point
here is refused (its ``Host`` is unknown), and no other site may read or frame an answer.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from codedance.viewer.asgi import SAFE_HEADERS, App, Receive, Send, host_allowed, with_headers

__all__ = ["BrowserGuard", "GuardSettings"]

_COOKIE = "codedance-view"
_LONGEST_ADDRESS = 8_192
_HEADERS = (
    *SAFE_HEADERS,
    # What a page may load and run is in the page itself, by hash; this holds for whatever is no page as well.
    ("Content-Security-Policy", "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
)


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Who may ask."""

    token: str | None = None
    """Asked for once as ``?token=``, then kept in a cookie; ``None`` asks for nothing."""
    hosts: tuple[str, ...] = ()
    """Names under which the server may be called, besides ``localhost`` and bare addresses."""


class BrowserGuard:
    """The outermost layer of the application.

    Args:
        app: what is guarded.
        settings: who may ask.
    """

    def __init__(self, app: App, settings: GuardSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it in one line of text."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        send = with_headers(send, _HEADERS)
        host = headers.get("host", "")
        if not host_allowed(host, self._settings.hosts):
            await _answer(send, 421, f"this server is not called '{host[:100]}'; start it with --allow-host NAME")
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, "runs can only be looked at", ("Allow", "GET, HEAD"))
        elif len(scope["query_string"]) > _LONGEST_ADDRESS:
            await _answer(send, 414, "the address is too long")
        elif self._settings.token is None or _is(_cookie(headers.get("cookie", "")), self._settings.token):
            await self._app(scope, receive, send)
        else:
            await self._let_in(scope, send)

    async def _let_in(self, scope: MutableMapping[str, Any], send: Send) -> None:
        """Take the token from the address, put it into a cookie, and lead to the address without it."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"))
        token = self._settings.token or ""
        if not any(name == "token" and _is(value, token) for name, value in pairs):
            await _answer(send, 401, "open the address that codedance view printed: it holds the token")
            return
        rest = urlencode([(name, value) for name, value in pairs if name != "token"])
        path = scope["path"].rsplit("/", 1)[-1]
        cookie = f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"
        # Relative, so that no address can lead to another site.
        where = f"./{path}" + (f"?{rest}" if rest else "")
        await _answer(send, 303, "", ("Location", where), ("Set-Cookie", cookie))


def _is(sent: str, token: str) -> bool:
    return secrets.compare_digest(sent.encode(), token.encode())


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header[:_LONGEST_ADDRESS]).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def _answer(send: Send, status: int, text: str, *headers: tuple[str, str]) -> None:
    body = f"{text}\n".encode("utf-8", errors="replace") if text else b""
    every = [("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))), *headers]
    encoded = [(name.lower().encode(), value.encode("latin-1", errors="replace")) for name, value in every]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
