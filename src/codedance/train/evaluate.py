"""How good a model is on held-out worlds, in the real loop, beside what can be had without looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.rewards import matches
from codedance.sandbox import Sandbox
from codedance.schema import Record, Trajectory
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Scene, make_scene, scene_task

__all__ = ["CellReport", "evaluate_cell", "wilson"]


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
    scene: Scene
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
) -> CellReport:
    """Ask about ``count`` held-out scenes, each with its picture and once more with a blank one."""
    settings = settings or EpisodeSettings()
    seen: list[_Seen] = []
    blind_right = 0
    for seed in range(first_seed, first_seed + count):
        scene = make_scene(family, difficulty, seed)
        right, trajectory = await _ask(model, sandbox, scene, settings, blank=False)
        seen.append(_Seen(scene, trajectory, right))
        if listener is not None:
            listener(scene, trajectory, right)
        blind_right += (await _ask(model, sandbox, scene, settings, blank=True))[0]
    executions = [turn.execution for one in seen for turn in one.trajectory.turns if turn.execution is not None]
    return CellReport(
        family=family,
        difficulty=difficulty.value,
        count=count,
        right=sum(one.right for one in seen),
        blind_right=blind_right,
        constant_right=_constant_right([one.scene for one in seen]),
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


def _constant_right(scenes: Sequence[Scene]) -> int:
    answers = [scene.answer for scene in scenes]
    return max(answers.count(answer) for answer in set(answers))


def wilson(right: int, count: int, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    >>> low, high = wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    if count == 0:
        return 0.0, 1.0
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * ((share * (1 - share) + z * z / (4 * count)) / count) ** 0.5 / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)
