"""One self-contained page for one trajectory: opens from disk, loads nothing, runs nothing of the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codedance.imaging import Picture
from codedance.schema import ImageRef, Score, Trajectory
from codedance.store import write_text
from codedance.viewer.shell import Policy, read_asset, render_page, visible
from codedance.viewer.trace.facts import STOPS, budgets_used, facts, reference, spans, tokens_of
from codedance.viewer.trace.judged import Judged
from codedance.viewer.trace.marks import Mark, marks_of
from codedance.viewer.trace.reward import Standing, reward_panel, signed
from codedance.viewer.trace.turns import Shown, duration, shorten, turn_block

__all__ = ["Place", "trace_page", "write_trace_page"]

_PACKAGE = "codedance.viewer.trace"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands among others: addresses of its neighbours, ``None`` where there is none."""

    index: str | None = None
    previous: str | None = None
    next: str | None = None
    position: str = ""
    """For example ``12 of 360``."""
    name: str = ""
    """Of the run, for people."""
    images: tuple[str, ...] = ()
    """Where the page's pictures may come from beside the page itself, as sources of a content policy."""
    stamp: str = ""
    """What the page was made from, for who makes it again; letters and digits."""


@dataclass(frozen=True, slots=True)
class _Input:
    """A picture of the question with what is drawn on it."""

    shown: Shown
    number: int
    marks: tuple[Mark, ...]


def trace_page(
    trajectory: Trajectory,
    pictures: Mapping[str, Picture],
    *,
    correct: bool | None = None,
    score: Score | None = None,
    standing: Standing | None = None,
    judged: Judged | None = None,
    place: Place | None = None,
    link: Callable[[ImageRef], str | None] | None = None,
) -> str:
    """The page as HTML.

    Everything that a model, a program or a file name said is untrusted: it is escaped, its invisible characters are
    made visible, and the page's policy allows no script but its own.

    Args:
        trajectory: the episode.
        pictures: by SHA-256; a missing one leaves a labelled gap. They are written into the page, unless ``link`` is
            given.
        correct: whether the answer is right; the score's word if not given.
        score: what it earned, term by term.
        standing: where it stands in its group.
        judged: what a judge said where the benchmark's rules leave the answer to one.
        place: neighbours, for a page among others.
        link: the address of a picture instead of its bytes; ``None`` if it is missing.
    """
    place = place or Place()
    if correct is None and score is not None:
        correct = score.correct
    address = link if link is not None else lambda ref: _written(pictures.get(ref.sha256))
    marks = marks_of(trajectory, pictures)
    credit = score.turn_credit if score is not None else ()
    task = trajectory.task
    turns = [
        turn_block(
            number,
            turn,
            mode=trajectory.protocol.mode,
            link=address,
            marks=[mark for mark in marks if mark.turn == number],
            credit=credit[number - 1] if len(credit) == len(trajectory.turns) else None,
            inputs=len(task.images),
        )
        for number, turn in enumerate(trajectory.turns, start=1)
    ]
    values = {
        "question": shorten(task.question),
        "title": " ".join(visible(task.question[:90]).split()),
        "inputs": _inputs(trajectory, address, marks),
        "answer": shorten(trajectory.answer) if trajectory.answer is not None else None,
        "reference": shorten(reference(task.answer)) if task.answer is not None else None,
        "stop": STOPS[trajectory.stop],
        "stop_name": trajectory.stop.value,
        "failure": shorten(trajectory.failure.message) if trajectory.failure else None,
        "correct": correct,
        "judged": judged,
        "turns": turns,
        "stats": _stats(trajectory),
        "spans": spans(trajectory),
        "panel": reward_panel(score, standing),
        "signed": signed,
        "budgets": budgets_used(trajectory),
        "facts": facts(trajectory),
        "system_prompt": shorten(trajectory.protocol.system_prompt),
        "place": place,
    }
    template, style, script = (read_asset(f"trace.{kind}", package=_PACKAGE) for kind in ("html", "css", "js"))
    return render_page(template, values, style=style, script=script, policy=Policy(images=place.images))


def write_trace_page(
    path: Path, trajectory: Trajectory, pictures: Mapping[str, Picture], *, correct: bool | None = None
) -> None:
    """Write the page with its pictures in it; the file is replaced as a whole."""
    write_text(path, trace_page(trajectory, pictures, correct=correct))


def _inputs(trajectory: Trajectory, link: Callable[[ImageRef], str | None], marks: tuple[Mark, ...]) -> list[_Input]:
    several = len(trajectory.task.images) > 1
    return [
        _Input(
            Shown(link(ref), ref.width, ref.height, f"input {number}" if several else "input"),
            number,
            tuple(mark for mark in marks if mark.source == number - 1),
        )
        for number, ref in enumerate(trajectory.task.images, start=1)
    ]


def _stats(trajectory: Trajectory) -> list[tuple[str, str]]:
    """The episode in a few numbers."""
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    failed = sum(not one.ok for one in executions)
    runs = f"{len(executions)}" + (f", {failed} failed" if failed else "")
    tokens = tokens_of(trajectory)
    found = [("turns", str(len(trajectory.turns))), ("runs of code", runs)]
    if tokens is not None:
        found.append(("tokens written", f"{tokens:,}"))
    found.append(("time", duration(trajectory.seconds)))
    return found


def _written(picture: Picture | None) -> str | None:
    return picture.data_url if picture is not None else None
