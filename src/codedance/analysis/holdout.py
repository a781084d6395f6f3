"""Holding an operation out: a set without any trajectory that uses it, to watch whether it comes back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from itertools import islice
from pathlib import Path

from codedance.analysis.attempts import Stored, domain_of, stored_attempts
from codedance.analysis.operations import Operation, operations_of_cells
from codedance.errors import DataError, StoreError
from codedance.schema import ImageRef, Record, Trajectory
from codedance.store import Manifest, RunFolder, picture_refs

__all__ = ["HoldOut", "hold_out", "uses"]

_BATCH = 16


class HoldOut(Record):
    """What was kept and what was dropped."""

    operations: tuple[Operation, ...]
    domains: tuple[str, ...] = ()
    """Where they were held out; empty: everywhere."""
    kept: int
    dropped: int
    dropped_by_domain: dict[str, int]
    kept_by_domain: dict[str, int]


def uses(trajectory: Trajectory, operations: Collection[Operation]) -> bool:
    """Whether the code of a trajectory does any of these; code too large to be read to its end counts as doing it."""
    found = operations_of_cells([turn.code for turn in trajectory.turns if turn.code is not None])
    return bool(found.unfinished) or not found.operations.isdisjoint(operations)


def hold_out(
    source: Path,
    out: Path,
    operations: Collection[Operation],
    *,
    domains: Collection[str] = (),
    limit: int | None = None,
    tick: Callable[[], None] = lambda: None,
) -> HoldOut:
    """Write a run folder with the trajectories of ``source`` whose code does none of these operations.

    Pictures are linked where the file system allows it, else copied. A run that was stopped goes on.

    Args:
        source: a run folder with trajectories.
        out: the new folder.
        operations: what must not occur.
        domains: families of worlds, or sources of other tasks, where it must not occur; elsewhere everything stays, and
            what training brings back there was carried over. Empty: everywhere.
        limit: only the first so many trajectories are looked at.
        tick: called after each.

    Raises:
        StoreError: ``source`` is no run, or ``out`` holds something else or cannot be written.
        DataError: nothing is left, or a domain is not there.
    """
    names = sorted(one.value for one in operations)
    begun = RunFolder.open(source).manifest()
    where = {"domains": sorted(domains)} if domains else {}
    settings = {"held_out": names, **where, "limit": limit, "source": {"kind": begun.kind, "settings": begun.settings}}
    target = RunFolder.create(out, Manifest(kind=begun.kind, settings=settings))
    there = {one.id for one in target.trajectories()}
    counts: dict[bool, dict[str, int]] = {True: {}, False: {}}
    waiting: list[Stored] = []
    for stored in islice(stored_attempts(source), limit):
        domain = domain_of(stored.trajectory.task)
        dropped = (not domains or domain in domains) and uses(stored.trajectory, operations)
        counts[dropped][domain] = counts[dropped].get(domain, 0) + 1
        if not dropped and stored.trajectory.id not in there:
            waiting.append(stored)
        if len(waiting) >= _BATCH:
            _write(target, waiting)
            waiting = []
        tick()
    _write(target, waiting)
    kept = sum(counts[False].values())
    there_are = sorted({*counts[False], *counts[True]})
    if missing := sorted(set(domains) - set(there_are)):
        raise DataError(f"{source}: has nothing of {', '.join(missing)}; it has {', '.join(there_are)}")
    if not kept:
        raise DataError(f"{source}: every trajectory uses {' or '.join(names)}; nothing is left")
    return HoldOut(
        operations=tuple(sorted(operations)),
        domains=tuple(sorted(domains)),
        kept=kept,
        dropped=sum(counts[True].values()),
        dropped_by_domain=dict(sorted(counts[True].items())),
        kept_by_domain=dict(sorted(counts[False].items())),
    )


def _write(target: RunFolder, waiting: list[Stored]) -> None:
    for stored in waiting:
        for ref in picture_refs(stored.trajectory):
            _link(stored.run, target, ref)
    target.add_all([(stored.trajectory, stored.run.load_pictures(stored.trajectory)) for stored in waiting])


def _link(source: RunFolder, target: RunFolder, ref: ImageRef) -> None:
    old, new = source.pictures.path(ref), target.pictures.path(ref)
    if new.exists():
        return
    part = new.with_name(f".{new.name}.{os.getpid()}.part")
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(old, new)
        except OSError:  # another file system, or one without links
            shutil.copyfile(old, part)
            part.replace(new)
    except OSError as error:
        raise StoreError(f"{new}: cannot be written ({error.strerror or error})") from None
