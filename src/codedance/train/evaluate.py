"""How good a model is on held-out worlds, in the real loop, beside what can be had without looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from PIL import Image

from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.rewards import matches
from codedance.rewards.intervals import wilson
from codedance.sandbox import Sandbox
from codedance.schema import Record, Trajectory
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Scene, make_scene, scene_task

__all__ = ["CellReport", "evaluate_cell"]


class CellReport(Record):
    """Accuracy of a model on one family and difficulty."""

    family: str
    difficulty: str
    count: int
    """Number of held-out scenes."""
    right: int
    blind_right: int
    """Right answers of the same model in the same loop with the picture replaced by a blank one of its size."""
    constant_right: int
    """Right answers of whoever always gives the most frequent answer of these very scenes."""
    cells: int
    """Pieces of code that ran."""
    cells_ok: int
    """Those that ran without an error."""
    answered: int
    """Episodes that ended with an answer."""
    first_seed: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson(self.right, self.count)


@dataclass(frozen=True, slots=True)
class _Seen:
    answer: str
    trajectory: Trajectory
    right: bool


async def evaluate_cell(
    model: Model,
    sandbox: Sandbox,
    *,
    family: str,
    difficulty: Difficulty,
    count: int,
    first_seed: int = HELD_OUT_SEEDS,
    settings: EpisodeSettings | None = None,
    listener: Callable[[Scene, Trajectory, bool], None] | None = None,
    in_flight: int = 32,
) -> CellReport:
    """Ask about ``count`` held-out scenes, each with its picture and once more with a blank one.

    Up to ``in_flight`` episodes run at once; the listener hears of them as they end, in any order.
    """
    settings = settings or EpisodeSettings()
    found: dict[int, _Seen] = {}
    blind: dict[int, bool] = {}
    limiter = anyio.CapacityLimiter(in_flight)

    async def ask(seed: int) -> None:
        async with limiter:
            scene = make_scene(family, difficulty, seed)
            right, trajectory = await _ask(model, sandbox, scene, settings, blank=False)
            # What is kept of a scene is its answer: the pictures of many would fill the memory.
            found[seed] = _Seen(scene.answer, trajectory, right)
            if listener is not None:
                listener(scene, trajectory, right)
            blind[seed] = (await _ask(model, sandbox, scene, settings, blank=True))[0]

    async with anyio.create_task_group() as group:
        for seed in range(first_seed, first_seed + count):
            group.start_soon(ask, seed)
    seen = list(found.values())
    executions = [turn.execution for one in seen for turn in one.trajectory.turns if turn.execution is not None]
    return CellReport(
        family=family,
        difficulty=difficulty.value,
        count=count,
        right=sum(one.right for one in seen),
        blind_right=sum(blind.values()),
        constant_right=_constant_right([one.answer for one in seen]),
        cells=len(executions),
        cells_ok=sum(execution.ok for execution in executions),
        answered=sum(one.trajectory.answer is not None for one in seen),
        first_seed=first_seed,
    )


async def _ask(
    model: Model, sandbox: Sandbox, scene: Scene, settings: EpisodeSettings, *, blank: bool
) -> tuple[bool, Trajectory]:
    task, pictures = scene_task(scene)
    if blank:
        pictures = (Picture.from_image(Image.new("RGB", scene.image.size, (240, 240, 240))),)
        task = task.model_copy(update={"images": tuple(picture.ref for picture in pictures)})
    rollout = await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings)
    answer = task.answer
    return answer is not None and matches(rollout.trajectory.answer, answer), rollout.trajectory


def _constant_right(answers: Sequence[str]) -> int:
    return max(answers.count(answer) for answer in set(answers))
