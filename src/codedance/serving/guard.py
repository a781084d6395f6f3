"""What every request must pass: the right host, no page of a stranger, the token, a length that fits; safe headers.

A server on somebody's own machine can be reached by every web page that this person opens. A page of a stranger may not
call it (its ``Origin`` is refused), nor may one whose name was made to point here (its ``Host`` is unknown).
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from codedance.serving.refusals import RefusalError, refusal_response
from codedance.serving.settings import ServingSettings
from codedance.viewer.asgi import SAFE_HEADERS, App, Receive, Send, host_allowed, with_headers

__all__ = ["Guard"]

_OPEN_PATHS = frozenset({"/", "/health"})
"""Served without the token: the playground's page holds nothing but itself."""
_HEADERS = (
    *SAFE_HEADERS,
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
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
        # A page of a named site may read the answer: what says the opposite is left out for it.
        own = [one for one in _HEADERS if not shared or one[0] != "Cross-Origin-Resource-Policy"]
        send = with_headers(send, [*own, *shared])
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
