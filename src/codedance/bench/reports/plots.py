"""Figures of a report as SVG that takes its colours from the page, so that it is read by day and by night."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil

from codedance.bench.contract import Mode
from codedance.bench.reports.comparison import PairedCell
from codedance.bench.reports.published import published_for
from codedance.bench.reports.summary import RunReport

__all__ = ["accuracy_plot", "difference_plot", "stops_plot"]

_LEFT, _WIDE, _RIGHT = 210, 560, 150
"""Pixels for names, for the scale, and for what is said at its end."""
_STEP = 20
_COLOURS = 8
"""Colours that the page's style has."""
_PERCENT = ((0.0, "0"), (20.0, "20"), (40.0, "40"), (60.0, "60"), (80.0, "80"), (100.0, "100"))


def accuracy_plot(reports: Sequence[RunReport]) -> str:
    """A line for each benchmark and run: the accuracy, its interval, and what others have reported."""
    names = list(dict.fromkeys(one.benchmark for report in reports for one in report.benchmarks))
    parts: list[str] = []
    y = 14.0
    for name in names:
        parts.append(_text(0, y + 4, name, "name"))
        for other in published_for(name):
            x = _x(other.percent)
            shape = f'<path class="other" d="M{x:.1f} {y - 6:.1f}l5 6l-5 6l-5 -6z">'
            parts.append(f"{shape}<title>{escape(f'{other.model}: {other.percent} ({other.source})')}</title></path>")
        for index, report in enumerate(reports):
            one = next((one.scores[Mode.STRICT].overall for one in report.benchmarks if one.benchmark == name), None)
            if one is None or one.accuracy is None:
                continue
            colour = f"c{index % _COLOURS}"
            low, high = (_x(100 * edge) for edge in one.interval or (one.accuracy, one.accuracy))
            parts.append(f'<path class="reach {colour}" d="M{low:.1f} {y:.1f}H{high:.1f}"></path>')
            said = f"{report.name}: {100 * one.accuracy:.1f} ({one.fraction})"
            parts.append(
                f'<circle class="{colour}" cx="{_x(100 * one.accuracy):.1f}" cy="{y:.1f}" r="4.5">'
                f"<title>{escape(said)}</title></circle>"
            )
            parts.append(_text(_LEFT + _WIDE + 14, y + 4, f"{100 * one.accuracy:.1f} ({one.fraction})", "soft"))
            y += _STEP
        y += 6
    legend = [report.name for report in reports] if len(reports) > 1 else []
    return _framed(parts, y, label="Accuracy of each benchmark with its interval", legend=legend)


def stops_plot(reports: Sequence[RunReport]) -> str:
    """A bar for each benchmark and run, divided by how its episodes stopped."""
    kinds = list(dict.fromkeys(stop for report in reports for one in report.benchmarks for stop in one.behaviour.stops))
    parts: list[str] = []
    y = 10.0
    for report in reports:
        for one in report.benchmarks:
            total = sum(one.behaviour.stops.values())
            if not total:
                continue
            name = one.benchmark if len(reports) == 1 else f"{report.name}: {one.benchmark}"
            parts.append(_text(0, y + 9, name, "name"))
            done = 0
            for index, kind in enumerate(kinds):
                count = one.behaviour.stops.get(kind, 0)
                left, width = _x(100 * done / total), _WIDE * count / total
                if count:
                    said = f"{kind.replace('_', ' ')}: {count} of {total}"
                    parts.append(
                        f'<rect class="c{index % _COLOURS}" x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="12">'
                        f"<title>{escape(said)}</title></rect>"
                    )
                done += count
            parts.append(_text(_LEFT + _WIDE + 14, y + 10, f"{total} episodes", "soft"))
            y += _STEP
    return _framed(parts, y, label="How episodes stopped", legend=[kind.replace("_", " ") for kind in kinds])


def difference_plot(cells: Sequence[PairedCell]) -> str:
    """A line for each benchmark: the difference in points and its interval, around zero."""
    reach = max((abs(edge) for cell in cells for edge in (*(cell.interval or ()), cell.difference)), default=0.0)
    most = max(1, ceil(10 * reach)) / 10
    parts: list[str] = []
    y = 14.0
    for cell in cells:
        parts.append(_text(0, y + 4, cell.benchmark, "name"))
        low, high = (_x(50 + 50 * edge / most) for edge in cell.interval or (cell.difference, cell.difference))
        parts.append(f'<path class="reach c0" d="M{low:.1f} {y:.1f}H{high:.1f}"></path>')
        parts.append(
            f'<circle class="c0" cx="{_x(50 + 50 * cell.difference / most):.1f}" cy="{y:.1f}" r="4.5"></circle>'
        )
        parts.append(_text(_LEFT + _WIDE + 14, y + 4, f"{100 * cell.difference:+.1f} (n = {cell.rows})", "soft"))
        y += _STEP
    marks = [(50 + 50 * share, f"{100 * share * most:+.0f}" if share else "0") for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    return _framed(parts, y, label="Difference of two runs with its interval", marks=marks)


def _framed(
    parts: Sequence[str],
    height: float,
    *,
    label: str,
    legend: Sequence[str] = (),
    marks: Sequence[tuple[float, str]] = _PERCENT,
) -> str:
    """The parts on a scale, with a legend below; widths of letters are guessed."""
    bottom = height + 4
    lines: list[str] = []
    for share, said in marks:
        x = _x(share)
        lines.append(f'<path class="grid" d="M{x:.1f} 0V{bottom:.1f}"></path>')
        lines.append(_text(x, bottom + 16, said, "mark"))
    x, y = float(_LEFT), bottom + 36
    for index, name in enumerate(legend):
        width = 30 + 7.2 * len(name)
        if x + width > _LEFT + _WIDE + _RIGHT and x > _LEFT:
            x, y = float(_LEFT), y + _STEP
        lines.append(f'<rect class="c{index % _COLOURS}" x="{x:.1f}" y="{y - 10:.1f}" width="11" height="11"></rect>')
        lines.append(_text(x + 17, y, name, "soft"))
        x += width
    tall = y + 10 if legend else bottom + 24
    size = f'viewBox="0 0 {_LEFT + _WIDE + _RIGHT} {tall:.0f}" width="{_LEFT + _WIDE + _RIGHT}"'
    return f'<svg {size} role="img" aria-label="{escape(label)}">{"".join([*lines, *parts])}</svg>'


def _x(share: float) -> float:
    return _LEFT + _WIDE * min(100.0, max(0.0, share)) / 100


def _text(x: float, y: float, text: str, kind: str) -> str:
    shown = text if len(text) <= 28 else f"{text[:27]}…"
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(shown)}</text>'
