"""The steps of a study in their order: what each takes, where it writes, how long it is expected to take."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from codedance.errors import StoreError, UsageError
from codedance.schema import Record
from codedance.store import holding, write_text
from codedance.study.scaling import grades_of, own_grade
from codedance.study.settings import StudySettings

__all__ = [
    "TAKES",
    "Done",
    "Step",
    "data_folder",
    "done",
    "expected_seconds",
    "forget",
    "held",
    "mark",
    "ready",
    "run_name",
]


class Step(StrEnum):
    """A step; its value is its folder in the study's."""

    DATA = "data"
    """Executed trajectories from generated worlds."""
    SFT = "sft"
    """The policy that all begin with, taught on them."""
    GRPO = "grpo"
    """A run for each reward and seed."""
    EVALUATION = "evaluation"
    """Every policy on the same held-out scenes."""
    SCALING = "scaling"
    """Policies taught with less data, and larger ones, on the same scenes."""
    ANALYSIS = "analysis"
    """What the code did, what emerged, whether effort followed difficulty, whether views held the evidence."""
    REPORT = "report"
    """Each claim of the paper beside what was found."""


TAKES: dict[Step, tuple[Step, ...]] = {
    Step.DATA: (),
    Step.SFT: (Step.DATA,),
    Step.GRPO: (Step.SFT,),
    Step.EVALUATION: (Step.SFT, Step.GRPO),
    Step.SCALING: (Step.DATA, Step.SFT, Step.EVALUATION),
    Step.ANALYSIS: (Step.DATA, Step.GRPO, Step.EVALUATION, Step.SCALING),
    Step.REPORT: (Step.DATA, Step.GRPO, Step.ANALYSIS),
}
"""Which steps must be done before each."""

_TRAJECTORY_SECONDS = 0.12
_SFT_STEP_SECONDS = {"tiny": 0.4, "small": 1.8, "medium": 3.0, "large": 5.5}
_ATTEMPT_SECONDS = {"tiny": 0.12, "small": 0.38, "medium": 0.6, "large": 1.0}
_EPISODE_SECONDS = {"tiny": 0.08, "small": 0.15, "medium": 0.25, "large": 0.4}
_READING_SECONDS, _LOOKING_SECONDS = 0.001, 0.015
"""Measured on two shared cores without bfloat16, one thread; ``small`` of the nano recipe, other sizes estimated by
their arithmetic: a trajectory made, a step of teaching, an attempt trained on, an episode, a trajectory read, its
views found."""


class Done(Record):
    """That a step has come to its end."""

    step: Step
    seconds: float
    """Of the start that ended it; what earlier starts had done is not in it."""
    ended_at: str


def data_folder(study: Path, settings: StudySettings) -> Path:
    """Where the supervised set lies: the one that was given, else the study's own."""
    return Path(settings.given_data) if settings.given_data is not None else study / Step.DATA.value


def run_name(variant: str, seed: int) -> str:
    """Folder of a run below its step's.

    >>> run_name("bat", 1)
    'bat-1'
    """
    return f"{variant}-{seed}"


def held(study: Path) -> AbstractContextManager[None]:
    """Keep other processes from working on a study; raises :class:`StoreError` if one does."""
    return holding.held(study, "working on this study")


def mark(study: Path, step: Step, seconds: float) -> None:
    """Write down, at once or not at all, that a step is done."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_text(_marker(study, step), Done(step=step, seconds=seconds, ended_at=now).model_dump_json(indent=2) + "\n")


def done(study: Path, step: Step) -> Done | None:
    """The mark of a step, ``None`` if it is not done; raises :class:`StoreError` for a mark of something else."""
    path = _marker(study, step)
    try:
        found = Done.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise StoreError(
            f"{path}: is no mark of a step ({type(error).__name__}); delete it, and the step goes on"
        ) from None
    return found if found.step is step else None


def forget(study: Path, first: Step) -> None:
    """Take a step and all those after it as not done; what they have made stays, and they go on from it."""
    for step in list(Step)[list(Step).index(first) :]:
        _marker(study, step).unlink(missing_ok=True)


def ready(study: Path, step: Step) -> None:
    """Raise :class:`UsageError` with what is missing if a step's inputs are not there."""
    missing = [one.value for one in TAKES[step] if done(study, one) is None]
    if missing:
        raise UsageError(f"step {step.value} takes from {' and '.join(missing)}, not done in {study}; leave out --only")


def expected_seconds(settings: StudySettings) -> dict[Step, float]:
    """About how long each step takes on two cores.

    >>> from codedance.study.settings import StudySettings
    >>> found = expected_seconds(StudySettings())
    >>> round(found[Step.SCALING] / 3600), round(sum(found.values()) / 3600)
    (15, 31)
    """
    size = settings.sft.size
    exams = 1 + settings.steps // settings.grpo.exam_every
    attempts = settings.steps * settings.grpo.groups * settings.grpo.attempts
    kept = attempts // settings.grpo.keep_rollouts_every
    run = attempts * _of(_ATTEMPT_SECONDS, size) + exams * settings.grpo.exam_tasks * _of(_EPISODE_SECONDS, size)
    asked = 2 * len(settings.families) * settings.rows
    runs = len(settings.runs)
    read = settings.data.count + runs * kept + 2 * (1 + runs) * asked
    looked = (1 + len(settings.variants)) * asked
    grades = [one for one in grades_of(settings, count=settings.data.count) if one != own_grade(settings)]
    taught = sum(settings.sft.train.steps * _of(_SFT_STEP_SECONDS, one.size) for one in grades)
    asked_there = 2 * len(settings.scaled_families) * settings.rows
    taught += sum(asked_there * _of(_EPISODE_SECONDS, one.size) for one in grades)
    return {
        Step.DATA: 0.0 if settings.given_data else settings.data.count * _TRAJECTORY_SECONDS,
        Step.SFT: 0.0 if settings.given_model else settings.sft.train.steps * _of(_SFT_STEP_SECONDS, size),
        Step.GRPO: runs * run,
        Step.EVALUATION: (1 + runs) * asked * _of(_EPISODE_SECONDS, size),
        Step.SCALING: taught,
        Step.ANALYSIS: read * _READING_SECONDS + looked * _LOOKING_SECONDS,
        Step.REPORT: 60.0,
    }


def _of(seconds: dict[str, float], size: str) -> float:
    return seconds.get(size, seconds["small"])


def _marker(study: Path, step: Step) -> Path:
    return study / "steps" / f"{step.value}.json"
