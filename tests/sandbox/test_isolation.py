"""A hostile cell: what it must not reach, forge, outlive or leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio
import pytest

from codedance.errors import MissingExtraError, SandboxError, TierUnavailableError
from codedance.sandbox import Limits, LocalSandbox, Tier, available_tier
from codedance.sandbox.guest import isolation, seccomp
from codedance.sandbox.session import LocalSession
from codedance.schema import ExecutionStatus
from tests.sandbox.conftest import Run

pytestmark = pytest.mark.anyio

SYSCALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def syscall(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), 'denied')
"""

DENIED = {
    "tcp": "import socket\nsocket.create_connection(('127.0.0.1', 22), 1)",
    "udp": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "ipv6": "import socket\nsocket.socket(socket.AF_INET6)",
    "netlink": "import socket\nsocket.socket(16, 3, 0)",
    "unix": "import socket\nsocket.socket(socket.AF_UNIX)",
    "unix datagram pair": "import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "/etc/passwd": "open('/etc/passwd').read()",
    "/etc/shadow": "open('/etc/shadow').read()",
    "home": "import os\nos.listdir('/home')",
    "root": "import os\nos.listdir('/root')",
    "temp": "import os\nos.listdir('/tmp')",
    "the parent folder": "import os\nos.listdir('..')",
    "write above": "open('../x', 'w')",
    "write to /tmp": "open('/tmp/pwned', 'w')",
    "write to libraries": "import numpy, pathlib\n(pathlib.Path(numpy.__file__).parent / 'x.py').write_text('')",
    "symlink": "import os\nos.symlink('/etc/passwd', 'l')",
    "hardlink": "import os\nos.link('/etc/hostname', 'l')",
    "fifo": "import os\nos.mkfifo('f')",
    "own memory as a file": "open('/proc/self/mem', 'r+b')",
    "parent's memory": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
    "environment as a file": "open('/proc/self/environ').read()",
    "kill parent": "import os\nos.kill(os.getppid(), 9)",
    "kill all": "import os\nos.kill(-1, 9)",
    "stop itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "fork": "import os\nos.fork()",
    "subprocess": "import subprocess\nsubprocess.run(['/bin/true'])",
    "system": "import os\nassert os.system('true') == 0, 'denied'",
    "posix_spawn": "import os\nos.posix_spawn('/bin/true', ['true'], {})",
    "exec": "import os\nos.execv('/bin/true', ['true'])",
    "multiprocessing": "import multiprocessing\nmultiprocessing.Process(target=print).start()",
    "memfd": "import os\nos.memfd_create('x')",
    "setuid": "import os\nos.setuid(1)",
    "chroot": "import os\nos.chroot('.')",
    "mount": f"{SYSCALL}syscall(165, b'a', b'.', b'tmpfs', 0, 0)",
    "unshare": f"{SYSCALL}syscall(272, 0x10000000)",
    "setns": f"{SYSCALL}syscall(308, 0, 0)",
    "ptrace": f"{SYSCALL}syscall(101, 0, 0, 0, 0)",
    "process_vm_readv": f"{SYSCALL}syscall(310, os.getppid(), 0, 0, 0, 0, 0)",
    "io_uring": f"{SYSCALL}syscall(425, 8, ctypes.create_string_buffer(256))",
    "keyctl": f"{SYSCALL}syscall(250, 0, -3, 1)",
    "bpf": f"{SYSCALL}syscall(321, 0, 0, 0)",
    "perf": f"{SYSCALL}syscall(298, 0, 0, 0, 0, 0)",
    "userfaultfd": f"{SYSCALL}syscall(323, 0)",
    "pidfd": f"{SYSCALL}syscall(434, os.getppid(), 0)",
    "vfork": f"{SYSCALL}syscall(58)",
    "clock_settime": f"{SYSCALL}syscall(227, 0, ctypes.create_string_buffer(16))",
    "prlimit of others": "import resource, os\nresource.prlimit(12345, resource.RLIMIT_CPU)",
    "shared memory": f"{SYSCALL}syscall(29, 0, 4096, 0o1600)",
    "personality": f"{SYSCALL}syscall(135, 0x0040000)",
    "terminal input": "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')",
    "mlock": f"{SYSCALL}syscall(149, 0, 4096)",
}


@pytest.mark.parametrize("abuse", list(DENIED))
async def test_an_abuse_is_an_error_in_the_cell_and_the_session_lives(run: Run, abuse: str) -> None:
    code = DENIED[abuse]
    execution = (await run(code)).execution
    assert execution.status is ExecutionStatus.ERROR, execution
    assert (await run(f"try:\n    exec({code!r})\nexcept BaseException: pass", "'alive'")).execution.value == "'alive'"


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


async def test_foreign_system_call_numbers_kill(run: Run) -> None:
    execution = (await run(f"{SYSCALL}syscall(0x40000000 | 39)")).execution
    assert execution.status is ExecutionStatus.DENIED


FORGE = """
import json, os, socket, struct
reply = {"kind": "reply", "status": "ok", "value": "'forged'", "error": None, "cut": False, "dropped": 0}
reply = json.dumps(reply).encode()
frame = struct.pack(">I", len(reply)) + reply
for descriptor in range(3, 40):
    try:
        os.write(descriptor, frame)
    except OSError:
        pass
"""


async def test_a_forged_reply_is_no_success(run: Run) -> None:
    for rest in ("raise RuntimeError('the truth')", "while True: pass", "pass"):
        execution = (await run(FORGE + rest, limits=Limits(wall_seconds=1))).execution
        assert execution.status in (ExecutionStatus.CRASHED, ExecutionStatus.TIMEOUT)


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
        processes = _descendants(os.getpid())
    deadline = time.monotonic() + 5
    while len(_descendants(os.getpid())) >= len(processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(_descendants(os.getpid())) < len(processes)


async def test_closing_the_sandbox_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    processes, descriptors = set(_descendants(os.getpid())), len(os.listdir("/proc/self/fd"))
    async with LocalSandbox() as sandbox, sandbox.session() as session:
        await session.run("x = 1")
        assert os.listdir(tmp_path)
    assert os.listdir(tmp_path) == []
    assert set(_descendants(os.getpid())) <= processes
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


async def test_a_killed_zygote_is_replaced_and_its_sessions_are_lost() -> None:
    async with LocalSandbox() as sandbox:
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


HOST = """
import anyio, sys
from codedance.sandbox import LocalSandbox
async def main():
    async with LocalSandbox() as sandbox, sandbox.session() as session:
        await session.run("x = 1")
        print("ready", flush=True)
        await session.run("while True: pass")
anyio.run(main)
"""


def test_nothing_outlives_a_host_that_was_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOST]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, env=environment)
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    family = _descendants(host.pid)
    assert len(family) >= 2
    assert os.listdir(tmp_path)
    host.kill()
    host.wait()
    host.stdout.close()
    deadline = time.monotonic() + 10
    while (any(_alive(pid) for pid in family) or os.listdir(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in family)
    assert os.listdir(tmp_path) == []


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


def _descendants(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = [child for child, parent in parents.items() if parent == pid]
    for child in found:
        found.extend(grandchild for grandchild, parent in parents.items() if parent == child)
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
