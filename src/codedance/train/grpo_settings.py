"""Settings of a reinforcement-learning run; the defaults are the paper's where one machine can follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from codedance.episode import EpisodeSettings
from codedance.rewards import VARIANTS, RewardSettings
from codedance.sandbox import Limits
from codedance.schema import Budgets, Record, Sampling
from codedance.store import Manifest, RunFolder
from codedance.store.holding import check_place
from codedance.train.identity import another_training
from codedance.train.settings import LearnerSettings
from codedance.train.task_source import WorldMix

__all__ = ["GrpoSettings", "check_grpo", "run_identity"]

_NO_MATTER = ("save_every", "keep_rollouts_every", "in_flight")
"""Settings that change nothing about the outcome."""


class GrpoSettings(Record):
    """How a policy is trained; stored with every run."""

    variant: str = "bat"
    """The reward; ``codedance reward variants`` lists them."""
    groups: int = Field(default=8, ge=1)
    """Tasks of a step (paper: 256)."""
    attempts: int = 8
    """Attempts at each task (paper: 8)."""
    zero_variance: Literal["keep", "drop", "refill"] = "keep"
    """What is done with groups whose rewards are all the same: they teach nothing but their turn credit. ``drop``
    leaves them out, ``refill`` samples other tasks in their place (dynamic sampling)."""
    refill_rounds: int = Field(default=3, ge=1)
    """How often other tasks are sampled in one step, at most."""
    reward: RewardSettings = RewardSettings()
    episode: EpisodeSettings = EpisodeSettings(
        budgets=Budgets(turns=6, tokens=1024, seconds=120),
        sampling=Sampling(temperature=1.0, max_tokens=384),
        limits=Limits(wall_seconds=10, cpu_seconds=20),
    )
    """Of each attempt (paper: 6 turns, temperature 1)."""
    learner: LearnerSettings = LearnerSettings()
    worlds: WorldMix = WorldMix()
    """Which scenes are asked about, unless the tasks come from a run folder."""
    execute: bool = True
    """Whether code runs. False is a counterfactual: the same tasks and reward, but code is taken and shows nothing."""
    seed: int = 0
    """Of the tasks, the sampler and the order of attempts."""
    exam_every: int = Field(default=20, ge=0)
    """Steps between two exams on held-out tasks; 0: none."""
    exam_tasks: int = Field(default=64, ge=1)
    save_every: int = Field(default=10, ge=1)
    """Steps between two checkpoints: what a kill costs at most."""
    keep_rollouts_every: int = Field(default=20, ge=0)
    """Steps whose attempts are stored whole, as a run folder; 0: none."""
    in_flight: int = Field(default=64, ge=1)
    """Attempts under way at once."""

    @field_validator("variant")
    @classmethod
    def _variant_exists(cls, name: str) -> str:
        if name not in VARIANTS:
            raise ValueError(f"there is no reward variant '{name}'; choose among {', '.join(VARIANTS)}")
        return name

    @field_validator("attempts")
    @classmethod
    def _a_group_compares(cls, attempts: int) -> int:
        if attempts < 2:
            raise ValueError("an attempt is compared with others at the same task: a group needs two or more")
        return attempts

    @model_validator(mode="after")
    def _samples(self) -> GrpoSettings:
        sampling = self.episode.sampling
        if sampling.temperature == 0:
            raise ValueError("episode.sampling.temperature must be above 0: greedy attempts are all the same")
        if sampling.top_p < 1:
            raise ValueError("episode.sampling.top_p must be 1: the loss is over the whole distribution")
        if sampling.seed is not None:
            raise ValueError("episode.sampling.seed must be left out: every attempt gets its own from seed")
        if self.learner.mini_batches > self.groups * self.attempts:
            raise ValueError("learner.mini_batches: there are not so many attempts in a step")
        return self

    @property
    def identity(self) -> dict[str, JsonValue]:
        """Everything that decides the outcome."""
        found = self.model_dump(mode="json", exclude=set(_NO_MATTER))
        if self.execute:
            del found["execute"]  # runs begun before there was a choice go on
        return found


def run_identity(settings: GrpoSettings, source: JsonValue, start: str) -> dict[str, JsonValue]:
    """Everything that decides the outcome of a run: ``source`` are its tasks, ``start`` the weights it begins with."""
    return {"method": "grpo", **settings.identity, "source": source, "start": start}


def check_grpo(folder: Path, settings: GrpoSettings, *, start: str) -> None:
    """Whether a run could begin or go on in this folder, as far as can be told without its tasks and without PyTorch.

    Raises:
        StoreError: the folder holds something else, another schema version, or a run with other settings.
    """
    check_place(folder)
    if (folder / "manifest.json").exists():
        made = RunFolder(folder).manifest()
        if made.kind == "train" and "method" not in made.settings:
            raise another_training(folder)
        RunFolder.create(
            folder, Manifest(kind="train", settings=run_identity(settings, made.settings.get("source"), start))
        )
