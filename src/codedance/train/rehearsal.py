"""What a reinforcement-learning run would do and cost, found out in seconds before hours are spent.

Nothing is written: a copy of the policy makes one small step, which is measured.
"""

from __future__ import annotations

import copy
import os
import resource
import shutil
import sys
from pathlib import Path

import torch

from codedance.errors import StoreError
from codedance.models.local.chat import Encoder
from codedance.models.local.network import Network
from codedance.rewards import MathChecker
from codedance.sandbox import Sandbox
from codedance.schema import Record
from codedance.store import RunFolder, picture_refs
from codedance.store.holding import check_place
from codedance.train.curves import CurveLine
from codedance.train.grpo import Grpo, SampledGroup, check_folder
from codedance.train.grpo_settings import GrpoSettings
from codedance.train.task_source import TaskSource

__all__ = ["Rehearsal", "rehearse"]

_GROUPS = 2
_WARM = 1


class Rehearsal(Record):
    """Estimates for a run, from one measured step of a few groups."""

    goes_on_after: int
    """Step that the folder's checkpoint stands at; 0 for a new run."""
    steps: int
    """Steps that remain."""
    parameters: int
    attempts: int
    """Attempts of a step."""
    tokens: float
    """Sampled tokens of an attempt."""
    sequence_tokens: float
    """Tokens of an attempt as the trainer reads it, prompt and pictures included."""
    step_seconds: float
    exam_seconds: float
    run_seconds: float
    """Of all steps and exams that remain."""
    memory_bytes: int
    """Largest memory of the process, this rehearsal included, scaled up to a whole step."""
    disk_bytes: int
    """What the run will write."""
    disk_free_bytes: int
    accuracy: float
    """Of the measured attempts."""
    zero_variance: float
    """Share of the measured groups that teach nothing."""
    warnings: tuple[str, ...] = ()


async def rehearse(
    network: Network,
    encoder: Encoder,
    source: TaskSource,
    settings: GrpoSettings,
    *,
    sandbox: Sandbox,
    folder: Path,
    steps: int,
    start: str = "",
) -> Rehearsal:
    """Check everything that a run would fail on, make one small step with a copy of the policy, and estimate.

    Arguments are those of :func:`codedance.train.grpo.train_grpo`.

    Raises:
        StoreError: the folder holds something else or cannot be written, or the disk is too small.
        DataError: a checkpoint of another network, tasks or rewards that cannot be used.
        SandboxError: the sandbox does not work.
    """
    _check_writable(folder)
    policy = copy.deepcopy(network)
    done = check_folder(folder, policy, source, settings, start=start)
    small = settings.model_copy(
        update={"groups": min(_GROUPS, settings.groups), "zero_variance": "keep", "exam_every": 0}
    )
    algebra = MathChecker() if source.algebra else None
    try:
        run = Grpo(policy, encoder, source, small, sandbox=sandbox, algebra=algebra)
        warm = Grpo(policy, encoder, source, small.model_copy(update={"groups": 1}), sandbox=sandbox, algebra=algebra)
        await warm.step(1, 0)  # the first pass of a process is slow, and says nothing about the others
        line, groups = await run.step(1, _WARM)
        source.held_out(1)
    finally:
        if algebra is not None:
            algebra.close()
    return _estimate(policy, settings, line, groups, folder=folder, remaining=max(0, steps - done), done=done)


def _estimate(
    network: Network,
    settings: GrpoSettings,
    line: CurveLine,
    groups: list[SampledGroup],
    *,
    folder: Path,
    remaining: int,
    done: int,
) -> Rehearsal:
    assert line.speed is not None
    assert line.batch is not None
    assert line.rewards is not None
    share = settings.groups / len(groups)
    rounds = share * (1 + settings.refill_rounds * line.rewards.zero_variance * (settings.zero_variance == "refill"))
    rollout = (line.speed.generate + line.speed.sandbox) / line.batch.attempts
    step_seconds = line.speed.whole - line.speed.update + line.speed.update * share
    step_seconds += rollout * line.batch.attempts * (rounds - 1)
    exams = remaining // settings.exam_every + (done == 0) if settings.exam_every else 0
    exam_seconds = rollout * settings.exam_tasks if settings.exam_every else 0.0
    parameters = sum(weight.numel() for weight in network.parameters())
    kept = remaining // settings.keep_rollouts_every if settings.keep_rollouts_every else 0
    disk = 2 * 12 * parameters + 4 * parameters + int(kept * share * _bytes_of(groups)) + 4000 * remaining
    free = _disk_free(folder)
    if free < disk:
        raise StoreError(f"{folder}: the run will write about {disk >> 20} MiB, and {free >> 20} MiB are free")
    rollouts = [one for group in groups for one in group.rollouts]
    prompts = [one.trajectory.turns[-1] for one in rollouts if one.trajectory.turns]
    read = sum((turn.prompt_tokens or 0) + (turn.completion_tokens or 0) for turn in prompts) / max(1, len(prompts))
    return Rehearsal(
        goes_on_after=done,
        steps=remaining,
        parameters=parameters,
        attempts=settings.groups * settings.attempts,
        tokens=line.batch.length or 0.0,
        sequence_tokens=read,
        step_seconds=step_seconds,
        exam_seconds=exam_seconds,
        run_seconds=remaining * step_seconds + exams * exam_seconds,
        memory_bytes=_memory(network, settings, read, measured=line.batch.attempts),
        disk_bytes=disk,
        disk_free_bytes=free,
        accuracy=line.batch.accuracy or 0.0,
        zero_variance=line.rewards.zero_variance,
        warnings=tuple(_warnings(line)),
    )


def _warnings(line: CurveLine) -> list[str]:
    assert line.batch is not None
    assert line.rewards is not None
    found = []
    if line.rewards.zero_variance == 1:
        what = "right" if (line.batch.accuracy or 0) > 0.5 else "wrong"
        found.append(
            f"every measured group has attempts of one reward ({what}): there is little to learn; "
            "raise episode.sampling.temperature, or choose other tasks"
        )
    if line.rewards.unscored:
        found.append(f"{line.rewards.unscored} of {line.batch.attempts} attempts could not be scored")
    if line.update is not None and line.update.sampler_gap > 0.05:
        found.append(
            f"the trainer's log-probabilities differ from the sampler's by {line.update.sampler_gap:.2f} on average; "
            "try learner.precision=float32"
        )
    return found


def _memory(network: Network, settings: GrpoSettings, tokens: float, *, measured: int) -> int:
    """The process's peak, plus what the further attempts of a whole step will hold in the engine."""
    config = network.config
    if torch.cuda.is_available() and next(network.parameters()).is_cuda:
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    token = 2 * config.layers * config.kv_heads * config.head_width * 4
    attempts = settings.groups * settings.attempts
    return int(peak + max(0, attempts - measured) * token * max(512, 2 * tokens))


def _bytes_of(groups: list[SampledGroup]) -> int:
    """What storing these attempts takes."""
    seen: dict[str, int] = {}
    text = 0
    for group in groups:
        for one in group.rollouts:
            text += len(one.trajectory.model_dump_json())
            seen.update({ref.sha256: len(one.pictures[ref.sha256].data) for ref in picture_refs(one.trajectory)})
    return text + sum(seen.values())


def _check_writable(folder: Path) -> None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StoreError(f"{folder}: cannot be written ({there} is no folder that this user may write to)")
    check_place(folder)
    if (folder / "manifest.json").exists():
        RunFolder.open(folder)


def _disk_free(folder: Path) -> int:
    return shutil.disk_usage(next(path for path in (folder, *folder.absolute().parents) if path.exists())).free
