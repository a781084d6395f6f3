"""Group relative policy optimisation with the rewards of CodeDance: sample groups, score them, learn, look, keep.

One step: some tasks, a number of attempts at each through the one loop; rewards and advantages within each group; one
or more updates; a line of the curve. Everything random has a seed made of the run's seed and the place in the data, so
that a run that was killed and started again goes the same way.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import JsonValue

from codedance.episode import EpisodeSettings, Rollout
from codedance.errors import DataError, SandboxError
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import save_checkpoint
from codedance.models.local.engine import LocalModel
from codedance.models.local.network import Network
from codedance.rewards import VARIANTS, Attempt, GroupReward, MathChecker, Unscored, Variant, attempt_of, score_batch
from codedance.sandbox import Sandbox
from codedance.store import Manifest, RecordFile, RunFolder
from codedance.store.holding import begin_run, check_place, held
from codedance.train.curves import CURVE, Behaviour, CurveLine, Speed, behaviour, reward_figures
from codedance.train.grpo_settings import GrpoSettings, run_identity
from codedance.train.learner import Learner, rows_of
from codedance.train.rollouts import AttemptPlan, RolloutTimes, make_rollouts
from codedance.train.state import cut_curve, load_state, save_state
from codedance.train.task_source import AskedTask, TaskSource

__all__ = ["Grpo", "SampledGroup", "check_folder", "train_grpo"]

_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class SampledGroup:
    """All attempts at one task."""

    rollouts: tuple[Rollout, ...]
    scored: tuple[Attempt | Unscored, ...]


async def train_grpo(
    network: Network,
    encoder: Encoder,
    source: TaskSource,
    settings: GrpoSettings,
    *,
    sandbox: Sandbox,
    folder: Path,
    steps: int,
    start: str = "",
    reward: Variant | None = None,
    listener: Callable[[CurveLine], None] = lambda line: None,
    progress: Callable[[str], None] = lambda what: None,
) -> None:
    """Train until step ``steps``, going on from the folder's checkpoint if there is one.

    The folder holds ``manifest.json``, ``checkpoint.pt`` (network, optimiser, place in the data; replaced as a whole),
    ``curve.jsonl`` (a line a step), ``best/`` (a checkpoint to use, of the best exam so far) and ``rollouts/``.

    Args:
        network: the policy, trained in place, on the device where it is.
        encoder: its chat format.
        source: its tasks.
        settings: how it is trained.
        sandbox: where its code runs.
        folder: the run's folder.
        steps: the run ends after this step; a longer run later goes on from there.
        start: what the network was made from, for the manifest: a run that began elsewhere is refused.
        reward: a reward of the caller's own, in place of the one that ``settings.variant`` names.
        listener: told of each step.
        progress: told what is being done.

    Raises:
        StoreError: the folder holds something else, another schema version, or a run with other settings, or another
            process trains into it.
        DataError: a checkpoint of another network; a reward, loss or gradient that is not finite.
        SandboxError: no attempt of a step could be scored.
    """
    identity = run_identity(settings, source.identity, start)
    if reward is not None:
        identity["variant"] = reward.name
    with ExitStack() as stack:
        check_place(folder)
        stack.enter_context(held(folder))
        begin_run(folder, Manifest(kind="train", settings=identity))
        algebra = stack.enter_context(MathChecker()) if source.algebra else None
        run = Grpo(
            network, encoder, source, settings, sandbox=sandbox, reward=reward, algebra=algebra, progress=progress
        )
        kept = _Kept(folder, network, encoder, run.learner.optimiser, identity)
        if not kept.opened():
            line = CurveLine(step=0, position=0, exam=await run.exam() if settings.exam_every else None)
            kept.add(line, save=True)
            listener(line)
        while kept.step < steps:
            step = kept.step + 1
            line, groups = await run.step(step, kept.position)
            if _every(settings.keep_rollouts_every, step):
                _store(folder, groups, step)
            kept.add(line, save=step % settings.save_every == 0 or step == steps)
            listener(line)


@dataclass(slots=True)
class _Kept:
    """What a run's folder holds of where it stands."""

    folder: Path
    network: Network
    encoder: Encoder
    optimiser: torch.optim.Optimizer
    identity: dict[str, JsonValue]
    step: int = 0
    position: int = 0
    best: float = -1.0
    """Accuracy of the best exam so far."""

    def opened(self) -> bool:
        """Go back to the checkpoint, and the curve with it; false if there is none."""
        path = self.folder / _CHECKPOINT
        counters = load_state(
            path, self.network, [self.optimiser], identity=self.identity, counters=("step", "position")
        )
        self.step, self.position = counters["step"], counters["position"]
        cut_curve(self.folder / CURVE, self.step if path.exists() else -1)
        self.best = max((one for line in self._curve() if (one := _exam_accuracy(line)) is not None), default=-1.0)
        return path.exists()

    def add(self, line: CurveLine, *, save: bool) -> None:
        """Write a step's line; the best exam's network, unless it is the start's; a checkpoint if it is time."""
        reached = _exam_accuracy(line)
        if reached is not None and reached > self.best:
            self.best = reached
            if line.step:
                save_checkpoint(self.network, self.encoder.tokenizer, self.folder / "best")
        self._curve().append(line)
        self.step, self.position = line.step, line.position
        if save:
            counters = {"step": self.step, "position": self.position}
            path = self.folder / _CHECKPOINT
            save_state(path, self.network, [self.optimiser], identity=self.identity, counters=counters)

    def _curve(self) -> RecordFile[CurveLine]:
        return RecordFile(self.folder / CURVE, CurveLine)


