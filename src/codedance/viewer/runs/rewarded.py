"""Rewards of groups, made from what the index holds: with the settings of the training run, or those of the paper."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from pydantic import ValidationError

from codedance.rewards import (
    VARIANTS,
    Attempt,
    AttemptReward,
    GroupReward,
    RewardSettings,
    Unscored,
    Variant,
    score_batch,
)
from codedance.viewer.runs.facts import Verdict, attempt_from

__all__ = ["MOST_ATTEMPTS", "Basis", "TermMeans", "basis_of", "reward_group", "term_means"]

MOST_ATTEMPTS = 8_000
"""Attempts of one run whose rewards are averaged; of a longer run the first whole groups."""
_COLUMNS = "t.name, t.verdict, t.outcomes, t.fault, t.source"


@dataclass(frozen=True, slots=True)
class Basis:
    """Which reward."""

    variant: Variant
    settings: RewardSettings
    note: str
    """Where it comes from, in words."""


@dataclass(frozen=True, slots=True)
class TermMeans:
    """Means over the scored attempts of a run."""

    run: str
    step: int | None
    attempts: int
    """That were scored."""
    groups: int
    reward: float
    terms: dict[str, float]
    """What each term adds, with its weight."""
    d: float | None
    """Mean over groups."""
    partial: bool
    """The run has more attempts than were looked at."""


def basis_of(base: sqlite3.Connection, run: str, *, variant: str = "") -> Basis:
    """The reward of a run: that of the training run whose folder it lies in, unless another variant is asked for.

    Args:
        base: the index.
        run: the run's name.
        variant: name of a variant; one that does not exist counts as not given.
    """
    settings, name, note = RewardSettings(), "bat", "BAT with the paper's settings"
    parts = [] if run == "." else run.split("/")
    for length in range(len(parts), -1, -1):
        owner = "/".join(parts[:length]) or "."
        row = base.execute("SELECT settings FROM runs WHERE name = ?", (owner,)).fetchone()
        found = json.loads(row[0]) if row is not None else {}
        if isinstance(found, dict) and isinstance(found.get("reward"), dict):
            try:
                settings = RewardSettings.model_validate(found["reward"])
            except ValidationError:
                break
            name = found["variant"] if found.get("variant") in VARIANTS else "bat"
            note = f"the reward of the training run ({name})"
            break
    if variant in VARIANTS and variant != name:
        name, note = variant, f"the variant {variant}, with the settings of {note}"
    return Basis(VARIANTS[name], settings, note)


def reward_group(
    base: sqlite3.Connection, run: int, task: str, *, basis: Basis
) -> tuple[GroupReward, dict[str, AttemptReward]]:
    """The rewards of the attempts at one task: of the group, and by the trajectory's name."""
    rows = base.execute(
        f"SELECT {_COLUMNS} FROM trajectories t "  # noqa: S608 - our own names
        "WHERE t.run = ? AND t.task = ? AND NOT t.replaced ORDER BY t.id LIMIT ?",
        (run, task, MOST_ATTEMPTS),
    ).fetchall()
    (group,) = score_batch([_attempts(rows, basis)], variant=basis.variant, settings=basis.settings)
    return group, {row[0]: one for row, one in zip(rows, group.attempts, strict=True)}


def term_means(base: sqlite3.Connection, run: int, *, basis: Basis) -> TermMeans | None:
    """What the attempts of a run earn on average; ``None`` if none of them was scored."""
    name, step = base.execute("SELECT name, step FROM runs WHERE id = ?", (run,)).fetchone()
    rows = base.execute(
        f"SELECT t.task, {_COLUMNS} FROM trajectories t "  # noqa: S608
        "WHERE t.run = ? AND NOT t.replaced ORDER BY t.task, t.id LIMIT ?",
        (run, MOST_ATTEMPTS + 1),
    ).fetchall()
    partial = len(rows) > MOST_ATTEMPTS
    groups = [_attempts([row[1:] for row in part], basis) for _, part in groupby(rows, key=lambda row: row[0])]
    if partial and len(groups) > 1:
        groups.pop()
    rewards = score_batch(groups, variant=basis.variant, settings=basis.settings)
    every = [one for group in rewards for one in group.attempts if one.scored]
    if not every:
        return None
    sums: dict[str, float] = defaultdict(float)
    for one in every:
        for term_name, term in one.terms.items():
            sums[term_name] += (term.value or 0.0) * term.weight
    difficulties = [group.d for group in rewards if group.d is not None]
    return TermMeans(
        run=name,
        step=step,
        attempts=len(every),
        groups=len(rewards),
        reward=fmean(one.reward for one in every if one.reward is not None),
        terms={term_name: total / len(every) for term_name, total in sums.items()},
        d=fmean(difficulties) if difficulties else None,
        partial=partial,
    )


def _attempts(rows: Sequence[Sequence[str]], basis: Basis) -> list[Attempt | Unscored]:
    return [
        attempt_from(Verdict(verdict), outcomes, fault, source=source, settings=basis.settings)
        for _, verdict, outcomes, fault, source in rows
    ]
