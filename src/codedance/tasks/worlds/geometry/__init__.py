"""Geometry and measurement: instruments to read, figures to compute, lengths and angles to measure and compare."""

from __future__ import annotations

from codedance.tasks.worlds.figures.family import figure_family
from codedance.tasks.worlds.geometry.angles import ANGLE_KINDS
from codedance.tasks.worlds.geometry.axes import AXES_KINDS
from codedance.tasks.worlds.geometry.clocks import CLOCK_KINDS
from codedance.tasks.worlds.geometry.compare import COMPARE_KINDS
from codedance.tasks.worlds.geometry.composite import COMPOSITE_KINDS
from codedance.tasks.worlds.geometry.dials import DIAL_KINDS
from codedance.tasks.worlds.geometry.grid import GRID_KINDS
from codedance.tasks.worlds.geometry.levels import LEVEL_KINDS
from codedance.tasks.worlds.geometry.mirror import MIRROR_KINDS
from codedance.tasks.worlds.geometry.plane import PLANE_KINDS
from codedance.tasks.worlds.geometry.round import ROUND_KINDS
from codedance.tasks.worlds.geometry.ruler import RULER_KINDS
from codedance.tasks.worlds.geometry.scale import SCALE_KINDS
from codedance.tasks.worlds.geometry.turns import TURN_KINDS

__all__ = ["GEOMETRY"]

GEOMETRY = figure_family(
    "geometry",
    (
        *ANGLE_KINDS,
        *PLANE_KINDS,
        *ROUND_KINDS,
        *COMPOSITE_KINDS,
        *RULER_KINDS,
        *SCALE_KINDS,
        *LEVEL_KINDS,
        *DIAL_KINDS,
        *CLOCK_KINDS,
        *TURN_KINDS,
        *GRID_KINDS,
        *AXES_KINDS,
        *COMPARE_KINDS,
        *MIRROR_KINDS,
    ),
    choices=0.3,
    glances=(
        "I can see it.",
        "The picture shows it clearly.",
        "This can be read off at a glance.",
        "The figure is large and plain, so I need no closer look.",
        "I see it in the picture: {answer}.",
        "The numbers are easy to read here, and the rest is done in the head.",
        "No code is needed for this one.",
        "It is plain to see: {answer}.",
    ),
)
