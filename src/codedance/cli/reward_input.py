"""What ``codedance reward explain`` reads: a file of groups of attempts, or a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from codedance.cli.failures import tell_cut_off
from codedance.cli.progress import progress_bar
from codedance.errors import DataError, UsageError
from codedance.rewards import Attempt, RewardSettings, Unscored, algebra_on_demand, attempt_of
from codedance.schema import Record
from codedance.schema.faults import first_fault
from codedance.store import RunFolder

__all__ = ["NamedGroup", "read_groups"]

_MAX_BYTES = 64 * 2**20
_SHOWN = 60
_FORMAT = "write it like examples/attempts.json (docs/rewards.md says what is in it)"


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """The attempts at one task."""

    attempts: tuple[Attempt | Unscored, ...]
    task_id: str | None = None
    """``None`` for a group of a file, which has no name."""
    trajectory_ids: tuple[str, ...] = ()
    """One for each attempt, or none at all."""


class _Group(Record):
    attempts: tuple[Attempt, ...] = Field(min_length=1)


class _File(Record):
    groups: tuple[_Group, ...] = Field(min_length=1)


def read_groups(path: Path, settings: RewardSettings) -> tuple[NamedGroup, ...]:
    """Read groups of attempts.

    Raises:
        UsageError: there is no such file or folder.
        DataError: a file that is too large, no JSON, or has a wrong field; the message names the place.
        StoreError: a folder that is no run folder, or whose files are broken.
    """
    if path.is_dir():
        return _of_run(path, settings)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(data) > _MAX_BYTES:
        raise DataError(f"{path}: is larger than {_MAX_BYTES // 2**20} MiB; split it, or give a run folder")
    try:
        read = _File.model_validate_json(data)
    except ValidationError as error:
        raise DataError(f"{path}: {_first_fault(error)}; {_FORMAT}") from None
    return tuple(NamedGroup(one.attempts) for one in read.groups)


def _first_fault(error: ValidationError) -> str:
    fault = first_fault(error)
    if fault.kind == "json_invalid":
        return fault.message
    where = fault.where or "the file"
    if fault.kind == "too_short":
        return f"{where}: is empty"
    was = repr(fault.value)
    was = was if len(was) <= _SHOWN else f"{was[:_SHOWN]}..."
    return f"{where}: {fault.message}" + ("" if fault.kind == "missing" else f" (was {was})")


def _of_run(path: Path, settings: RewardSettings) -> tuple[NamedGroup, ...]:
    """Trajectories grouped by task, in the order in which the tasks first come."""
    run = RunFolder.open(path)
    found: dict[str, list[tuple[str, Attempt | Unscored]]] = {}
    with algebra_on_demand() as equivalent, progress_bar("scoring", None) as step:
        for trajectory in run.trajectories():
            # Only edits are judged by their pixels; other pictures need not be there.
            pictures = run.load_pictures(trajectory) if trajectory.task.meta.get("edit") is not None else None
            attempt = attempt_of(trajectory, settings, pictures=pictures, equivalent=equivalent)
            found.setdefault(trajectory.task.id, []).append((trajectory.id, attempt))
            step()
    tell_cut_off(run)
    if not found:
        raise DataError(f"{path}: holds no trajectories")
    return tuple(
        NamedGroup(
            attempts=tuple(attempt for _, attempt in members),
            task_id=task_id,
            trajectory_ids=tuple(trajectory_id for trajectory_id, _ in members),
        )
        for task_id, members in found.items()
    )
