"""The ablation of feedback: does the answer follow what the code showed?

The same questions are asked three times: with true feedback, with code that runs on another question's picture, and
with code that does not run at all. The other question asks the same of a picture with another answer, so an answer that
follows the evidence changes to a known one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

import anyio
from pydantic import JsonValue

from codedance.analysis.shares import Share, share
from codedance.episode import EpisodeSettings, run_episode
from codedance.errors import CodeDanceError, DataError, ungrouped
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.rewards import CallOutcome, algebra_on_demand, call_outcome, matches
from codedance.sandbox import IdleSandbox, Sandbox, SwappedSandbox
from codedance.schema import Record, StopReason, Task, Trajectory
from codedance.store import Manifest, RunFolder
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, make_scene, scene_task

__all__ = ["Condition", "Feedback", "Outcome", "Pair", "ablate", "feedback_of", "stored_pairs", "world_pairs"]

_SEARCHED = 400
"""Scenes that are made for each pair that is wanted, at most."""


class Condition(StrEnum):
    """What the model is shown of its code."""

    OWN = "own"
    """What it really did."""
    SWAPPED = "swapped"
    """What it did to another question's picture."""
    NONE = "none"
    """Nothing: it is told that it ran and showed nothing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, and one that asks the same of a picture with another answer."""

    task: Task
    pictures: tuple[Picture, ...]
    other: Task
    other_pictures: tuple[Picture, ...]


class Outcome(Record):
    """One condition over all questions whose episodes came to an end."""

    condition: Condition
    attempts: int
    right: Share | None
    follows: Share | None
    """Answers that are right for the other question, and so not for the one that was asked."""
    no_answer: Share | None
    ran_code: Share | None
    succeeded: Share | None
    """Of the pieces of code: ran to their end and showed something."""
    failed: int
    """Episodes that ended because the model or the sandbox failed; they are left out."""


class Feedback(Record):
    """What answers are worth with true, wrong and no feedback."""

    model: str
    pairs: int
    outcomes: tuple[Outcome, ...]


def world_pairs(family: str, difficulty: Difficulty, count: int, *, seed: int = 0) -> list[Pair]:
    """Pairs of held-out scenes that are asked the same: of the same colour, shape and kind.

    Raises:
        DataError: the family's questions hardly ever repeat, so that no pairs can be had.
    """

    def scenes() -> Iterator[tuple[str, Task, tuple[Picture, ...]]]:
        for number in range(count * _SEARCHED):
            scene = make_scene(family, difficulty, HELD_OUT_SEEDS + seed * 1_000_000 + number)
            kind = scene.target.glyph_kind if scene.target is not None else None
            named = bool(scene.colour or scene.shape)
            key = f"{scene.asks}/{scene.colour}/{scene.shape}/{kind}" if named else scene.question
            yield key, *scene_task(scene)

    return _paired(scenes(), count, what=f"{family}/{difficulty.value}")


def stored_pairs(folder: Path, count: int) -> list[Pair]:
    """Pairs of a run's tasks that are asked in the same words; raises :class:`DataError` if there are none."""
    run = RunFolder.open(folder)

    def tasks() -> Iterator[tuple[str, Task, tuple[Picture, ...]]]:
        seen: set[str] = set()
        every = [*run.tasks()] or (one.task for one in run.trajectories())
        for task in every:
            if task.id not in seen and task.answer is not None and task.images:
                seen.add(task.id)
                yield task.question, task, tuple(run.pictures.get(ref) for ref in task.images)

    return _paired(tasks(), count, what=str(folder))


def _paired(found: Iterator[tuple[str, Task, tuple[Picture, ...]]], count: int, *, what: str) -> list[Pair]:
    waiting: defaultdict[str, list[tuple[Task, tuple[Picture, ...]]]] = defaultdict(list)
    pairs: list[Pair] = []
    for key, task, pictures in found:
        if len(pairs) >= count:
            break
        partner = next((one for one in waiting[key] if one[0].answer != task.answer), None)
        if partner is None:
            waiting[key].append((task, pictures))
            continue
        waiting[key].remove(partner)
        pairs += [Pair(*partner, task, pictures), Pair(task, pictures, *partner)]
    if not pairs:
        raise DataError(f"{what}: no two questions ask the same and have other answers; choose counting or search")
    return list(islice(pairs, count))


