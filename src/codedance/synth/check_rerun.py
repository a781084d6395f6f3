"""Running a sample of a set's code again in the real sandbox, as one of the checks of the set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from codedance.episode.comparison import Sameness
from codedance.episode.replaying import ReplayReport, recorded_at, replay_all
from codedance.sandbox.contract import Sandbox
from codedance.store import RunFolder
from codedance.synth.check_report import Check, CheckName

__all__ = ["rerun"]


async def rerun(
    folder: Path,
    offsets: Sequence[int],
    *,
    sandbox: Sandbox,
    sessions: int = 4,
    of: int | None = None,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> tuple[ReplayReport, Check]:
    """Run the code of the trajectories that begin at these bytes of ``trajectories.jsonl`` again.

    Args:
        folder: the run folder.
        offsets: which trajectories.
        sandbox: where the code runs.
        sessions: how many run at once.
        of: how many have code in all, for the report.
        seed: what chose the offsets, for the report.
        tick: called after each trajectory.

    Raises:
        SandboxError: not one trajectory could run.
        StoreError: the file of trajectories cannot be read.
    """
    report = await replay_all(
        recorded_at(folder / "trajectories.jsonl", offsets, RunFolder.open(folder).pictures.get),
        sandbox=sandbox,
        sessions=sessions,
        of=len(offsets) if of is None else of,
        seed=seed,
        listener=lambda one: tick(),
    )
    return report, _check(report)


def _check(report: ReplayReport) -> Check:
    failed = report.different + report.failures + report.unreadable
    compared = sum(count for name, count in report.cells.items() if name != Sameness.UNRECORDED)
    return Check(
        name=CheckName.RERUN,
        passed=failed == 0 if compared or failed else None,
        examined=report.trajectories + report.failures + report.unreadable,
        failed=failed,
        note=", ".join(f"{count} cells {name}" for name, count in report.cells.items() if count),
        examples=report.examples,
    )
