"""``codedance sandbox doctor | libraries | audit | bench``: what the sandbox offers, costs and withstands."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codedance.errors import UsageError
from codedance.sandbox.contract import Tier

if TYPE_CHECKING:
    from rich.console import Console

    from codedance.sandbox.audit import Finding, Footprint, Soak
    from codedance.sandbox.bench import Report

__all__ = ["add_to"]

_TIERS = {
    Tier.B: "own root, user, mount, pid, ipc and uts namespaces, a private tmpfs, and all of tier a",
    Tier.A: "no privileges, Landlock, a seccomp allow list, limits",
    Tier.LIMITS_ONLY: "limits alone, for code that you trust; never chosen unless named",
}
_COSTS = {
    Tier.B: "sessions can then see which files exist (not read them), and fill the disk for a tenth of a second",
    Tier.A: "nothing keeps code from the files, the network and the processes of this user",
}
_AUDIT_EPILOG = """
Examples:

- `codedance sandbox audit`

- `codedance sandbox audit --tier a --soak 1000 --json`

Exit codes: 0 all is as it must be, 1 something is not, 4 the sandbox itself failed.
"""
_BENCH_EPILOG = """
Examples:

- `codedance sandbox bench`

- `codedance sandbox bench --rounds 20 --tier a --json`

The figures of one run may be compared with each other, those of two runs may not.
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``codedance sandbox``."""
    app.command()(doctor)
    app.command()(libraries)
    app.command(epilog=_AUDIT_EPILOG)(audit)
    app.command(epilog=_BENCH_EPILOG)(bench)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False) -> None:
    """Show what isolation this machine offers, which tier will be used, and what each missing feature costs."""
    import os
    import platform

    from codedance.errors import TierUnavailableError
    from codedance.sandbox import available_tier, guest_libraries
    from codedance.sandbox.guest.isolation import landlock_version, missing_features

    missing = missing_features()
    try:
        used: str | None = available_tier().value
    except TierUnavailableError:
        used = None
    facts: dict[str, Any] = {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "user": os.getuid(),
        "landlock": max(0, landlock_version()),
        "tiers": {tier.value: missing[tier.value] for tier in _TIERS},
        "used": used,
        "open_files": _open_files(),
        "libraries": dict(guest_libraries()),
    }
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    typer.echo(f"system            {facts['system']}, user id {facts['user']}, Landlock version {facts['landlock']}")
    for tier, words in _TIERS.items():
        lacks = missing[tier.value]
        typer.echo(f"tier {tier.value:12} {'cannot be had' if lacks else 'can be had'}: {words}")
        for feature in lacks:
            typer.echo(f"                  lacks {feature}")
        if lacks and tier in _COSTS:
            typer.echo(f"                  without it {_COSTS[tier]}")
    typer.echo(f"used by default   {'tier ' + used if used else 'none: name a tier to go on'}")
    typer.echo(
        f"sessions at once  about {facts['open_files'] // 6} (this process may open {facts['open_files']} files)"
    )
    versions = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    typer.echo(f"guest libraries   {versions or 'none: pip install codedance[guest]'}")
    if "rapidocr" not in facts["libraries"]:
        typer.echo("                  read_text needs the extra 'ocr': pip install 'codedance[ocr]'")


def libraries() -> None:
    """Print what code in the sandbox can use, as text for a model's prompt."""
    from codedance.sandbox import describe_guest

    typer.echo(describe_guest())


def audit(
    tier: Annotated[Tier | None, typer.Option(help="Isolation to attack. [the strongest there is]")] = None,
    soak: Annotated[int, typer.Option(min=0, help="Then run so many sessions, every tenth of them hostile.")] = 0,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Attacks at the same time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one finding a line as JSON, nothing else.")] = False,
) -> None:
    """Attack the sandbox with every abuse of the battery and show what was expected and what was seen."""
    import anyio
    from rich.console import Console
    from rich.progress import Progress

    from codedance.sandbox import LocalSandbox
    from codedance.sandbox import audit as auditing
    from codedance.sandbox.abuses import ABUSES

    console = Console()
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("abuses", total=len(ABUSES))

        async def attack() -> tuple[list[Finding], Soak | None, str]:
            async with LocalSandbox(tier=tier) as sandbox:
                findings = await auditing.audit(sandbox, at_once=at_once, listener=lambda _: progress.advance(task))
                result = None
                if soak:
                    long = progress.add_task("sessions", total=soak)
                    result = await auditing.soak(sandbox, sessions=soak, listener=lambda: progress.advance(long))
                return findings, result, sandbox.tier.value if sandbox.tier else ""

        findings, result, used = anyio.run(attack)
    if as_json:
        _tell_audit_as_json(findings, result)
    else:
        _tell_audit(console, findings, result, used)
    good = all(finding.problem is None for finding in findings) and (result is None or result.clean)
    raise typer.Exit(0 if good else 1)


