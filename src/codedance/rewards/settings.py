"""Every constant of the rewards, with its source: the paper, its released script, or this project."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from codedance.schema import Record

__all__ = ["Curve", "RewardSettings", "SourceWeights", "WeightSet"]

Coefficient = Annotated[float, Field(ge=-1e6, le=1e6)]
"""Bounded, so that no sum or product of them leaves the range of floating-point numbers."""


class Curve(StrEnum):
    """How the tool reward falls with the group's accuracy; see :func:`codedance.rewards.difficulty`."""

    SIGMOID = "sigmoid"
    """The paper's text; the default."""
    TANH = "tanh"
    """The paper's equation and its released trainer: a sigmoid with twice the gamma."""


class WeightSet(StrEnum):
    """Which weights an attempt is scored with."""

    DEFAULT = "default"
    MATHEMATICS = "mathematics"


class SourceWeights(Record):
    """Weights of the reward's terms for tasks of one kind of source.

    >>> RewardSettings().mathematics
    SourceWeights(accuracy=1.2, format=0.4, call_right=2.0, call_wrong=1.0)
    """

    accuracy: Coefficient = 1.0
    """Of R_acc (paper: 1; released script: 1.2 on mathematics)."""
    format: Coefficient = 0.2
    """Of R_format (paper: 0.2; released script: 0.4 on mathematics)."""
    call_right: Coefficient = 1.5
    """``w`` of R_seq if the attempt is right (released script: 1.5, and 2 on mathematics)."""
    call_wrong: Coefficient = 0.5
    """``w`` of R_seq if it is wrong (released script: 0.5, and 1 on mathematics)."""


class RewardSettings(Record):
    """Constants of all reward variants; a variant uses those that its formula names.

    >>> RewardSettings(gamma=8).weights_of(WeightSet.DEFAULT).call_right
    1.5
    """

    weights: SourceWeights = SourceWeights()
    """Weights of all tasks but those of ``mathematics_sources``."""
    mathematics: SourceWeights = SourceWeights(accuracy=1.2, format=0.4, call_right=2.0, call_wrong=1.0)
    """Weights of mathematics (released script)."""
    mathematics_sources: tuple[str, ...] = ()
    """Sources of tasks that are scored with the weights of mathematics, as ``Task.source`` names them."""
    longest_answer: int = Field(default=1000, ge=1)
    """Characters from which an answer is a fault of form and counts as wrong (released script: 1,000)."""
    silent_is_failure: bool = True
    """Whether code that ran and showed nothing is a failed call (released script: yes, "no explicit output")."""

    curve: Curve = Curve.SIGMOID
    """Form of the difficulty ``d``."""
    gamma: float = Field(default=4.0, ge=0.0, le=1e6)
    """Steepness of ``d`` (paper: 4)."""
    delta: Coefficient = 0.2
    """What is subtracted from the curve, so that calls on easy questions cost (paper: 0.2)."""

    turn_penalty: Coefficient = -0.5
    """``r_t`` of a turn whose code failed (paper: -0.5)."""
    beta: float = Field(default=0.2, ge=0.0, le=1.0)
    """Discount of later turns in ``G_t`` (paper: 0.2)."""
    turn_weight: Coefficient = 0.2
    """``lambda``: weight of the normalised returns beside the advantage (paper: 0.2)."""
    turn_floor: float = Field(default=1e-8, ge=1e-12, le=1.0)
    """Standard deviation of the batch's returns below which all become zero (released script: 1e-8)."""

    epsilon: float = Field(default=1e-6, ge=1e-12, le=1.0)
    """Added to the group's standard deviation (released trainer: 1e-6)."""
    divide_by_std: bool = True
    """Whether advantages are divided by the group's standard deviation (GRPO: yes; PyVision-RL: no)."""

    deepeyes_bonus: Coefficient = 0.4
    """``deepeyes``: reward of a successful call (a released script of DeepEyes paid 0.4 for using the tool)."""
    deepeyes_once: bool = False
    """``deepeyes``: pay once an attempt, as DeepEyes did, not for every call, as in CodeDance's ablation."""
    deepeyes_right_only: bool = False
    """``deepeyes``: pay right attempts only, as in the paper of DeepEyes."""

    accumulative_bonus: Coefficient = 0.1
    """``accumulative``: reward of each call of a right attempt (PyVision-RL's released script: 0.1)."""
    accumulative_failed: bool = True
    """``accumulative``: count failed calls too, as PyVision-RL's released code does."""

    clipped_penalty: float = Field(default=0.2, ge=0.0, le=1e6)
    """``clipped``: largest penalty for calls. AdaTIR has one of this form; the value is this project's."""
    clipped_below: float = Field(default=0.5, ge=0.0, le=1.0)
    """``clipped``: calls cost where the share of wrong attempts is below this (AdaTIR's form, this project's value)."""
    clipped_calls: int = Field(default=6, ge=1)
    """``clipped``: calls at which the penalty is full: the limit of turns in training (paper of CodeDance: 6)."""

    def weights_of(self, kind: WeightSet) -> SourceWeights:
        """The weights of one kind of source."""
        match kind:
            case WeightSet.DEFAULT:
                return self.weights
            case WeightSet.MATHEMATICS:
                return self.mathematics
            case unreachable:
                assert_never(unreachable)
