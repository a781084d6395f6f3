"""The battery of abuses in both tiers, the soak, and the tier that has no walls."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from codedance.errors import UsageError
from codedance.sandbox import Limits, LocalSandbox, Tier
from codedance.sandbox.abuses import ABUSES, Abuse, Outcome
from codedance.sandbox.audit import audit, footprint, soak
from codedance.sandbox.guest import seccomp
from codedance.schema import ExecutionStatus
from tests.sandbox.processes import alive

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TIERS = pytest.mark.parametrize("tier", [Tier.B, Tier.A])


@TIERS
async def test_every_abuse_comes_to_what_it_must(tier: Tier) -> None:
    async with LocalSandbox(tier=tier) as sandbox:
        findings = await audit(sandbox, at_once=4)
    assert len(findings) == len(ABUSES) > 110
    assert [(one.abuse.name, one.seen, one.problem) for one in findings if one.problem] == []


@TIERS
async def test_a_soak_with_hostile_sessions_leaves_nothing_behind(
    tier: Tier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests make files in the usual one
    async with LocalSandbox(tier=tier) as sandbox:
        result = await soak(sandbox, sessions=300)
    assert result.honest_correct == 270
    assert result.clean, result


async def test_the_audit_notices_a_wall_with_a_hole() -> None:
    reached = Abuse(
        "reads a library", frozenset({Outcome.DENIED}), ("import numpy\nopen(numpy.__file__).read() and 'REACHED'",)
    )
    wrong = Abuse("ends", frozenset({Outcome.INERT}), ("import os\nos._exit(0)",))
    unequal = Abuse("says no", frozenset({Outcome.INERT}), ("'no'",), check=lambda _: "not what was hoped for")
    async with LocalSandbox() as sandbox:
        findings = await audit(sandbox, abuses=[reached, wrong, unequal])
    assert [one.problem for one in findings] == [
        "it got what it should not",
        "expected inert",
        "not what was hoped for",
    ]


async def test_the_audit_does_not_attack_a_machine_without_walls() -> None:
    async with LocalSandbox(tier=Tier.LIMITS_ONLY) as sandbox:
        with pytest.raises(UsageError, match="isolates nothing"):
            await audit(sandbox)


def test_the_footprint_sees_processes_and_descriptors() -> None:
    before = footprint()
    with subprocess.Popen(["sleep", "9"]) as child:
        read, write = os.pipe()
        after = footprint()
        child.kill()
    os.close(read)
    os.close(write)
    assert after.processes == before.processes + 1
    assert after.descriptors >= before.descriptors + 2


async def test_limits_only_runs_cells_and_keeps_time_but_is_never_chosen_by_itself() -> None:
    async with LocalSandbox() as sandbox:
        assert sandbox.tier is not Tier.LIMITS_ONLY
    async with LocalSandbox(tier=Tier.LIMITS_ONLY, limits=Limits(wall_seconds=1)) as sandbox:
        assert sandbox.description["tier"] == "limits-only"
        async with sandbox.session() as session:
            assert (await session.run("x = 2\nx")).execution.value == "2"
            code = "import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)"
            child = int((await session.run(code)).execution.stdout)
            assert (await session.run("while True: pass")).execution.status is ExecutionStatus.TIMEOUT
        async with sandbox.session() as session:
            assert (await session.run("l = bytearray(4 << 30)")).execution.status is ExecutionStatus.MEMORY
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


@pytest.mark.parametrize("machine", list(seccomp.ARCHITECTURES))
@pytest.mark.parametrize("read_only", [True, False])
def test_the_filter_allows_what_is_listed_and_nothing_else(machine: str, read_only: bool) -> None:
    """Run the program as the kernel would, for every number and for arguments that matter."""
    code = seccomp.build_filter(machine, read_only=read_only)
    numbers = seccomp.syscall_numbers(machine)
    column = list(seccomp.ARCHITECTURES).index(machine)
    checked = {name: pair[column] for name, pair in seccomp.CHECKED.items()}
    for number in range(600):
        if number in checked.values():
            continue
        allowed = number in numbers.values()
        assert (interpret(code, machine, number) == "allow") is allowed, number
    arch = next(other for other in seccomp.ARCHITECTURES if other != machine)
    assert interpret(code, arch, 0) == "kill"
    assert interpret(code, machine, 0x40000000) == "kill"
    thread, fcntl, madvise = checked["clone"], checked["fcntl"], checked["madvise"]
    assert thread is not None
    assert fcntl is not None
    assert madvise is not None
    assert interpret(code, machine, thread, 0x3D0F00) == "allow"
    assert interpret(code, machine, thread, 0x11) == "refuse"
    assert interpret(code, machine, fcntl, 0, 2) == "allow"
    assert interpret(code, machine, fcntl, 0, 8) == "refuse"
    assert interpret(code, machine, fcntl, 0, 2 | 1 << 40) == "refuse"
    assert interpret(code, machine, madvise, 0, 0, 4) == "allow"
    assert interpret(code, machine, madvise, 0, 0, 21) == "refuse"
    chmod = checked["fchmodat"]
    assert chmod is not None
    assert interpret(code, machine, chmod) == ("allow" if read_only else "refuse")


def interpret(code: bytes, machine: str, number: int, *arguments: int) -> str:
    """What a classic BPF program decides about a call."""
    import struct

    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, seccomp.ARCHITECTURES[machine], 0, *values)
    program = [struct.unpack_from("=HBBI", code, offset) for offset in range(0, len(code), 8)]
    accumulator, position = 0, 0
    while True:
        operation, yes, no, operand = program[position]
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x05:
                position += operand
            case 0x15:
                position += yes if accumulator == operand else no
            case 0x35:
                position += yes if accumulator >= operand else no
            case 0x45:
                position += yes if accumulator & operand else no
            case 0x06:
                return {0x7FFF0000: "allow", 0x80000000: "kill"}.get(operand, "refuse")
            case _:
                raise AssertionError(f"an instruction that the kernel refuses: {operation:#x}")
