"""How sure a share of right answers is, and a statistic of rows that belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeVar

__all__ = ["cluster_bootstrap", "wilson"]

T = TypeVar("T")


def wilson(right: float, count: int, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    >>> low, high = wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    if count == 0:
        return 0.0, 1.0
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * ((share * (1 - share) + z * z / (4 * count)) / count) ** 0.5 / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


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


def _at(values: Sequence[float], place: float) -> float:
    """Between two neighbours, in proportion."""
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
