"""Questions with pictures in, answers out: the loop behind the plain interface that other programs know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
from PIL import Image

from codedance.episode import EpisodeSettings, run_episode
from codedance.errors import ModelUnreachableError, PictureError, ungrouped
from codedance.imaging import Picture
from codedance.models import load_model
from codedance.models.contract import Model
from codedance.protocol import protocol_info
from codedance.sandbox import LocalSandbox
from codedance.sandbox.contract import Sandbox
from codedance.schema import ReasoningMode, Record, StopReason, Task, Trajectory
from codedance.store import Manifest, RunFolder

__all__ = ["AnswerSettings", "Asked", "answer_all", "answer_text"]

_FAILED = (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)
_LOG = logging.getLogger(__name__)


class AnswerSettings(Record):
    """How questions of another program are answered."""

    model: str = "nano"
    """As ``--model`` has it."""
    base_url: str | None = None
    mode: ReasoningMode = ReasoningMode.CODE
    max_turns: int = 10
    max_tokens: int = 2048
    """Of one reply. The other program's limit is not used: it is meant for an answer, not for thoughts and code."""
    temperature: float = 0.0
    concurrency: int = 32
    tries: int = 2
    """How often an episode is begun whose model or sandbox fails."""

    def episode(self) -> EpisodeSettings:
        """The settings of an episode."""
        usual = EpisodeSettings()
        return usual.model_copy(
            update={
                "budgets": usual.budgets.model_copy(update={"turns": self.max_turns}),
                "sampling": usual.sampling.model_copy(
                    update={"max_tokens": self.max_tokens, "temperature": self.temperature}
                ),
                "protocol": protocol_info(mode=self.mode),
            }
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of another program."""

    key: str
    """Names it among all, for example ``chartqa/test/17``."""
    question: str
    images: Sequence[Image.Image]


def answer_text(trajectory: Trajectory) -> str:
    """What another program is told: the answer; without one the last reply, so that its own reader may try."""
    if trajectory.answer is not None:
        return trajectory.answer
    return trajectory.turns[-1].text if trajectory.turns else ""


def answer_all(
    questions: Sequence[Asked],
    settings: AnswerSettings,
    *,
    api_key: str | None = None,
    out: Path | None = None,
    tick: Callable[[], None] = lambda: None,
) -> list[str]:
    """Answer every question, many at once.

    Args:
        questions: with keys that differ.
        settings: which model, and how it reasons.
        api_key: of the server.
        out: a run folder for the trajectories; what an earlier, stopped run left there is not asked again.
        tick: called after each.

    Returns:
        An answer for each, in order; an empty one where the model or the sandbox failed, which is logged.

    Raises:
        ModelError: the model cannot be had, or not one question could be answered.
        StoreError: the folder holds a run with other settings, or cannot be written.
    """
    return anyio.run(_answer_all, questions, settings, api_key, out, tick)


async def _answer_all(
    questions: Sequence[Asked],
    settings: AnswerSettings,
    api_key: str | None,
    out: Path | None,
    tick: Callable[[], None],
) -> list[str]:
    run = None
    answers: dict[str, str] = {}
    if out is not None:
        free = {"concurrency", "base_url", "tries"}
        run = RunFolder.create(out, Manifest(kind="answers", settings=settings.model_dump(mode="json", exclude=free)))
        answers = {trajectory.task.id: answer_text(trajectory) for trajectory in run.trajectories()}
    left = [asked for asked in questions if asked.key not in answers]
    failed: list[str] = []
    if left:
        async with AsyncExitStack() as stack:
            model = load_model(settings.model, base_url=settings.base_url, api_key=api_key)
            stack.push_async_callback(model.close)
            sandbox = await stack.enter_async_context(LocalSandbox(pool=4))
            waiting = iter(left)

            async def work() -> None:
                for asked in waiting:
                    told = await _one(asked, settings, model, sandbox, run)
                    if isinstance(told, str):
                        answers[asked.key] = told
                    else:
                        failed.append(_why(told))
                    tick()

            with ungrouped():
                async with anyio.create_task_group() as group:
                    for _ in range(min(settings.concurrency, len(left))):
                        group.start_soon(work)
    if failed:
        if len(failed) == len(left):
            raise ModelUnreachableError(f"not one of {len(left)} questions could be answered ({failed[0]})")
        _LOG.warning("%d of %d questions have no answer: %s", len(failed), len(questions), failed[0])
    return [answers.get(asked.key, "") for asked in questions]


async def _one(
    asked: Asked, settings: AnswerSettings, model: Model, sandbox: Sandbox, run: RunFolder | None
) -> str | Trajectory:
    """The answer, or the failed trajectory."""
    try:
        pictures = [Picture.from_image(image) for image in asked.images]
    except (PictureError, OSError) as error:
        _LOG.warning("%s: its picture cannot be read (%s)", asked.key, error)
        return ""
    task = Task(
        id=asked.key, source="other", question=asked.question, images=tuple(picture.ref for picture in pictures)
    )
    left = settings.tries
    while True:
        rollout = await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings.episode())
        if rollout.trajectory.stop not in _FAILED:
            if run is not None:
                run.add(rollout.trajectory, rollout.pictures)
            return answer_text(rollout.trajectory)
        left -= 1
        if left <= 0:
            return rollout.trajectory


def _why(trajectory: Trajectory) -> str:
    return trajectory.failure.message if trajectory.failure is not None else trajectory.stop.value
