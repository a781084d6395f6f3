"""From groups of attempts to rewards, advantages and turn credit: what trainers and adapters call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codedance.rewards.accuracy import accuracy_term
from codedance.rewards.advantage import clipped_advantages, group_advantages, no_variance
from codedance.rewards.attempts import Attempt, Unscored
from codedance.rewards.bat import difficulty
from codedance.rewards.format import format_term
from codedance.rewards.settings import RewardSettings
from codedance.rewards.turns import normalised, turn_returns
from codedance.rewards.variants import VARIANTS, Variant
from codedance.schema import Score, Term, Trajectory

__all__ = ["AttemptReward", "GroupReward", "score_batch", "score_of"]


@dataclass(frozen=True, slots=True)
class AttemptReward:
    """What one attempt earned within its group and batch."""

    terms: Mapping[str, Term]
    """``accuracy``, ``format`` and, where the variant has one, ``tools``."""
    correct: bool | None
    """``None`` if the attempt could not be scored."""
    advantage: float
    """Over the group; 0 if it could not be scored: such an attempt belongs in no loss."""
    call_credit: tuple[float, ...]
    """Added to the advantage of the tokens of each code turn, in order; zeros if the variant has no turn level."""

    @property
    def scored(self) -> bool:
        """Whether the attempt takes part in its group."""
        return self.correct is not None

    @property
    def reward(self) -> float | None:
        """Weighted sum of the terms; ``None`` if the attempt could not be scored."""
        return _total(self.terms.values()) if self.scored else None


@dataclass(frozen=True, slots=True)
class GroupReward:
    """What the attempts at one task earned."""

    attempts: tuple[AttemptReward, ...]
    """In the order of the group."""
    accuracy: float | None
    """Mean accuracy (0/1) of the scored attempts; ``None`` without any."""
    d: float | None
    """Difficulty of the group by the settings' curve, whether the variant uses it or not; ``None`` likewise."""
    zero_variance: bool
    """All rewards are the same (or there is one, or none): the group teaches nothing but by its turn credit."""


def score_batch(
    groups: Sequence[Sequence[Attempt | Unscored]],
    *,
    variant: Variant = VARIANTS["bat"],
    settings: RewardSettings | None = None,
) -> tuple[GroupReward, ...]:
    """Score a batch: rewards, GRPO advantages within each group, turn credit normalised over the whole batch.

    Every number is finite for any settings; the order of attempts and groups changes only the order of the results.

    Two attempts at one task: ``mu`` is 0.5, so ``d`` is 0.3. The right one earns 1 + 0.3 * 1.5 * 1/1 = 1.45, the wrong
    one 0 + 0.3 * 0.5 * 0/1 = 0. The deviation of the two is 1.45 / sqrt(2), so the advantages are 1 / sqrt(2) and its
    negative. Their returns 0 and -0.5 are 1 and -1 when normalised, times 0.2.

    >>> right = Attempt(correct=True, format_ok=True, calls=("ok",))
    >>> wrong = Attempt(correct=False, format_ok=True, calls=("error",))
    >>> (group,) = score_batch([[right, wrong]])
    >>> [round(one.reward, 4) for one in group.attempts], [round(one.advantage, 4) for one in group.attempts]
    ([1.45, 0.0], [0.7071, -0.7071])
    >>> [one.call_credit for one in group.attempts]
    [(0.2,), (-0.2,)]
    """
    settings = settings or RewardSettings()
    credit = iter(_call_credit([one for group in groups for one in group], variant, settings))
    return tuple(_score_group(group, [next(credit) for _ in group], variant, settings) for group in groups)


def score_of(trajectory: Trajectory, reward: AttemptReward) -> Score:
    """The record of what a trajectory earned; ``turn_credit`` has an entry for every turn, 0 for those without code.

    Raises:
        ValueError: the reward is of an attempt with another number of calls.
    """
    code_turns = sum(turn.code is not None for turn in trajectory.turns)
    if reward.scored and code_turns != len(reward.call_credit):
        raise ValueError(
            f"{trajectory.id}: {code_turns} turns with code, but credit for {len(reward.call_credit)} calls"
        )
    credit = iter(reward.call_credit)
    per_turn = tuple(next(credit, 0.0) if turn.code is not None else 0.0 for turn in trajectory.turns)
    return Score(
        trajectory_id=trajectory.id,
        correct=reward.correct,
        terms=dict(reward.terms),
        turn_credit=per_turn if reward.scored else (),
    )


def _score_group(
    group: Sequence[Attempt | Unscored], credit: Sequence[tuple[float, ...]], variant: Variant, settings: RewardSettings
) -> GroupReward:
    scored = [one for one in group if isinstance(one, Attempt)]
    if not scored:
        nobody = tuple(_unscored(one) for one in group if isinstance(one, Unscored))
        return GroupReward(nobody, accuracy=None, d=None, zero_variance=True)
    accuracy = sum(one.correct for one in scored) / len(scored)
    terms = [_terms(one, accuracy, variant, settings) for one in scored]
    rewards = [_total(one.values()) for one in terms]
    advantages = _advantages(rewards, settings)
    if variant.clipped:
        bare = [_total(term for name, term in one.items() if name != "tools") for one in terms]
        advantages = clipped_advantages(advantages, _advantages(bare, settings), [one.correct for one in scored])
    results = iter(zip(terms, advantages, strict=True))
    attempts: list[AttemptReward] = []
    for one, call_credit in zip(group, credit, strict=True):
        if isinstance(one, Unscored):
            attempts.append(_unscored(one))
        else:
            parts, advantage = next(results)
            attempts.append(AttemptReward(parts, one.correct, advantage, call_credit))
    return GroupReward(
        attempts=tuple(attempts),
        accuracy=accuracy,
        d=difficulty(accuracy, gamma=settings.gamma, delta=settings.delta, curve=settings.curve),
        zero_variance=no_variance(rewards),
    )


def _terms(attempt: Attempt, accuracy: float, variant: Variant, settings: RewardSettings) -> dict[str, Term]:
    weights = settings.weights_of(attempt.weights)
    form = format_term(attempt.format_ok, weights, note=attempt.note)
    terms = {"accuracy": accuracy_term(attempt.correct, weights), "format": form}
    if variant.tools is not None:
        terms["tools"] = variant.tools(attempt, accuracy, settings)
    return terms


def _advantages(rewards: Sequence[float], settings: RewardSettings) -> tuple[float, ...]:
    return group_advantages(rewards, epsilon=settings.epsilon, divide_by_std=settings.divide_by_std)


def _call_credit(
    attempts: Sequence[Attempt | Unscored], variant: Variant, settings: RewardSettings
) -> list[tuple[float, ...]]:
    """Credit of every call of every attempt of the batch."""
    failed = [
        one.failed(silent_is_failure=settings.silent_is_failure) if isinstance(one, Attempt) else () for one in attempts
    ]
    if not variant.turn_level:
        return [tuple(0.0 for _ in one) for one in failed]
    returns = [turn_returns(one, penalty=settings.turn_penalty, beta=settings.beta) for one in failed]
    each = normalised(returns, floor=settings.turn_floor)
    return [tuple(settings.turn_weight * value for value in one) for one in each]


def _unscored(attempt: Unscored) -> AttemptReward:
    terms = {"accuracy": Term(value=None, note=attempt.reason)}
    return AttemptReward(terms, correct=None, advantage=0.0, call_credit=())


def _total(terms: Iterable[Term]) -> float:
    """The weighted sum, as :attr:`codedance.schema.Score.total` has it."""
    return sum(term.value * term.weight for term in terms if term.value is not None)
