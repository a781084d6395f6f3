"""Which trajectories a generated set holds: a stated table, dealt out to scenes; a pure function of its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from pydantic import Field, model_validator

from codedance.schema import CodeFormat, Record
from codedance.tasks.worlds import FAMILIES, HELD_OUT_SEEDS, Difficulty

__all__ = ["ALWAYS_CODE", "SEEDS_PER_RUN", "SHARES", "TRIES", "GenerateSettings", "Mode", "Slot", "counts", "make_plan"]

Mode = Literal["code", "direct", "slip"]
SEEDS_PER_RUN = 1_000_000
"""Scene seeds of each cell that belong to one ``seed``: sets of different seeds share no scene."""
TRIES = 4
"""Scenes that a slot may try until one gives a trajectory without a fault."""


SHARES: dict[str, float] = {
    "counting": 2500,
    "search": 2500,
    "objects": 3500,
    "scenes": 4500,
    "charts": 4500,
    "tables": 3000,
    "geometry": 4000,
    "mathematics": 3000,
    "editing": 6500,
}
"""How the 34,000 are dealt out to the families."""

ALWAYS_CODE = frozenset({"editing"})
"""Families that are never answered at a glance: the edited picture is a part of the answer."""


class GenerateSettings(Record):
    """What is made; part of the set's manifest."""

    count: int = Field(default=34_000, ge=1)
    """Trajectories in all."""
    seed: int = Field(default=0, ge=0)
    """Sets of different seeds share no scene; from 10 on the scenes are held out from training."""
    shares: dict[str, float] = Field(default_factory=lambda: {name: SHARES[name] for name in FAMILIES})
    """Weight of each family; one that is left out is not made."""
    hard: float = Field(default=0.6, ge=0, le=1)
    """Share of hard scenes in each family."""
    direct: float = Field(default=0.6, ge=0, le=1)
    """Share of the easy scenes that are answered at a glance, in families that allow it."""
    slips: float = Field(default=0.08, ge=0, le=1)
    """Share of the trajectories with code whose first cell fails and is mended."""
    tool_calls: float = Field(default=0.12, ge=0, le=1)
    """Share of the trajectories with code that write it as tool calls."""

    @model_validator(mode="after")
    def _families_exist(self) -> GenerateSettings:
        unknown = sorted(set(self.shares) - set(FAMILIES))
        if unknown:
            raise ValueError(f"shares: there is no family {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
        if not any(weight > 0 for weight in self.shares.values()) or min(self.shares.values()) < 0:
            raise ValueError("shares: weights are 0 or more, and one at least is more")
        if self.count * TRIES > SEEDS_PER_RUN:
            raise ValueError(f"count: at most {SEEDS_PER_RUN // TRIES} trajectories of one seed; use several seeds")
        return self

    @property
    def held_out(self) -> bool:
        """True if the scenes are those that nothing is trained on."""
        return self.seed * SEEDS_PER_RUN >= HELD_OUT_SEEDS


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the set: the scene to try first, and how the oracle goes about it."""

    family: str
    difficulty: Difficulty
    seed: int
    """Of the first scene that is tried; the next ones follow it."""
    mode: Mode
    code_format: CodeFormat


def counts(settings: GenerateSettings) -> dict[tuple[str, Difficulty], int]:
    """How many trajectories each cell gets; they add up to ``count``.

    >>> counts(GenerateSettings(count=10, shares={"counting": 1, "search": 1}))[("search", Difficulty.HARD)]
    3
    """
    cells = [(family, difficulty) for family in FAMILIES for difficulty in Difficulty]
    share = {Difficulty.HARD: settings.hard, Difficulty.EASY: 1 - settings.hard}
    weights = [settings.shares.get(family, 0) * share[difficulty] for family, difficulty in cells]
    return dict(zip(cells, _apportion(settings.count, weights), strict=True))


def make_plan(settings: GenerateSettings) -> list[Slot]:
    """All slots in a mixed order, so that any beginning of the set is balanced too."""
    rng = Random(f"plan/{settings.seed}")  # noqa: S311 - reproducible, no secret
    slots: list[tuple[float, Slot]] = []
    for (family, difficulty), wanted in counts(settings).items():
        modes = _modes(settings, wanted, direct=_direct_share(settings, family, difficulty))
        rng.shuffle(modes)
        for index, mode in enumerate(modes):
            tool_call = mode != "direct" and rng.random() < settings.tool_calls
            code_format = CodeFormat.TOOL_CALL if tool_call else CodeFormat.CODE
            seed = settings.seed * SEEDS_PER_RUN + index * TRIES
            # Spread evenly over the set, and shuffled within each cell's share of it.
            place = (index + rng.random()) / wanted
            slots.append((place, Slot(family, difficulty, seed, mode, code_format)))
    return [slot for _, slot in sorted(slots, key=lambda one: one[0])]


def _direct_share(settings: GenerateSettings, family: str, difficulty: Difficulty) -> float:
    return settings.direct if difficulty is Difficulty.EASY and family not in ALWAYS_CODE else 0.0


def _modes(settings: GenerateSettings, wanted: int, *, direct: float) -> list[Mode]:
    parts = _apportion(wanted, [direct, (1 - direct) * settings.slips, (1 - direct) * (1 - settings.slips)])
    modes: list[Mode] = ["direct"] * parts[0] + ["slip"] * parts[1] + ["code"] * parts[2]  # type: ignore[assignment]
    return modes


def _apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to the total (largest remainders)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts
