"""GRPO: an attempt's advantage is its reward against those of its group."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["clipped_advantages", "group_advantages", "no_variance"]

_ROUNDING = 1e-12
"""Rewards closer than this, relative to the largest, differ by rounding only."""


def group_advantages(
    rewards: Sequence[float], *, epsilon: float = 1e-6, divide_by_std: bool = True
) -> tuple[float, ...]:
    """``A = (r - mean) / (std + epsilon)`` with the sample standard deviation; zeros for a group without variance.

    A group of one has no variance. The order of the attempts does not matter, to the last bit.

    Args:
        rewards: of all attempts at one task.
        epsilon: added to the standard deviation.
        divide_by_std: ``False`` leaves ``r - mean`` (Dr. GRPO, PyVision-RL).

    Raises:
        ValueError: no rewards, or one that is not finite.

    The mean is 0.25, the deviation sqrt((0.75 ** 2 + 3 * 0.25 ** 2) / 3) = 0.5:

    >>> [round(one, 6) for one in group_advantages([1.0, 0.0, 0.0, 0.0])]
    [1.499997, -0.499999, -0.499999, -0.499999]
    >>> group_advantages([0.7])
    (0.0,)
    """
    if not rewards:
        raise ValueError("a group without attempts has no advantages")
    if not all(map(math.isfinite, rewards)):
        raise ValueError(f"every reward must be finite, not {list(rewards)}")
    if no_variance(rewards):
        return tuple(0.0 for _ in rewards)
    mean = math.fsum(rewards) / len(rewards)
    if not divide_by_std:
        return tuple(reward - mean for reward in rewards)
    deviation = math.sqrt(math.fsum((reward - mean) ** 2 for reward in rewards) / (len(rewards) - 1))
    return tuple((reward - mean) / (deviation + epsilon) for reward in rewards)


def no_variance(rewards: Sequence[float]) -> bool:
    """Whether all rewards are the same, rounding aside: such a group teaches nothing.

    >>> no_variance([0.3, 0.1 + 0.2]), no_variance([0.3, 0.3001])
    (True, False)
    """
    low, high = min(rewards), max(rewards)
    return high - low <= _ROUNDING * max(1.0, abs(low), abs(high))


def clipped_advantages(
    with_penalty: Sequence[float], without_penalty: Sequence[float], right: Sequence[bool]
) -> tuple[float, ...]:
    """Advantages in which a tool penalty never turns a right attempt's advantage negative.

    A right attempt gets ``max(A, min(0, A0))``: its advantage ``A`` with the penalty, but not below 0, unless it was
    below 0 without the penalty (``A0``) already. Wrong attempts keep ``A``. AdaTIR names the problem ("sign reversal")
    and clips the shaping of advantages against it; the form here is this project's.

    Two right attempts, one with so many calls that its advantage would be negative:

    >>> clipped_advantages([0.9, -0.1, -0.8], [0.5, 0.5, -1.0], [True, True, False])
    (0.9, 0.0, -0.8)
    """
    return tuple(
        max(full, min(0.0, bare)) if is_right else full
        for full, bare, is_right in zip(with_penalty, without_penalty, right, strict=True)
    )
