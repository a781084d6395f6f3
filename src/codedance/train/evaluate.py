"""How good a model is on held-out worlds, in the real loop, beside what can be had without looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count as counting

import anyio
from PIL import Image

from codedance.episode import EpisodeSettings, run_episode
from codedance.errors import ModelError, UsageError
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.rewards import is_right
from codedance.rewards.intervals import wilson
from codedance.sandbox import Sandbox
from codedance.schema import Record, StopReason, Trajectory
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Scene, make_scene, scene_task

__all__ = ["Answer", "AskReport", "CellReport", "ask_scenes", "evaluate_cell", "failure_of", "held"]

_RAREST = 500
"""Scenes looked at for each one that is wanted: a kind of question that is rarer is not there."""


class AskReport(Record):
    """Accuracy on one kind of question within a cell."""

    count: int
    right: int
    blind_right: int
    constant_right: int


class CellReport(Record):
    """Accuracy of a model on one family and difficulty."""

    family: str
    difficulty: str
    count: int
    """Number of held-out scenes that were asked about and did not fail."""
    right: int
    blind_right: int
    """Right answers of the same model in the same loop with the picture replaced by a blank one of its size."""
    constant_right: int
    """Right answers of whoever always gives the most frequent answer of these very scenes to each kind of question."""
    cells: int
    """Pieces of code that ran."""
    cells_ok: int
    """Those that ran without an error."""
    answered: int
    """Episodes that ended with an answer."""
    direct: int
    """Episodes that were answered without running any code."""
    failed: int = 0
    """Scenes left out because the model or the sandbox failed: that is no wrong answer."""
    first_seed: int
    asks: dict[str, AskReport]
    """The same by kind of question (``Scene.asks``)."""

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson(self.right, self.count)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one scene."""

    asks: str
    answer: str
    """The right one."""
    trajectory: Trajectory
    right: bool
    blind_right: bool
    """Whether a blank picture was answered as rightly; ``False`` if that was not asked."""
    failure: str | None = None
    """What broke, if the model or the sandbox failed, with the picture or with the blank one."""


async def evaluate_cell(
    model: Model,
    sandbox: Sandbox,
    *,
    family: str,
    difficulty: Difficulty,
    count: int,
    asks: Collection[str] = (),
    answer: str | None = None,
    first_seed: int = HELD_OUT_SEEDS,
    settings: EpisodeSettings | None = None,
    listener: Callable[[Scene, Trajectory, bool], None] | None = None,
    in_flight: int = 32,
) -> CellReport:
    """Ask about ``count`` held-out scenes, each with its picture and once more with a blank one.

    Where the task is to draw, the picture must be right as well as the answer. Up to ``in_flight`` episodes run at
    once; the listener hears of them as they end, in any order.

    Args:
        model: who is asked.
        sandbox: where its code runs.
        family: of the scenes.
        difficulty: of the scenes.
        count: of scenes.
        asks: only these kinds of questions (``Scene.asks``); none: all.
        answer: only questions with this right answer, such as ``0`` for what is not there; ``None``: all.
        first_seed: the scenes are the first from this seed on that ask so.
        settings: of the episodes; where they hold a seed, each scene's own is derived from it.
        listener: told of each episode with the picture.
        in_flight: episodes that run at once.

    Raises:
        UsageError: the cell has no such questions.
        ModelError: the model or the sandbox failed in every episode.
    """
    asked = await ask_scenes(
        model,
        sandbox,
        family=family,
        difficulty=difficulty,
        count=count,
        asks=asks,
        answer=answer,
        first_seed=first_seed,
        settings=settings,
        listener=listener,
        in_flight=in_flight,
        blind=True,
    )
    seen = held(asked)
    executions = [turn.execution for one in seen for turn in one.trajectory.turns if turn.execution is not None]
    parts = {name: _part([one for one in seen if one.asks == name]) for name in sorted({one.asks for one in seen})}
    return CellReport(
        family=family,
        difficulty=difficulty.value,
        count=len(seen),
        right=sum(one.right for one in seen),
        blind_right=sum(one.blind_right for one in seen),
        constant_right=sum(part.constant_right for part in parts.values()),
        cells=len(executions),
        cells_ok=sum(execution.ok for execution in executions),
        answered=sum(one.trajectory.answer is not None for one in seen),
        direct=sum(all(turn.execution is None for turn in one.trajectory.turns) for one in seen),
        failed=len(asked) - len(seen),
        first_seed=first_seed,
        asks=parts,
    )


