"""A supervised run as a person watches it: a bar in a terminal, a line now and then in a pipe or a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from codedance.cli.progress import duration, watched
from codedance.cli.text import visible
from codedance.schema.counts import counted

if TYPE_CHECKING:
    from codedance.train.trainer import Step

__all__ = ["TrainingBar", "status_progress", "training_bar"]

_TELL_EVERY = 15.0
"""Seconds between two lines of a run that nobody watches in a terminal."""


class TrainingBar(Protocol):
    """What a run tells."""

    def begin(self, step: int) -> None:
        """Training begins, after this step."""
        ...

    def show(self, step: Step) -> None:
        """A step was made."""
        ...

    def say(self, text: str) -> None:
        """Something is to be read, and stays."""
        ...


@contextmanager
def training_bar(steps: int, *, before: str) -> Iterator[TrainingBar]:
    """Show a run on the error stream. Until training begins there is no bar, only what is done ``before``."""
    if not watched():
        yield _Lines(steps, before)
        return
    bar = _Bar(steps, before)
    try:
        yield bar
    finally:
        bar.stop()


def status_progress(console: Console | None = None) -> Progress:
    """A bar on the error stream with a status behind it, the task's field of that name."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
    )
    return Progress(*columns, console=console or Console(stderr=True))


class _Bar:
    """In a terminal."""

    def __init__(self, steps: int, before: str) -> None:
        self._console = Console(stderr=True)
        self._progress = status_progress(self._console)
        self._task = self._progress.add_task("training", total=steps, status="", start=False)
        self._before = self._console.status(visible(before))
        self._before.start()

    def begin(self, step: int) -> None:
        self._before.stop()
        self._progress.update(self._task, completed=step)
        self._progress.start_task(self._task)
        self._progress.start()

    def show(self, step: Step) -> None:
        self._progress.update(self._task, completed=step.step, status=_figures(step))

    def say(self, text: str) -> None:
        self._console.print(visible(text), highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        self._before.stop()
        if self._progress.live.is_started:
            self._progress.stop()


class _Lines:
    """In a pipe or a file."""

    def __init__(self, steps: int, before: str) -> None:
        self._steps = steps
        self._first, self._began, self._told = 0, time.monotonic(), 0.0
        self.say(before)

    def begin(self, step: int) -> None:
        self._first, self._began = step, time.monotonic()
        self.say(f"training: {counted(self._steps, 'step')}" + (f", going on after step {step}" if step else ""))

    def show(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_EVERY and step.step != self._steps:
            return
        self._told = now
        left = (now - self._began) / max(1, step.step - self._first) * (self._steps - step.step)
        rest = f", about {duration(left)} left" if step.step < self._steps else ""
        self.say(f"step {step.step} of {self._steps}: {_figures(step)}{rest}")

    def say(self, text: str) -> None:
        print(visible(text), file=sys.stderr, flush=True)


def _figures(step: Step) -> str:
    read = f", read {step.read_accuracy:.2f}" if step.read_accuracy is not None else ""
    read += f", cells {step.cell_accuracy:.2f}" if step.cell_accuracy is not None else ""
    read += f", points {step.point_accuracy:.2f}" if step.point_accuracy is not None else ""
    return f"loss {step.loss:.3f}, text {step.text:.3f}{read}, {step.tokens / step.seconds:.0f} tokens/s"
