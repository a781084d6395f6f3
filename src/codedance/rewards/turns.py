"""BAT, turn level: a turn whose code failed is blamed, and a little also the turns before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["normalised", "turn_returns"]


def turn_returns(failed: Sequence[bool], *, penalty: float = -0.5, beta: float = 0.2) -> tuple[float, ...]:
    """``G_t = r_t + beta G_{t+1}`` of an attempt's code turns; the answer turn behind them is worth 0.

    Args:
        failed: for each code turn in order, whether its execution failed.
        penalty: ``r_t`` of a failed turn; 0 for others.
        beta: discount.

    >>> turn_returns([False, True, True])  # 0 + 0.2 * -0.6, -0.5 + 0.2 * -0.5, -0.5
    (-0.12, -0.6, -0.5)
    """
    returns: list[float] = []
    later = 0.0
    for one in reversed(failed):
        later = (penalty if one else 0.0) + beta * later
        returns.append(later)
    return tuple(reversed(returns))


def normalised(returns: Sequence[Sequence[float]], *, floor: float = 1e-8) -> tuple[tuple[float, ...], ...]:
    """Returns of all code turns of a batch, minus their mean, divided by their population standard deviation.

    All are zero if that deviation is below ``floor``. The order of attempts does not matter, to the last bit.

    Args:
        returns: one sequence for each attempt of the batch, whatever its group.
        floor: smallest standard deviation that is divided by.

    The mean is -0.2, the deviation sqrt((0.1 ** 2 + 0.3 ** 2 + 0.2 ** 2) / 3) = 0.216:

    >>> [[round(value, 4) for value in one] for one in normalised([[-0.1, -0.5], [], [0.0]])]
    [[0.4629, -1.3887], [], [0.9258]]
    >>> normalised([[-0.5], [-0.5]])
    ((0.0,), (0.0,))
    """
    pooled = [value for one in returns for value in one]
    if not pooled:
        return tuple(() for _ in returns)
    mean = math.fsum(pooled) / len(pooled)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in pooled) / len(pooled))
    if deviation < floor:
        return tuple(tuple(0.0 for _ in one) for one in returns)
    return tuple(tuple((value - mean) / deviation for value in one) for one in returns)
