"""``codedance replay``: code that was recorded runs again, and is held against what it showed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell_cut_off
from codedance.cli.places import SandboxPlace, sandbox_at
from codedance.cli.text import visible
from codedance.errors import StoreError
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.episode.replaying import Recorded, Replayed, ReplayReport

__all__ = ["DIFFERS", "EPILOG", "replay"]

EPILOG = """
Examples:

- `codedance replay runs/demo`

- `codedance replay data/worlds --limit 1000 --seed 0 --workers 2 --out replayed.jsonl`

- `codedance replay runs/eval --id worlds/counting/easy/10000000#0 --json`

- `codedance replay trace.json --pictures runs/demo/pictures` (what `codedance ask --json` printed)

Texts are compared by character, then with printed numbers rounded; pictures by pixel, then within 2 of 255. What must
differ is explained: time, random numbers, addresses, paths of temporary files, the order of sets, limits of time.
Exit codes: 0 everything shows what it showed, 1 something differs without a reason (with --exact: at all), could not
run or be read, 2 bad input, 4 the sandbox failed.
"""

DIFFERS = 1


@dataclass(frozen=True, slots=True)
class _Job:
    """Trajectories of one place."""

    name: str
    recorded: Callable[[], Iterator[Recorded]]
    count: int
    of: int
    part: bool
    """True if they are a sample."""
    silent: int
    versions: dict[str, tuple[str, str]]
    """Libraries that are not those that it was recorded with: then and now."""


def replay(
    path: Annotated[
        Path, typer.Argument(metavar="TRACE|RUN", help="A run folder, a folder of runs, or a trajectory as JSON.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only so many of each run. [all]")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="What chooses them.")] = 0,
    name: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only the trajectory of this name.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, metavar="N", help="Sessions at once. [cores]")] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures of a trajectory that is a file. [pictures beside it]")
    ] = None,
    sandbox_url: Annotated[str | None, typer.Option("--sandbox", metavar="URL", help="A sandbox service.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Also what is close or explained counts as a difference.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every cell's verdict, a trajectory a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Run every cell of recorded trajectories again in fresh sessions, and tell what differs and why."""
    jobs = _jobs(path, limit=limit, seed=seed, name=name, pictures=pictures)
    at_once = workers or os.cpu_count() or 1
    verdicts: list[Replayed] = []
    reports = _run(jobs, SandboxPlace(sandbox_url), workers=at_once, seed=seed, keep=verdicts if out else None)
    if out is not None:
        _write(out, verdicts)
    good = all(report.exact if exact else report.repeated for report in reports)
    if as_json:
        runs = [
            {"path": job.name, "versions": job.versions, **report.model_dump(mode="json")}
            for job, report in zip(jobs, reports, strict=True)
        ]
        typer.echo(json.dumps({"same": good, "runs": runs}))
    else:
        for job, report in zip(jobs, reports, strict=True):
            typer.echo(visible("\n".join(_page(job, report))))
    raise typer.Exit(0 if good else DIFFERS)


def _jobs(path: Path, *, limit: int | None, seed: int, name: str | None, pictures: Path | None) -> list[_Job]:
    from codedance.cli.recorded import offsets, read_trace, recorded_place
    from codedance.episode.replaying import Recorded, choose, recorded_at
    from codedance.store import PictureStore, RunFolder

    place = recorded_place(path, pictures)
    if place.trace is not None:
        line = read_trace(place.trace)
        store = PictureStore(pictures or place.trace.parent / "pictures")
        one = Recorded(line, store.get)
        return [_Job(str(place.trace), lambda: iter([one]), count=1, of=1, part=False, silent=0, versions={})]
    jobs = []
    runs = [RunFolder.open(folder) for folder in place.runs]
    if not any(run.has_trajectories() for run in runs):
        raise StoreError(runs[0].why_empty())
    for run in runs:
        tell_cut_off(run)
        found = offsets(run.folder, name)
        sample = choose(found.found, limit, seed)
        chosen = sorted([*sample, *found.unreadable])
        jobs.append(
            _Job(
                name=str(run.folder),
                recorded=lambda chosen=chosen, run=run: recorded_at(  # type: ignore[misc]
                    run.folder / "trajectories.jsonl", chosen, run.pictures.get
                ),
                count=len(chosen),
                of=len(found.found),
                part=len(sample) < len(found.found),
                silent=found.silent,
                versions=_versions(run.manifest().versions),
            )
        )
    return jobs


def _versions(then: dict[str, str]) -> dict[str, tuple[str, str]]:
    from codedance.store import current_versions

    now = current_versions()
    return {
        name: (value, now.get(name, "not installed"))
        for name, value in then.items()
        if name != "commit" and value != now.get(name)
    }


def _run(
    jobs: Sequence[_Job], place: SandboxPlace, *, workers: int, seed: int, keep: list[Replayed] | None
) -> list[ReplayReport]:
    import anyio

    from codedance.cli.progress import progress_bar
    from codedance.episode.replaying import replay_all
    from codedance.sandbox import Limits

    async def work(tick: Callable[[], None]) -> list[ReplayReport]:
        def done(one: Replayed) -> None:
            if keep is not None:
                keep.append(one)
            tick()

        async with sandbox_at(place, limits=Limits()) as sandbox:
            return [
                await replay_all(job.recorded(), sandbox=sandbox, sessions=workers, of=job.of, seed=seed, listener=done)
                for job in jobs
            ]

    with progress_bar("running again", sum(job.count for job in jobs)) as tick:
        return anyio.run(work, tick)


def _write(out: Path, verdicts: Sequence[Replayed]) -> None:
    from codedance.episode.replaying import Replayed
    from codedance.store import RecordFile

    RecordFile(out, Replayed).replace(sorted(verdicts, key=lambda one: one.id))


def _page(job: _Job, report: ReplayReport) -> Iterator[str]:
    cells = sum(report.cells.values())
    compared = cells - report.cells.get("unrecorded", 0)
    rate = report.trajectories / report.seconds if report.seconds else 0.0
    ran = f"{report.trajectories:,} of {report.of:,} trajectories (seed {report.seed})"
    yield (
        f"{job.name}: {ran if job.part else counted(report.trajectories, 'trajectory')}, {counted(cells, 'cell')} in "
        f"{report.seconds:.1f} s, {rate:.1f} trajectories a second"
    )
    quiet = job.silent + report.silent
    if quiet:
        yield f"{counted(quiet, 'other has', 'others have')} nothing to run"
    if compared:
        yield f"{report.cells['same'] / compared:.2%} of the cells show exactly what they showed"
        yield "cells: " + ", ".join(f"{name} {count}" for name, count in report.cells.items() if count)
        yield "ended this time as: " + ", ".join(f"{name} {count}" for name, count in report.statuses.items())
    for reason, count in report.reasons.items():
        yield f"  {reason} ({count})"
    if report.different or report.failures or report.unreadable:
        differ = counted(report.different, "trajectory differs", "trajectories differ")
        unreadable = f", {counted(report.unreadable, 'line')} cannot be read" if report.unreadable else ""
        yield f"{differ} without a reason, {report.failures} could not run{unreadable}:"
    for example in report.examples:
        yield f"  {example}"
    if job.versions:
        changed = ", ".join(f"{name} {then} (now {now})" for name, (then, now) in job.versions.items())
        yield f"recorded with {changed}" + (": that may be why" if report.different else "")
