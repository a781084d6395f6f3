"""What the evaluation harness costs beside a bare ``openai`` client that sends the same requests, and what it keeps.

    python benchmarks/eval_overhead.py [--episodes 400] [--rounds 5] [--concurrency 64] [--mode schema]
    python benchmarks/eval_overhead.py --memory 10000

The server is another process that answers at once. The harness asks first, and the server notes its requests; then, in
turns, the bare client sends these very requests, an episode's one after the other and as many episodes at once, and the
harness runs again: reading rows, decoding pictures, building and parsing, cutting out parts of pictures, writing every
trajectory with its pictures to disk, scoring. Figures are medians; processor time counts this process alone.

With ``--memory`` the harness runs so many episodes and tells its resident memory on the way.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from PIL import Image

from codedance.bench import expand
from codedance.bench.data.loading import LoadSettings
from codedance.bench.evaluation import EvalRun, EvalSettings, Patience, Progress, evaluate, open_rows
from codedance.episode import EpisodeSettings
from codedance.imaging import Picture
from codedance.models.server import ServerModel
from codedance.protocol import protocol_info
from codedance.sandbox import LocalSandbox, NoSandbox, Sandbox
from codedance.schema import ReasoningMode

CALL = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [20, 20, 90, 80]}}
ZOOM = f"<think>closer</think><tool_call>{json.dumps(CALL)}</tool_call>"
CODE = "<think>measure</think>\n<code>\n```python\nprint(input_image.size)\n```\n</code>"
ANSWER = "<think>so</think><answer>A</answer>"
FIRST = {
    ReasoningMode.SCHEMA: ZOOM,
    ReasoningMode.CODE: CODE,
    ReasoningMode.PROGRAM: CODE,
    ReasoningMode.DIRECT: ANSWER,
}


def _reply(text: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
    value = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _serve(pipe: Any, noted: str, first: str) -> None:  # noqa: ANN401 - the type of a pipe's end is private
    """Answer at once; the bodies of requests are noted until the file ``noted`` is there."""
    replies = _reply(first), _reply(ANSWER)

    async def handle(stream: Any) -> None:  # noqa: ANN401
        data = b""
        async with stream:
            while True:
                try:
                    while (end := data.find(b"\r\n\r\n")) < 0:
                        data += await stream.receive()
                    head = data[:end].lower()
                    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                    data = data[end + 4 :]
                    while len(data) < length:
                        data += await stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return
                body, data = data[:length], data[length:]
                if not Path(noted).exists():
                    with Path(noted + ".part").open("ab") as file:
                        file.write(body + b"\n")
                await stream.send(replies[b'"role":"assistant"' in body])

    async def work() -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=512)
        pipe.send(listener.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610 - no query
        await listener.serve(handle)

    anyio.run(work)


@contextmanager
def served(noted: Path, mode: ReasoningMode) -> Iterator[str]:
    """URL of the server."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, str(noted), FIRST[mode]), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/v1"
    finally:
        process.kill()
        process.join()


