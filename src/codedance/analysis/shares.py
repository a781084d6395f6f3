"""Shares and means with their intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pydantic import Field

from codedance.rewards.intervals import cluster_bootstrap, wilson
from codedance.schema import Record

__all__ = ["Lift", "Share", "lift_within", "share"]


class Share(Record):
    """How many of how many, with the 95 % interval of Wilson."""

    right: int
    count: int = Field(ge=1)
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.right / self.count


class Lift(Record):
    """A mean of differences within groups that belong together, with a bootstrap interval over the groups."""

    mean: float
    low: float | None
    """``None`` with a single group."""
    high: float | None
    groups: int


def share(values: Iterable[bool]) -> Share | None:
    """The share of what is true; ``None`` of nothing.

    >>> found = share([True, True, False, True])
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (0.75, 0.3, 0.95)
    """
    held = list(values)
    if not held:
        return None
    low, high = wilson(sum(held), len(held))
    return Share(right=sum(held), count=len(held), low=low, high=high)


def lift_within(rows: Iterable[tuple[str, bool, bool]]) -> Lift | None:
    """How much more often those with a property are right than those without it, at the same task.

    Tasks differ in how hard they are and in what they invite; attempts at one task do not. Only tasks with attempts of
    both sorts tell anything.

    Args:
        rows: task, whether the attempt has the property, whether it is right.

    >>> lift_within([("a", True, True), ("a", False, False), ("b", True, True)]).mean
    1.0
    """
    groups: defaultdict[str, tuple[list[bool], list[bool]]] = defaultdict(lambda: ([], []))
    for task, has, right in rows:
        groups[task][has].append(right)
    differences = {
        task: sum(having) / len(having) - sum(lacking) / len(lacking)
        for task, (lacking, having) in groups.items()
        if having and lacking
    }
    if not differences:
        return None
    interval = cluster_bootstrap(differences, lambda drawn: sum(drawn) / len(drawn))
    low, high = interval if interval is not None else (None, None)
    return Lift(mean=sum(differences.values()) / len(differences), low=low, high=high, groups=len(differences))
