"""Scores of trajectories, alone and in groups."""

from __future__ import annotations

from pydantic import Field, model_validator

from codedance.schema.record import Record
from codedance.schema.trajectory import Trajectory

__all__ = ["Group", "Score", "Term"]


class Term(Record):
    """One named part of a score."""

    value: float | None
    """``None`` means: not scored (not the same as 0)."""
    weight: float = 1.0
    note: str = ""
    """Why, in a few words, for people who read the trace."""


class Score(Record):
    """What one trajectory earned.

    >>> Score(trajectory_id="a", terms={"accuracy": Term(value=1.0), "format": Term(value=-1.0, weight=0.2)}).total
    0.8
    """

    trajectory_id: str
    correct: bool | None = None
    """``None`` if the task has no reference answer."""
    terms: dict[str, Term] = Field(default_factory=dict)
    turn_credit: tuple[float, ...] = ()
    """Advantage added to the tokens of each turn, in order; empty if there is no turn-level term."""

    @property
    def total(self) -> float:
        """Weighted sum of the terms that were scored."""
        return sum(term.value * term.weight for term in self.terms.values() if term.value is not None)


class Group(Record):
    """All attempts at one task, with their scores."""

    task_id: str
    trajectories: tuple[Trajectory, ...]
    scores: tuple[Score, ...] = ()

    @model_validator(mode="after")
    def _belongs_together(self) -> Group:
        if any(trajectory.task.id != self.task_id for trajectory in self.trajectories):
            raise ValueError(f"every trajectory of a group belongs to its task {self.task_id!r}")
        if self.scores and [s.trajectory_id for s in self.scores] != [t.id for t in self.trajectories]:
            raise ValueError("scores must match the trajectories one by one, in order")
        return self

    @property
    def accuracy(self) -> float | None:
        """Mean of the scored attempts' correctness; ``None`` if none was scored."""
        known = [score.correct for score in self.scores if score.correct is not None]
        return sum(known) / len(known) if known else None
