"""What a sample carries from its rollout to the trainer: everything that rewards and advantages are made of.

Group accuracies and the normaliser of turn credit are known only where the whole batch is. Until then a sample carries
this record, as plain JSON, through the engine's own queues.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from codedance.engines.settings import EngineSettings
from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.rewards import (
    Attempt,
    AttemptReward,
    GroupReward,
    Unscored,
    accuracy_term,
    attempt_of,
    format_term,
    score_batch,
)
from codedance.schema import Record, StopReason, Task, Text, Trajectory

if TYPE_CHECKING:
    from codedance.train.advantages import TokenAdvantages

__all__ = [
    "BatchReward",
    "Carried",
    "batch_figures",
    "carried_of",
    "lone_reward",
    "question_name",
    "reward_batch",
    "token_worth",
]


class Carried(Record):
    """One attempt, reduced to what the trainer needs."""

    asked: str
    """Names the question with its pictures: attempts at the same one are a group."""
    attempt: Attempt | None
    """``None`` if it could not be scored."""
    unscored: Text = ""
    """Why not."""
    stop: StopReason
    ran_code: tuple[bool, ...]
    """For each turn, whether its code was run; a reply that came when the time was up is one more, without code."""
    spans: tuple[tuple[int, int], ...]
    """For each turn its first token and one past its last, counted from the first token of the response; none for an
    attempt that could not be scored: it belongs in no loss."""
    tokens: int = Field(ge=0)
    """Tokens that were sampled."""
    seconds: float = Field(ge=0.0)
    """Of the whole attempt."""
    code_seconds: float = Field(ge=0.0)
    """Of its code."""

    @classmethod
    def read(cls, value: object) -> Carried:
        """From the JSON text that travelled; raises :class:`DataError`."""
        if not isinstance(value, str | bytes):
            raise DataError(f"a sample carries no record of its attempt (but {type(value).__name__})")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            raise DataError(f"a sample carries a broken record of its attempt ({error.error_count()} faults)") from None

    def write(self) -> str:
        """As JSON text."""
        return self.model_dump_json()


def carried_of(
    trajectory: Trajectory,
    settings: EngineSettings,
    *,
    spans: Sequence[tuple[int, int]],
    pictures: Mapping[str, Picture],
    equivalent: Callable[[str, str], bool] | None,
) -> Carried:
    """Score an attempt as far as one attempt can be scored.

    Args:
        trajectory: the attempt.
        settings: constants of the rewards.
        spans: of each turn's tokens within the response, and of a reply's that came when the time was up: it is no turn
            of the episode, but was sampled in it.
        pictures: every picture of the trajectory by SHA-256.
        equivalent: how mathematical answers are compared.

    Raises:
        DataError: turns and spans do not fit together.
    """
    late = len(spans) - len(trajectory.turns)
    if late not in ((0, 1) if trajectory.stop is StopReason.TIME else (0,)):
        raise DataError(f"{trajectory.id}: {len(trajectory.turns)} turns, but tokens of {len(spans)}")
    scored = attempt_of(trajectory, settings.reward, pictures=pictures, equivalent=equivalent)
    found = scored if isinstance(scored, Attempt) else None
    return Carried(
        asked=question_name(trajectory.task),
        attempt=found,
        unscored=scored.reason if isinstance(scored, Unscored) else "",
        stop=trajectory.stop,
        ran_code=(*(turn.code is not None for turn in trajectory.turns), *[False] * late),
        spans=tuple(spans) if found is not None else (),
        tokens=sum(turn.completion_tokens or 0 for turn in trajectory.turns),
        seconds=trajectory.seconds,
        code_seconds=sum(turn.execution.seconds for turn in trajectory.turns if turn.execution is not None),
    )


def question_name(task: Task) -> str:
    """A name for a question with its pictures, the same on every machine, whatever the task is called.

    Texts alone are not enough: many pictures are asked "How many?".
    """
    parts = [task.question, *(ref.sha256 for ref in task.images)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", errors="replace")).hexdigest()[:24]


def lone_reward(carried: Carried, settings: EngineSettings) -> float:
    """What an attempt earns before its group is known: ``R_acc + R_format``; 0 if it could not be scored.

    >>> right = Carried(asked="q", attempt=Attempt(correct=True, format_ok=False), stop="answered", ran_code=(False,),
    ...                 spans=((0, 3),), tokens=3, seconds=1.0, code_seconds=0.0)
    >>> lone_reward(right, EngineSettings())
    0.8
    """
    if carried.attempt is None:
        return 0.0
    weights = settings.reward.weights_of(carried.attempt.weights)
    terms = (accuracy_term(carried.attempt.correct, weights), format_term(carried.attempt.format_ok, weights))
    return sum(term.value * term.weight for term in terms if term.value is not None)


@dataclass(frozen=True, slots=True)
class BatchReward:
    """What the attempts of a batch earned."""

    attempts: tuple[AttemptReward, ...]
    """In the order in which they were given."""
    groups: tuple[GroupReward, ...]


def reward_batch(carried: Sequence[Carried], groups: Sequence[str], settings: EngineSettings) -> BatchReward:
    """Rewards, advantages and turn credit of a batch: :func:`codedance.rewards.score_batch`, whatever the order.

    Args:
        carried: all attempts of the batch.
        groups: for each of them the name of its question.
        settings: variant and constants.
    """
    places: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    asked = [[_scored(carried[place]) for place in members] for members in places.values()]
    found = score_batch(asked, variant=settings.reward_variant, settings=settings.reward)
    by_place = {
        place: one
        for members, group in zip(places.values(), found, strict=True)
        for place, one in zip(members, group.attempts, strict=True)
    }
    return BatchReward(tuple(by_place[place] for place in range(len(carried))), found)


def _scored(one: Carried) -> Attempt | Unscored:
    return one.attempt if one.attempt is not None else Unscored(one.unscored)


def token_worth(
    carried: Sequence[Carried],
    rewards: Sequence[AttemptReward],
    *,
    tokens: int,
    spans: Sequence[Sequence[tuple[int, int]]] | None = None,
) -> TokenAdvantages:
    """One advantage for each token of the responses [B, T], by the embedded trainer's own function.

    Args:
        carried: attempts, one a row.
        rewards: what each of them earned.
        tokens: length of the rows, padding included.
        spans: of turns in the engine's own frame of tokens; those that were carried if left out.

    Raises:
        DataError: turns and spans do not fit together.
    """
    import torch

    from codedance.train.advantages import TurnSpans, token_advantages

    given = [one.spans for one in carried] if spans is None else spans
    credit = [
        _turn_credit(one, reward) if row else () for one, reward, row in zip(carried, rewards, given, strict=True)
    ]
    advantages_B = torch.tensor([reward.advantage for reward in rewards])  # noqa: N806 - axes
    return token_advantages(advantages_B, credit, TurnSpans.of(given, tokens=tokens))


def _turn_credit(one: Carried, reward: AttemptReward) -> tuple[float, ...]:
    """Credit of every turn, as :func:`codedance.rewards.score_of` has it: 0 for turns without code."""
    calls = iter(reward.call_credit)
    return tuple(next(calls, 0.0) if ran else 0.0 for ran in one.ran_code)


def batch_figures(carried: Sequence[Carried], rewards: BatchReward, settings: EngineSettings) -> dict[str, float]:
    """Numbers for the engine's logger, defined as the embedded trainer's curve has them; what is absent is left out."""
    silent = settings.reward.silent_is_failure
    known = [(one, one.attempt) for one in carried if one.attempt is not None]
    calls = [failed for _, attempt in known for failed in attempt.failed(silent_is_failure=silent)]
    earned = [one for one in rewards.attempts if one.scored]
    values: dict[str, list[float]] = {
        "accuracy": [float(attempt.correct) for _, attempt in known],
        "turns": [len(one.ran_code) for one, _ in known],
        "tool_rate": [float(bool(attempt.calls)) for _, attempt in known],
        "execution_success": [float(not failed) for failed in calls],
        "answered": [float(one.stop is StopReason.ANSWERED) for one, _ in known],
        "length": [one.tokens for one, _ in known],
        "reward": [one.reward for one in earned if one.reward is not None],
        "d": [group.d for group in rewards.groups if group.d is not None],
        "zero_variance": [float(group.zero_variance) for group in rewards.groups],
        "unscored": [float(one.attempt is None) for one in carried],
        "attempt_seconds": [one.seconds for one in carried],
        "code_seconds": [one.code_seconds for one in carried],
    }
    for name in ("accuracy", "format", "tools"):
        terms = [one.terms[name] for one in earned if name in one.terms]
        values[f"reward_{name}"] = [term.value * term.weight for term in terms if term.value is not None]
    return {f"codedance/{name}": fmean(held) for name, held in values.items() if held}
