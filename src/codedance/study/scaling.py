"""Which policies show what more data and a larger network bring, and what they did on the held-out scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codedance.schema import Record
from codedance.study.measures import Estimate, Measure, Policy, gap
from codedance.study.settings import StudySettings

__all__ = ["Grade", "Scaled", "by_data", "by_size", "gains", "grades_of", "own_grade"]


@dataclass(frozen=True, slots=True)
class Grade:
    """A policy to be taught."""

    size: str
    trajectories: int | None
    """Of the set's beginning; ``None``: all of it."""
    seed: int

    @property
    def name(self) -> str:
        """Folder of the policy below its step's.

        >>> Grade("small", 5000, 1).name, Grade("large", None, 0).name
        ('small-5000-1', 'large-all-0')
        """
        return f"{self.size}-{self.trajectories or 'all'}-{self.seed}"


class Scaled(Record):
    """A policy by supervised learning alone, and what it did."""

    size: str
    trajectories: int
    parameters: int
    policy: Policy


def grades_of(settings: StudySettings, *, count: int) -> list[Grade]:
    """The policies of a study, each once, a seed's together.

    Args:
        settings: of the study.
        count: trajectories of its set: so many are all of them.
    """
    chosen = settings.scaling
    found: dict[Grade, None] = {}
    for seed in chosen.seeds:
        for number in chosen.trajectories:
            found[Grade(settings.sft.size, None if number >= count else number, seed)] = None
        for size in chosen.sizes:
            found[Grade(size, None, seed)] = None
    return list(found)


def own_grade(settings: StudySettings) -> Grade | None:
    """The policy that the study begins with, as one of these: it is there already; ``None`` if it was given.

    ``None`` too if these are asked something else than it was.
    """
    if settings.given_model is not None or settings.sft.episodes is not None:
        return None
    if settings.scaled_families != settings.families:
        return None
    return Grade(settings.sft.size, None, settings.sft.seed)


def by_data(scaled: Sequence[Scaled]) -> dict[int, list[Policy]]:
    """Policies of one network by how much they were taught with, the least first: of the size that has most of them."""
    sizes: dict[str, set[int]] = {}
    for one in scaled:
        sizes.setdefault(one.size, set()).add(one.trajectories)
    size = max(sizes, key=lambda name: len(sizes[name]), default="")
    numbers = sorted(sizes.get(size, ()))
    return {
        number: [one.policy for one in scaled if one.size == size and one.trajectories == number] for number in numbers
    }


def by_size(scaled: Sequence[Scaled]) -> dict[str, list[Policy]]:
    """Policies that were taught with the most data by their size, the smallest first."""
    most = max((one.trajectories for one in scaled), default=0)
    whole = sorted((one for one in scaled if one.trajectories == most), key=lambda one: one.parameters)
    return {
        name: [one.policy for one in whole if one.size == name] for name in dict.fromkeys(one.size for one in whole)
    }


def gains(levels: Sequence[Sequence[Policy]], measure: Measure = Measure.ACCURACY) -> list[Estimate]:
    """How much each level has over the one before it."""
    pairs = zip(levels[1:], levels, strict=False)
    return [found for more, less in pairs if (found := gap(more, less, measure)) is not None]
