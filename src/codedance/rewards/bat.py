r"""BAT, sequence level: calls earn much where nobody is right, little where everybody is.

``d = sigmoid(gamma (0.5 - mu)) - delta`` and ``R_seq = d w N_succ / N_total``, where ``mu`` is the mean of the group's
accuracies (0 or 1). The paper's equation and its released trainer have ``(1 + tanh(gamma (0.5 - mu))) / 2`` in place of
the sigmoid, which is a sigmoid with twice the gamma.
"""

from __future__ import annotations

import math
from typing import assert_never

from codedance.rewards.attempts import Attempt
from codedance.rewards.settings import Curve, RewardSettings
from codedance.schema import Term

__all__ = ["break_even", "difficulty", "sequence_term"]


def difficulty(accuracy: float, *, gamma: float = 4.0, delta: float = 0.2, curve: Curve = Curve.SIGMOID) -> float:
    """Scale ``d`` of the tool reward for a group with this mean accuracy; falls as the accuracy rises.

    Lies between ``-delta`` and ``1 - delta``: with the paper's constants from 0.6808 (nobody was right) to -0.0808
    (everybody was), so that a call on an easy question costs.

    Raises:
        ValueError: an accuracy outside 0 to 1, or a constant that is not finite.

    >>> [round(difficulty(mu), 4) for mu in (0, 0.25, 0.5, 0.75, 1)]
    [0.6808, 0.5311, 0.3, 0.0689, -0.0808]
    >>> [round(difficulty(mu, curve=Curve.TANH), 4) for mu in (0, 0.25, 0.5, 0.75, 1)]
    [0.782, 0.6808, 0.3, -0.0808, -0.182]
    """
    if not 0.0 <= accuracy <= 1.0:
        raise ValueError(f"a mean accuracy lies between 0 and 1, not {accuracy}")
    if not (math.isfinite(gamma) and math.isfinite(delta)):
        raise ValueError(f"gamma and delta must be finite, not {gamma} and {delta}")
    match curve:
        case Curve.SIGMOID:
            return _sigmoid(gamma * (0.5 - accuracy)) - delta
        case Curve.TANH:
            return (1.0 + math.tanh(gamma * (0.5 - accuracy))) / 2 - delta
        case unreachable:
            assert_never(unreachable)


def break_even(*, gamma: float = 4.0, delta: float = 0.2, curve: Curve = Curve.SIGMOID) -> float | None:
    """Mean accuracy at which calls neither earn nor cost: ``0.5 + ln((1 - delta) / delta) / gamma``.

    ``None`` if there is none between 0 and 1. With the hyperbolic tangent, ``gamma`` counts twice.

    >>> round(break_even(), 4), round(break_even(curve=Curve.TANH), 4)
    (0.8466, 0.6733)
    >>> break_even(gamma=1) is None
    True
    """
    if gamma <= 0 or not 0.0 < delta < 1.0:
        return None
    steepness = gamma if curve is Curve.SIGMOID else 2 * gamma
    at = 0.5 + math.log((1 - delta) / delta) / steepness
    return at if 0.0 <= at <= 1.0 else None


def sequence_term(attempt: Attempt, d: float, settings: RewardSettings, *, full_cost: bool = False) -> Term:
    """``R_seq = d w N_succ / N_total``, 0 when no code was run; ``w`` depends on whether the attempt is right.

    Half of the group is right, so ``d`` is 0.3; a right attempt with one call of two successful earns
    ``0.3 * 1.5 * 1/2``:

    >>> attempt = Attempt(correct=True, format_ok=True, calls=("ok", "error"))
    >>> term = sequence_term(attempt, difficulty(0.5), RewardSettings())
    >>> round(term.value * term.weight, 4), term.note
    (0.225, 'd 0.3000, 1 of 2 calls succeeded')

    Where ``d`` is below 0, a failed call makes that share smaller and so the cost: with ``full_cost`` it does not.

    >>> everybody = difficulty(1)
    >>> [round(sequence_term(attempt, everybody, RewardSettings(), full_cost=full).value, 4) for full in (False, True)]
    [-0.0404, -0.0808]
    """
    weights = settings.weights_of(attempt.weights)
    failed = attempt.failed(silent_is_failure=settings.silent_is_failure)
    weight = weights.call_right if attempt.correct else weights.call_wrong
    if not failed:
        return Term(value=0.0, weight=weight, note="no calls")
    succeeded = failed.count(False)
    note = f"d {d:.4f}, {succeeded} of {len(failed)} calls succeeded"
    share = 1.0 if full_cost and d < 0 else succeeded / len(failed)
    return Term(value=d * share + 0.0, weight=weight, note=note)  # never minus zero


def _sigmoid(z: float) -> float:
    # Either branch takes the exponential of a number that is not positive: no overflow.
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
