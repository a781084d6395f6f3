"""Pictures of the reports: bars, heat maps, curves; SVG, which reads at any size."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from codedance.errors import MissingExtraError

__all__ = ["Bar", "Curve", "bars", "curves", "heat_map"]

_COLOURS = ("#2f6fbb", "#d1603d", "#4f9d69", "#8d5fb0", "#b8912f", "#3a9aa8", "#c05c8e", "#6d6d6d")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its interval."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    group: int = 0
    """Bars of one group have one colour."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line, with intervals where they are known."""

    name: str
    points: Sequence[tuple[float, float]]
    spans: Sequence[tuple[float, float]] | None = None
    dashed: bool = False
    line: bool = True
    """False: dots alone."""


def bars(rows: Sequence[Bar], *, title: str, axis: str, groups: Sequence[str] = ()) -> bytes:
    """Lying bars, the first at the top."""

    def draw(axes: Any) -> None:  # noqa: ANN401 - matplotlib has no types
        places = list(range(len(rows)))[::-1]
        colours = [_COLOURS[row.group % len(_COLOURS)] for row in rows]
        axes.barh(places, [row.value for row in rows], color=colours, height=0.7)
        for place, row in zip(places, rows, strict=True):
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [place, place], color="#303030", linewidth=1.1)
        axes.set_yticks(places, [row.name for row in rows], fontsize=8)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel(axis, fontsize=8)
        axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        _legend(axes, groups)

    return _figure(draw, title=title, size=(6.4, 0.9 + 0.2 * max(3, len(rows))))


def heat_map(
    values: Sequence[Sequence[float | None]], *, rows: Sequence[str], columns: Sequence[str], title: str, axis: str
) -> bytes:
    """Values as shades, written in their cells; an absent one is left white."""

    def draw(axes: Any) -> None:  # noqa: ANN401
        if not rows or not columns:  # attempts without any code are a finding too
            axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=9, color="#303030")
            axes.set_axis_off()
            return
        filled = [[float("nan") if one is None else one for one in row] for row in values]
        shown = axes.imshow(filled, cmap="Blues", aspect="auto", vmin=0)
        top = max((one for row in values for one in row if one is not None), default=1.0) or 1.0
        for y, row in enumerate(values):
            for x, one in enumerate(row):
                if one:
                    colour = "white" if one > 0.6 * top else "#303030"
                    axes.text(
                        x,
                        y,
                        f"{one:.0f}" if one >= 1 else f"{one:.1f}",
                        ha="center",
                        va="center",
                        fontsize=6,
                        color=colour,
                    )
        axes.set_xticks(range(len(columns)), columns, fontsize=8, rotation=35, ha="right")
        axes.set_yticks(range(len(rows)), rows, fontsize=8)
        bar = axes.figure.colorbar(shown, ax=axes, fraction=0.03, pad=0.01)
        bar.ax.tick_params(labelsize=7)
        bar.set_label(axis, fontsize=8)

    return _figure(draw, title=title, size=(2.6 + 0.55 * len(columns), 1.5 + 0.22 * max(3, len(rows))))


def curves(lines: Sequence[Curve], *, title: str, axes_names: tuple[str, str]) -> bytes:
    """Lines over a common axis."""

    def draw(axes: Any) -> None:  # noqa: ANN401
        for number, line in enumerate(lines):
            if not line.points:
                continue
            colour = _COLOURS[number % len(_COLOURS)]
            across, up = zip(*line.points, strict=True)
            style = ("--" if line.dashed else "-") if line.line else ""
            axes.plot(across, up, style, color=colour, marker="o", markersize=3.2, linewidth=1.4, label=line.name)
            if line.spans is not None:
                for x, (low, high) in zip(across, line.spans, strict=True):
                    axes.plot([x, x], [low, high], color=colour, linewidth=0.9, alpha=0.6)
        axes.set_xlabel(axes_names[0], fontsize=8)
        axes.set_ylabel(axes_names[1], fontsize=8)
        axes.grid(color="#e6e6e6", linewidth=0.6)
        axes.margins(0.06)
        if len(lines) > 1:
            axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))

    return _figure(draw, title=title, size=(6.8, 3.4))


def _legend(axes: Any, groups: Sequence[str]) -> None:  # noqa: ANN401
    from matplotlib.patches import Patch

    if len(groups) > 1:
        patches = [Patch(color=_COLOURS[number % len(_COLOURS)], label=name) for number, name in enumerate(groups)]
        axes.legend(handles=patches, fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _figure(draw: Callable[[Any], None], *, title: str, size: tuple[float, float]) -> bytes:
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing figures", "guest")
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same numbers give the same file.
    with mpl.rc_context({"svg.hashsalt": "codedance", "svg.fonttype": "path"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.set_title(title, fontsize=9, loc="left")
        axes.tick_params(labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        draw(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
