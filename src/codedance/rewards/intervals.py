"""How sure a share of right answers is."""

from __future__ import annotations

__all__ = ["wilson"]


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
