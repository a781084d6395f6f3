"""Which tasks a policy practises on and is examined with: generated worlds' scenes, or the tasks of a run folder.

Tasks are asked for by number, so that a run that goes on after a kill sees the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from pydantic import Field, JsonValue, model_validator

from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.schema import MathAnswer, Record, Task
from codedance.store import RunFolder
from codedance.tasks.worlds import FAMILIES, HELD_OUT_SEEDS, Difficulty, make_scene, scene_task

__all__ = ["AskedTask", "StoredTasks", "TaskSource", "WorldMix", "WorldTasks", "difficulty_of"]

_HELD_OUT_PERCENT = 10
_USUAL = ("counting", "search")


@dataclass(frozen=True, slots=True)
class AskedTask:
    """A task and its pictures, in order."""

    task: Task
    pictures: tuple[Picture, ...]


class TaskSource(Protocol):
    """Where tasks come from; both methods are pure functions of their argument."""

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What decides which tasks there are; part of a run's manifest."""
        ...

    @property
    def algebra(self) -> bool:
        """Whether answers are compared as mathematics."""
        ...

    def training(self, position: int) -> AskedTask:
        """The task at this place of an endless row."""
        ...

    def held_out(self, count: int) -> list[AskedTask]:
        """Tasks that :meth:`training` never gives, the same ones every time; fewer where there are not so many."""
        ...


class WorldMix(Record):
    """How scenes are mixed."""

    shares: dict[str, float] = Field(default_factory=lambda: {name: float(name in _USUAL) for name in FAMILIES})
    """Weight of each family; one without weight, or left out, is not asked about."""
    hard: float = Field(default=0.5, ge=0, le=1)
    """Share of hard scenes in each family."""

    @model_validator(mode="after")
    def _families_exist(self) -> WorldMix:
        unknown = sorted(set(self.shares) - set(FAMILIES))
        if unknown:
            raise ValueError(f"there is no family {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
        if not any(weight > 0 for weight in self.shares.values()) or min(self.shares.values()) < 0:
            raise ValueError("weights are 0 or more, and one at least is more")
        return self


class WorldTasks:
    """Fresh scenes of generated worlds; nothing repeats, and exams lie behind the held-out seeds.

    >>> source = WorldTasks(WorldMix(shares={"counting": 1}, hard=1), seed=0)
    >>> source.training(3).task == source.training(3).task, difficulty_of(source.training(0).task)
    (True, <Difficulty.HARD: 'hard'>)
    """

    algebra = False

    def __init__(self, mix: WorldMix, *, seed: int) -> None:
        self._mix, self._seed = mix, seed
        shares = {name: weight for name, weight in mix.shares.items() if weight > 0}
        hard = {Difficulty.EASY: 1 - mix.hard, Difficulty.HARD: mix.hard}
        cells = {(name, one): weight * hard[one] for name, weight in shares.items() for one in Difficulty}
        self._cells = {cell: weight for cell, weight in cells.items() if weight > 0}

    @property
    def identity(self) -> dict[str, JsonValue]:
        """The mix and the seed."""
        return {"worlds": self._mix.model_dump(mode="json"), "seed": self._seed}

    def training(self, position: int) -> AskedTask:
        """A scene chosen by the mix."""
        rng = Random(f"grpo/{self._seed}/{position}")  # noqa: S311 - reproducible, no secret
        ((family, difficulty),) = rng.choices(list(self._cells), list(self._cells.values()))
        return _asked(family, difficulty, rng.randrange(HELD_OUT_SEEDS))

    def held_out(self, count: int) -> list[AskedTask]:
        """Scenes of all cells of the mix in turn, whatever their weights."""
        cells = list(self._cells)
        chosen = ((*cells[number % len(cells)], HELD_OUT_SEEDS + number // len(cells)) for number in range(count))
        return [_asked(*one) for one in chosen]


def _asked(family: str, difficulty: Difficulty, seed: int) -> AskedTask:
    task, pictures = scene_task(make_scene(family, difficulty, seed))
    return AskedTask(task, pictures)


class StoredTasks:
    """The tasks of a run folder (those of its trajectories if it holds no others), reshuffled every epoch.

    A tenth of the tasks, chosen by their names, is held out.

    Raises:
        StoreError: the folder is no run folder.
        DataError: too few tasks, or one without a reference answer.
    """

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._run, self._seed = RunFolder.open(folder), seed
        self._shuffled: tuple[int, list[int]] | None = None
        found = {task.id: task for task in self._run.tasks()}
        found = found or {one.task.id: one.task for one in self._run.trajectories()}
        open_ended = [task.id for task in found.values() if task.answer is None]
        if open_ended:
            raise DataError(f"{folder}: {len(open_ended)} tasks have no reference answer, the first is {open_ended[0]}")
        self._practice, self._exam = _divided(list(found.values()))
        if not self._practice or not self._exam:
            raise DataError(f"{folder}: {len(found)} tasks are too few to practise on some and be examined with others")
        self.algebra = any(isinstance(task.answer, MathAnswer) for task in found.values())

    @property
    def identity(self) -> dict[str, JsonValue]:
        """A hash of all tasks, and the seed."""
        whole = hashlib.sha256("".join(task.model_dump_json() for task in [*self._practice, *self._exam]).encode())
        return {"tasks": whole.hexdigest(), "seed": self._seed}

    def training(self, position: int) -> AskedTask:
        """The task at this place; every epoch gives each once."""
        epoch, place = divmod(position, len(self._practice))
        return self._with_pictures(self._practice[self._order(epoch)[place]])

    def held_out(self, count: int) -> list[AskedTask]:
        """The first of the tasks held out, in an order that their names decide."""
        return [self._with_pictures(task) for task in self._exam[:count]]

    def _order(self, epoch: int) -> list[int]:
        """The tasks' order in an epoch; the last one is kept, since places are asked for in order."""
        if self._shuffled is None or self._shuffled[0] != epoch:
            order = list(range(len(self._practice)))
            Random(f"grpo/{self._seed}/{epoch}").shuffle(order)  # noqa: S311 - reproducible, no secret
            self._shuffled = epoch, order
        return self._shuffled[1]

    def _with_pictures(self, task: Task) -> AskedTask:
        found = self._run.load_pictures(task)
        return AskedTask(task, tuple(found[ref.sha256] for ref in task.images))


def difficulty_of(task: Task) -> Difficulty | None:
    """How hard the task's source says it is; ``None`` if it does not say."""
    said = task.meta.get("difficulty")
    return Difficulty(said) if said in tuple(Difficulty) else None


def _divided(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """Tasks to practise on and tasks to be examined with, by the hash of their names."""
    keyed = sorted((hashlib.sha256(task.id.encode()).hexdigest(), task) for task in tasks) if tasks else []
    exam = max(1, len(keyed) * _HELD_OUT_PERCENT // 100)
    return [task for _, task in keyed[exam:]], [task for _, task in keyed[:exam]]