def write_rows(folder: Path, count: int) -> Path:
    """V* rows with pictures that differ."""
    with (folder / "vstar.jsonl").open("w", encoding="utf-8") as file:
        for index in range(count):
            image = Image.new("RGB", (448, 336), (index % 256, index // 256, 90))
            image.paste((250, 250, 250), (20, 20, 90, 80))
            row = {
                "image": "data:image/png;base64," + base64.b64encode(Picture.from_image(image).data).decode(),
                "text": f"Row {index}: what colour is it?\n(A) rust\n(B) cream\n(C) navy\n(D) teal",
                "category": "direct_attributes",
                "label": "A",
                "question_id": index,
            }
            file.write(json.dumps(row) + "\n")
    return folder / "vstar.jsonl"


async def harness(
    data: Path, out: Path, url: str, sandbox: Sandbox, *, mode: ReasoningMode, concurrency: int, every: int = 0
) -> None:
    """Evaluate all rows into a new run folder; with ``every``, tell the memory after so many episodes."""
    episode = EpisodeSettings(protocol=protocol_info(mode=mode))
    settings = EvalSettings(episode=episode, rows=LoadSettings(allow_partial=True))
    benchmarks = expand(["vstar"])
    told = 0

    def listen(progress: Progress) -> None:
        nonlocal told
        if every and progress.ended >= told:
            print(f"  after {progress.ended:6d} episodes {resident():7.1f} MB", flush=True)
            told += every

    model = ServerModel("m", base_url=url)
    loaded = open_rows(benchmarks, settings.rows, data)
    with EvalRun(out, benchmarks, loaded, settings=settings, model=model.name) as run:
        progress = await evaluate(run, model, sandbox, patience=Patience(concurrency=concurrency), listener=listen)
    await model.close()
    if progress.right != progress.total:
        raise SystemExit(f"{progress.right} of {progress.total} rows are right: the benchmark is broken")


async def bare(episodes: list[list[dict[str, Any]]], url: str, *, concurrency: int) -> None:
    """Send the requests of each episode one after the other, as many episodes at once."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0)
    waiting = iter(episodes)

    async def work() -> None:
        for requests in waiting:
            for request in requests:
                reply = await client.chat.completions.create(**request)
                if not reply.choices[0].message.content:
                    raise SystemExit("the server said nothing")

    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(work)
    await client.close()


def resident() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def noted_episodes(path: Path) -> list[list[dict[str, Any]]]:
    """The requests that the server noted, by episode, in order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in path.read_bytes().splitlines():
        request = json.loads(line)
        content = request["messages"][1]["content"]
        found[next(part["text"] for part in content if part["type"] == "text")].append(request)
    return [sorted(requests, key=lambda one: len(one["messages"])) for requests in found.values()]


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run both in turn and print the table."""
    mode = ReasoningMode(arguments.mode)
    data = write_rows(folder, arguments.episodes)
    noted = folder / "requests.jsonl"
    walls: dict[str, list[float]] = {"harness": [], "bare": []}
    cpus: dict[str, list[float]] = {"harness": [], "bare": []}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begin, cpu = time.perf_counter(), time.process_time()
        yield
        walls[name].append(time.perf_counter() - begin)
        cpus[name].append(time.process_time() - cpu)

    needs_code = mode in (ReasoningMode.CODE, ReasoningMode.PROGRAM)
    with served(noted, mode) as url:
        async with LocalSandbox() if needs_code else _Nothing() as sandbox:
            await harness(data, folder / "warm", url, sandbox, mode=mode, concurrency=arguments.concurrency)
            Path(f"{noted}.part").rename(noted)
            episodes = noted_episodes(noted)
            turns = sum(map(len, episodes))
            await bare(episodes, url, concurrency=arguments.concurrency)
            for number in range(arguments.rounds):
                with timed("bare"):
                    await bare(episodes, url, concurrency=arguments.concurrency)
                with timed("harness"):
                    out = folder / f"run{number}"
                    await harness(data, out, url, sandbox, mode=mode, concurrency=arguments.concurrency)
    print(f"mode {mode.value}, {len(episodes)} episodes, {turns} requests, concurrency {arguments.concurrency}")
    for name in walls:
        wall, cpu = statistics.median(walls[name]), statistics.median(cpus[name])
        print(
            f"  {name:8} {wall:7.2f} s, {turns / wall:7.0f} requests/s, processor {1e3 * cpu / turns:6.2f} ms a request"
        )
    for kind, values in (("wall time", walls), ("processor time", cpus)):
        ratios = [one / other for one, other in zip(values["harness"], values["bare"], strict=True)]
        print(f"  harness / bare, {kind:14} {statistics.median(ratios):5.2f} (rounds: {_listed(sorted(ratios))})")


class _Nothing:
    """No sandbox, as a context."""

    async def __aenter__(self) -> NoSandbox:
        return NoSandbox()

    async def __aexit__(self, *_: object) -> None:
        return None


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


async def memory(arguments: argparse.Namespace, folder: Path) -> None:
    """Run many episodes and tell the memory on the way."""
    mode = ReasoningMode(arguments.mode)
    data = write_rows(folder, arguments.memory)
    noted = folder / "noted"
    noted.touch()
    print(
        f"mode {mode.value}, {arguments.memory} episodes, concurrency {arguments.concurrency}, resident memory:",
        flush=True,
    )
    with served(noted, mode) as url:
        every = max(1, arguments.memory // 10)
        await harness(
            *(data, folder / "run", url, NoSandbox()), mode=mode, concurrency=arguments.concurrency, every=every
        )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--mode", choices=[mode.value for mode in ReasoningMode], default="schema")
    parser.add_argument("--memory", type=int, default=0, metavar="EPISODES")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(memory if arguments.memory else measure, arguments, Path(folder))


if __name__ == "__main__":
    main()
