"""A node is killed in the middle: no finished row is lost, no attempt is counted twice, nothing depends on it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from codedance.cluster.hosts import HostSettings
from codedance.cluster.sandbox import RaySandbox
from codedance.errors import SandboxLostError
from codedance.schema import StopReason
from codedance.store import RunFolder
from tests.bench.examples import ROWS, write_lines
from tests.bench.replying_server import Messages, ReplyingServer, question_of, serve_replies
from tests.cluster.ray_cluster import ENVIRONMENT, RayCluster, until_both

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

CODEDANCE = [sys.executable, "-m", "codedance.cli.app"]
ROW_COUNT, ATTEMPTS = 24, 2
GATE = threading.Event()
"""Replies are held back until all nodes take part."""


def reply(messages: Messages) -> str:
    """Two cells, the second of which needs the session of the first; then an answer that depends on what was seen."""
    assert GATE.wait(280)
    turn = sum(message["role"] == "assistant" for message in messages)
    code = ("import time\ntime.sleep(0.5)\nsize = input_image.size", "print(size[0] + 1)", "")[turn]
    if code:
        return f"<think>look</think>\n<code>\n```python\n{code}\n```\n</code>"
    seen = str(messages[-1]["content"])
    letter = "ABCD"[hashlib.sha256((question_of(messages) + seen).encode()).digest()[0] % 4]
    return f"<think>so</think><answer>{letter}</answer>"


@pytest.fixture
def server() -> Iterator[ReplyingServer]:
    with serve_replies(reply) as server:
        yield server


@pytest.fixture(autouse=True)
def _whole_again(cluster: RayCluster) -> Iterator[None]:
    """Whatever became of a test, the next one has all nodes."""
    yield
    cluster.fill()


def begin(told: Path, *words: str) -> subprocess.Popen[str]:
    """Start the program; what it tells on its error stream goes to a file."""
    environment = {**os.environ, **ENVIRONMENT}
    with told.open("w") as stream:
        return subprocess.Popen([*CODEDANCE, *words], stdout=subprocess.PIPE, stderr=stream, text=True, env=environment)


def end(process: subprocess.Popen[str], told: Path) -> str:
    printed, _ = process.communicate(timeout=400)
    assert process.returncode == 0, told.read_text()
    assert "raylet" not in printed
    return told.read_text()


def wait_for(condition: Callable[[], bool], seconds: float = 400.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def evaluation(folder: Path, server: ReplyingServer) -> list[str]:
    """The words of an evaluation of rows that differ, without where it goes."""
    made = [ROWS["vstar"](index) for index in range(ROW_COUNT)]
    rows = [{**row, "text": f"Row {index}. {row['text']}"} for index, row in enumerate(made)]
    data = write_lines(folder / "vstar.jsonl", rows)
    words = [*("eval", "vstar", "--data", str(data), "--model", "server:m", "--base-url", server.url)]
    return [*words, "--allow-partial", "--attempts", str(ATTEMPTS), "--concurrency", "6"]


def test_an_evaluation_ends_as_if_no_node_had_died(cluster: RayCluster, server: ReplyingServer, tmp_path: Path) -> None:
    words = evaluation(tmp_path, server)
    told = tmp_path / "told"
    GATE.set()
    end(begin(told, *words, "--out", str(tmp_path / "here")), told)
    asked_here = len(server.requests)
    GATE.clear()
    far = begin(told, *words, "--out", str(tmp_path / "far"), "--ray", cluster.address)
    wait_for(lambda: told.read_text().count("room for") == 2 or far.poll() is not None)
    GATE.set()
    wait_for(lambda: lines(tmp_path / "far" / "trajectories.jsonl") >= 8 or far.poll() is not None)
    assert far.poll() is None, told.read_text()
    finished = {one.id for one in RunFolder.open(tmp_path / "far").trajectories()}
    cluster.kill_a_node()
    assert "lost; its episodes begin anew" in end(far, told)
    trajectories = list(RunFolder.open(tmp_path / "far").trajectories())
    counted = Counter(one.id for one in trajectories)
    assert len(counted) == ROW_COUNT * ATTEMPTS
    assert set(counted.values()) == {1}
    assert {one.stop for one in trajectories} == {StopReason.ANSWERED}
    assert finished <= set(counted)
    assert (tmp_path / "far" / "scores.jsonl").read_bytes() == (tmp_path / "here" / "scores.jsonl").read_bytes()
    assert len(server.requests) - asked_here > asked_here  # what was begun on the dead node was asked again


@pytest.mark.parametrize("begun_on_the_cluster", [True, False])
def test_an_evaluation_whose_driver_was_killed_goes_on_without_the_cluster_or_on_it(
    cluster: RayCluster, server: ReplyingServer, tmp_path: Path, *, begun_on_the_cluster: bool
) -> None:
    words, told, out = evaluation(tmp_path, server), tmp_path / "told", tmp_path / "there"
    stored, ray = out / "trajectories.jsonl", ["--ray", cluster.address]
    GATE.set()
    end(begin(told, *words, "--out", str(tmp_path / "here")), told)
    words += ["--out", str(out)]
    first = begin(told, *words, *(ray if begun_on_the_cluster else ()))
    wait_for(lambda: lines(stored) >= 8 or first.poll() is not None)
    assert first.poll() is None, told.read_text()
    first.kill()
    first.communicate()
    assert 8 <= lines(stored) < ROW_COUNT * ATTEMPTS
    end(begin(told, *words, *(() if begun_on_the_cluster else ray)), told)
    counted = Counter(one.id for one in RunFolder.open(out).trajectories())
    assert (len(counted), set(counted.values())) == (ROW_COUNT * ATTEMPTS, {1})
    assert (out / "scores.jsonl").read_bytes() == (tmp_path / "here" / "scores.jsonl").read_bytes()


def test_a_set_is_the_same_though_a_node_died_while_it_was_made(cluster: RayCluster, tmp_path: Path) -> None:
    words = [*("data", "generate", "--count", "100", "--family", "counting", "--family", "search")]
    told = tmp_path / "told"
    end(begin(told, *words, "--out", str(tmp_path / "here"), "--workers", "2"), told)
    far = begin(told, *words, "--out", str(tmp_path / "far"), "--ray", cluster.address)
    wait_for(lambda: both_work() or far.poll() is not None)
    cluster.kill_a_node()
    assert "is made again by another" in end(far, told)
    assert files(tmp_path / "far") == files(tmp_path / "here")


def both_work() -> bool:
    """True once two workers have a sandbox of their own."""
    names = subprocess.check_output(["ps", "-eo", "args"], text=True)
    return names.count("ray::CrewWorker.make") >= 2


def files(folder: Path) -> dict[str, str]:
    """Hash of every file but the manifest, which holds the time."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.mark.anyio
async def test_a_cell_on_a_dead_node_fails_and_the_next_session_is_elsewhere(cluster: RayCluster) -> None:
    told: list[str] = []
    settings = HostSettings(health_seconds=0.3, again_seconds=0.5)
    async with RaySandbox(cluster.address, settings=settings, tell=told.append) as sandbox:
        await until_both(sandbox)
        ends: list[str] = []

        async def work() -> None:
            async with sandbox.session() as session:
                try:
                    ends.append(str((await session.run("import time\ntime.sleep(6)\n'ran'")).execution.value))
                except SandboxLostError:
                    ends.append("lost")

        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(work)
            await anyio.sleep(1.0)
            await anyio.to_thread.run_sync(cluster.kill_a_node)
        assert sorted(ends) == ["'ran'", "lost"]
        async with sandbox.session() as session:
            assert (await session.run("6 * 7")).execution.value == "42"
        await anyio.to_thread.run_sync(cluster.fill)
        await until_both(sandbox)
    assert sum("lost; its episodes" in line for line in told) == 1
