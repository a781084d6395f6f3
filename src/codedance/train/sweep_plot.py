"""The picture of a sweep: accuracy against turns against failed code, each constant alone, and the analytic bounds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codedance.errors import MissingExtraError
from codedance.store import write_bytes
from codedance.train.ablation import Figure
from codedance.train.sweep import Sweep, SweepPoint, failure_rate, slice_of
from codedance.train.sweep_points import Constant

__all__ = ["draw_sweep"]

_BLUE, _RED, _GREEN, _GREY = "#2f6fbb", "#d1603d", "#4f9d69", "#6d6d6d"
_ROWS = (("accuracy", "accuracy"), ("turns", "turns"), ("success", "failed code"))


def draw_sweep(found: Sweep, out: Path) -> None:
    """Draw the attempts of the last steps of every point: a dot is the mean over seeds, its line the range of them.

    Above: accuracy against turns, coloured by the share of code that failed; dashed, the accuracy of a group above
    which calls cost. Below: each constant that was changed alone, and in the last row what follows from it alone.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing a sweep", "train")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    varied = [one for one in Constant if len(slice_of(found, one)) > 1]
    columns = max(1, len(varied))
    canvas = Canvas(figsize=(max(7.0, 2.7 * columns), 4.0 + (8.2 if varied else 0)), layout="constrained")
    FigureCanvasAgg(canvas)
    grid = canvas.add_gridspec(6 if varied else 2, columns)
    _frontier(canvas.add_subplot(grid[:2, :]), found, canvas)
    for column, constant in enumerate(varied):
        points = slice_of(found, constant)
        for row, (name, title) in enumerate(_ROWS):
            axes = _panel(canvas, grid[2 + row, column], points, constant)
            _course(axes, points, constant, name)
            if name == "turns":
                _sides(axes, points, constant)
            if name == "accuracy":
                _break_even(axes, points, constant)
            if not column:
                axes.set_ylabel(title, fontsize=8)
        axes = _panel(canvas, grid[5, column], points, constant)
        _analytic(axes, points, constant, turns=found.turns)
        axes.set_xlabel(constant.value, fontsize=9)
    buffer = io.BytesIO()
    canvas.savefig(buffer, format=out.suffix.lstrip(".").lower(), dpi=110)
    write_bytes(out, buffer.getvalue())


def _frontier(axes: Any, found: Sweep, canvas: Any) -> None:  # noqa: ANN401 - matplotlib has no types
    _style(axes, "last steps, sampled: each dot a choice of constants; line: lowest to highest seed")
    drawn = [
        (one, accuracy, turns)
        for one in found.points
        if (accuracy := _figure(one, "accuracy")) is not None and (turns := _figure(one, "turns")) is not None
    ]
    for _, accuracy, turns in drawn:
        axes.plot([turns.low, turns.high], [accuracy.mean] * 2, color=_GREY, linewidth=0.7, alpha=0.5, zorder=1)
        axes.plot([turns.mean] * 2, [accuracy.low, accuracy.high], color=_GREY, linewidth=0.7, alpha=0.5, zorder=1)
    coloured = [(one, accuracy, turns, _figure(one, "success")) for one, accuracy, turns in drawn]
    known = [(turns.mean, accuracy.mean, rate.mean) for _, accuracy, turns, rate in coloured if rate is not None]
    if known:
        across, up, rates = zip(*known, strict=True)
        dots = axes.scatter(across, up, c=rates, cmap="viridis_r", s=34, zorder=2, edgecolors="#303030", linewidths=0.4)
        bar = canvas.colorbar(dots, ax=axes, fraction=0.03, pad=0.01)
        bar.set_label("share of code that failed", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    for one, accuracy, turns, rate in coloured:
        if rate is None:
            axes.plot([turns.mean], [accuracy.mean], "o", color="white", markeredgecolor="#303030", markersize=6)
        if one.name == found.points[0].name:
            axes.annotate(one.name, (turns.mean, accuracy.mean), textcoords="offset points", xytext=(6, 5), fontsize=8)
    for number, one in enumerate(_centres(found)):
        if one.bounds.zero is not None:
            axes.axhline(one.bounds.zero, color=(_RED, _GREEN)[number % 2], linestyle="--", linewidth=0.9)
            text = f"{one.constants.curve.value}: calls cost above {one.bounds.zero:.3f}"
            place = (0.005, one.bounds.zero)
            axes.annotate(text, place, xycoords=("axes fraction", "data"), fontsize=7, va="bottom", color=_GREY)
    axes.set_xlabel("turns of an attempt", fontsize=8)
    axes.set_ylabel("accuracy", fontsize=8)
    axes.margins(0.08)


def _centres(found: Sweep) -> list[SweepPoint]:
    """The point that the others are compared with, and the one with the other form of ``d``."""
    return slice_of(found, Constant.CURVE)


def _panel(canvas: Any, place: Any, points: Sequence[SweepPoint], constant: Constant) -> Any:  # noqa: ANN401
    """Axes with the values of a constant in equal steps: they are chosen by ratios as often as by differences."""
    axes = canvas.add_subplot(place)
    _style(axes, "")
    axes.set_xticks(range(len(points)), [one.constants.text(constant) for one in _ordered(points, constant)])
    axes.set_xlim(-0.4, len(points) - 0.6)
    return axes


def _course(axes: Any, points: Sequence[SweepPoint], constant: Constant, name: str) -> None:  # noqa: ANN401
    known = [
        (place, figure)
        for place, one in enumerate(_ordered(points, constant))
        if (figure := _figure(one, name)) is not None
    ]
    axes.plot([place for place, _ in known], [one.mean for _, one in known], "-o", color=_BLUE, markersize=4)
    for place, one in known:
        axes.plot([place, place], [one.low, one.high], color=_BLUE, linewidth=0.9, alpha=0.6)
        axes.plot([place] * len(one.values), list(one.values), ".", color=_BLUE, markersize=3, alpha=0.5)
    axes.margins(y=0.15)


def _sides(axes: Any, points: Sequence[SweepPoint], constant: Constant) -> None:  # noqa: ANN401
    """The turns of easy and of hard tasks apart, where tasks tell which they are."""
    for side, colour in (("easy", _GREEN), ("hard", _RED)):
        figures = [one.figures.get(f"batch/turns_{side}") for one in _ordered(points, constant)]
        known = [(place, one.mean) for place, one in enumerate(figures) if one is not None]
        if known:
            axes.plot(*zip(*known, strict=True), "--", color=colour, linewidth=1.0, marker="_", label=side)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6, frameon=False)


