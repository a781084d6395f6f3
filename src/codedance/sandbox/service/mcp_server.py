"""The sandbox as a tool for any MCP client: ``execute_python_code``, pictures in and out, sessions that stay alive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from mcp.server.mcpserver import Image, MCPServer
from pydantic import Field

from codedance import __version__
from codedance.errors import CodeDanceError
from codedance.sandbox.contract import CellResult
from codedance.sandbox.libraries import describe_guest
from codedance.sandbox.local import LocalSandbox
from codedance.sandbox.service.keeper import SessionKeeper
from codedance.sandbox.service.messages import decode_picture

__all__ = ["create_server", "tool_answer"]

_TOOL = "execute_python_code"


def create_server(sandbox: LocalSandbox, *, max_sessions: int = 8, idle_seconds: float = 3600.0) -> MCPServer[None]:
    """The server; it opens the sandbox when a client connects and closes it when that one leaves."""
    keeper = SessionKeeper(sandbox, max_sessions=max_sessions, idle_seconds=idle_seconds)

    @asynccontextmanager
    async def lifespan(_: MCPServer[None]) -> AsyncIterator[None]:
        async with sandbox:
            try:
                yield
            finally:
                await keeper.close_all()

    server: MCPServer[None] = MCPServer(
        "codedance-sandbox", version=__version__, lifespan=lifespan, log_level="WARNING", instructions=describe_guest()
    )

    @server.tool(name=_TOOL, structured_output=False, description=_description())
    async def execute_python_code(
        code: Annotated[str, Field(description="Python to run as one cell of a notebook.")],
        images: Annotated[
            list[str] | None,
            Field(description="Pictures in base64 or as data URLs; they begin a new session as `input_image`."),
        ] = None,
        session: Annotated[str, Field(description="Name of the session whose variables to go on with.")] = "default",
    ) -> list[str | Image]:
        try:
            if images or not keeper.has(session):
                pictures = [decode_picture(data) for data in images or []]
                await keeper.close(session)
                await keeper.open(pictures, name=session)
            result = await keeper.run(session, code)
        except CodeDanceError as error:
            return [f"the sandbox could not run this: {error}"]
        if result.execution.status.value not in ("ok", "error", "exited"):
            await keeper.close(session)  # the next call begins anew instead of finding a dead session
        return tool_answer(result)

    return server


def _description() -> str:
    return (
        "Run Python in an isolated, stateful sandbox and get back what it printed, the value of its last expression "
        f"and the pictures that it showed.\n{describe_guest()}"
    )


def tool_answer(result: CellResult) -> list[str | Image]:
    """Text and pictures of a cell, as the tool answers them."""
    execution = result.execution
    parts = [execution.stdout, execution.stderr, execution.value or ""]
    if execution.error is not None:
        parts.append(execution.error.traceback)
    if not execution.ok:
        detail = f": {execution.detail}" if execution.detail else ""
        parts.append(f"[{execution.status.value}{detail}]")
    if execution.truncated:
        parts.append("[cut at a limit]")
    text = "\n".join(part.rstrip("\n") for part in parts if part)
    pictures = [Image(data=picture.data, format=picture.ref.format) for picture in result.pictures]
    return [text or ("[shown below]" if pictures else "[no output]"), *pictures]
