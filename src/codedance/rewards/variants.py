"""The reward variants by name: the method, its ablations and its rivals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from codedance.errors import UsageError
from codedance.rewards.attempts import Attempt
from codedance.rewards.bat import difficulty, sequence_term
from codedance.rewards.settings import RewardSettings
from codedance.schema import Term

__all__ = ["VARIANTS", "ToolTerm", "Variant", "register_variant", "variant_named"]

ToolTerm = Callable[[Attempt, float, RewardSettings], Term]
"""From an attempt and the mean accuracy of its group to what its calls earn."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A reward: accuracy, form, and what it makes of calls. Another one is made by making one of these."""

    name: str
    formula: str
    source: str
    """Where it was published, and what was seen of it."""
    tools: ToolTerm | None = None
    """What calls earn, beside accuracy and form; ``None``: nothing."""
    turn_level: bool = False
    """Whether normalised turn returns are added to the advantage of each code turn's tokens."""
    clipped: bool = False
    """Whether what calls earn may not turn the advantage of a right attempt negative."""


def variant_named(name: str) -> Variant:
    """The variant of this name; raises :class:`~codedance.errors.UsageError` with the names that there are.

    >>> variant_named("bat").turn_level
    True
    """
    if name not in VARIANTS:
        raise UsageError(f"there is no reward variant '{name}'; choose among {', '.join(VARIANTS)}")
    return VARIANTS[name]


def register_variant(variant: Variant) -> Variant:
    """Make a variant known by its name, to every command and trainer of this process.

    Raises:
        UsageError: another variant has this name.

    >>> lenient = Variant(name="lenient", formula="R_acc + R_format", source="an example")
    >>> register_variant(lenient) is variant_named("lenient")
    True
    """
    if _known.setdefault(variant.name, variant) != variant:
        raise UsageError(f"there is another reward variant '{variant.name}'; give this one another name")
    return variant


def _bat(attempt: Attempt, accuracy: float, settings: RewardSettings) -> Term:
    d = difficulty(accuracy, gamma=settings.gamma, delta=settings.delta, curve=settings.curve)
    return sequence_term(attempt, d, settings)


def _bat_full_cost(attempt: Attempt, accuracy: float, settings: RewardSettings) -> Term:
    d = difficulty(accuracy, gamma=settings.gamma, delta=settings.delta, curve=settings.curve)
    return sequence_term(attempt, d, settings, full_cost=True)


def _deepeyes(attempt: Attempt, _accuracy: float, settings: RewardSettings) -> Term:
    succeeded = attempt.failed(silent_is_failure=settings.silent_is_failure).count(False)
    paid = min(1, succeeded) if settings.deepeyes_once else succeeded
    if settings.deepeyes_right_only and not attempt.correct:
        paid = 0
    return Term(value=float(paid), weight=settings.deepeyes_bonus, note=f"{succeeded} calls succeeded")


def _accumulative(attempt: Attempt, _accuracy: float, settings: RewardSettings) -> Term:
    failed = attempt.failed(silent_is_failure=settings.silent_is_failure)
    counted = len(failed) if settings.accumulative_failed else failed.count(False)
    paid = counted if attempt.correct else 0
    return Term(value=float(paid), weight=settings.accumulative_bonus, note=f"{counted} calls counted")


def _penalty(attempt: Attempt, accuracy: float, settings: RewardSettings) -> Term:
    """AdaTIR's efficiency term: right attempts of easy groups pay the sine of their share of the calls allowed."""
    costs = attempt.correct and 1 - accuracy < settings.clipped_below
    share = min(1.0, len(attempt.calls) / settings.clipped_calls)
    value = -math.sin(math.pi / 2 * share) if costs and share else 0.0
    return Term(value=value, weight=settings.clipped_penalty, note=f"{len(attempt.calls)} calls")


_ALL = (
    Variant(
        name="outcome",
        formula="R_acc + R_format",
        source="CodeDance, ablation: fewer turns, too little tool use, worse on hard questions",
    ),
    Variant(
        name="deepeyes",
        formula="R_acc + R_format + deepeyes_bonus N_succ",
        source="DeepEyes, as in CodeDance's ablation: overuse of tools, inflated turns on easy questions",
        tools=_deepeyes,
    ),
    Variant(
        name="bat-no-turn",
        formula="R_acc + R_format + d w N_succ / N_total",
        source="CodeDance, ablation: fewer cells run without error, entropy collapses",
        tools=_bat,
    ),
    Variant(
        name="bat",
        formula="R_acc + R_format + d w N_succ / N_total; per turn: lambda (G_t - mean) / std",
        source="CodeDance: best accuracy, moderate turns, most cells run without error",
        tools=_bat,
        turn_level=True,
    ),
    Variant(
        name="bat-full-cost",
        formula=(
            "R_acc + R_format + d w (N_succ / N_total, or 1 where d is below 0); per turn: lambda (G_t - mean) / std"
        ),
        source="this project: with bat, a policy learnt to fail on purpose before code that runs",
        tools=_bat_full_cost,
        turn_level=True,
    ),
    Variant(
        name="accumulative",
        formula="R_acc + R_format + accumulative_bonus N_total [right]",
        source="PyVision-RL: every call of a right attempt earns",
        tools=_accumulative,
    ),
    Variant(
        name="clipped",
        formula=(
            "R_acc + R_format - clipped_penalty sin(pi/2 N_total / clipped_calls) [right, easy]; "
            "right: advantage not below min(0, advantage without penalty)"
        ),
        source="AdaTIR: calls cost where a question is easy, but never make a right attempt's advantage negative",
        tools=_penalty,
        clipped=True,
    ),
)

_known = {one.name: one for one in _ALL}
VARIANTS: Mapping[str, Variant] = MappingProxyType(_known)
"""All variants by name; :func:`register_variant` adds one."""
