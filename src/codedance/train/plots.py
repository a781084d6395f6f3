"""Pictures of curves: small panels, one for each question that is asked of a run, one line for each run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from codedance.errors import MissingExtraError
from codedance.store import write_bytes
from codedance.train.curves import CurveLine, figures

__all__ = ["PANELS", "Curve", "Panel", "draw_curves", "draw_panels", "smoothed"]

Curve: TypeAlias = Sequence[tuple[int, Mapping[str, float]]]
"""Each step with its figures by name; a step lacks those that it does not have."""

_COLOURS = ("#2f6fbb", "#d1603d", "#4f9d69", "#8d5fb0", "#b8912f", "#3a9aa8", "#c05c8e", "#6d6d6d")
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a question, and the figures that answer it, by the names of :func:`codedance.train.curves.figures`."""

    title: str
    solid: str
    dashed: str | None = None
    """A second figure, drawn dashed."""
    points: bool = False
    """Whether only some steps have it, so that dots are drawn and nothing is smoothed."""


PANELS: tuple[Panel, ...] = (
    Panel("exam: accuracy, hard (dashed: easy)", "exam/accuracy_hard", "exam/accuracy_easy", points=True),
    Panel("exam: turns, hard (dashed: easy)", "exam/turns_hard", "exam/turns_easy", points=True),
    Panel("exam: tool rate, hard (dashed: easy)", "exam/tool_rate_hard", "exam/tool_rate_easy", points=True),
    Panel("exam: code that succeeded", "exam/execution_success", points=True),
    Panel("reward", "rewards/reward"),
    Panel("accuracy, hard (dashed: easy)", "batch/accuracy_hard", "batch/accuracy_easy"),
    Panel("reward of calls (dashed: of form)", "rewards/tools", "rewards/format"),
    Panel("d, what a call is worth", "rewards/d"),
    Panel("turns, hard (dashed: easy)", "batch/turns_hard", "batch/turns_easy"),
    Panel("tool rate, hard (dashed: easy)", "batch/tool_rate_hard", "batch/tool_rate_easy"),
    Panel("code that succeeded", "batch/execution_success"),
    Panel("sampled tokens of an attempt", "batch/length"),
    Panel("entropy, nats a token", "update/entropy"),
    Panel("groups without variance", "rewards/zero_variance"),
    Panel("norm of the gradient", "update/gradient_norm"),
    Panel("seconds a step (dashed: of the update)", "speed/whole", "speed/update"),
)
"""What is drawn, row by row."""


def smoothed(values: Sequence[float], share: float) -> list[float]:
    """An exponential mean that weights early values no less than late ones; ``share`` 0 leaves all as it is.

    >>> smoothed([1.0, 1.0, 1.0], 0.9), smoothed([0.0, 1.0], 0.5)
    ([1.0, 1.0, 1.0], [0.0, 0.6666666666666666])
    """
    total = weight = 0.0
    found = []
    for value in values:
        total, weight = share * total + value, share * weight + 1
        found.append(total / weight)
    return found


def draw_curves(runs: Sequence[tuple[str, Sequence[CurveLine]]], out: Path, *, smooth: float = 0.8) -> None:
    """Draw the curves of one or several runs of reinforcement learning: see :func:`draw_panels`."""
    draw_panels([(name, [(line.step, figures(line)) for line in curve]) for name, curve in runs], out, smooth=smooth)


def draw_panels(
    runs: Sequence[tuple[str, Curve]], out: Path, *, panels: Sequence[Panel] = PANELS, smooth: float = 0.8
) -> None:
    """Draw the curves of one or several runs, those panels that any of them has figures for.

    Args:
        runs: name and curve of each.
        out: picture file; its ending says which kind (``.png``, ``.svg``, ``.pdf``).
        panels: what is drawn, row by row.
        smooth: share of the mean before that stays in a smoothed curve; the bare one is drawn pale behind it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing curves", "train")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    drawn = [(name, _COLOURS[number % len(_COLOURS)], curve) for number, (name, curve) in enumerate(runs)]
    panels = [panel for panel in panels if any(panel.solid in values for *_, curve in drawn for _, values in curve)]
    rows = -(-len(panels) // _COLUMNS)
    figure = Figure(figsize=(3.4 * _COLUMNS, 2.3 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(rows, _COLUMNS, number + 1)
        axes.set_title(panel.title, fontsize=9, loc="left")
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        if number >= len(panels) - _COLUMNS:
            axes.set_xlabel("step", fontsize=8)
        axes.grid(color="#e6e6e6", linewidth=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for _, colour, curve in drawn:
            _draw(axes, curve, panel, colour=colour, smooth=smooth)
        if panel.points or "accuracy" in panel.title:
            axes.margins(y=0.15)
    lines = [_line(colour) for _, colour, _ in drawn]
    figure.legend(lines, [name for name, *_ in drawn], loc="outside upper left", fontsize=9, ncols=6, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=out.suffix.lstrip(".").lower(), dpi=130)
    write_bytes(out, buffer.getvalue())


def _draw(
    axes: Any,  # noqa: ANN401 - matplotlib has no types
    curve: Curve,
    panel: Panel,
    *,
    colour: str,
    smooth: float,
) -> None:
    for name, style in ((panel.solid, "-"), (panel.dashed, "--")):
        there = [(step, values[name]) for step, values in curve if name is not None and name in values]
        if not there:
            continue
        steps, values = zip(*there, strict=True)
        if panel.points or len(there) == 1:
            axes.plot(steps, values, style, color=colour, linewidth=1.4, marker="o", markersize=3)
            continue
        if style == "-" and smooth:
            axes.plot(steps, values, color=colour, linewidth=0.8, alpha=0.25)
        axes.plot(steps, smoothed(values, smooth), style, color=colour, linewidth=1.4)


def _line(colour: str) -> Any:  # noqa: ANN401 - likewise
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linewidth=2)
