"""Geometry and measurement: instruments to read, figures to compute, lengths and angles to measure and compare."""

from __future__ import annotations

from codedance.tasks.worlds.figure_family import figure_family
from codedance.tasks.worlds.geometry_angles import ANGLE_KINDS
from codedance.tasks.worlds.geometry_axes import AXES_KINDS
from codedance.tasks.worlds.geometry_clocks import CLOCK_KINDS
from codedance.tasks.worlds.geometry_compare import COMPARE_KINDS
from codedance.tasks.worlds.geometry_composite import COMPOSITE_KINDS
from codedance.tasks.worlds.geometry_dials import DIAL_KINDS
from codedance.tasks.worlds.geometry_grid import GRID_KINDS
from codedance.tasks.worlds.geometry_levels import LEVEL_KINDS
from codedance.tasks.worlds.geometry_mirror import MIRROR_KINDS
from codedance.tasks.worlds.geometry_plane import PLANE_KINDS
from codedance.tasks.worlds.geometry_round import ROUND_KINDS
from codedance.tasks.worlds.geometry_ruler import RULER_KINDS
from codedance.tasks.worlds.geometry_scale import SCALE_KINDS
from codedance.tasks.worlds.geometry_turns import TURN_KINDS

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
