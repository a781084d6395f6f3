"""Intervals for what depends and what does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import TypeVar

from codedance.rewards.intervals import wilson

__all__ = ["cluster_bootstrap", "cluster_mean_interval", "wilson"]

T = TypeVar("T")


def cluster_bootstrap(
    clusters: Mapping[str, T],
    statistic: Callable[[Sequence[T]], float | None],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """95 % percentile interval of a statistic when whole clusters of rows are drawn anew (Efron and Tibshirani, 1993).

    Four rotations of one question are not four questions: drawing clusters keeps what they share. The same clusters,
    in any order, and the same seed give the same interval.

    Args:
        clusters: what a cluster holds, by its name.
        statistic: of the clusters drawn, some of them several times; draws without one (``None``) are left out.
        resamples: how many sets are drawn.
        seed: of the draws.

    Returns:
        Low and high end, or ``None`` with fewer than two clusters.

    >>> low, high = cluster_bootstrap({"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.5}, lambda drawn: sum(drawn) / len(drawn))
    >>> low < 0.3 and high > 0.9
    True
    """
    names = sorted(clusters)
    if len(names) < 2:  # one cluster has no spread
        return None
    draw = Random(seed)  # noqa: S311 - reproducible, no secret
    values: list[float] = []
    for _ in range(resamples):
        value = statistic([clusters[name] for name in draw.choices(names, k=len(names))])
        if value is not None:
            values.append(value)
    if not values:
        return None
    values.sort()
    edge = 0.025 * (len(values) - 1)
    return _at(values, edge), _at(values, len(values) - 1 - edge)


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


def _at(values: Sequence[float], place: float) -> float:
    """Between two neighbours, in proportion."""
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