def held(asked: Sequence[Answer]) -> list[Answer]:
    """Those that did not fail.

    Raises:
        ModelError: all did; the message says how the first one failed.
    """
    seen = [one for one in asked if one.failure is None]
    if asked and not seen:
        raise ModelError(f"none of {len(asked)} episodes could be held: {asked[0].failure}")
    return seen


async def ask_scenes(
    model: Model,
    sandbox: Sandbox,
    *,
    family: str,
    difficulty: Difficulty,
    count: int,
    asks: Collection[str] = (),
    answer: str | None = None,
    first_seed: int = HELD_OUT_SEEDS,
    settings: EpisodeSettings | None = None,
    listener: Callable[[Scene, Trajectory, bool], None] | None = None,
    in_flight: int = 32,
    blind: bool = False,
) -> list[Answer]:
    """Ask about held-out scenes as :func:`evaluate_cell` does; ``blind``: about a blank picture of each too.

    Returns:
        What came of each scene, in the order of their seeds.

    Raises:
        UsageError: the cell has no such questions.
    """
    settings = settings or EpisodeSettings()
    found: dict[int, Answer] = {}
    limiter = anyio.CapacityLimiter(in_flight)

    async def ask(seed: int) -> None:
        async with limiter:
            scene = make_scene(family, difficulty, seed)
            own = _seeded(settings, seed)
            right, trajectory = await _ask(model, sandbox, scene, own, blank=False)
            if listener is not None:
                listener(scene, trajectory, right)
            failure, blind_right = failure_of(trajectory), False
            if blind and failure is None:
                blind_right, unseen = await _ask(model, sandbox, scene, own, blank=True)
                failure = failure_of(unseen)
            # What is kept of a scene is its answer: the pictures of many would fill the memory.
            found[seed] = Answer(scene.asks, scene.answer, trajectory, right, blind_right, failure)

    seeds = await anyio.to_thread.run_sync(
        lambda: _seeds(family, difficulty, count=count, asks=asks, answer=answer, first=first_seed)
    )
    async with anyio.create_task_group() as group:
        for seed in seeds:
            group.start_soon(ask, seed)
    return [found[seed] for seed in sorted(found)]


def failure_of(trajectory: Trajectory) -> str | None:
    """What broke, if the model or the sandbox failed: such an episode says nothing of an answer."""
    who = {StopReason.MODEL_FAILED: "the model", StopReason.SANDBOX_FAILED: "the sandbox"}.get(trajectory.stop)
    told = trajectory.failure.message if trajectory.failure is not None else "nobody recorded how"
    return None if who is None else f"{who} failed: {told}"


def _seeds(
    family: str, difficulty: Difficulty, *, count: int, asks: Collection[str], answer: str | None, first: int
) -> Sequence[int]:
    """The first seeds whose scenes ask so, with this answer."""
    if not asks and answer is None:
        return range(first, first + count)
    chosen: list[int] = []
    for seed in counting(first):
        if len(chosen) == count:
            return chosen
        if seed - first > _RAREST * (len(chosen) + 1):
            kinds = f" for {', '.join(sorted(asks))}" if asks else ""
            with_answer = f" with the answer {answer}" if answer is not None else ""
            raise UsageError(f"{family}/{difficulty.value} does not ask{kinds}{with_answer}")
        scene = make_scene(family, difficulty, seed)
        if (not asks or scene.asks in asks) and answer in (None, scene.answer):
            chosen.append(seed)
    raise AssertionError  # seeds do not end


def _seeded(settings: EpisodeSettings, scene: int) -> EpisodeSettings:
    """With another seed for each scene: with one for all, they would all be drawn with the same random numbers."""
    if settings.sampling.seed is None:
        return settings
    sampling = settings.sampling.model_copy(update={"seed": settings.sampling.seed + scene})
    return settings.model_copy(update={"sampling": sampling})


def _part(seen: Sequence[Answer]) -> AskReport:
    return AskReport(
        count=len(seen),
        right=sum(one.right for one in seen),
        blind_right=sum(one.blind_right for one in seen),
        constant_right=max(Counter(one.answer for one in seen).values()),
    )


async def _ask(
    model: Model, sandbox: Sandbox, scene: Scene, settings: EpisodeSettings, *, blank: bool
) -> tuple[bool, Trajectory]:
    task, pictures = scene_task(scene)
    if blank:
        pictures = (Picture.from_image(Image.new("RGB", scene.image.size, (240, 240, 240))),)
        task = task.model_copy(update={"images": tuple(picture.ref for picture in pictures)})
    rollout = await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings)
    return bool(is_right(rollout.trajectory, pictures=rollout.pictures)), rollout.trajectory
