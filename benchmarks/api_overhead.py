"""What the API costs beside the loop itself: the same episodes over HTTP and by ``run_episode``, one after the other.

The model is scripted and answers at once, so that everything else is overhead: JSON, base64, the server, the stream.
Run it when nothing else does: ``python benchmarks/api_overhead.py --episodes 100``.
"""

from __future__ import annotations

import argparse
import base64
import socket
import statistics
import time
from collections.abc import Awaitable, Callable

import anyio
import httpx
import uvicorn
from PIL import Image

from codedance.episode import run_episode
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.sandbox import LocalSandbox
from codedance.schema import CodeFormat, Task
from codedance.serving import ServedModel, ServingSettings
from codedance.serving.app import create_app
from codedance.serving.service import Service

CODE = "print(input_image.size)\ninput_image.crop((0, 0, 64, 64))"


async def main(episodes: int) -> None:
    """Print the median of both, and their ratio."""
    replies = [
        render_reply("I look.", CodeAction(CODE, CodeFormat.CODE)),
        render_reply("It says so.", AnswerAction("448 x 448")),
    ]
    model = ScriptedModel(replies)
    picture = Picture.from_image(Image.effect_noise((448, 448), 60).convert("RGB"))
    url = f"data:image/png;base64,{base64.b64encode(picture.data).decode()}"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "How large?"}]
    body = {"model": "scripted", "messages": [{"role": "user", "content": parts}]}
    task = Task(id="bench", source="bench", question="How large?", images=(picture.ref,))
    async with LocalSandbox() as sandbox:
        service = Service((ServedModel("scripted", model),), sandbox, ServingSettings())
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error"))
        listening = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/chat/completions"
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listening])
            async with httpx.AsyncClient(timeout=60) as client:

                async def direct() -> None:
                    await run_episode(task, [picture], model=model, sandbox=sandbox)

                async def whole() -> None:
                    (await client.post(address, json=body)).raise_for_status()

                async def stream() -> None:
                    (await client.post(address, json={**body, "stream": True})).raise_for_status()

                ways: dict[str, Callable[[], Awaitable[None]]] = {
                    "direct": direct,
                    "API": whole,
                    "API, streamed": stream,
                }
                seconds = await _measure(ways, episodes)
            server.should_exit = True
    base, base_busy = (statistics.median(column) for column in zip(*seconds["direct"], strict=True))
    for name, taken in seconds.items():
        wall, busy = (statistics.median(column) * 1000 for column in zip(*taken, strict=True))
        print(
            f"{name:14} {wall:7.2f} ms an episode ({wall / base / 1000:.2f} times the loop alone), "
            f"{busy:6.2f} ms of processor in this process ({busy / base_busy / 1000:.2f} times)"
        )
    print(f"medians of {episodes} episodes each, in turn; client, server and loop share this process")


async def _measure(
    ways: dict[str, Callable[[], Awaitable[None]]], episodes: int
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of each, by the wall clock and of processor.

    They are taken in turn, so that whatever else this machine does meets all of them alike.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(episodes + 3):
        for name, way in ways.items():
            begin, busy = time.perf_counter(), time.process_time()
            await way()
            if number >= 3:  # the first ones start processes and fill caches
                seconds[name].append((time.perf_counter() - begin, time.process_time() - busy))
    return seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=50)
    anyio.run(main, parser.parse_args().episodes)
