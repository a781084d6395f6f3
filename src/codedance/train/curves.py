"""What a reinforcement-learning run tells of each step, and the file that it is kept in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from codedance.errors import DataError
from codedance.rewards import Attempt, AttemptReward, GroupReward, Unscored
from codedance.schema import Record, StopReason, Trajectory
from codedance.store import RecordFile
from codedance.tasks.worlds import Difficulty
from codedance.train.task_source import difficulty_of

__all__ = [
    "CURVE",
    "Behaviour",
    "CurveLine",
    "RewardFigures",
    "Speed",
    "behaviour",
    "figures",
    "read_curve",
    "reward_figures",
]

CURVE = "curve.jsonl"
"""Name of the curve in a run's folder."""


class Behaviour(Record):
    """How a policy went about tasks; ``None`` where there was nothing to take the mean of."""

    attempts: int
    accuracy: float | None
    """Share of the scored attempts that were right."""
    accuracy_easy: float | None
    accuracy_hard: float | None
    turns: float | None
    """Mean number of replies."""
    turns_easy: float | None
    turns_hard: float | None
    tool_rate: float | None
    """Share of the attempts that ran code."""
    tool_rate_easy: float | None
    tool_rate_hard: float | None
    execution_success: float | None
    """Share of the pieces of code that ran to their end and showed something."""
    answered: float | None
    """Share of the attempts that ended with an answer."""
    length: float | None
    """Mean number of sampled tokens of an attempt."""


class RewardFigures(Record):
    """What the attempts of a step earned, over all groups that were sampled."""

    reward: float | None
    """Mean over the scored attempts."""
    accuracy: float | None
    """Mean of the term ``R_acc`` with its weight."""
    format: float | None
    """Likewise ``R_format``."""
    tools: float | None
    """Likewise what the variant makes of calls; ``None`` if it has no such term."""
    d: float | None
    """Mean difficulty of the groups."""
    zero_variance: float
    """Share of the groups whose rewards are all the same."""
    groups: int
    """Groups that were sampled."""
    trained: int
    """Groups that the policy was updated with."""
    unscored: int
    """Attempts whose model or sandbox failed."""


class Speed(Record):
    """Where the time went, in wall-clock seconds."""

    tokens_per_second: float
    """Sampled tokens over the time of the rollouts."""
    generate: float
    """While at least one attempt waited for the model."""
    sandbox: float
    """The rest of the rollouts' time: what running code costs beyond what decoding hides."""
    update: float
    exam: float
    whole: float


class UpdateFigures(Record):
    """What the updates of one step did."""

    loss: float
    gradient_norm: float
    """Before it is clipped; mean over the optimiser's steps."""
    clip_fraction: float
    """Share of the tokens whose gradient the clip took away."""
    entropy: float
    """Of the distributions that tokens were drawn from, in nats a token; with several updates the mean over them."""
    kl_step: float
    """How far the policy moved from the one that sampled, in nats a token; 0 with a single update."""
    kl_reference: float | None
    """How far it is from the policy that the run began with; ``None`` if that is not asked for."""
    sampler_gap: float
    """Mean difference between the sampler's and the trainer's log-probability of a token before the step's first
    update: near 0, or something is wrong. With several updates and ``old_from=sampler``: in the first mini-batch."""
    tokens: int
    """Tokens that carried loss."""


class CurveLine(Record):
    """One step; step 0 is the policy that the run began with."""

    step: int
    position: int
    """Tasks that were used up so far."""
    batch: Behaviour | None = None
    """Of the attempts that were trained on (and those that dynamic sampling left out)."""
    rewards: RewardFigures | None = None
    update: UpdateFigures | None = None
    exam: Behaviour | None = None
    """On held-out tasks, greedy; only at the steps that have one."""
    speed: Speed | None = None


def behaviour(
    trajectories: Sequence[Trajectory], scored: Sequence[Attempt | Unscored], *, silent_is_failure: bool = True
) -> Behaviour:
    """Summary of attempts, all together and by the difficulty that the tasks' source tells."""
    pairs = [(one, found) for one, found in zip(trajectories, scored, strict=True) if isinstance(found, Attempt)]

    def mean(value: Callable[[Trajectory, Attempt], float], difficulty: Difficulty | None = None) -> float | None:
        chosen = [pair for pair in pairs if difficulty is None or difficulty_of(pair[0].task) is difficulty]
        return _mean(value(*pair) for pair in chosen)

    def right(_: Trajectory, found: Attempt) -> float:
        return float(found.correct)

    def turns(one: Trajectory, _: Attempt) -> float:
        return len(one.turns)

    def called(_: Trajectory, found: Attempt) -> float:
        return float(bool(found.calls))

    easy, hard = Difficulty.EASY, Difficulty.HARD
    return Behaviour(
        attempts=len(trajectories),
        accuracy=mean(right),
        accuracy_easy=mean(right, easy),
        accuracy_hard=mean(right, hard),
        turns=mean(turns),
        turns_easy=mean(turns, easy),
        turns_hard=mean(turns, hard),
        tool_rate=mean(called),
        tool_rate_easy=mean(called, easy),
        tool_rate_hard=mean(called, hard),
        execution_success=_mean(
            float(not failed) for _, found in pairs for failed in found.failed(silent_is_failure=silent_is_failure)
        ),
        answered=mean(lambda one, _: float(one.stop is StopReason.ANSWERED)),
        length=mean(lambda one, _: sum(turn.completion_tokens or 0 for turn in one.turns)),
    )


def reward_figures(groups: Sequence[GroupReward], *, trained: int) -> RewardFigures:
    """Summary of what the groups of a step earned."""
    every = [one for group in groups for one in group.attempts]
    scored = [one for one in every if one.scored]

    def term(name: str) -> float | None:
        return _mean(value for one in scored if (value := _worth(one, name)) is not None)

    return RewardFigures(
        reward=_mean(one.reward for one in scored if one.reward is not None),
        accuracy=term("accuracy"),
        format=term("format"),
        tools=term("tools"),
        d=_mean(group.d for group in groups if group.d is not None),
        zero_variance=sum(group.zero_variance for group in groups) / max(1, len(groups)),
        groups=len(groups),
        trained=trained,
        unscored=len(every) - len(scored),
    )


def figures(line: CurveLine) -> dict[str, float]:
    """All numbers of a line under names such as ``exam/accuracy_hard``; those that are absent are left out.

    >>> figures(CurveLine(step=1, position=8))
    {'position': 8}
    """
    found: dict[str, float] = {"position": line.position}
    for name, part in (
        ("batch", line.batch),
        ("rewards", line.rewards),
        ("update", line.update),
        ("exam", line.exam),
        ("speed", line.speed),
    ):
        values = part.model_dump() if part is not None else {}
        found.update({f"{name}/{key}": value for key, value in values.items() if value is not None})
    return found


def read_curve(folder: Path) -> list[CurveLine]:
    """The curve of a run folder.

    Raises:
        DataError: the folder holds no curve.
        StoreError: a line that is not of this program.
    """
    path = folder / CURVE
    lines = list(RecordFile(path, CurveLine))
    if not lines:
        raise DataError(f"{folder}: holds no curve of a reinforcement-learning run ({CURVE})")
    return lines


def _worth(reward: AttemptReward, name: str) -> float | None:
    term = reward.terms.get(name)
    return term.value * term.weight if term is not None and term.value is not None else None


def _mean(values: Iterable[float] | Iterator[float]) -> float | None:
    held = list(values)
    return fmean(held) if held else None
