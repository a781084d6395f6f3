"""Where the plug-ins run code: on the worker's own machine, or at a service that asks for a token."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvicorn

from codedance.engines.settings import EngineSettings
from codedance.engines.workplace import Workplace, workplace
from codedance.errors import SandboxError, UsageError
from codedance.sandbox import LocalSandbox
from codedance.sandbox.service import SessionKeeper
from codedance.sandbox.service.api import ServiceSettings, create_app

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(token: str) -> AsyncIterator[str]:
    """The address of a sandbox service that asks for this token."""
    async with LocalSandbox() as sandbox:
        app = create_app(SessionKeeper(sandbox, max_sessions=2), ServiceSettings(token=token))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            async with anyio.create_task_group() as group:
                group.start_soon(server.serve, [listening])
                try:
                    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
                finally:
                    server.should_exit = True


async def test_a_service_is_given_the_token_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("let me in\n")
    async with served("let me in") as address:
        settings = EngineSettings(sandbox=address, sandbox_token_file=str(tmp_path / "token"))
        assert "let me in" not in settings.model_dump_json()
        place = Workplace(settings)
        async with (await place.sandbox()).session() as session:
            assert (await session.run("print(6 * 7)")).execution.stdout == "42\n"
        await place.close()
        with pytest.raises(SandboxError, match="token was refused"):
            await Workplace(EngineSettings(sandbox=address)).sandbox()


async def test_a_token_that_cannot_be_read_is_told_with_its_setting(tmp_path: Path) -> None:
    settings = EngineSettings(sandbox="http://127.0.0.1:9", sandbox_token_file=str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"sandbox_token_file=.*gone: the token cannot be read"):
        await Workplace(settings).sandbox()


async def test_every_event_loop_has_a_place_of_its_own() -> None:
    async def place() -> Workplace:
        return workplace(EngineSettings())

    here = await place()
    assert here is await place()
    elsewhere = [await anyio.to_thread.run_sync(anyio.run, place) for _ in range(3)]
    assert len({id(one) for one in (here, *elsewhere)}) == 4
