"""Settings of the synthesis from pictures and of weak-to-strong filtering: everything that their results depend on."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from codedance.schema import CodeFormat, Record, Sampling
from codedance.synth.pictures.views import ViewSettings
from codedance.tasks.worlds import Category

__all__ = [
    "Attempts",
    "BoxRules",
    "Coordinates",
    "EasyUse",
    "FilterRule",
    "FilterSettings",
    "HardBy",
    "Mix",
    "RolloutSettings",
    "SynthSettings",
    "WeighSettings",
]


class Coordinates(StrEnum):
    """In which units a teacher gives boxes."""

    PIXELS = "pixels"
    """Pixels of the picture as it is shown: Qwen2.5-VL."""
    THOUSANDTHS = "thousandths"
    """Thousandths of its width and height: Qwen3-VL and others."""


class EasyUse(StrEnum):
    """What becomes of questions that are easy."""

    DIRECT = "direct"
    """A trajectory that answers directly, without code."""
    DROP = "drop"
    """Nothing."""


class HardBy(StrEnum):
    """What makes a question hard, among those that are not easy."""

    STRONG = "strong"
    """The strong model is wrong on its own."""
    WEAK = "weak"
    """The weak model is hardly ever right."""
    EITHER = "either"
    BOTH = "both"


class FilterRule(Record):
    """How many right answers make a question easy, medium or hard."""

    easy_share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Easy: the weak model is right in at least this share of its attempts."""
    hard_by: HardBy | None = None
    """Who decides between medium and hard; without a choice the strong model if there is one, else the weak one."""
    hard_share: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Hard by the weak model: it is right in at most this share of its attempts."""


class WeighSettings(Record):
    """How a weak and a strong model tell how hard a question is."""

    attempts: int = Field(default=4, ge=1, le=64)
    """Direct answers of the weak model to each question."""
    weak: Sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=1024, seed=0)
    """Attempt ``i`` is sampled with this seed plus ``i``."""
    strong: Sampling = Sampling(temperature=0.0, max_tokens=2048, seed=0)
    rule: FilterRule = FilterRule()
    check_easy: bool = False
    """Let the strong model check the labels of easy questions too, whose label the weak model bears out already."""
    readings: int = Field(default=3, ge=1, le=20)
    """How often a call is made that stalls, fails or, where an answer is closed, cannot be read."""
    retry_temperature: float = Field(default=0.7, ge=0.0)
    """Temperature of a further attempt at a closed answer: a greedy one would come out the same."""


class FilterSettings(WeighSettings):
    """Everything that a filtered set depends on, and how fast it is made."""

    seconds_per_call: float = Field(default=180.0, gt=0.0)
    """Limit of one call, its retries included; does not bind a resumed run."""
    concurrency: int = Field(default=16, ge=1, le=1024)
    """Questions at work at once; does not bind a resumed run."""


class Mix(Record):
    """In which shares questions are asked for; a picture for which one sort is impossible gets another."""

    visual: float = Field(default=0.5, ge=0.0)
    computation: float = Field(default=0.25, ge=0.0)
    editing: float = Field(default=0.25, ge=0.0)

    @model_validator(mode="after")
    def _something_is_asked_for(self) -> Mix:
        if not any(self.shares.values()):
            raise ValueError("at least one share must be above 0")
        return self

    @property
    def shares(self) -> dict[Category, float]:
        """Shares by category, adding up to 1 (all 0 if nothing is asked for).

        >>> Mix(visual=1, computation=3, editing=0).shares[Category.COMPUTATION]
        0.75
        """
        given = {
            Category.VISUAL: self.visual,
            Category.COMPUTATION: self.computation,
            Category.EDITING: self.editing,
        }
        total = sum(given.values())
        return {category: share / total if total else 0.0 for category, share in given.items()}


class Attempts(Record):
    """How often something is tried."""

    readings: int = Field(default=3, ge=1, le=20)
    """Calls for one closed answer, while it stalls, fails or cannot be read."""
    question: int = Field(default=3, ge=1, le=20)
    """Questions that are made until one passes its check."""
    box: int = Field(default=1, ge=1, le=20)
    """Boxes that are made until one passes its check and the rules."""
    rollout: int = Field(default=1, ge=1, le=20)
    """Episodes that are played until one passes the final check."""


class BoxRules(Record):
    """Which boxes are kept."""

    categories: tuple[Category, ...] = (Category.VISUAL, Category.EDITING)
    """Questions of other categories need no box: what they rest on is often the whole picture."""
    coordinates: Coordinates = Coordinates.PIXELS
    smallest_share: float = Field(default=0.0005, ge=0.0, le=1.0)
    """Least share of the picture's area."""
    largest_share: float = Field(default=0.35, gt=0.0, le=1.0)
    """Largest share of the picture's area: a larger box tells nothing about where to look."""
    smallest_side: int = Field(default=12, ge=1)
    """Pixels."""
    overshoot: float = Field(default=0.01, ge=0.0, le=1.0)
    """How far a box may reach beyond the picture, as a share of its side; it is then cut off at the edge."""


class RolloutSettings(Record):
    """How the teacher solves the questions."""

    turns: int = Field(default=6, ge=2)
    tokens: int = Field(default=16_384, ge=1)
    seconds: float = Field(default=900.0, gt=0.0)
    sampling: Sampling = Sampling(temperature=0.0, max_tokens=2048, seed=0)
    code_format: CodeFormat = CodeFormat.CODE
    failed_cells: int = Field(default=2, ge=0)
    """Most cells that may fail on the way; the last one must succeed."""
    answer_characters: int = Field(default=200, ge=1)
    """A longer answer fails the final check."""


class SynthSettings(Record):
    """Everything that a set of trajectories made from pictures depends on."""

    seed: int = 0
    questions: int = Field(default=2, ge=1, le=50)
    """Questions for each picture that passes the filter."""
    mix: Mix = Mix()
    attempts: Attempts = Attempts()
    closed: Sampling = Sampling(temperature=0.0, max_tokens=1024, seed=0)
    """Of answers to closed questions."""
    retry_temperature: float = Field(default=0.7, ge=0.0)
    """Temperature of every further attempt: a greedy answer would come out the same."""
    view: ViewSettings = ViewSettings()
    box: BoxRules = BoxRules()
    easy: EasyUse = EasyUse.DIRECT
    number_tolerance: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share by which a number that is no whole one may differ from the label; charts that are read by eye need some."""
    difficulty: WeighSettings = WeighSettings()
    """Of the weak and the strong model, where they take part."""
    rollout: RolloutSettings = RolloutSettings()
    seconds_per_call: float = Field(default=180.0, gt=0.0)
    """Limit of one call to any model, its retries included; does not bind a resumed run."""
    concurrency: int = Field(default=16, ge=1, le=1024)
    """Pictures at work at once; does not bind a resumed run."""
