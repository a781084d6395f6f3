"""The oracle at work: it writes, its code really runs in the one loop, and what came out is held against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.errors import ModelError
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import ChatMessage, Role, protocol_info
from codedance.rewards import edit_fault, matches
from codedance.sandbox.contract import Sandbox
from codedance.schema import CodeFormat, Execution, ExecutionStatus, StopReason
from codedance.tasks.worlds import Code, Oracle, Scene, scene_task

__all__ = ["Demonstration", "demonstrate"]


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
    mode: Literal["code", "direct", "slip"] = "code",
    code_format: CodeFormat = CodeFormat.CODE,
    seed: int = 0,
) -> Demonstration:
    """Let the oracle answer the scene's question in the loop.

    What the oracle says about an outcome comes from what its code printed, right or wrong; what a crop shows is known,
    so the crop itself is compared with the scene.

    Args:
        scene: what is asked about.
        sandbox: where the code runs.
        mode: with code; at a glance (easy scenes only); with a slip that is mended.
        code_format: how the code is written.
        seed: chooses among the oracle's ways and wordings.
    """
    rng = Random(f"oracle/{scene.family}/{scene.difficulty.value}/{scene.seed}/{seed}")  # noqa: S311 - reproducible
    task, pictures = scene_task(scene)
    oracle = Oracle(scene, rng, mode=mode, code_format=code_format)

    def write(messages: Sequence[ChatMessage]) -> str:
        last = messages[-1]
        try:
            return oracle.reply(last.text.strip("\n") if last.role is Role.TOOL else None)
        except Exception as error:  # a script that trips over an outcome is a fault of its family, not of the run
            raise ModelError(f"the script failed: {type(error).__name__}: {error}") from error

    rollout = await run_episode(
        task,
        pictures,
        model=ScriptedModel(write, name="oracle"),
        sandbox=sandbox,
        settings=EpisodeSettings(protocol=protocol_info(code_format)),
        attempt=seed,
    )
    return Demonstration(rollout, _fault(scene, rollout, oracle))


def _fault(scene: Scene, rollout: Rollout, oracle: Oracle) -> str | None:
    trajectory = rollout.trajectory
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    for step, execution in zip(oracle.steps, executions, strict=False):
        fault = _outcome_fault(scene, step, execution, rollout.pictures)
        if fault is not None:
            return fault
    if trajectory.stop is not StopReason.ANSWERED:
        return f"stopped: {trajectory.stop.value}" + (f" ({trajectory.failure.message})" if trajectory.failure else "")
    if trajectory.task.answer is None or not matches(trajectory.answer, trajectory.task.answer):
        return f"answered {trajectory.answer!r}, but it is {scene.answer!r}"
    if scene.edit is not None:
        shown = [one.image.sha256 for execution in executions for one in execution.images]
        last = rollout.pictures[shown[-1]].to_image() if shown else None
        return edit_fault(scene.image, last, scene.edit)
    return None


def _outcome_fault(scene: Scene, step: Code, execution: Execution, pictures: Mapping[str, Picture]) -> str | None:
    """How the outcome of a step differs from what the script knew ahead."""
    if step.raises is not None:
        raised = execution.error.type if execution.error else execution.status.value
        return None if raised == step.raises else f"the code was to raise {step.raises}, but: {raised}"
    if execution.status is not ExecutionStatus.OK:
        return f"the code ended with {execution.status.value}: {execution.error.message if execution.error else ''}"
    printed = "\n".join(text for text in (execution.stdout.rstrip("\n"), execution.value) if text)
    if step.prints is not None and printed != step.prints:
        return f"the code printed {printed!r}, but it is {step.prints!r}"
    if step.views is None:
        return None
    shown = [pictures[one.image.sha256].to_image() for one in execution.images]
    wanted = [scene.image.crop(view.box) for view in step.views]
    wanted = [cut.resize(view.size) for cut, view in zip(wanted, step.views, strict=True)]
    if [(one.size, one.tobytes()) for one in shown] != [(one.size, one.tobytes()) for one in wanted]:
        return "the code did not show what the question asks about"
    return None
