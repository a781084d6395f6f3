"""The audit: run every abuse of the battery and see whether what came of it is what must; then many sessions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from codedance.errors import SandboxError, UsageError, ungrouped
from codedance.sandbox.abuses import ABUSES, SECRET_NAME, Abuse, Outcome
from codedance.sandbox.contract import CellResult, Limits, Sandbox, Tier
from codedance.schema import ExecutionStatus

__all__ = ["Finding", "Footprint", "Soak", "audit", "footprint", "soak"]

_ENDED = (ExecutionStatus.TIMEOUT, ExecutionStatus.MEMORY, ExecutionStatus.CRASHED, ExecutionStatus.DENIED)


@dataclass(frozen=True)
class Finding:
    """What came of one abuse."""

    abuse: Abuse
    seen: str
    """The outcome in words."""
    problem: str | None
    """Why that is not what must be; ``None`` if all is well."""
    seconds: float


@dataclass(frozen=True)
class Footprint:
    """What this process and its children hold."""

    processes: int
    descriptors: int
    files: int
    """Entries in the folder for temporary files that are ours."""
    resident_bytes: int
    """Of this process and all its descendants."""


@dataclass(frozen=True)
class Soak:
    """Many sessions, some of them hostile."""

    sessions: int
    hostile: int
    honest_correct: int
    seconds: float
    before: Footprint
    after: Footprint

    @property
    def clean(self) -> bool:
        """Every honest result right, and nothing left behind."""
        grown = self.after.resident_bytes - self.before.resident_bytes
        return (
            self.honest_correct == self.sessions - self.hostile
            and self.after.processes <= self.before.processes
            and self.after.descriptors <= self.before.descriptors
            and self.after.files <= self.before.files
            and grown < 64 << 20
        )


async def audit(
    sandbox: Sandbox,
    *,
    abuses: Sequence[Abuse] = ABUSES,
    at_once: int = 2,
    listener: Callable[[Finding], None] | None = None,
) -> list[Finding]:
    """Run the battery in a sandbox that is open.

    A neighbour session with a variable lives through all of it; each abuse also fails if that one was disturbed.

    Args:
        sandbox: what to attack.
        abuses: the battery, or a part of it.
        at_once: how many sessions attack at the same time.
        listener: told of each finding as it comes.

    Raises:
        UsageError: the sandbox has no walls; some abuses would then hit this machine.
        SandboxError: the sandbox itself failed.
    """
    if sandbox.description.get("tier") == Tier.LIMITS_ONLY.value:
        raise UsageError("the tier 'limits-only' isolates nothing: the audit would attack this machine itself")
    os.environ[SECRET_NAME] = "a value that no session may see"
    findings: dict[int, Finding] = {}
    limiter = anyio.CapacityLimiter(at_once)
    try:
        with ungrouped():
            async with sandbox.session() as neighbour, anyio.create_task_group() as group:
                await neighbour.run("mine = 'untouched'")

                async def one(number: int, abuse: Abuse) -> None:
                    async with limiter:
                        finding = await _attack(sandbox, abuse)
                        async with lock:
                            kept = (await neighbour.run("mine")).execution.value
                    if kept != "'untouched'" and finding.problem is None:
                        finding = Finding(abuse, finding.seen, "a neighbour was disturbed", finding.seconds)
                    findings[number] = finding
                    if listener is not None:
                        listener(finding)

                lock = anyio.Lock()
                for number, abuse in enumerate(abuses):
                    group.start_soon(one, number, abuse)
    finally:
        del os.environ[SECRET_NAME]
    return [findings[number] for number in sorted(findings)]


async def _attack(sandbox: Sandbox, abuse: Abuse) -> Finding:
    begin = time.monotonic()
    async with sandbox.session(limits=abuse.limits) as session:
        results = [await session.run(cell) for cell in abuse.cells]
        alive = (await session.run("1 + 1")).execution.value == "2"
    outcome = _outcome(results, alive=alive)
    problem = _problem(abuse, results[-1], outcome)
    execution = results[-1].execution
    words = f"{outcome.value if outcome else 'unclear'} ({execution.status.value})"
    return Finding(abuse, words, problem, time.monotonic() - begin)


def _outcome(results: Sequence[CellResult], *, alive: bool) -> Outcome | None:
    statuses = [result.execution.status for result in results]
    if any(status in _ENDED for status in statuses) and not alive:
        return Outcome.KILLED
    if not alive:
        # Ended between this cell and the next: seen as soon as anything was asked of it.
        return Outcome.KILLED
    match statuses[-1]:
        case ExecutionStatus.EXITED:
            return Outcome.EXITED
        case ExecutionStatus.ERROR | ExecutionStatus.MEMORY:
            return Outcome.DENIED
        case ExecutionStatus.OK:
            return Outcome.CAPPED if results[-1].execution.truncated else Outcome.INERT
        case _:
            return None


def _problem(abuse: Abuse, result: CellResult, outcome: Outcome | None) -> str | None:
    execution = result.execution
    said = f"{execution.value} {execution.error.message if execution.error else ''}"
    if "REACHED" in said:
        return "it got what it should not"
    if outcome not in abuse.expected:
        return f"expected {' or '.join(sorted(one.value for one in abuse.expected))}"
    return abuse.check(result) if abuse.check is not None else None


_HOSTILE = (
    "import os\nos._exit(0)",
    "while True: pass",
    "l = []\nwhile True: l.append(bytearray(1 << 24))",
    "import ctypes\nctypes.string_at(0)",
    "print('x' * 9_000_000)",
    "import os\nfor d in range(3, 9):\n    try: os.write(d, b'\\xff' * 999)\n    except OSError: pass",
    "import threading, time\nfor _ in range(200): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "for n in range(9999): open(str(n), 'w').write('x' * 99999)",
    "import os\nos.kill(-1, 9)",
    "l = [open('/dev/null') for _ in range(9999)]",
)


async def soak(
    sandbox: Sandbox,
    *,
    sessions: int = 1000,
    hostile_every: int = 10,
    at_once: int = 8,
    listener: Callable[[], None] | None = None,
) -> Soak:
    """Run many sessions, every tenth of them hostile, and count what is right and what is left behind.

    An honest session keeps a number over three cells, prints, draws and crops; every answer is compared.
    """
    hostile_limits = Limits(wall_seconds=1, memory_bytes=256 << 20)
    correct = 0
    limiter = anyio.CapacityLimiter(at_once)
    for warm in range(at_once):  # what is made once is not a leak
        await _honest(sandbox, warm)
    before = await _settled(sandbox)
    begin = time.monotonic()

    async def one(number: int) -> None:
        nonlocal correct
        async with limiter:
            if number % hostile_every == 0:
                async with sandbox.session(limits=hostile_limits) as session:
                    await session.run(_HOSTILE[number // hostile_every % len(_HOSTILE)])
            else:
                right = await _honest(sandbox, number)
                correct += right
        if listener is not None:
            listener()

    with ungrouped():
        async with anyio.create_task_group() as group:
            for number in range(sessions):
                group.start_soon(one, number)
    seconds = time.monotonic() - begin
    after = await _settled(sandbox)
    return Soak(sessions, -(-sessions // hostile_every), correct, seconds, before, after)


async def _honest(sandbox: Sandbox, number: int) -> bool:
    async with sandbox.session() as session:
        await session.run(f"x = {number}\nopen('n', 'w').write(str(x))")
        second = await session.run("print(x)\nimport numpy as np\nnp.full((40, 50, 3), x % 256, 'uint8')")
        third = await session.run("int(open('n').read()) * 2")
    value = number % 256
    return (
        second.execution.stdout == f"{number}\n"
        and [picture.to_image().getpixel((3, 3)) for picture in second.pictures] == [(value, value, value)]
        and third.execution.value == str(number * 2)
    )


async def _settled(sandbox: Sandbox) -> Footprint:
    """The footprint once processes that were killed have gone and the pool is full again."""
    async with sandbox.session():
        pass
    last = footprint()
    for _ in range(40):
        await anyio.sleep(0.05)
        now = footprint()
        if now.processes == last.processes and now.descriptors == last.descriptors:
            return now
        last = now
    return last


def footprint() -> Footprint:
    """Count what this process and its descendants hold now; Linux only.

    Raises:
        SandboxError: there is no ``/proc`` to read.
    """
    import tempfile

    if not Path("/proc/self/fd").exists():
        raise SandboxError("the footprint can only be measured where there is a /proc file system")
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    resident = 0
    for pid in family:
        try:
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue
    ours = list(Path(tempfile.gettempdir()).glob("codedance-*"))
    files = len(ours) + sum(len(list(folder.rglob("*"))) for folder in ours)
    return Footprint(len(family) - 1, len(list(Path("/proc/self/fd").iterdir())), files, resident)
