"""How the oracle looks closer at charts: legends, parts of the picture, and what it says about them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from random import Random

from codedance.tasks.worlds.charts.model import ChartFacts, Mark
from codedance.tasks.worlds.charts.thoughts import subject, think
from codedance.tasks.worlds.closeups import closer_look, missing_look
from codedance.tasks.worlds.family import Code
from codedance.tasks.worlds.figures.looking import union
from codedance.tasks.worlds.scene import Box, Scene

__all__ = ["Job", "entries_read", "legend_turn", "missed_turn", "printed_number", "printed_result"]


@dataclass(frozen=True, slots=True)
class Job:
    """A scene to be answered."""

    scene: Scene
    facts: ChartFacts
    rng: Random

    @property
    def marks(self) -> list[Mark]:
        """The values that are needed."""
        return [self.facts.mark(*place) for place in self.facts.asked.needed]

    @property
    def what(self) -> str:
        """What must be looked at, in words."""
        return subject(self.facts)


def legend_turn(job: Job) -> Code | None:
    """A look at the legend, where the question names a series or a slice that only the legend explains."""
    entries = [one.box for one in job.facts.entries if one.box is not None]
    if not entries or job.facts.asked.by_colour:
        return None
    names = list(dict.fromkeys(job.facts.entry(*place).name for place in job.facts.asked.needed))
    whom = " and ".join(names) if len(names) < 4 else "the colours"
    glyph = min(box[3] - box[1] for box in entries)
    code, views = closer_look([union(entries)], job.scene.image.size, job.rng, glyph=glyph)
    return Code(think("legend", job.rng, series=whom), code, views=views, prints="")


def missed_turn(job: Job, boxes: list[Box], *, what: str, share: float) -> Generator[Code, str, str]:
    """Now and then, a first look in the wrong place; returns the thought that follows, which is empty without one."""
    missed = missing_look(union(boxes), job.scene.image.size, job.rng) if job.rng.random() < share else None
    if missed is None:
        return ""
    (code, views), where = missed
    yield Code(think("wrong look", job.rng, what=what), code, views=views, prints="")
    return think("missed", job.rng, what=what, where=where)


def entries_read(job: Job) -> str:
    """What the legend told."""
    entries = list(dict.fromkeys(job.facts.entry(*place) for place in job.facts.asked.needed))
    if len(entries) > 3:
        return "The legend gives the colours."
    return " ".join(think("entry", job.rng, series=one.name, word=one.word) for one in entries)


def printed_result(job: Job, result: float | str) -> str:
    """What the code of :func:`sum_code` prints."""
    asked = job.facts.asked
    if asked.asks in ("value", "difference", "ratio", "average", "share", "sum") and not isinstance(result, str):
        return printed_number(result, asked.places)
    return str(result)


def printed_number(result: float | str, places: int | None) -> str:
    """A result as ``print(round(...))`` writes it; as it is without places."""
    if places is None or isinstance(result, str):
        return str(result)
    return str(round(result, places)) if places else str(round(result))
