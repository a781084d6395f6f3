"""Intervals for what depends and what does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from codedance.rewards.intervals import cluster_bootstrap, wilson

__all__ = ["cluster_bootstrap", "cluster_mean_interval", "wilson"]


def cluster_mean_interval(values: Iterable[tuple[str, float]], *, seed: int = 0) -> tuple[float, float] | None:
    """95 % interval of the mean of values that come with the name of their cluster.

    >>> cluster_mean_interval([("a", 1.0), ("a", 0.0)]) is None
    True
    """
    totals: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for cluster, value in values:
        totals[cluster] += value
        counts[cluster] += 1
    names = {name: name for name in totals}
    return cluster_bootstrap(
        names, lambda drawn: sum(map(totals.__getitem__, drawn)) / sum(map(counts.__getitem__, drawn)), seed=seed
    )
