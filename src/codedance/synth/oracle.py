"""The oracle at work: it writes, its code really runs in the one loop, and what came out is held against the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import ChatMessage, Role, protocol_info
from codedance.rewards import matches
from codedance.sandbox.contract import Sandbox
from codedance.schema import CodeFormat, ExecutionStatus, StopReason
from codedance.tasks.worlds import Scene, answer_reply, code_reply, oracle_replies, scene_task

__all__ = ["Demonstration", "demonstrate"]

_UNREADABLE = "unknown"
_LARGEST_MARGIN = 32


@dataclass(frozen=True, slots=True)
class Demonstration:
    """An oracle's episode about a scene, and whether it may be learnt from."""

    rollout: Rollout
    fault: str | None
    """What is wrong with it; ``None`` if nothing is. A fault is a bug of the world, not of a model."""


async def demonstrate(
    scene: Scene,
    *,
    sandbox: Sandbox,
    mode: Literal["code", "direct"] = "code",
    code_format: CodeFormat = CodeFormat.CODE,
    seed: int = 0,
) -> Demonstration:
    """Let the oracle answer the scene's question in the loop.

    A count is copied from what the code printed, right or wrong; what a crop shows is known, so the crop itself is
    compared with the scene.

    Args:
        scene: what is asked about.
        sandbox: where the code runs.
        mode: with code, or at a glance (easy scenes only).
        code_format: how the code is written.
        seed: chooses among the oracle's wordings.
    """
    rng = Random(f"oracle/{scene.family}/{scene.difficulty.value}/{scene.seed}/{seed}")  # noqa: S311 - reproducible
    task, pictures = scene_task(scene)
    script = oracle_replies(scene, rng, mode="direct") if mode == "direct" else _writer(scene, rng, code_format)
    rollout = await run_episode(
        task,
        pictures,
        model=ScriptedModel(script, name="oracle"),
        sandbox=sandbox,
        settings=EpisodeSettings(protocol=protocol_info(code_format)),
        attempt=seed,
    )
    return Demonstration(rollout, _fault(scene, rollout))


def _writer(scene: Scene, rng: Random, code_format: CodeFormat) -> Callable[[Sequence[ChatMessage]], str]:
    def write(messages: Sequence[ChatMessage]) -> str:
        last = messages[-1]
        if last.role is not Role.TOOL:
            return code_reply(scene, rng, code_format=code_format)
        if scene.asks != "count":
            return answer_reply(scene, rng, found=scene.answer)
        printed = last.text.strip()
        return answer_reply(scene, rng, found=printed if printed.isdigit() else _UNREADABLE)

    return write


def _fault(scene: Scene, rollout: Rollout) -> str | None:
    trajectory = rollout.trajectory
    if trajectory.stop is not StopReason.ANSWERED:
        return f"stopped: {trajectory.stop.value}" + (f" ({trajectory.failure.message})" if trajectory.failure else "")
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    for execution in executions:
        if execution.status is not ExecutionStatus.OK:
            return f"the code ended with {execution.status.value}: {execution.error.message if execution.error else ''}"
    if trajectory.task.answer is None or not matches(trajectory.answer, trajectory.task.answer):
        return f"answered {trajectory.answer!r}, but it is {scene.answer!r}"
    if executions and scene.target is not None:
        shown = [rollout.pictures[one.image.sha256] for execution in executions for one in execution.images]
        if len(shown) != 1 or not _shows_target(scene, shown[0]):
            return "the code did not show what the question asks about"
    return None


def _shows_target(scene: Scene, picture: Picture) -> bool:
    """True if the picture is a part of the scene with the target and an even margin around it."""
    if scene.target is None:
        return False
    shown = picture.to_image()
    left, top, right, bottom = scene.target.box
    for margin in range(_LARGEST_MARGIN):
        box = (left - margin, top - margin, left - margin + shown.width, top - margin + shown.height)
        if box[2] >= right and box[3] >= bottom and scene.image.crop(box).tobytes() == shown.tobytes():
            return True
    return False
