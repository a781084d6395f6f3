"""The reward once more, written from the equations in another way: exact fractions, the statistics module, one loop."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from fractions import Fraction

FAILS = {"silent", "error", "timeout", "memory", "exited", "crashed", "denied", "lost"}


@dataclass
class Worked:
    """What one attempt comes to."""

    reward: float
    advantage: float
    credit: list[float]


def worked(
    groups: list[list[tuple[bool, bool, list[str]]]],
    *,
    gamma: float = 4.0,
    delta: float = 0.2,
    beta: float = 0.2,
    lam: float = 0.2,
) -> list[list[Worked]]:
    """BAT with the weights of other sources than mathematics; an attempt is (right, well formed, calls)."""
    results: list[list[Worked]] = []
    pool: list[float] = []
    for group in groups:
        share = statistics.mean(Fraction(int(right)) for right, _, _ in group)
        d = 0.5 * (1 + math.tanh(gamma * (0.5 - float(share)) / 2)) - delta
        rewards = []
        for right, well_formed, calls in group:
            good = sum(call not in FAILS for call in calls)
            tools = d * (1.5 if right else 0.5) * good / len(calls) if calls else 0.0
            rewards.append(int(right) - 0.2 * (not well_formed) + tools)
        spread = statistics.stdev(rewards) if len(rewards) > 1 else 0.0
        middle = statistics.mean(rewards)
        results.append([Worked(one, (one - middle) / (spread + 1e-6), []) for one in rewards])
        for (_, _, calls), result in zip(group, results[-1], strict=True):
            # Written out: the blame of a later failure comes down by beta for each turn between.
            blame = [-0.5 if call in FAILS else 0.0 for call in calls]
            result.credit = [
                sum(beta ** (later - turn) * blame[later] for later in range(turn, len(calls)))
                for turn in range(len(calls))
            ]
            pool += result.credit
    deviation = statistics.pstdev(pool) if pool else 0.0
    for result in (one for group_results in results for one in group_results):
        centred = [value - statistics.mean(pool) for value in result.credit]
        result.credit = [lam * value / deviation if deviation >= 1e-8 else 0.0 for value in centred]
    return results
