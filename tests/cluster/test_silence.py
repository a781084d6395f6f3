"""Heads that tell no nodes, nodes that tell nothing: what is known is used, nobody waits for ever, and it is said."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import NoReturn

import anyio
import pytest

from codedance.cluster.connection import living_nodes
from codedance.cluster.crew import RayCrew
from codedance.cluster.hosts import HostSettings
from codedance.cluster.sandbox import RaySandbox
from codedance.errors import SandboxError
from tests.cluster.ray_cluster import RayCluster, until_both

pytestmark = pytest.mark.timeout(300)

TELLS_NOT = "the Ray cluster's head does not tell its nodes (ConnectionError: head at 10.0.0.1 is busy)"


def fail(*words: object, **named: object) -> NoReturn:
    raise ConnectionError("head at 10.0.0.1 is busy\nand a page about it")


def twice() -> Callable[[int], int]:
    """Starts a worker."""
    return lambda number: 2 * number


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():
            await anyio.sleep(0.05)


def test_what_a_head_says_instead_of_its_nodes_is_a_typed_error_in_one_line() -> None:
    silent = ModuleType("ray")
    vars(silent)["nodes"] = fail
    with pytest.raises(SandboxError) as caught:
        living_nodes(silent)
    assert str(caught.value) == TELLS_NOT


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.anyio
async def test_sessions_go_on_and_new_nodes_come_when_the_head_tells_them_again(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    settings = HostSettings(health_seconds=0.2, again_seconds=0.5)
    async with RaySandbox(cluster.address, settings=settings, tell=told.append) as sandbox:
        import ray

        await until_both(sandbox)
        with monkeypatch.context() as patch:
            patch.setattr(ray, "nodes", fail)
            await until(lambda: any(TELLS_NOT in line for line in told))
            await anyio.sleep(1.0)
            async with sandbox.session() as session:
                assert (await session.run("6 * 7")).execution.value == "42"
            assert sandbox.sessions_by_node() == [0, 0]
        await until(lambda: "the Ray cluster's head tells its nodes again" in told)
        assert sum(TELLS_NOT in line for line in told) == 1
        await anyio.to_thread.run_sync(cluster.kill_a_node)
        await until(lambda: len(sandbox.sessions_by_node()) == 1)
        await anyio.to_thread.run_sync(cluster.fill)
        await until_both(sandbox)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.anyio
async def test_a_session_is_refused_with_the_reason_once_nobody_watches_the_nodes(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RaySandbox(cluster.address, settings=HostSettings(health_seconds=0.2)) as sandbox:
        monkeypatch.setattr("codedance.cluster.hosts.living_nodes", fail)  # what no part of ours raises on purpose
        await anyio.sleep(1.0)
        with pytest.raises(SandboxError, match=r"not watched any more \(ConnectionError: head at 10.0.0.1 is busy\)"):
            async with sandbox.session():
                pass


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.anyio
async def test_a_node_that_is_silent_is_given_up_with_its_cells_and_tried_again(cluster: RayCluster) -> None:
    told: list[str] = []
    settings = HostSettings(health_seconds=0.2, silence_seconds=2.0, again_seconds=1.0)
    before = hosts_here()
    async with RaySandbox(cluster.address, settings=settings, tell=told.append) as sandbox:
        await until_both(sandbox)
        stopped = (hosts_here() - before).pop()
        os.kill(stopped, signal.SIGSTOP)
        try:
            await until(lambda: any("lost; its episodes begin anew" in line for line in told))
            async with sandbox.session() as session:
                assert (await session.run("6 * 7")).execution.value == "42"
            await until_both(sandbox)
        finally:
            with suppress(ProcessLookupError):  # Ray has killed what did not end by itself
                os.kill(stopped, signal.SIGKILL)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.anyio
async def test_nodes_with_another_version_are_left_out_and_it_is_said_why(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codedance.cluster.hosts.__version__", "9.9")
    told: list[str] = []
    with pytest.raises(SandboxError, match=r"no node .* can be used \(it has codedance .*, the driver 9.9; install"):
        async with RaySandbox(cluster.address, tell=told.append):
            pass
    assert all("is not used: it has codedance" in line for line in told)


def hosts_here() -> set[int]:
    """Processes of sandbox actors on this machine."""
    lines = subprocess.check_output(["ps", "-eo", "pid,args"], text=True).splitlines()
    return {int(line.split()[0]) for line in lines if "ray::SandboxHost" in line}


@pytest.mark.ray
@pytest.mark.slow
def test_parts_are_made_though_the_head_does_not_tell_its_nodes(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    heard = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        if "does not tell" in line or "tells its nodes again" in line:
            heard.set()

    with RayCrew(cluster.address, twice, tell=tell) as crew:
        import ray

        with monkeypatch.context() as patch:
            patch.setattr(ray, "nodes", fail)
            assert heard.wait(60)
            heard.clear()
            assert [crew.submit(number).result(120) for number in range(5)] == [0, 2, 4, 6, 8]
        assert heard.wait(60)
    assert sum(TELLS_NOT in line for line in told) == 1


@pytest.mark.ray
@pytest.mark.slow
def test_whoever_waits_for_a_part_hears_that_no_worker_can_be_used_any_more(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RayCrew(cluster.address, twice) as crew:
        import ray

        assert crew.submit(1).result(120) == 2
        monkeypatch.setattr(ray, "get", fail)
        before = crew.submit(2)
        with pytest.raises(SandboxError, match=r"cannot be used any more \(ConnectionError: head .*goes on$"):
            before.result(60)
        with pytest.raises(SandboxError, match="cannot be used any more"):
            crew.submit(3).result(60)
