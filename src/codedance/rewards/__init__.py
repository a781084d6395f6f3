"""Rewards as pure functions of attempts and groups: answers, form, BAT and its rivals, advantages, turn credit.

Only :class:`MathChecker` has effects: it holds a process for algebra.
"""

from codedance.rewards.accuracy import accuracy_term, is_right
from codedance.rewards.advantage import clipped_advantages, group_advantages, no_variance
from codedance.rewards.answers import expression, matches
from codedance.rewards.attempts import Attempt, CallOutcome, Unscored, attempt_of, call_outcome, turn_outcome
from codedance.rewards.bat import break_even, difficulty, sequence_term
from codedance.rewards.edits import edit_fault
from codedance.rewards.format import format_fault, format_term
from codedance.rewards.mathematics import MathChecker, Verdict, algebra_on_demand
from codedance.rewards.scoring import AttemptReward, GroupReward, score_batch, score_of
from codedance.rewards.settings import Curve, RewardSettings, SourceWeights, WeightSet
from codedance.rewards.turns import normalised, turn_returns
from codedance.rewards.variants import VARIANTS, Variant, register_variant, variant_named

__all__ = [
    "VARIANTS",
    "Attempt",
    "AttemptReward",
    "CallOutcome",
    "Curve",
    "GroupReward",
    "MathChecker",
    "RewardSettings",
    "SourceWeights",
    "Unscored",
    "Variant",
    "Verdict",
    "WeightSet",
    "accuracy_term",
    "algebra_on_demand",
    "attempt_of",
    "break_even",
    "call_outcome",
    "clipped_advantages",
    "difficulty",
    "edit_fault",
    "expression",
    "format_fault",
    "format_term",
    "group_advantages",
    "is_right",
    "matches",
    "no_variance",
    "normalised",
    "register_variant",
    "score_batch",
    "score_of",
    "sequence_term",
    "turn_outcome",
    "turn_returns",
    "variant_named",
]
