"""Evidence whose truth is known."""

from __future__ import annotations

from random import Random

from codedance.study.evidence import Evidence, NewUse, Training
from codedance.study.measures import Estimate, Policy, Row
from codedance.study.scaling import Scaled

__all__ = ["ACCURACY", "evidence", "policy", "scaled"]

ACCURACY = {None: 0.4, "outcome": 0.5, "deepeyes": 0.55, "bat-no-turn": 0.55, "bat": 0.8}
"""How often a policy of each reward is right."""
_SUCCESS = {None: 0.6, "outcome": 0.5, "deepeyes": 0.6, "bat-no-turn": 0.5, "bat": 0.95}
_HARD_TURNS = {None: 1.5, "outcome": 1.3, "deepeyes": 3.0, "bat-no-turn": 2.0, "bat": 2.0}
_TASKS = 120


def policy(variant: str | None, seed: int | None, *, accuracy: float | None = None, tasks: int = _TASKS) -> Policy:
    """A policy that is right so often; easy tasks take one turn, but with ``deepeyes``."""
    rng = Random(f"{variant}/{seed}")
    right = ACCURACY[variant] if accuracy is None else accuracy
    rows = []
    for number in range(tasks):
        hard = number % 2 == 1
        turns = 1 + (rng.random() < _HARD_TURNS[variant] - 1) + (rng.random() < _HARD_TURNS[variant] - 2)
        turns = turns if hard or variant == "deepeyes" else 1
        succeeded = sum(rng.random() < _SUCCESS[variant] for _ in range(turns - 1))
        rows.append(
            Row(
                task=f"t{number}",
                difficulty="hard" if hard else "easy",
                right=rng.random() < right,
                turns=turns,
                cells=turns - 1,
                succeeded=succeeded,
            )
        )
    return Policy(variant=variant, seed=seed, rows=tuple(rows))


def evidence(seeds: int = 3, *, steps: int = 240) -> Evidence:
    """A study in which the paper is right, as far as one can be."""
    names = [name for name in ACCURACY if name is not None]
    grown = Estimate(value=0.08, low=0.05, high=0.11)
    return Evidence(
        trajectories=34_000,
        parameters=3_700_000,
        steps=steps,
        policies=(policy(None, None), *(policy(name, seed) for name in names for seed in range(seeds))),
        trainings=tuple(_training(name, seed) for name in names for seed in range(seeds)),
        new=(
            NewUse(kind="operation", attempts=3000, used=120, growth=grown, names=("draw_grid",)),
            NewUse(kind="composition", attempts=3000, used=40, growth=grown, names=("crop > threshold",)),
            NewUse(kind="domain", attempts=3000, used=0, growth=None, names=()),
        ),
    )


def scaled(size: str, trajectories: int, accuracy: float, *, seeds: int = 3) -> list[Scaled]:
    """Policies of one size and set that are right so often."""
    parameters = {"small": 3_700_000, "medium": 6_500_000, "large": 11_600_000}[size]
    policies = [policy(None, seed, accuracy=accuracy, tasks=3 * _TASKS) for seed in range(seeds)]
    return [Scaled(size=size, trajectories=trajectories, parameters=parameters, policy=one) for one in policies]


def _training(name: str, seed: int) -> Training:
    rng = Random(f"course {name}/{seed}")
    noise = 0.1 if name == "deepeyes" else 0.004
    exams = tuple(
        (step, 0.4 + step / 800 + noise * (-1) ** (step // 20) + rng.random() / 500) for step in range(0, 241, 20)
    )
    return Training(variant=name, seed=seed, exams=exams, entropy=(0.05 if name == "bat-no-turn" else 0.4) + seed / 100)
