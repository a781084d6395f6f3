"""A picture of the difficulty ``d`` over the accuracy of a group, as SVG text."""

from __future__ import annotations

from collections.abc import Callable

from codedance.rewards.bat import break_even, difficulty
from codedance.rewards.settings import Curve, RewardSettings

__all__ = ["difficulty_svg"]

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 44, 56
_COLOURS = {Curve.SIGMOID: "#1f6fb2", Curve.TANH: "#c2571a"}
_POINTS = 120


def difficulty_svg(settings: RewardSettings | None = None) -> str:
    """Both forms of ``d`` with the settings' ``gamma`` and ``delta``, and where each becomes a cost.

    The same settings give the same text.

    >>> difficulty_svg().startswith("<svg xmlns")
    True
    """
    settings = settings or RewardSettings()
    low, high = -settings.delta, 1 - settings.delta

    def x(accuracy: float) -> float:
        return _LEFT + accuracy * (_WIDTH - _LEFT - _RIGHT)

    def y(d: float) -> float:
        return _TOP + (high - d) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 24, f"d over the mean accuracy of a group (gamma {settings.gamma:g}, delta {settings.delta:g})"),
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_line((x(tick), _TOP), (x(tick), _HEIGHT - _BOTTOM), "#e4e4e4"))
        parts.append(_text(x(tick), _HEIGHT - _BOTTOM + 18, f"{tick:g}", anchor="middle"))
        level = low + tick
        parts.append(_line((_LEFT, y(level)), (_WIDTH - _RIGHT, y(level)), "#e4e4e4"))
        parts.append(_text(_LEFT - 8, y(level) + 4, f"{level:.2f}", anchor="end"))
    if low <= 0 <= high:
        parts.append(_line((_LEFT, y(0)), (_WIDTH - _RIGHT, y(0)), "#666666"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, "mean accuracy of the group", anchor="middle"))
    for row, (curve, colour) in enumerate(_COLOURS.items()):
        parts.append(_curve(curve, colour, settings, place=lambda accuracy, d: (x(accuracy), y(d))))
        at = break_even(gamma=settings.gamma, delta=settings.delta, curve=curve)
        zero = f", 0 at {at:.4f}" if at is not None else ""
        parts.append(_line((_WIDTH - 236, _TOP + 18 + 22 * row), (_WIDTH - 206, _TOP + 18 + 22 * row), colour, width=2))
        parts.append(_text(_WIDTH - 198, _TOP + 22 + 22 * row, f"{curve.value}{zero}"))
        if at is not None:
            parts.append(f'<circle cx="{x(at):.1f}" cy="{y(0):.1f}" r="4" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _curve(
    curve: Curve, colour: str, settings: RewardSettings, *, place: Callable[[float, float], tuple[float, float]]
) -> str:
    points = []
    for step in range(_POINTS + 1):
        accuracy = step / _POINTS
        d = difficulty(accuracy, gamma=settings.gamma, delta=settings.delta, curve=curve)
        points.append(place(accuracy, d))
    path = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _line(begin: tuple[float, float], end: tuple[float, float], colour: str, *, width: int = 1) -> str:
    return (
        f'<line x1="{begin[0]:.1f}" y1="{begin[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )


def _text(left: float, top: float, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" fill="#222222">{words}</text>'
