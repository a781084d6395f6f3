"""R_acc: is the final answer right?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import ValidationError

from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.rewards.answers import matches
from codedance.rewards.edits import edit_fault
from codedance.rewards.settings import SourceWeights
from codedance.schema import EditCheck, MathAnswer, Task, Term, Trajectory
from codedance.schema.faults import first_fault

__all__ = ["accuracy_term", "is_right"]


def accuracy_term(correct: bool, weights: SourceWeights) -> Term:
    """``R_acc``: 1 if right, else 0, with the source's weight.

    >>> term = accuracy_term(True, SourceWeights(accuracy=1.2))
    >>> term.value, term.weight
    (1.0, 1.2)
    """
    return Term(value=1.0 if correct else 0.0, weight=weights.accuracy, note="right" if correct else "wrong")


def is_right(
    trajectory: Trajectory,
    *,
    longest: int = 1000,
    pictures: Mapping[str, Picture] | None = None,
    equivalent: Callable[[str, str], bool] | None = None,
) -> bool | None:
    """Whether the trajectory's answer is right, and the picture that it shows last if that is what was asked for.

    Args:
        trajectory: the episode.
        longest: answers of so many characters or more are wrong.
        pictures: every picture of the trajectory by SHA-256; needed if the task's result is a picture.
        equivalent: how mathematical answers are compared; see :func:`codedance.rewards.matches`.

    Returns:
        ``None`` if nobody knows what is right: there is no reference, or it is mathematical, the answer is not written
        like it, and ``equivalent`` was not given.

    Raises:
        ValueError: the task's result is a picture and ``pictures`` was not given.
        DataError: the task says in words that cannot be read what its picture must look like.
    """
    task = trajectory.task
    if task.answer is None:
        return None
    text = trajectory.answer
    if text is None or len(text) >= longest:
        return False
    if not matches(text, task.answer, equivalent=equivalent):
        # Without algebra a mathematical answer that is written otherwise is not wrong: it was not scored.
        return None if isinstance(task.answer, MathAnswer) and equivalent is None else False
    check = _edit_check(task)
    if check is None:
        return True
    if pictures is None:
        raise ValueError(f"task {task.id} asks for a picture: its pictures are needed to score it")
    shown = [one.image for turn in trajectory.turns if turn.execution is not None for one in turn.execution.images]
    last = pictures[shown[-1].sha256].to_image() if shown else None
    return edit_fault(pictures[task.images[0].sha256].to_image(), last, check) is None


def _edit_check(task: Task) -> EditCheck | None:
    """What the picture must look like, for tasks whose result is a picture."""
    if task.meta.get("edit") is None:
        return None
    try:
        check = EditCheck.model_validate(task.meta["edit"])
    except ValidationError as error:
        fault = first_fault(error)
        where = ".".join(str(step) for step in ("meta", "edit", *fault.steps))
        raise DataError(f"task {task.id}: {where}: {fault.message}") from None
    if not task.images:
        raise DataError(f"task {task.id}: asks for an edited picture and has no picture")
    return check
