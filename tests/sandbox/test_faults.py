"""Our own parts fail: typed errors, recovery, nothing hangs, nothing stays behind."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import anyio
import pytest

from codedance.errors import SandboxError
from codedance.imaging import Picture
from codedance.sandbox import Limits, LocalSandbox, Tier
from codedance.sandbox.local import _remove
from codedance.sandbox.session import LocalSession
from codedance.schema import ExecutionStatus
from tests.sandbox.processes import alive, descendants

pytestmark = pytest.mark.anyio
TIERS = pytest.mark.parametrize("tier", [Tier.B, Tier.A])


@TIERS
async def test_a_killed_zygote_is_replaced_and_its_sessions_are_lost(tier: Tier) -> None:
    async with LocalSandbox(tier=tier) as sandbox:
        async with sandbox.session() as session:
            assert sandbox._zygote is not None
            os.killpg(sandbox._zygote.pid, signal.SIGKILL)
            assert isinstance(session, LocalSession)
            deadline = time.monotonic() + 10
            while session._process.alive and time.monotonic() < deadline:
                time.sleep(0.01)
            result = await session.run("1")
            assert result.execution.status in (ExecutionStatus.CRASHED, ExecutionStatus.LOST, ExecutionStatus.MEMORY)
        async with sandbox.session() as session:
            assert (await session.run("1 + 1")).execution.value == "2"


@TIERS
async def test_a_zygote_that_does_not_answer_is_replaced(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codedance.sandbox.local._FORK_SECONDS", 0.5)
    async with LocalSandbox(tier=tier, pool=0) as sandbox:
        async with sandbox.session():
            pass
        assert sandbox._zygote is not None
        os.killpg(sandbox._zygote.pid, signal.SIGSTOP)
        async with sandbox.session() as session:
            assert (await session.run("1 + 1")).execution.value == "2"


async def test_more_sessions_than_the_pool_holds_are_forked_on_demand() -> None:
    async with LocalSandbox(pool=1) as sandbox:
        values: list[str | None] = []

        async def one(number: int) -> None:
            async with sandbox.session() as session:
                await session.run("import time\ntime.sleep(0.05)")
                values.append((await session.run(str(number))).execution.value)

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(one, number)
    assert sorted(map(int, filter(None, values))) == list(range(40))


async def test_a_full_disk_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with LocalSandbox() as sandbox:
        with monkeypatch.context() as context:
            context.setattr(tempfile, "mkdtemp", full)
            with pytest.raises(SandboxError, match="No space left"):
                async with sandbox.session():
                    pass
        async with sandbox.session() as session:
            assert (await session.run("1")).execution.ok


async def test_a_session_whose_folder_cannot_be_made_is_a_typed_error_and_the_others_live() -> None:
    async with LocalSandbox(tier=Tier.A, pool=0) as sandbox, sandbox.session() as session:
        assert sandbox._folder is not None
        folder = sandbox._folder / "session"
        (folder / "2").mkdir()  # where the next session's folder would be
        with pytest.raises(SandboxError, match="could not fork: File exists"):
            async with sandbox.session():
                pass
        shutil.rmtree(folder / "2")
        async with sandbox.session() as other:
            assert (await other.run("1")).execution.ok
        assert (await session.run("2")).execution.ok


async def test_pictures_that_do_not_fit_are_a_typed_error(picture: Picture) -> None:
    async with LocalSandbox() as sandbox:
        with pytest.raises(SandboxError, match="do not fit"):
            async with sandbox.session([picture], limits=Limits(file_bytes=10)):
                pass


async def open_many(sandbox: LocalSandbox) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(sandbox.session())


async def test_used_up_descriptors_are_a_typed_error_and_no_session_is_lost() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with LocalSandbox() as sandbox, sandbox.session() as first:
        await first.run("x = 'kept'")
        used = set(map(int, os.listdir("/proc/self/fd")))  # with gaps, where the tests were started with high ones open
        left = next(most for most in count() if most - sum(one < most for one in used) == 24)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (left, hard))
            with pytest.raises(SandboxError, match="descriptors"):
                await open_many(sandbox)
            assert (await first.run("x")).execution.value == "'kept'"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with sandbox.session() as session:
            assert (await session.run("1")).execution.ok
        assert (await first.run("x")).execution.value == "'kept'"


@TIERS
async def test_a_session_killed_from_outside_is_typed_and_the_next_one_works(tier: Tier) -> None:
    async with LocalSandbox(tier=tier) as sandbox:
        async with sandbox.session() as session, anyio.create_task_group() as group:
            assert isinstance(session, LocalSession)
            process = session._process

            async def kill() -> None:
                await anyio.sleep(0.2)
                process.kill()

            group.start_soon(kill)
            result = await session.run("import time\ntime.sleep(9)")
            assert result.execution.status is ExecutionStatus.MEMORY
            assert "killed by the kernel" in (result.execution.detail or "")
        async with sandbox.session() as session:
            assert (await session.run("1")).execution.ok


HOST = """
import anyio, sys
from codedance.sandbox import LocalSandbox, Tier
async def main():
    async with LocalSandbox(tier=Tier(sys.argv[1])) as sandbox, sandbox.session() as session:
        await session.run("x = 1")
        print("ready", flush=True)
        await session.run("while True: pass")
anyio.run(main)
"""


@pytest.mark.parametrize("tier", list(Tier))
def test_nothing_outlives_a_host_that_was_killed(tmp_path: Path, tier: Tier) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOST, tier.value]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, env=environment)
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    family = descendants(host.pid)
    assert len(family) >= 2
    assert os.listdir(tmp_path)
    host.kill()
    host.wait()
    host.stdout.close()
    deadline = time.monotonic() + 10
    while (any(alive(pid) for pid in family) or os.listdir(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in family)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_a_dying_process_still_writes_to_is_removed_all_the_same(tmp_path: Path) -> None:
    folder, until = tmp_path / "codedance-x", time.monotonic() + 0.3
    folder.mkdir()

    def write() -> None:
        with contextlib.suppress(FileNotFoundError):  # once the folder is gone, nothing can be made in it
            for number in count():
                if time.monotonic() > until:
                    return
                (folder / str(number)).mkdir()

    writer = threading.Thread(target=write)
    writer.start()
    while len(list(folder.iterdir())) < 50:
        time.sleep(0.001)
    _remove(folder)
    assert not folder.exists()
    writer.join()
