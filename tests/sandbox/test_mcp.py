"""The MCP server, asked by a real MCP client over standard input and output."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import AsyncIterator

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, ImageContent, TextContent

from codedance.imaging import Picture

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "codedance.cli.app", "sandbox", "mcp"], env=dict(os.environ)
    )
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


async def test_a_client_runs_code_with_pictures_in_and_out(client: ClientSession, picture: Picture) -> None:
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["execute_python_code"]
    assert "numpy" in (tools[0].description or "")
    data = base64.b64encode(picture.data).decode()

    async def call(code: str, **arguments: object) -> CallToolResult:
        result = await client.call_tool("execute_python_code", {"code": code, **arguments})
        assert isinstance(result, CallToolResult)
        return result

    shown = await call("print(input_image.size)\ninput_image.crop((0, 0, 20, 10))", images=[data])
    assert f"({picture.ref.width}, {picture.ref.height})" in text(shown)
    images = [part for part in shown.content if isinstance(part, ImageContent)]
    assert [image.mime_type for image in images] == ["image/png"]
    assert Picture.from_bytes(base64.b64decode(images[0].data)).ref.width == 20
    assert text(await call("x = 5")) == "[no output]"
    assert text(await call("x + 1")) == "6"
    assert "NameError" in text(await call("x", session="another"))
    assert "ZeroDivisionError" in text(await call("1 / 0"))
    assert "[crashed" in text(await call("import os\nos._exit(0)"))
    assert "NameError" in text(await call("x"))
    assert "could not run this" in text(await call("1", images=["no picture"]))
