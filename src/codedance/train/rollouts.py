"""Many attempts at once through the one loop: while one attempt's code runs, the engine decodes for the others.

Every token of every attempt is drawn with a seed of its own, so that the attempts of a step are the same whenever they
are made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.models.contract import Completion, Model
from codedance.protocol import ChatMessage
from codedance.sandbox import Sandbox
from codedance.schema import Sampling
from codedance.train.task_source import AskedTask

__all__ = ["AttemptPlan", "RolloutTimes", "make_rollouts"]


@dataclass(frozen=True, slots=True)
class AttemptPlan:
    """One attempt that is to be made."""

    asked: AskedTask
    attempt: int
    """Index among the attempts at the same task."""
    seed: int | None
    """Seed of its sampler; ``None`` for greedy decoding."""


@dataclass(slots=True)
class RolloutTimes:
    """Where the time of rollouts went, in wall-clock seconds."""

    whole: float = 0.0
    model: float = 0.0
    """While at least one attempt waited for the model."""
    _waiting: int = field(default=0, repr=False)
    _since: float = field(default=0.0, repr=False)

    @property
    def sandbox(self) -> float:
        """While none did: what running code costs beyond the time that decoding hides."""
        return max(0.0, self.whole - self.model)

    def enter(self) -> None:
        """An attempt begins to wait for the model."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1

    def leave(self) -> None:
        """It has its reply."""
        self._waiting -= 1
        if not self._waiting:
            self.model += time.monotonic() - self._since


async def make_rollouts(
    plans: Sequence[AttemptPlan],
    *,
    model: Model,
    sandbox: Sandbox,
    settings: EpisodeSettings,
    in_flight: int = 64,
    times: RolloutTimes | None = None,
    listener: Callable[[], None] = lambda: None,
) -> list[Rollout]:
    """Make these attempts, at most ``in_flight`` at once; results in the order of the plans.

    Args:
        plans: the attempts.
        model: the policy.
        sandbox: where code runs.
        settings: of each episode; its seed is replaced by the plan's.
        in_flight: attempts under way at once; an engine with as many rows never forgets one of them.
        times: added to.
        listener: told after each attempt.
    """
    times = times if times is not None else RolloutTimes()
    policy = _TimedModel(model, times)
    found: dict[int, Rollout] = {}
    limiter = anyio.CapacityLimiter(in_flight)

    async def play(number: int, plan: AttemptPlan) -> None:
        async with limiter:
            sampling = settings.sampling.model_copy(update={"seed": plan.seed})
            found[number] = await run_episode(
                plan.asked.task,
                plan.asked.pictures,
                model=policy,
                sandbox=sandbox,
                settings=settings.model_copy(update={"sampling": sampling}),
                attempt=plan.attempt,
            )
            listener()

    begin = time.monotonic()
    async with anyio.create_task_group() as group:
        for number, plan in enumerate(plans):
            group.start_soon(play, number, plan)
    times.whole += time.monotonic() - begin
    return [found[number] for number in range(len(plans))]


class _TimedModel:
    """A model whose time is measured."""

    def __init__(self, model: Model, times: RolloutTimes) -> None:
        self._model, self._times = model, times

    @property
    def name(self) -> str:
        """Of the model."""
        return self._model.name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Sample, and count the time."""
        self._times.enter()
        try:
            return await self._model.complete(messages, sampling, stop=stop, on_text=on_text)
        finally:
            self._times.leave()

    async def close(self) -> None:
        """The model is its owner's to close."""
