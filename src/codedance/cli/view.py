"""``codedance view``: a run as pages that a person can click through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell, tell_cut_off
from codedance.cli.progress import progress_bar
from codedance.cli.text import visible
from codedance.errors import StoreError, UsageError
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.schema import Trajectory
    from codedance.store import RunFolder
    from codedance.viewer.site import Verdict

__all__ = ["EPILOG", "view"]

EPILOG = """
Examples:

- `codedance view runs` (serves all runs in it, live: filters, search, groups, comparison, plots)

- `codedance view runs/bat --port 0 --open`

- `codedance view runs --host 0.0.0.0 --allow-host box.lan` (asks for the token in the address that it prints)

- `codedance view runs/code -o site` (then open site/index.html, or copy the folder to any web server)

- `codedance view runs/bat/rollouts/step-000001 -o site --reward bat`

The site can be written again while the run goes on: only pages that differ are written. Right and wrong are the
benchmark's word for runs of `codedance eval` and the reference answer's for others. Exit codes: 0 written, 2 no such
run, one without trajectories, or a folder that holds something else.
"""


def view(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run folder, or without -o a folder of runs; it may still be written.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a static site there; opens from disk.")
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(
            metavar="VARIANT",
            help="Score the run with this reward, group by group; `codedance reward variants` lists them.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON and nothing else.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen at. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one. [8090]")] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name under which this machine is called; may be repeated."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the index. [in RUN, or in the user's cache]")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the address in a browser.")] = False,
) -> None:
    """Look at a run: a table of its trajectories and a page for each, with pictures, code, output and timings."""
    if out is not None:
        served = {"--host": host, "--port": port, "--allow-host": allow_host, "--cache": cache, "--open": open_browser}
        useless = [flag for flag, value in served.items() if not (value is None or value is False or value == [])]
        if useless:
            raise UsageError(f"{' and '.join(useless)}: nothing is served with -o; leave out the one or the other")
        _static(run, out, reward=reward, as_json=as_json)
        return
    if reward is not None or as_json:
        raise UsageError("--reward and --json go with -o DIR; without it the run is served as pages")
    from codedance.cli.view_live import view_live

    view_live(
        run,
        host=host or "127.0.0.1",
        port=8090 if port is None else port,
        allow_host=allow_host or [],
        cache=cache,
        open_browser=open_browser,
    )


def _static(folder: Path, out: Path, *, reward: str | None, as_json: bool) -> None:
    """Write the site of a run."""
    from codedance.cli.recorded import run_to_read
    from codedance.store import count_lines, runs_within
    from codedance.viewer.site import write_site

    try:
        run = run_to_read(folder)
    except StoreError as error:
        if (folder / "manifest.json").exists() or not runs_within(folder):
            raise
        raise StoreError(f"{error}; -o writes the pages of one run, without it all are served") from None
    if out.resolve() == folder.resolve():
        raise UsageError(f"{out}: is the run itself; choose another folder, for example {folder / 'site'}")
    verdict = _verdicts(run, reward)
    with progress_bar("pages", count_lines(run.folder / "trajectories.jsonl")) as step:
        report = write_site(run, out, verdict=verdict, step=step)
    tell_cut_off(run)
    if report.missing:
        lost = counted(report.missing, "picture is missing", "pictures are missing")
        tell(f"{lost} in {folder} or not what was recorded; the pages say so")
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        typer.echo(f"{counted(report.trajectories, 'trajectory')}, {counted(report.written, 'page')} written")
        typer.echo(visible(f"site: {report.index}"))


def _verdicts(run: RunFolder, reward: str | None) -> Callable[[Trajectory], Verdict]:
    """What trajectories are worth: by a reward, by the benchmark's scores, or by their reference answers."""
    from codedance.viewer.site import reference_verdict

    if reward is not None:
        return _rewarded(run, reward)
    outcomes = _outcomes(run)

    def verdict(trajectory: Trajectory) -> Verdict:
        if trajectory.id in outcomes:
            return outcomes[trajectory.id]
        return reference_verdict(trajectory, run)

    return verdict


def _outcomes(run: RunFolder) -> dict[str, Verdict]:
    """What the benchmark says, by trajectory; nothing for runs that are no evaluation, or not scored yet."""
    from codedance.viewer.runs.scored import read_scores
    from codedance.viewer.site import Verdict

    scores = read_scores(run.folder)
    return {
        one.trajectory: Verdict(one.verdict.correct, judged=one.judged) for one in scores if one.trajectory is not None
    }


def _rewarded(run: RunFolder, name: str) -> Callable[[Trajectory], Verdict]:
    """Scores of the whole run under a reward, group by group."""
    from codedance.cli.reward_input import read_groups
    from codedance.rewards import RewardSettings, score_batch, score_of, variant_named
    from codedance.viewer import Standing
    from codedance.viewer.site import Verdict

    variant = variant_named(name)
    groups = read_groups(run.folder, RewardSettings())
    scored = score_batch([group.attempts for group in groups], variant=variant)
    members = {group.task_id: (result, iter(result.attempts)) for group, result in zip(groups, scored, strict=True)}
    basis = f"Made by codedance view with the reward {name} and its usual constants, from all attempts of this run."

    def verdict(trajectory: Trajectory) -> Verdict:
        group, attempts = members.get(trajectory.task.id, (None, iter(())))
        one = next(attempts, None)
        if group is None or one is None:  # finished since the run was read
            return Verdict()
        standing = Standing(len(group.attempts), group.accuracy, group.d, one.advantage if one.scored else None, basis)
        return Verdict(one.correct, score_of(trajectory, one), standing)

    return verdict
