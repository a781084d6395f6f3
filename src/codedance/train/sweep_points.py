"""The points of a sweep over the constants of BAT, and what follows from a point before anything is trained."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import assert_never

from pydantic import ValidationError

from codedance.errors import UsageError
from codedance.rewards import Curve, RewardSettings, break_even, difficulty
from codedance.schema import Record
from codedance.schema.faults import first_fault

__all__ = ["LEVELS", "Bounds", "Constant", "Constants", "bounds_of", "constants_of", "levels_of", "points_of"]


class Constant(StrEnum):
    """A constant of BAT that is swept."""

    GAMMA = "gamma"
    """Steepness of ``d``."""
    DELTA = "delta"
    """What is subtracted from the curve of ``d``."""
    BETA = "beta"
    """Discount of later turns."""
    LAMBDA = "lambda"
    """Weight of the turn credit."""
    CURVE = "curve"
    """Form of ``d``."""


LEVELS: Mapping[Constant, tuple[str, ...]] = {
    Constant.GAMMA: ("0", "1", "2", "4", "8", "16"),
    Constant.DELTA: ("0", "0.1", "0.2", "0.3", "0.5"),
    Constant.BETA: ("0", "0.2", "0.5", "0.9"),
    Constant.LAMBDA: ("0", "0.1", "0.2", "0.5", "1"),
    Constant.CURVE: ("sigmoid", "tanh"),
}
"""What is tried where no values are named; the paper's are among them."""


class Constants(Record):
    """One point of a sweep."""

    gamma: float
    delta: float
    beta: float
    turn_weight: float
    """``lambda``."""
    curve: Curve

    @property
    def name(self) -> str:
        """What differs from the paper, fit for a folder.

        >>> constants_of(RewardSettings()).name, constants_of(RewardSettings(gamma=8, turn_weight=0)).name
        ('paper', 'gamma=8,lambda=0')
        """
        paper = constants_of(RewardSettings())
        differing = [f"{one.value}={text}" for one in Constant if (text := self.text(one)) != paper.text(one)]
        return ",".join(differing) or "paper"

    def text(self, constant: Constant) -> str:
        """The value of a constant as it is written."""
        match constant:
            case Constant.CURVE:
                return self.curve.value
            case Constant.GAMMA | Constant.DELTA | Constant.BETA | Constant.LAMBDA:
                return f"{self.number(constant):.12g}"
            case unreachable:
                assert_never(unreachable)

    def number(self, constant: Constant) -> float:
        """The value of a constant as a number; of the two forms of ``d`` their factor on ``gamma``, 1 and 2."""
        if constant is Constant.CURVE:
            return 1.0 if self.curve is Curve.SIGMOID else 2.0
        return float(getattr(self, _setting(constant)))


class Bounds(Record):
    """What follows from the constants alone."""

    nobody: float
    """``d`` where nobody is right, its largest."""
    half: float
    everybody: float
    """``d`` where everybody is right, its smallest."""
    zero: float | None
    """Accuracy of a group above which calls cost; ``None``: they never do, or always."""
    lowest_return: float
    """``G_t`` of the first turn if every turn is code that fails."""


def constants_of(reward: RewardSettings) -> Constants:
    """Those of the settings that are swept."""
    return Constants.model_validate({name: getattr(reward, name) for name in Constants.model_fields})


def levels_of(texts: Sequence[str]) -> dict[Constant, tuple[str, ...]]:
    """Values by constant, from ``NAME=VALUE,VALUE``; all of :data:`LEVELS` where nothing is named.

    Raises:
        UsageError: an unknown constant, one named twice, or none of its values.

    >>> {one.value: values for one, values in levels_of(["gamma=4,8,4"]).items()}
    {'gamma': ('4', '8')}
    """
    found: dict[Constant, tuple[str, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        named = tuple(dict.fromkeys(one.strip() for one in values.split(",") if one.strip()))
        if not equals or name not in tuple(Constant) or not named:
            raise UsageError(f"--vary {text}: write NAME=VALUE,VALUE with a name out of {', '.join(Constant)}")
        if Constant(name) in found:
            raise UsageError(f"--vary {text}: {name} is named twice; put all its values into one --vary")
        found[Constant(name)] = named
    return found or dict(LEVELS)


def points_of(
    base: RewardSettings, levels: Mapping[Constant, Sequence[str]], *, product: bool = False
) -> list[RewardSettings]:
    """The rewards of a sweep: the base first, then each constant changed alone, or every combination.

    Raises:
        UsageError: a value that the constant cannot have.

    >>> [constants_of(one).name for one in points_of(RewardSettings(), {Constant.BETA: ["0.2", "0.9"]})]
    ['paper', 'beta=0.9']
    """
    if product:
        choices = [[(constant, value) for value in values] for constant, values in levels.items()]
        changes = [dict(one) for one in itertools.product(*choices)]
    else:
        changes = [{}, *({constant: value} for constant, values in levels.items() for value in values)]
    found: dict[Constants, RewardSettings] = {}
    for change in changes:
        reward = _changed(base, change)
        found.setdefault(constants_of(reward), reward)
    return list(found.values())


def bounds_of(constants: Constants, *, turns: int) -> Bounds:
    """What the constants alone decide; ``turns`` is how many replies an attempt may have.

    >>> found = bounds_of(constants_of(RewardSettings()), turns=6)
    >>> round(found.nobody, 4), round(found.everybody, 4), round(found.zero or 0, 4), round(found.lowest_return, 4)
    (0.6808, -0.0808, 0.8466, -0.625)
    """
    gamma, delta, curve = constants.gamma, constants.delta, constants.curve
    nobody, half, everybody = (difficulty(mu, gamma=gamma, delta=delta, curve=curve) for mu in (0.0, 0.5, 1.0))
    penalty = RewardSettings().turn_penalty
    return Bounds(
        nobody=nobody,
        half=half,
        everybody=everybody,
        zero=break_even(gamma=gamma, delta=delta, curve=curve),
        lowest_return=sum(penalty * constants.beta**turn for turn in range(turns)),
    )


def _setting(constant: Constant) -> str:
    """Name among the settings: ``lambda`` can be none in Python."""
    return "turn_weight" if constant is Constant.LAMBDA else constant.value


def _changed(base: RewardSettings, change: Mapping[Constant, str]) -> RewardSettings:
    values = {_setting(constant): value for constant, value in change.items()}
    try:
        return RewardSettings.model_validate({**base.model_dump(), **values})
    except ValidationError as error:
        fault = first_fault(error)
        name = str(fault.steps[0]) if fault.steps else "value"
        shown = Constant.LAMBDA.value if name == "turn_weight" else name
        raise UsageError(f"--vary {shown}: {fault.message} (was {fault.value!r})") from None