def _break_even(axes: Any, points: Sequence[SweepPoint], constant: Constant) -> None:  # noqa: ANN401
    zeros = [(place, one.bounds.zero) for place, one in enumerate(_ordered(points, constant))]
    known = [(place, zero) for place, zero in zeros if zero is not None]
    if constant in (Constant.GAMMA, Constant.DELTA, Constant.CURVE) and known:
        across, up = zip(*known, strict=True)
        axes.plot(across, up, "--", color=_RED, linewidth=1.0, marker="_", label="calls cost above")
        axes.legend(fontsize=6, frameon=False)


def _analytic(axes: Any, points: Sequence[SweepPoint], constant: Constant, *, turns: int) -> None:  # noqa: ANN401
    ordered = _ordered(points, constant)
    places = range(len(ordered))
    match constant:
        case Constant.GAMMA | Constant.DELTA | Constant.CURVE:
            for label, values, colour in (
                ("nobody right", [one.bounds.nobody for one in ordered], _GREEN),
                ("half", [one.bounds.half for one in ordered], _GREY),
                ("everybody", [one.bounds.everybody for one in ordered], _RED),
            ):
                axes.plot(places, values, "--", color=colour, linewidth=1.0, marker="_", label=label)
            measured = [(place, one.figures.get("rewards/d")) for place, one in enumerate(ordered)]
            known = [(place, one.mean) for place, one in measured if one is not None]
            axes.plot([place for place, _ in known], [one for _, one in known], "o", color=_BLUE, markersize=4)
            axes.set_title("d: bounds, and measured (dots)", fontsize=7, loc="left")
            axes.axhline(0, color="#b0b0b0", linewidth=0.6)
        case Constant.BETA:
            axes.plot(places, [one.bounds.lowest_return for one in ordered], "--", color=_RED, marker="_")
            axes.set_title(f"lowest G, {turns} failures in a row", fontsize=7, loc="left")
        case Constant.LAMBDA:
            values = [one.constants.turn_weight for one in ordered]
            axes.plot(places, values, "--", color=_RED, marker="_")
            axes.set_title("deviation of the turn credit", fontsize=7, loc="left")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6, frameon=False, loc="best")


def _ordered(points: Sequence[SweepPoint], constant: Constant) -> list[SweepPoint]:
    return sorted(points, key=lambda one: one.constants.number(constant))


def _figure(point: SweepPoint, name: str) -> Figure | None:
    match name:
        case "success":
            return failure_rate(point.figures.get("batch/execution_success"))
        case _:
            return point.figures.get(f"batch/{name}")


def _style(axes: Any, title: str) -> None:  # noqa: ANN401
    axes.set_title(title, fontsize=8, loc="left")
    axes.tick_params(labelsize=7)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
