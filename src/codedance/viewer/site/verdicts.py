"""What a site says of a trajectory's worth."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.errors import CodeDanceError
from codedance.rewards import is_right
from codedance.schema import Score, StopReason, Trajectory
from codedance.store import RunFolder
from codedance.viewer.trace import Judged, Standing

__all__ = ["Verdict", "reference_verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How right an answer is, and what it earned."""

    correct: bool | None = None
    """``None`` if nobody knows."""
    score: Score | None = None
    standing: Standing | None = None
    judged: Judged | None = None
    """What a judge said, where the benchmark's rules leave the answer to one."""


def reference_verdict(trajectory: Trajectory, run: RunFolder) -> Verdict:
    """By the task's reference answer; nothing for episodes that failed, and for what cannot be compared.

    >>> from pathlib import Path
    >>> task = {"id": "q", "source": "mine", "question": "?", "answer": {"kind": "number", "value": 3}}
    >>> one = Trajectory(id="a", task=task, model="m", answer="3", stop="answered")
    >>> reference_verdict(one, RunFolder(Path("nowhere"))).correct
    True
    """
    if trajectory.stop in (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED):
        return Verdict()
    try:
        pictures = run.load_pictures(trajectory) if trajectory.task.meta.get("edit") is not None else None
        return Verdict(is_right(trajectory, pictures=pictures))
    except CodeDanceError:
        return Verdict()
