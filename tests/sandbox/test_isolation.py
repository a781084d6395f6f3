"""A hostile cell: what it must not reach, forge, outlive or leave behind."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import anyio
import pytest

from codedance.errors import MissingExtraError, SandboxError, TierUnavailableError
from codedance.sandbox import Limits, LocalSandbox, Tier, available_tier
from codedance.sandbox.guest import isolation, seccomp
from codedance.schema import ExecutionStatus
from tests.sandbox.conftest import Run
from tests.sandbox.processes import descendants

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("import os\nos._exit(0)", "exit code 0"),
        ("import os\nos._exit(7)", "exit code 7"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("import os\nos.closerange(0, 1024)", "exit code"),
    ],
)
async def test_the_end_of_the_process_is_a_crash(run: Run, code: str, detail: str) -> None:
    execution = (await run(code)).execution
    assert execution.status is ExecutionStatus.CRASHED
    assert detail in (execution.detail or "")
    assert (await run(code, "1")).execution.status is ExecutionStatus.LOST


@pytest.mark.parametrize(
    "frame",
    [
        "b'\\xff' * 64",
        "struct.pack('>I', 5) + b'{bad}'",
        "struct.pack('>I', 2) + b'[]'",
        "struct.pack('>I', 200000) + b'[' * 200000",
        "pack({'kind': 'image', 'mode': 'RGB', 'width': 10**6, 'height': 10**6, 'source': 'value'})",
        "pack({'kind': 'image', 'mode': 'RGB', 'width': -1, 'height': 5, 'source': 'value'})",
        "pack({'kind': 'image', 'mode': 'X' * 99, 'width': 5, 'height': 5, 'source': 'value'})",
        "pack({'kind': 'image', 'mode': ['RGB'], 'width': 5, 'height': 5, 'source': 'value'})",
        "pack({'kind': 'image', 'mode': 'L', 'width': 1, 'height': 1, 'source': {}}) + b'x' + pack({})",
        "pack({'kind': ['reply']})",
        "pack({'kind': 'reply', 'status': [], 'error': {'type': [[]]}, 'value': {}})",
        "pack({'kind': 'opened'})",
        "pack({})",
    ],
)
async def test_malformed_frames_end_the_session_and_hurt_nobody(run: Run, frame: str) -> None:
    code = (
        "import json, os, struct\n"
        "def pack(m):\n    b = json.dumps(m).encode()\n    return struct.pack('>I', len(b)) + b\n"
        f"os.write(3, {frame})"
    )
    assert (await run(code)).execution.status is ExecutionStatus.CRASHED
    assert (await run("1")).execution.value == "1"


async def test_descriptors_sent_over_the_channel_are_closed(run: Run) -> None:
    before = len(os.listdir("/proc/self/fd"))
    await run("import socket\nc = socket.socket(fileno=3)\nsocket.send_fds(c, [b'\\0'], [0, 1, 2])")
    assert len(os.listdir("/proc/self/fd")) <= before


async def test_the_environment_holds_nothing_of_the_host(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = "import os\n'sk-secret' in str(dict(os.environ)), 'OPENAI_API_KEY' in os.environ"
    value = (await run(code)).execution.value
    assert value == "(False, False)"


async def test_no_descriptor_of_the_host_is_inherited(run: Run) -> None:
    code = (
        "import os\nopen_ones = []\nfor n in range(200):\n"
        "    try:\n        os.fstat(n)\n        open_ones.append(n)\n    except OSError:\n        pass\nopen_ones"
    )
    value = (await run(code)).execution.value
    assert value == "[0, 1, 2, 3]"


async def test_a_session_leaves_no_file_and_no_process_behind(sandbox: LocalSandbox) -> None:
    async with sandbox.session() as session:
        await session.run("import os, threading, time\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('x')")
        await session.run("os.chmod('a', 0)")
        await session.run("threading.Thread(target=time.sleep, args=(60,)).start()")
        processes = set(descendants(os.getpid()))
    deadline = time.monotonic() + 5
    # The pool may fork a new session meanwhile: what counts is that the one that was left is gone.
    while processes <= set(descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes <= set(descendants(os.getpid()))


async def test_closing_the_sandbox_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    processes, descriptors = set(descendants(os.getpid())), len(os.listdir("/proc/self/fd"))
    async with LocalSandbox() as sandbox, sandbox.session() as session:
        await session.run("x = 1")
        assert os.listdir(tmp_path)
    assert os.listdir(tmp_path) == []
    assert set(descendants(os.getpid())) <= processes
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.mark.parametrize("tier", [Tier.B, Tier.A])
async def test_folders_that_a_cell_made_unreadable_are_removed(
    tier: Tier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os\nos.makedirs('a/b/c')\nopen('a/b/f', 'w').write('x')\nfor d in ('a/b/c', 'a/b', 'a'): os.chmod(d, 0)"
    )
    async with LocalSandbox(tier=tier) as sandbox, sandbox.session() as session:
        assert (await session.run(code)).execution.ok
    assert os.listdir(tmp_path) == []


async def test_a_cancelled_request_does_not_hand_its_session_to_the_next() -> None:
    small = Limits(wall_seconds=9, output_characters=7, open_files=17)
    async with LocalSandbox() as sandbox:
        async with sandbox.session():
            pass
        for _ in range(5):
            with anyio.CancelScope() as scope:
                scope.cancel()
                async with sandbox.session(limits=small):
                    raise AssertionError("was cancelled")
        for limits, files in ((None, 64), (small, 17), (None, 64)):
            async with sandbox.session(limits=limits) as session:
                result = await session.run("import resource\nresource.getrlimit(resource.RLIMIT_NOFILE)[0]")
            assert result.execution.value == str(files)


async def test_a_closed_sandbox_gives_a_clear_error() -> None:
    async with LocalSandbox() as sandbox:
        pass
    with pytest.raises(SandboxError, match="closed"):
        async with sandbox.session():
            pass


def test_a_tier_that_cannot_be_had_is_an_error_that_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"a": [], "b": ["user namespaces for ordinary users (denied)"]}
    monkeypatch.setattr("codedance.sandbox.local.missing_features", lambda: lacking)
    assert available_tier() is Tier.A
    with pytest.raises(TierUnavailableError, match="user namespaces"):
        available_tier(Tier.B)
    monkeypatch.setattr("codedance.sandbox.local.missing_features", lambda: {"a": ["Landlock"], "b": ["Landlock"]})
    with pytest.raises(TierUnavailableError, match="Landlock"):
        available_tier()


def test_this_machine_offers_both_tiers() -> None:
    assert isolation.missing_features() == {"a": [], "b": [], "limits-only": []}


async def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codedance.sandbox.local._REQUIRED_MODULES", ("no_such_module",))
    with pytest.raises(MissingExtraError, match=r"codedance\[guest\]"):
        async with LocalSandbox():
            pass


def test_both_architectures_have_a_filter_whose_jumps_stay_inside() -> None:
    for machine in seccomp.ARCHITECTURES:
        code = seccomp.build_filter(machine)
        assert len(code) % 8 == 0
        assert len(code) // 8 < 4096, "the kernel's limit"
        numbers = seccomp.syscall_numbers(machine)
        assert len(set(numbers.values())) == len(numbers)
        assert not {"socket", "connect", "execve", "fork", "kill", "ptrace", "memfd_create"} & numbers.keys()
    with pytest.raises(KeyError):
        seccomp.build_filter("riscv64")
