"""``codedance data check``: is a set of trajectories what it says?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.episode.replaying import ReplayReport
    from codedance.synth.check_report import Check

__all__ = ["EPILOG", "check"]

EPILOG = """
Examples:

- `codedance data check runs/oracle`

- `codedance data check runs/oracle --cells all --jobs 2 --out reports/oracle`

- `codedance data check runs/train --against runs/held-out --tokenizer checkpoint/tokenizer.json --json`

Exit codes: 0 every check passes, 1 some check fails, 2 bad input, 4 the sandbox or an optional library is missing.
"""

FAILED = 1
_SAMPLE = 1000


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Run folder with trajectories, tasks or both.")],
    cells: Annotated[
        str,
        typer.Option(metavar="all|N", help="How many trajectories run their code again; 0 is none."),
    ] = str(_SAMPLE),
    seed: Annotated[int, typer.Option(metavar="S", help="What chooses them.")] = 0,
    against: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another run folder that must share no scene and no question.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Count tokens by this tokenizer.json. [a quarter of characters]")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, metavar="N", help="Sessions and decoding threads at once. [cores]")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write check.json and check.md there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Check trajectories: code runs again, pictures have their hashes, answers are right, nothing comes twice."""
    from codedance.cli.progress import progress_bar
    from codedance.store import write_text
    from codedance.synth.check import report_of
    from codedance.synth.check_reading import CHARACTERS_PER_TOKEN, load_tokenizer, read_set
    from codedance.synth.check_report import page
    from codedance.synth.interop import count_records

    begin = time.monotonic()
    sample = _sample(cells)
    at_once = jobs or os.cpu_count() or 1
    count_tokens = load_tokenizer(tokenizer) if tokenizer is not None else None
    told = f"counted by {tokenizer}" if tokenizer else f"estimated as characters / {CHARACTERS_PER_TOKEN}"
    with progress_bar("reading", count_records([folder])) as tick:
        scan = read_set(folder, count_tokens=count_tokens, threads=at_once, tick=tick)
    other = None
    if against is not None:
        with progress_bar("reading the other set", count_records([against])) as tick:
            other = read_set(against, count_tokens=len, threads=at_once, tick=tick)
    report = report_of(scan, against=other, tokens=told)
    if sample != 0 and len(scan.with_code):
        again, verdict = _rerun(folder, scan.with_code.tolist(), sample, seed=seed, sessions=at_once)
        report = report.model_copy(update={"rerun": again, "checks": (*report.checks, verdict)})
    report = report.model_copy(update={"seconds": time.monotonic() - begin})
    if out is not None:
        try:
            write_text(out / "check.json", report.model_dump_json(indent=2) + "\n")
            write_text(out / "check.md", page(report))
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written ({error.strerror or error})") from None
    typer.echo(report.model_dump_json() if as_json else page(report))
    raise typer.Exit(0 if report.passed else FAILED)


def _sample(cells: str) -> int | None:
    if cells == "all":
        return None
    if not cells.isascii() or not cells.isdigit():
        raise UsageError(f"--cells {cells}: write all or a number")
    return int(cells)


def _rerun(
    folder: Path, offsets: list[int], sample: int | None, *, seed: int, sessions: int
) -> tuple[ReplayReport, Check]:
    import anyio

    from codedance.cli.progress import progress_bar
    from codedance.episode.replaying import choose
    from codedance.sandbox import LocalSandbox
    from codedance.synth.check_rerun import rerun

    chosen = choose(offsets, sample, seed)

    async def run(tick: Callable[[], None]) -> tuple[ReplayReport, Check]:
        async with LocalSandbox(pool=sessions + 1) as sandbox:
            return await rerun(
                folder, chosen, sandbox=sandbox, sessions=sessions, of=len(offsets), seed=seed, tick=tick
            )

    with progress_bar("running again", len(chosen)) as tick:
        return anyio.run(run, tick)