def _tell_audit_as_json(findings: Sequence[Finding], soak: Soak | None) -> None:
    for finding in findings:
        expected = sorted(one.value for one in finding.abuse.expected)
        line = {"abuse": finding.abuse.name, "expected": expected, "seen": finding.seen, "problem": finding.problem}
        sys.stdout.write(json.dumps({**line, "seconds": round(finding.seconds, 3)}) + "\n")
    if soak is not None:
        sys.stdout.write(json.dumps({"soak": asdict(soak), "clean": soak.clean}) + "\n")


def _tell_audit(console: Console, findings: Sequence[Finding], soak: Soak | None, used: str) -> None:
    from rich.table import Table

    table = Table("abuse", "expected", "seen", "")
    for finding in findings:
        expected = " or ".join(sorted(one.value for one in finding.abuse.expected))
        verdict = "[green]ok[/green]" if finding.problem is None else f"[red]{finding.problem}[/red]"
        table.add_row(finding.abuse.name, expected, finding.seen, verdict)
    console.print(table)
    good = sum(finding.problem is None for finding in findings)
    console.print(f"tier {used}: {good} of {len(findings)} as they must be")
    if soak is None:
        return
    honest = soak.sessions - soak.hostile
    console.print(
        f"{soak.sessions} sessions, {soak.hostile} hostile, in {soak.seconds:.1f} s: "
        f"{soak.honest_correct} of {honest} honest ones right"
    )
    console.print(f"before  {_words(soak.before)}\nafter   {_words(soak.after)}")


def _words(held: Footprint) -> str:
    return (
        f"{held.processes} processes, {held.descriptors} descriptors, {held.files} files, "
        f"{held.resident_bytes / 2**20:.1f} MiB resident"
    )


def bench(
    rounds: Annotated[int, typer.Option(min=5, help="Rounds of the latencies.")] = 100,
    tier: Annotated[Tier | None, typer.Option(help="Isolation that must be had. [the strongest there is]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False,
) -> None:
    """Measure what sessions, cells and pictures cost, beside the least that this machine could take for them."""
    import anyio
    from rich.console import Console

    from codedance.sandbox.bench import measure

    if tier is Tier.LIMITS_ONLY:
        raise UsageError("the tier 'limits-only' has no walls to measure; name a or b")
    with Console(stderr=True).status("starting") as status:
        report = anyio.run(lambda: measure(tier=tier, rounds=rounds, listener=status.update))
    if as_json:
        sys.stdout.write(json.dumps(_bench_facts(report)) + "\n")
    else:
        _tell_bench(Console(), report)


def _bench_facts(report: Report) -> dict[str, Any]:
    return {
        "tier": report.tier,
        "user": report.user,
        "processors": report.processors,
        "milliseconds": {name: {"p50": one.p50, "p99": one.p99} for name, one in report.latencies.items()},
        "ratios": {name: report.ratio(name) for name in ("pooled", "on demand", "warm cell", "throughput")},
        "sessions_per_second": report.sessions_per_second,
        "idle_memory_mib": {count: asdict(memory) for count, memory in report.idle_memory.items()},
        "pictures_per_second": {n: {"ours": a, "floor": b} for n, (a, b) in report.pictures_per_second.items()},
    }


def _tell_bench(console: Console, report: Report) -> None:
    from rich.table import Table

    from codedance.sandbox.bench import GOALS

    words = {
        "fork": "floor: bare fork, exit, wait",
        "echo": "floor: socket pair echo",
        "loop echo": "the same echo through the event loop",
        "pooled": "pooled session with its first cell",
        "on demand": "session on demand with its first cell",
        "warm cell": "warm cell",
    }
    table = Table("", "p50 ms", "p99 ms", "x floor", "goal", title=f"tier {report.tier}, user id {report.user}")
    for name, label in words.items():
        one = report.latencies[name]
        ratio = f"{report.ratio(name):.2f}" if one.floor else ""
        goal = f"<= {GOALS[name]:g} x {one.floor}" if one.floor else ""
        table.add_row(label, f"{one.p50:.3f}", f"{one.p99:.3f}", ratio, goal)
    console.print(table)
    table = Table("sessions in flight", *map(str, report.sessions_per_second))
    table.add_row("full sessions a second", *(f"{rate:.0f}" for rate in report.sessions_per_second.values()))
    console.print(table)
    console.print(f"throughput x bare fork: {report.ratio('throughput'):.2f} (goal >= {GOALS['throughput']:g})")
    table = Table("idle sessions, MiB each", "private", "proportional", "goal")
    for count, memory in report.idle_memory.items():
        private, proportional = ("?" if n is None else f"{n:.2f}" for n in (memory.private, memory.proportional))
        table.add_row(str(count), private, proportional, f"<= {GOALS['private']:g} private")
    console.print(table)
    if any(memory.private is None for memory in report.idle_memory.values()):
        console.print("?: only root may look into sessions, which are not dumpable")
    table = Table("pictures", "a second", "ms each", "memory files a second (floor)")
    for size, (rate, floor) in report.pictures_per_second.items():
        table.add_row(size, f"{rate:.1f}", f"{1e3 / rate:.1f}", f"{floor:.0f}")
    console.print(table)


def _open_files() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
