"""What an episode tells while it runs, for people who watch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codedance.imaging import Picture
from codedance.schema import Trajectory, Turn

__all__ = ["CodeStarted", "EpisodeEnded", "Event", "Listener", "TextSampled", "TurnEnded", "TurnStarted"]


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The model is asked; ``index`` counts from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class TextSampled:
    """A piece of the reply; only models that stream send it."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeStarted:
    """The reply is complete and its code begins to run."""

    thought: str
    code: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is complete, with the pictures that its code showed."""

    index: int
    turn: Turn
    thought: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class EpisodeEnded:
    """The episode is over."""

    trajectory: Trajectory


Event = TurnStarted | TextSampled | CodeStarted | TurnEnded | EpisodeEnded
Listener = Callable[[Event], None]
