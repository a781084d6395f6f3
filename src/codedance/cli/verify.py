"""``codedance verify``: is it still what was recorded?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell_cut_off
from codedance.cli.text import visible
from codedance.errors import UsageError
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.store.verifying import VerifyReport

__all__ = ["EPILOG", "verify"]

EPILOG = """
Examples:

- `codedance verify runs/demo`

- `codedance verify runs/eval --head 4f0c...` (the 64 digits that an earlier verify printed)

- `codedance verify trace.json --pictures runs/demo/pictures --head 91ab...` (what `codedance ask --json` printed)

A run holds seals beside its trajectories: hashes, chained over the turns of each and over all of them. Whoever rewrites
trajectories and seals alike is found out only by a head that was kept elsewhere: note the one that is printed.
Exit codes: 0 it is what was recorded, 1 it is not, or nothing vouches for it, 2 bad input.
"""

DIFFERS = 1
_HASH = re.compile(r"[0-9a-f]{64}")


def verify(
    path: Annotated[
        Path, typer.Argument(metavar="TRACE|RUN", help="A run folder, a folder of runs, or a trajectory as JSON.")
    ],
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="The head that was noted elsewhere, of one run.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures of a trajectory that is a file. [pictures beside it]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON and nothing else.")] = False,
) -> None:
    """Hold trajectories against their seals and pictures against their hashes: any change, removal or swap is told."""
    from codedance.cli.progress import progress_bar
    from codedance.cli.recorded import read_trace, recorded_place
    from codedance.store import RunFolder, count_lines
    from codedance.store.verifying import verify_run, verify_trajectory

    if head is not None and not _HASH.fullmatch(head := head.strip().lower()):
        raise UsageError(f"--head {head[:80]}: a head is 64 hexadecimal digits")
    place = recorded_place(path, pictures)
    if head is not None and len(place.runs) > 1:
        raise UsageError(f"--head: is of one run, and {path} holds {len(place.runs)}")
    if place.trace is not None:
        beside = place.trace.parent / "pictures"
        lying = pictures or (beside if beside.is_dir() else None)
        reports = [verify_trajectory(place.trace, read_trace(place.trace), pictures=lying, expected=head)]
    else:
        count = sum(count_lines(folder / "trajectories.jsonl") for folder in place.runs)
        with progress_bar("verifying", count) as tick:
            reports = [verify_run(folder, expected=head, tick=tick) for folder in place.runs]
        for folder in place.runs:
            tell_cut_off(RunFolder(folder))
    good = all(report.intact for report in reports)
    if as_json:
        told = [{"intact": report.intact, **report.model_dump(mode="json")} for report in reports]
        typer.echo(json.dumps({"intact": good, "runs": told}))
    else:
        typer.echo(visible("\n".join(line for report in reports for line in _page(report))))
    raise typer.Exit(0 if good else DIFFERS)


def _page(report: VerifyReport) -> Iterator[str]:
    parts = ((report.trajectories, "trajectory"), (report.turns, "turn"), (report.pictures, "picture"))
    seen = ", ".join(counted(number, noun) for number, noun in parts)
    if report.intact:
        yield f"{report.path}: is what was recorded ({seen})"
    elif report.counts:
        kinds = ", ".join(f"{kind.value} {count}" for kind, count in report.counts.items())
        yield f"{report.path}: is NOT what was recorded ({seen}): {kinds}"
    else:
        yield f"{report.path}: {seen}; nothing vouches for them: there are no seals, and no --head was given"
    for fault in report.faults:
        yield f"  {fault.kind.value}: {fault.text}"
    if sum(report.counts.values()) > len(report.faults):
        yield f"  and {sum(report.counts.values()) - len(report.faults)} more"
    if report.late:
        late = counted(report.late, "of them was", "of them were")
        yield f"{late} sealed by a later start than the one that stored: not vouched for before it"
    if report.expected_after is not None and report.expected_after < report.trajectories:
        yield f"the given head is of the first {report.expected_after}; the others came later"
    if report.head:
        yield f"head {report.head}"
