"""A reinforcement-learning run as a person watches it: live panels in a terminal, a line a step in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from codedance.cli.text import visible

if TYPE_CHECKING:
    from codedance.train.curves import CurveLine

__all__ = ["TrainingView", "sparkline", "step_text", "training_view"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
_RECENT = 10
_TELL_EVERY = 30.0
"""Seconds between two words about what is being done, where there are no panels."""
_ROWS = (
    ("reward", "rewards/reward"),
    ("accuracy, easy", "batch/accuracy_easy"),
    ("accuracy, hard", "batch/accuracy_hard"),
    ("exam: accuracy", "exam/accuracy"),
    ("reward of calls", "rewards/tools"),
    ("d", "rewards/d"),
    ("turns", "batch/turns"),
    ("tool rate, easy", "batch/tool_rate_easy"),
    ("tool rate, hard", "batch/tool_rate_hard"),
    ("code that succeeded", "batch/execution_success"),
    ("tokens of an attempt", "batch/length"),
    ("entropy", "update/entropy"),
    ("groups without variance", "rewards/zero_variance"),
    ("norm of the gradient", "update/gradient_norm"),
    ("tokens a second", "speed/tokens_per_second"),
    ("seconds: generate", "speed/generate"),
    ("seconds: sandbox", "speed/sandbox"),
    ("seconds: update", "speed/update"),
)


@dataclass(frozen=True, slots=True)
class TrainingView:
    """What a run tells."""

    line: Callable[[CurveLine], None]
    doing: Callable[[str], None]


def sparkline(values: list[float], width: int = _WIDTH) -> str:
    """The last values as blocks, the lowest as the smallest.

    >>> sparkline([0, 1, 2, 7])
    '▁▂▃█'
    >>> sparkline([3.0, 3.0])
    '▁▁'
    """
    shown = values[-width:]
    low = min(shown, default=0.0)
    span = max(shown, default=0.0) - low or 1.0
    return "".join(_BLOCKS[round((value - low) / span * (len(_BLOCKS) - 1))] for value in shown)


def step_text(line: CurveLine) -> str:
    """One step in one line of plain text."""
    from codedance.train.curves import figures

    found = figures(line)
    shown = (
        ("reward", "rewards/reward"),
        ("easy", "batch/accuracy_easy"),
        ("hard", "batch/accuracy_hard"),
        ("turns", "batch/turns"),
        ("tools", "batch/tool_rate"),
        ("ran", "batch/execution_success"),
        ("entropy", "update/entropy"),
        ("same", "rewards/zero_variance"),
        ("exam", "exam/accuracy"),
        ("exam easy", "exam/accuracy_easy"),
        ("exam hard", "exam/accuracy_hard"),
    )
    parts = [f"{name} {found[key]:.3f}" for name, key in shown if key in found]
    seconds = f"  {line.speed.whole:.1f} s" if line.speed is not None else ""
    return f"step {line.step}  " + "  ".join(parts) + seconds


@contextmanager
def training_view(name: str, *, steps: int, as_json: bool) -> Iterator[TrainingView]:
    """Show a run while it goes on: panels on the error stream if it is a terminal, else a line a step on the output."""
    console = Console(stderr=True)
    watched = console.is_terminal and not console.is_dumb_terminal
    if as_json or not watched:
        say = (
            (lambda line: typer.echo(line.model_dump_json())) if as_json else (lambda line: typer.echo(step_text(line)))
        )
        yield TrainingView(say, (lambda what: None) if as_json else _now_and_then())
        return
    panels = _Panels(name, steps)
    with Live(panels.drawn(), console=console, refresh_per_second=4) as live:

        def show(line: CurveLine) -> None:
            panels.add(line)
            live.update(panels.drawn())

        def doing(what: str) -> None:
            panels.doing = what
            live.update(panels.drawn())

        yield TrainingView(show, doing)


def _now_and_then() -> Callable[[str], None]:
    """Tells on the error stream what is being done, if it was long ago that it told something: a step takes minutes."""
    told = time.monotonic()

    def doing(what: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            print(visible(what), file=sys.stderr, flush=True)

    return doing


@dataclass(slots=True)
class _Panels:
    name: str
    steps: int
    doing: str = ""
    values: dict[str, list[float]] = field(default_factory=dict)
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.progress = Progress(*columns)
        self.progress.add_task(visible(self.name), total=self.steps)

    def add(self, line: CurveLine) -> None:
        from codedance.train.curves import figures

        for name, value in figures(line).items():
            self.values.setdefault(name, []).append(value)
        self.progress.update(self.progress.task_ids[0], completed=line.step)

    def drawn(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for justify in ("left", "right", "right", "left"):
            table.add_column(justify=justify)
        table.add_row("", Text("now", style="dim"), Text(f"last {_RECENT}", style="dim"), "")
        for title, name in _ROWS:
            values = self.values.get(name)
            if values:
                recent = values[-_RECENT:]
                mean = sum(recent) / len(recent)
                table.add_row(title, f"{values[-1]:.3f}", f"{mean:.3f}", Text(sparkline(values), style="cyan"))
        return Group(self.progress, table, Text(visible(self.doing), style="dim"))
