"""Training curves of any run: every number of its file, step by step, thinned out to what a picture can show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codedance.viewer.runs.found import CURVE
from codedance.viewer.runs.lines import complete_lines

__all__ = ["Curve", "read_curves"]

_MOST_CURVES = 60
_MOST_POINTS = 600
_LONGEST_LINE = 1 << 20
_FIRST = ("exam", "rewards", "batch", "update", "accuracy", "loss")
"""What people look at first; the rest follows in the order of the file."""
_LAST = ("attempts", "position", "groups", "trained", "unscored")


@dataclass(frozen=True, slots=True)
class Curve:
    """One number over the steps of a run."""

    name: str
    """Its path in the line, for example ``exam/accuracy_hard``."""
    points: tuple[tuple[float, float], ...]
    """Step and value; of a long run a part of the steps, the last one always."""
    steps: int
    """Steps that have it."""


def read_curves(folder: Path) -> list[Curve]:
    """The curves of a run folder; none if it has no such file. Lines that are none are passed over."""
    found: dict[str, _Thinned] = {}
    try:
        file = (folder / CURVE).open("rb")
    except OSError:
        return []
    with file:
        for number, line in enumerate(complete_lines(file, 0, longest=_LONGEST_LINE)):
            values = _numbers(line.data)
            step = values.pop("step", float(number))
            for name, value in values.items():
                if name not in found and len(found) >= 4 * _MOST_CURVES:
                    continue
                found.setdefault(name, _Thinned()).add(step, value)
    drawn = [Curve(name, one.points, one.steps) for name, one in found.items() if one.steps > 1]
    drawn.sort(key=lambda curve: _rank(curve.name))
    return drawn[:_MOST_CURVES]


class _Thinned:
    """Points of a curve; when there are too many, every second one goes."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, float]] = []
        self._last: tuple[float, float] | None = None
        self._every = 1
        self.steps = 0

    def add(self, step: float, value: float) -> None:
        if self.steps % self._every == 0:
            self._kept.append((step, value))
            if len(self._kept) >= 2 * _MOST_POINTS:
                self._kept = self._kept[::2]
                self._every *= 2
        self.steps += 1
        self._last = (step, value)

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        last = [self._last] if self._last is not None and self._last != self._kept[-1] else []
        return (*self._kept, *last)


def _numbers(data: bytes | None) -> dict[str, float]:
    try:
        found = json.loads(data) if data is not None else None
    except (ValueError, RecursionError):
        return {}
    numbers: dict[str, float] = {}
    if isinstance(found, dict):
        _flatten("", found, numbers, depth=3)
    return numbers


def _flatten(path: str, values: Mapping[str, object], into: dict[str, float], *, depth: int) -> None:
    for name, value in values.items():
        where = f"{path}{name}"[:80]
        if isinstance(value, dict) and depth:
            _flatten(f"{where}/", value, into, depth=depth - 1)
        # A comparison that no NaN and no infinity passes; a whole number may be longer than any float.
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            into[where] = float(value)


def _rank(name: str) -> int:
    path = name.split("/")
    if path[-1] in _LAST:
        return len(_FIRST) + 1
    return _FIRST.index(path[0]) if path[0] in _FIRST else len(_FIRST)
