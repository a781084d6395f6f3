"""The teacher solves a question in the one loop, its code really runs, and a final check says if it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.errors import SandboxLostError
from codedance.imaging import Picture
from codedance.models.asking import Asker, CallFault, Party, Unanswered, Usage
from codedance.protocol import (
    AnswerAction,
    Reply,
    direct_prompt,
    parse_reply,
    protocol_info,
    system_prompt,
)
from codedance.protocol.closed import Accepted, Rejected, Verdict
from codedance.rewards import matches
from codedance.sandbox.contract import Sandbox
from codedance.schema import Budgets, FailureKind, ProtocolInfo, StopReason, Task, Trajectory
from codedance.synth.pictures.settings import RolloutSettings, SynthSettings
from codedance.synth.pictures.wording import prompt
from codedance.tasks.worlds import Category

__all__ = ["Played", "final_check", "play", "rollout_prompt"]

_LOST_TRIES = 8
"""How often an episode is begun whose machine is lost under it; then it is a fault, and can be asked for again."""


@dataclass(frozen=True, slots=True)
class Played:
    """An episode of the teacher."""

    rollout: Rollout
    """Its trajectory is recorded under the prompt that students are asked with."""
    usage: Usage
    fault: Unanswered | None
    """Why it could not be played to its end; ``None`` if it was."""


def rollout_prompt(category: Category, *, direct: bool) -> str:
    """Names and versions of the prompts under which the teacher solves a question.

    >>> rollout_prompt(Category.VISUAL, direct=False)
    'rollout_code@1+work_visual@1'
    """
    if direct:
        return prompt("rollout_direct").label
    return f"{prompt('rollout_code').label}+{prompt(f'work_{category.value}').label}"


async def play(
    task: Task,
    picture: Picture,
    *,
    asker: Asker,
    sandbox: Sandbox,
    settings: SynthSettings,
    direct: bool,
    attempt: int = 0,
) -> Played:
    """Let the teacher solve a question.

    The teacher is told how to work, in a longer system prompt than students get; the trajectory is recorded under the
    usual prompt, so that a student learns to work so without being told.

    Args:
        task: the question; its ``meta`` is not shown.
        picture: its picture.
        asker: holds the teacher.
        sandbox: where the code runs.
        settings: budgets and sampling.
        direct: ask for an answer at a glance, without code.
        attempt: number of the episode.
    """
    category = Category(str(task.meta["category"]))
    episode = _episode(settings, category, direct=direct, attempt=attempt)
    tries = 0
    while True:
        # Begun anew, an episode is given the replies that were kept: nothing is asked or counted twice.
        model = asker.model(Party.TEACHER, prompt=rollout_prompt(category, direct=direct), attempt=attempt)
        rollout = await run_episode(task, (picture,), model=model, sandbox=sandbox, settings=episode, attempt=attempt)
        failure, tries = rollout.trajectory.failure, tries + 1
        if failure is None or failure.type != SandboxLostError.__name__ or tries >= _LOST_TRIES:
            break
    trajectory = rollout.trajectory.model_copy(update={"protocol": protocol_info(settings.rollout.code_format)})
    fault = None
    if failure is not None:
        kind = CallFault.SANDBOX if failure.kind is FailureKind.SANDBOX else model.fault or CallFault.UNREACHABLE
        fault = Unanswered(kind, failure.message)
    return Played(Rollout(trajectory, rollout.pictures, rollout.tokens), model.usage, fault)


def final_check(trajectory: Trajectory, *, direct: bool, settings: RolloutSettings) -> Verdict[None]:
    """Whether a trajectory is well formed, did what it was to do, and comes to the label.

    Args:
        trajectory: a finished episode.
        direct: it was to answer at a glance.
        settings: what may fail on the way.
    """
    if trajectory.stop is not StopReason.ANSWERED or trajectory.answer is None:
        return Rejected("no answer", trajectory.stop.value)
    if len(trajectory.answer) > settings.answer_characters:
        return Rejected("answer too long", f"{len(trajectory.answer)} characters")
    replies = [parse_reply(turn.text) for turn in trajectory.turns]
    fault = _form_fault(replies) or (_direct_fault(replies) if direct else _code_fault(trajectory, settings))
    if fault is not None:
        return Rejected(fault)
    if trajectory.task.answer is None or not matches(trajectory.answer, trajectory.task.answer):
        return Rejected("another answer than the label", trajectory.answer)
    return Accepted(None)


def _episode(settings: SynthSettings, category: Category, *, direct: bool, attempt: int) -> EpisodeSettings:
    rollout = settings.rollout
    if direct:
        asked = f"{direct_prompt()}\n\n{prompt('rollout_direct').text}"
    else:
        skill = prompt(f"work_{category.value}").text
        asked = f"{system_prompt(rollout.code_format)}\n\n{prompt('rollout_code').render(skill=skill)}"
    sampling = rollout.sampling
    if attempt:
        seed = None if sampling.seed is None else sampling.seed + attempt
        temperature = max(sampling.temperature, settings.retry_temperature)
        sampling = sampling.model_copy(update={"temperature": temperature, "seed": seed})
    return EpisodeSettings(
        budgets=Budgets(turns=1 if direct else rollout.turns, tokens=rollout.tokens, seconds=rollout.seconds),
        sampling=sampling,
        protocol=ProtocolInfo(code_format=rollout.code_format, system_prompt=asked),
    )


def _form_fault(replies: list[Reply]) -> str | None:
    for reply in replies:
        if reply.action is None:
            return "a reply without code or answer"
        if reply.faults:
            return "badly formed reply"
        if not reply.thought:
            return "a reply without a thought"
    return None


def _direct_fault(replies: list[Reply]) -> str | None:
    return None if [type(reply.action) for reply in replies] == [AnswerAction] else "code in a direct answer"


def _code_fault(trajectory: Trajectory, settings: RolloutSettings) -> str | None:
    cells = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    if not cells:
        return "no code"
    if sum(not cell.ok for cell in cells) > settings.failed_cells:
        return "too much code failed"
    if not cells[-1].ok:
        return "the last code failed"
    if not any(cell.ok and cell.showed_something for cell in cells):
        return "the code showed nothing"
    if trajectory.task.meta.get("category") == Category.EDITING.value and not any(cell.images for cell in cells):
        return "no drawing was shown"
    return None
