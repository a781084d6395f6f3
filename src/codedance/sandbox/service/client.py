"""A sandbox on another machine, behind the same protocol as the one on this machine."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

import anyio
import httpx
from pydantic import JsonValue, ValidationError

from codedance.errors import PictureError, SandboxError
from codedance.imaging import Picture
from codedance.sandbox.contract import CellResult, Limits, Session
from codedance.sandbox.service.messages import CellResponse, encode_pictures
from codedance.schema import Execution, ExecutionStatus

__all__ = ["RemoteSandbox"]


class RemoteSandbox:
    """Sessions of a ``codedance sandbox serve``; an async context manager.

    Args:
        base_url: for example ``http://localhost:8123``.
        token: the service's token, if it asks for one.
        limits: of sessions that name none.
        patience_seconds: how long to go on asking a service that has no room.
        transport: of the HTTP client; replaced in tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        limits: Limits | None = None,
        patience_seconds: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.limits = limits or Limits()
        self._patience = patience_seconds
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(
            base_url=self.base_url, headers=headers, transport=transport, timeout=httpx.Timeout(30.0, read=None)
        )
        self._info: dict[str, Any] = {}

    @property
    def description(self) -> Mapping[str, JsonValue]:
        """Kind, address, and what the service says of its sandbox."""
        return {**self._info.get("sandbox", {}), "kind": "remote", "base_url": self.base_url}

    async def __aenter__(self) -> Self:
        try:
            self._info = (await self._ask("GET", "/info", seconds=30.0)).json()
        except BaseException:
            await self._client.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def session(self, images: Sequence[Picture] = (), limits: Limits | None = None) -> AsyncIterator[Session]:
        """Open a session, see :class:`codedance.sandbox.contract.Sandbox`."""
        limits = limits or self.limits
        body = {"images": encode_pictures(images), "limits": limits.model_dump(mode="json")}
        answer = (await self._ask("POST", "/sessions", body, seconds=120.0)).json()
        name = str(answer["id"])
        try:
            yield _RemoteSession(self, name, limits)
        finally:
            with anyio.CancelScope(shield=True), suppress(SandboxError, httpx.HTTPError):
                await self._client.request("DELETE", f"/sessions/{name}", timeout=10.0)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, seconds: float
    ) -> httpx.Response:
        """One request; goes on asking while the service has no room.

        Raises:
            SandboxError: the service cannot be reached, refuses, or has no room for too long.
        """
        give_up = time.monotonic() + self._patience
        while True:
            try:
                answer = await self._client.request(method, path, json=body, timeout=httpx.Timeout(30.0, read=seconds))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
                raise SandboxError(f"the sandbox service at {self.base_url} cannot be reached ({reason})") from None
            if answer.status_code != 429 or time.monotonic() > give_up:
                break
            try:
                wait = float(answer.headers.get("retry-after", 1))
            except ValueError:
                wait = 1.0
            await anyio.sleep(min(max(wait, 0.05), 10.0))
        if answer.is_success:
            return answer
        try:
            said = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError):
            said = answer.text[:200]
        if answer.status_code == 401:
            said = "the token was refused; give the service's token"
        raise _RefusedError(f"the sandbox service at {self.base_url}: {said}", answer.status_code)


class _RefusedError(SandboxError):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class _RemoteSession:
    """One session of the service."""

    def __init__(self, sandbox: RemoteSandbox, name: str, limits: Limits) -> None:
        self._sandbox = sandbox
        self._name = name
        self._limits = limits
        self._lost = False

    async def run(self, code: str) -> CellResult:
        """Run one cell; a session that the service has closed meanwhile is lost."""
        if self._lost:
            return CellResult(Execution(status=ExecutionStatus.LOST, seconds=0.0, detail="the session has ended"))
        body = {"code": code.encode("utf-8", "replace").decode()}
        try:
            answer = await self._sandbox._ask(
                "POST", f"/sessions/{self._name}/cells", body, seconds=self._limits.wall_seconds + 60.0
            )
            return CellResponse.model_validate_json(answer.content).to_result()
        except _RefusedError as error:
            if error.code != 404:
                raise
            self._lost = True
            detail = "the service has closed the session"
            return CellResult(Execution(status=ExecutionStatus.LOST, seconds=0.0, detail=detail))
        except (ValidationError, PictureError) as error:
            said = str(error).splitlines()[0]
            raise SandboxError(f"the sandbox service sent an answer that is none ({said})") from None