async def ablate(
    pairs: Sequence[Pair],
    *,
    model: Model,
    sandbox: Sandbox,
    out: Path,
    settings: EpisodeSettings,
    identity: Mapping[str, JsonValue],
    concurrency: int = 8,
    tick: Callable[[], None] = lambda: None,
) -> Feedback:
    """Ask every question under every condition; episodes are kept in a run folder for each, and a stopped run goes on.

    Args:
        pairs: the questions.
        model: what is asked.
        sandbox: where code runs.
        out: folder of the three run folders.
        settings: of the episodes.
        identity: what the results depend on beyond the settings; going on with others is refused.
        concurrency: episodes at once.
        tick: called after each.

    Raises:
        StoreError: the folder holds something else, or a run with other settings.
    """
    others = {pair.task.images[0].sha256: pair.other_pictures for pair in pairs}
    places: dict[Condition, Sandbox] = {
        Condition.OWN: sandbox,
        Condition.SWAPPED: SwappedSandbox(sandbox, others),
        Condition.NONE: IdleSandbox(),
    }
    limiter = anyio.CapacityLimiter(concurrency)
    for condition, place in places.items():
        held = {**identity, "condition": condition.value, "episode": settings.model_dump(mode="json")}
        run = RunFolder.create(out / condition.value, Manifest(kind="ablation", settings=held))
        there = {one.id for one in run.trajectories()}

        async def play(pair: Pair, *, run: RunFolder = run, place: Sandbox = place) -> None:
            async with limiter:
                rollout = await run_episode(pair.task, pair.pictures, model=model, sandbox=place, settings=settings)
            run.add(rollout.trajectory, rollout.pictures)
            tick()

        for _ in there:
            tick()
        with ungrouped(CodeDanceError, BaseException):
            async with anyio.create_task_group() as group:
                for pair in pairs:
                    if f"{pair.task.id}#0" not in there:
                        group.start_soon(play, pair)
    return feedback_of(out, pairs, model=model.name)


def feedback_of(out: Path, pairs: Sequence[Pair], *, model: str) -> Feedback:
    """Summary of the episodes in the folders of :func:`ablate`."""
    others = {pair.task.id: pair.other for pair in pairs}
    outcomes = []
    with algebra_on_demand() as equivalent:
        for condition in Condition:
            every = [one for one in RunFolder.open(out / condition.value).trajectories() if one.task.id in others]
            outcomes.append(_outcome(condition, every, others, equivalent=equivalent))
    return Feedback(model=model, pairs=len(pairs), outcomes=tuple(outcomes))


def _outcome(
    condition: Condition,
    every: Sequence[Trajectory],
    others: Mapping[str, Task],
    *,
    equivalent: Callable[[str, str], bool],
) -> Outcome:
    broken = (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)
    ended = [one for one in every if one.stop not in broken]
    calls = [turn.execution for one in ended for turn in one.turns if turn.execution is not None]
    return Outcome(
        condition=condition,
        attempts=len(ended),
        right=share(_answers(one, one.task, equivalent) for one in ended),
        follows=share(_answers(one, others[one.task.id], equivalent) for one in ended),
        no_answer=share(one.answer is None for one in ended),
        ran_code=share(any(turn.code is not None for turn in one.turns) for one in ended),
        succeeded=share(call_outcome(one) is CallOutcome.OK for one in calls),
        failed=len(every) - len(ended),
    )


def _answers(trajectory: Trajectory, task: Task, equivalent: Callable[[str, str], bool]) -> bool:
    return task.answer is not None and matches(trajectory.answer, task.answer, equivalent=equivalent)
