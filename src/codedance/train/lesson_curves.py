"""The curves of supervised learning: losses and lessons by step, and exams on held-out scenes."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from codedance.store import RecordFile
from codedance.train.curves import CURVE
from codedance.train.held_out import ExamLine, read_exams
from codedance.train.plots import Curve, Panel
from codedance.train.trainer import Step

__all__ = ["is_supervised", "lesson_curve", "lesson_panels"]

_NUMBERS = {"text", "accuracy", "read_accuracy", "cell_accuracy", "point_accuracy"}
_LESSONS = (
    Panel("text loss, nats a token", "text"),
    Panel("tokens foretold (dashed: crops read)", "accuracy", "read_accuracy"),
    Panel("things pointed at (dashed: seen)", "point_accuracy", "cell_accuracy"),
    Panel("tokens a second", "speed"),
)


def is_supervised(run: Path) -> bool:
    """Whether a run's curve is of supervised learning; ``False`` too if there is none, or it cannot be read."""
    try:
        with (run / CURVE).open("rb") as file:
            return isinstance(found := json.loads(file.readline()), dict) and "kinds" in found
    except (OSError, ValueError, RecursionError):
        return False


def lesson_curve(run: Path) -> Curve:
    """The figures of every step, and of the exams, by name.

    Names: those of :class:`codedance.train.trainer.Step`, ``loss/KIND`` for the text loss of each kind of sequence,
    ``exam/CELL`` for accuracies, ``ran/CELL`` for the share of the code that ran, ``speed`` in tokens a second.

    Raises:
        StoreError: the curve or the exams hold something else.
    """
    found: dict[int, dict[str, float]] = {}
    for line in RecordFile(run / CURVE, Step):
        values = line.model_dump(include=_NUMBERS, exclude_none=True)
        if not line.text:  # a step that only looked at pictures wrote nothing
            del values["text"], values["accuracy"]
        values |= {f"loss/{kind}": loss for kind, loss in line.kinds.items() if loss}
        found[line.step] = values | {"speed": line.tokens / max(1e-9, line.seconds)}
    for exam in read_exams(run):
        found.setdefault(exam.step, {}).update(_exam(exam))
    return sorted(found.items())


def lesson_panels(curves: Sequence[Curve]) -> tuple[Panel, ...]:
    """What is drawn of these: lessons, then exams by family and mode, then text losses by family."""
    names = dict.fromkeys(name for curve in curves for _, values in curve for name in values)
    exams = dict.fromkeys(_halves(name) for name in names if name.startswith("exam/"))
    losses = dict.fromkeys(_halves(name) for name in names if name.startswith("loss/") and name.count("/") == 3)
    return (
        *_LESSONS,
        *(_pair(f"exam: {family}, {mode}", "exam", family, mode, names, points=True) for family, mode in exams),
        *(
            _pair(f"code that ran: {family}", "ran", family, mode, names, points=True)
            for family, mode in exams
            if mode == "code"
        ),
        *(_pair(f"text loss: {family}, {mode}", "loss", family, mode, names) for family, mode in losses),
    )


def _halves(name: str) -> tuple[str, str]:
    """Family and mode in the name of a figure of a cell."""
    _, family, _, mode = name.split("/")
    return family, mode


def _pair(title: str, what: str, family: str, mode: str, names: Collection[str], *, points: bool = False) -> Panel:
    """Hard solid and easy dashed, or the one that there is."""
    hard, easy = (f"{what}/{family}/{side}/{mode}" for side in ("hard", "easy"))
    there = [name for name in (hard, easy) if name in names]
    if len(there) == 1:
        return Panel(f"{title}, {there[0].split('/')[2]}", there[0], points=points)
    return Panel(f"{title}, hard (dashed: easy)", hard, easy, points=points)


def _exam(line: ExamLine) -> dict[str, float]:
    found = {f"exam/{line.cell}": line.right / line.count}
    return found | ({f"ran/{line.cell}": line.cells_ok / line.cells} if line.cells else {})
