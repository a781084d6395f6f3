"""Settings of a study, by scale: everything that its numbers depend on."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from codedance.errors import UsageError
from codedance.rewards import VARIANTS
from codedance.schema import Record
from codedance.synth.plan import GenerateSettings
from codedance.tasks.worlds import FAMILIES
from codedance.train.ablation import REWARDS
from codedance.train.grpo_settings import GrpoSettings
from codedance.train.nano import NanoRecipe
from codedance.train.trainer import TrainSettings

__all__ = ["ScalingSettings", "StudySettings", "settings_of"]


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names; raises :class:`ValueError` if one is of no family, or there twice.

    >>> _known(("counting",))
    ('counting',)
    """
    if set(names) - set(FAMILIES) or len(set(names)) < len(names):
        raise ValueError(f"name families once each, out of {', '.join(FAMILIES)}")
    return names


class ScalingSettings(Record):
    """Policies that are taught with less data, or are larger, to see what more of it brings; an empty tuple: none."""

    trajectories: tuple[int, ...] = (5_000, 10_000, 20_000, 34_000)
    """Beginnings of the supervised set that a policy of the study's own size is taught with (paper: these)."""
    sizes: tuple[str, ...] = ("small", "medium", "large")
    """Sizes of network that are taught with the whole set (paper: 3B and 7B)."""
    seeds: tuple[int, ...] = (0, 1)
    """A policy for each."""
    families: tuple[str, ...] = ()
    """Families that these policies are asked, where others say more than the study's; empty: the study's."""

    @field_validator("families")
    @classmethod
    def _families_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names)

    @model_validator(mode="after")
    def _in_order(self) -> ScalingSettings:
        if list(self.trajectories) != sorted(set(self.trajectories)) or min(self.trajectories, default=1) < 1:
            raise ValueError("trajectories: name numbers above 0 once each, the smallest first")
        if len(set(self.sizes)) < len(self.sizes) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("sizes and seeds: name each once, the smallest size first")
        if min(self.seeds, default=0) < 0 or not self.seeds:
            raise ValueError("seeds: name one or more, from 0 on; for no policies leave trajectories and sizes empty")
        return self


class StudySettings(Record):
    """What a study makes; stored with it, and it goes on with the same only."""

    data: GenerateSettings = GenerateSettings()
    """The supervised set."""
    sft: NanoRecipe = NanoRecipe()
    """How the policy that all begin with is taught."""
    grpo: GrpoSettings = GrpoSettings(exam_tasks=128, keep_rollouts_every=10)
    """Of every run of reinforcement learning, but for its reward and seed."""
    scaling: ScalingSettings = ScalingSettings()
    """More data and larger networks, by supervised learning alone."""
    steps: int = Field(default=240, ge=1)
    """Steps of each run (paper: 240)."""
    variants: tuple[str, ...] = REWARDS
    seeds: tuple[int, ...] = (0, 1)
    """A run for each seed and reward."""
    families: tuple[str, ...] = ("counting", "search")
    """Families of held-out scenes that every policy is measured on."""
    rows: int = Field(default=300, ge=1, le=300)
    """Scenes of each family and difficulty."""
    given_data: str | None = None
    """Folder of a supervised set that is there already, in place of making ``data``."""
    given_model: str | None = None
    """Checkpoint to begin with, in place of teaching one with ``sft``."""

    @field_validator("variants")
    @classmethod
    def _rewards_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(VARIANTS))
        if unknown or not names or len(set(names)) < len(names):
            raise ValueError(f"name rewards once each, out of {', '.join(VARIANTS)}")
        return names

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("name one seed or more, from 0 on, each once")
        return seeds

    @field_validator("families")
    @classmethod
    def _families_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError(f"name one family or more, out of {', '.join(FAMILIES)}")
        return _known(names)

    @model_validator(mode="after")
    def _can_be_compared(self) -> StudySettings:
        if not self.grpo.exam_every or not self.grpo.keep_rollouts_every:
            raise ValueError("grpo.exam_every and grpo.keep_rollouts_every must be above 0: the report rests on both")
        most = max(self.scaling.trajectories, default=0)
        if self.given_data is None and most > self.data.count:
            raise ValueError(f"scaling.trajectories: {most} are more than data.count={self.data.count}")
        if self.data.held_out:
            raise ValueError("data.seed must be below 10: what follows is held out")
        return self

    @property
    def scaled_families(self) -> tuple[str, ...]:
        """Families of held-out scenes that the policies of the scaling are asked."""
        return self.scaling.families or self.families

    @property
    def runs(self) -> tuple[tuple[str, int], ...]:
        """Reward and seed of every run, a seed's runs together."""
        return tuple((variant, seed) for seed in self.seeds for variant in self.variants)


def _smoke() -> StudySettings:
    """Everything once and as small as it goes: it shows that the parts fit, and nothing about the method."""
    shares = {"counting": 1.0, "search": 1.0}
    kinds = {"episode": 2, "see-counts": 1, "see-text": 1, "look-counts": 1, "look-text": 1}
    small = GrpoSettings()
    episode = small.episode
    short = episode.model_copy(
        update={
            "budgets": episode.budgets.model_copy(update={"turns": 2}),
            "sampling": episode.sampling.model_copy(update={"max_tokens": 24}),
        }
    )
    return StudySettings(
        data=GenerateSettings(count=24, shares=shares),
        sft=NanoRecipe(
            size="tiny",
            mix=kinds,
            looks_first=1,
            parts=1,
            families=dict.fromkeys(shares, 1),
            vocabulary=800,
            longest=2000,
            train=TrainSettings(steps=2, warmup_steps=1, workers=0, read_weight=1, cell_weight=1),
        ),
        grpo=small.model_copy(
            update={
                "groups": 2,
                "attempts": 4,
                "episode": short,
                "exam_every": 1,
                "exam_tasks": 2,
                "save_every": 1,
                "keep_rollouts_every": 1,
            }
        ),
        scaling=ScalingSettings(trajectories=(12, 24), sizes=("tiny", "small"), seeds=(0,)),
        steps=1,
        seeds=(0,),
        rows=1,
    )


def settings_of(scale: str) -> StudySettings:
    """The settings of a scale, to be changed one by one.

    >>> settings_of("nano").steps, len(settings_of("smoke").runs)
    (240, 4)
    """
    match scale:
        case "smoke":
            return _smoke()
        case "nano":
            return StudySettings()
        case _:
            raise UsageError(f"--scale {scale}: choose smoke or nano")
