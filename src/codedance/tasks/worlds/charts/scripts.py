"""The oracle's way through a chart scene."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.charts.cloud_scripts import points_script
from codedance.tasks.worlds.charts.colours import colour_race
from codedance.tasks.worlds.charts.gauging import gauge_script
from codedance.tasks.worlds.charts.looking import Job
from codedance.tasks.worlds.charts.model import ChartFacts, ChartKind
from codedance.tasks.worlds.charts.reading import read_script
from codedance.tasks.worlds.charts.thoughts import think
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Scene

__all__ = ["chart_script"]


def chart_script(scene: Scene, rng: Random) -> Script:
    """Read what is written, measure what is not."""
    facts = ChartFacts.model_validate(dict(scene.facts))
    job = Job(scene, facts, rng)
    if facts.kind is ChartKind.SCATTER:
        return points_script(job)
    race = colour_race(job) if rng.random() < 0.6 else None
    if race is not None:
        return _run(race, rng)
    return read_script(job) if facts.labelled else gauge_script(job)


def _run(race: Code, rng: Random) -> Script:
    shown = yield race
    return Final(think("result", rng, answer=shown), shown)