class Grpo:
    """One run in memory: makes steps and exams, writes nothing.

    Args:
        network: the policy, trained in place.
        encoder: its chat format.
        source: its tasks.
        settings: how it is trained.
        sandbox: where its code runs.
        reward: in place of the one that the settings name.
        algebra: compares mathematical answers, for tasks that have such.
        progress: told what is being done.
    """

    def __init__(
        self,
        network: Network,
        encoder: Encoder,
        source: TaskSource,
        settings: GrpoSettings,
        *,
        sandbox: Sandbox,
        reward: Variant | None = None,
        algebra: MathChecker | None = None,
        progress: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._network, self._encoder, self._source, self._settings = network, encoder, source, settings
        self._sandbox, self._algebra, self._progress = sandbox, algebra, progress
        self._reward = reward or VARIANTS[settings.variant]
        self._exam_tasks: list[AskedTask] | None = None
        attempts = settings.groups * settings.attempts
        self.learner = Learner(network, settings.learner, attempts=attempts, seed=settings.seed)

    async def step(self, step: int, position: int) -> tuple[CurveLine, list[SampledGroup]]:
        """Sample, score, learn; the line of the curve, and the groups that were trained on."""
        begin = time.monotonic()
        settings, times = self._settings, RolloutTimes()
        every, trained, position = await self._sample(step, position, times)
        rewards = self._score(trained, step)
        rows = [
            row
            for group, reward in zip(trained, rewards, strict=True)
            for rollout, one in zip(group.rollouts, reward.attempts, strict=True)
            for row in rows_of(self._encoder, rollout, one)
        ]
        update_begin = time.monotonic()
        self._progress(f"step {step}: learning from {len(rows)} attempts")
        temperature = settings.episode.sampling.temperature
        update = self.learner.update(rows, temperature=temperature, step=step) if rows else None
        exam_begin = time.monotonic()
        exam = await self.exam() if _every(settings.exam_every, step) else None
        end = time.monotonic()
        rollouts = [one for group in every for one in group.rollouts]
        batch = self._behaviour(rollouts, [one for group in every for one in group.scored])
        sampled = sum(len(span.token_ids) for one in rollouts for span in one.tokens if span is not None)
        speed = Speed(
            tokens_per_second=sampled / max(times.whole, 1e-9),
            generate=times.model,
            sandbox=times.sandbox,
            update=exam_begin - update_begin,
            exam=end - exam_begin,
            whole=end - begin,
        )
        earned = reward_figures(self._score(every, step), trained=len(trained))
        line = CurveLine(
            step=step, position=position, batch=batch, rewards=earned, update=update, exam=exam, speed=speed
        )
        return line, trained

    async def exam(self) -> Behaviour:
        """How the policy does on held-out tasks, greedy, one attempt each."""
        if self._exam_tasks is None:
            self._exam_tasks = self._source.held_out(self._settings.exam_tasks)
        plans = [AttemptPlan(asked, attempt=0, seed=None) for asked in self._exam_tasks]
        greedy = self._settings.episode.sampling.model_copy(update={"temperature": 0.0})
        episode = self._settings.episode.model_copy(update={"sampling": greedy})
        rollouts = await self._rollouts(plans, episode, RolloutTimes(), "exam")
        return self._behaviour(rollouts, [self._attempt(one) for one in rollouts])

    async def _sample(
        self, step: int, position: int, times: RolloutTimes
    ) -> tuple[list[SampledGroup], list[SampledGroup], int]:
        """All groups that were sampled, those to train on, and the place in the data after them."""
        settings = self._settings
        every: list[SampledGroup] = []
        useful: list[SampledGroup] = []
        rounds = 1 + (settings.refill_rounds if settings.zero_variance == "refill" else 0)
        for number in range(rounds):
            wanted = settings.groups - len(useful)
            if not wanted:
                break
            what = f"step {step}" if not number else f"step {step}, refilling"
            groups = await self._groups(range(position, position + wanted), times, what)
            position += wanted
            every += groups
            useful += groups if settings.zero_variance == "keep" else [one for one in groups if self._varies(one)]
        if not any(isinstance(one, Attempt) for group in every for one in group.scored):
            reasons = sorted({_reason(one) for group in every for one in group.rollouts})
            raise SandboxError(f"step {step}: no attempt could be scored ({'; '.join(reasons)})")
        return every, useful, position

    async def _groups(self, positions: Sequence[int], times: RolloutTimes, what: str) -> list[SampledGroup]:
        settings = self._settings
        self._progress(f"{what}: drawing tasks")
        asked = [(position, self._source.training(position)) for position in positions]
        plans = [
            AttemptPlan(one, attempt, _seed(settings.seed, position, attempt))
            for position, one in asked
            for attempt in range(settings.attempts)
        ]
        rollouts = await self._rollouts(plans, settings.episode, times, what)
        size = settings.attempts
        parts = [tuple(rollouts[start : start + size]) for start in range(0, len(rollouts), size)]
        return [SampledGroup(part, tuple(self._attempt(one) for one in part)) for part in parts]

    async def _rollouts(
        self, plans: list[AttemptPlan], episode: EpisodeSettings, times: RolloutTimes, what: str
    ) -> list[Rollout]:
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            self._progress(f"{what}: attempt {done} of {len(plans)}")

        in_flight = min(self._settings.in_flight, len(plans))
        # A new engine for every round: what the last one kept was computed with other weights.
        model = LocalModel(self._network, self._encoder, name="policy", rows=len(plans))
        try:
            return await make_rollouts(
                plans,
                model=model,
                sandbox=self._sandbox,
                settings=episode,
                in_flight=in_flight,
                times=times,
                listener=tick,
            )
        finally:
            await model.close()

    def _attempt(self, rollout: Rollout) -> Attempt | Unscored:
        return attempt_of(
            rollout.trajectory,
            self._settings.reward,
            pictures=rollout.pictures,
            equivalent=self._algebra.equivalent if self._algebra is not None else None,
        )

    def _behaviour(self, rollouts: Sequence[Rollout], scored: Sequence[Attempt | Unscored]) -> Behaviour:
        silent = self._settings.reward.silent_is_failure
        return behaviour([one.trajectory for one in rollouts], scored, silent_is_failure=silent)

    def _varies(self, group: SampledGroup) -> bool:
        (reward,) = self._score([group], 0)
        return not reward.zero_variance

    def _score(self, groups: Sequence[SampledGroup], step: int) -> tuple[GroupReward, ...]:
        try:
            return score_batch([group.scored for group in groups], variant=self._reward, settings=self._settings.reward)
        except ValueError as error:  # also what a record says of a number that is not finite
            said = " ".join(str(error).split())
            raise DataError(f"step {step}: the reward '{self._reward.name}' gave no usable number ({said})") from None


def check_folder(folder: Path, network: Network, source: TaskSource, settings: GrpoSettings, *, start: str = "") -> int:
    """Whether a run could begin or go on in this folder; the step that it would go on after. Writes nothing.

    The network takes on the checkpoint's weights. Raises as :func:`train_grpo` does.
    """
    identity = run_identity(settings, source.identity, start)
    check_place(folder)
    if (folder / "manifest.json").exists():
        RunFolder.create(folder, Manifest(kind="train", settings=identity))
    learner = Learner(network, settings.learner, attempts=settings.groups * settings.attempts, seed=settings.seed)
    path = folder / _CHECKPOINT
    return load_state(path, network, [learner.optimiser], identity=identity, counters=("step",))["step"]


def _seed(seed: int, position: int, attempt: int) -> int:
    """A seed for one attempt, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"grpo/{seed}/{position}/{attempt}".encode()).digest()[:6], "big")


def _every(steps: int, step: int) -> bool:
    return steps > 0 and step % steps == 0


def _exam_accuracy(line: CurveLine) -> float | None:
    return line.exam.accuracy if line.exam is not None else None


def _reason(rollout: Rollout) -> str:
    failure = rollout.trajectory.failure
    return failure.message if failure is not None else f"ended as {rollout.trajectory.stop.value}"


def _store(folder: Path, groups: Sequence[SampledGroup], step: int) -> None:
    """Write the attempts of a step as a run folder of its own, whole or not at all."""
    final = folder / "rollouts" / f"step-{step:06}"
    part = final.with_name(f".{final.name}.part")
    for one in (part, final):
        shutil.rmtree(one, ignore_errors=True)
    run = RunFolder.create(part, Manifest(kind="train", settings={"method": "grpo", "step": step}))
    for group in groups:
        for rollout in group.rollouts:
            run.add(rollout.trajectory, rollout.pictures)
    part.replace(final)
