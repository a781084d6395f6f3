"""The one loop and how it is run: an episode, what it tells while it runs, and its settings."""

from codedance.episode.events import CodeStarted, EpisodeEnded, Event, Listener, TextSampled, TurnEnded, TurnStarted
from codedance.episode.loop import STOP_TEXTS, run_episode
from codedance.episode.rollout import Rollout
from codedance.episode.settings import EpisodeSettings

__all__ = [
    "STOP_TEXTS",
    "CodeStarted",
    "EpisodeEnded",
    "EpisodeSettings",
    "Event",
    "Listener",
    "Rollout",
    "TextSampled",
    "TurnEnded",
    "TurnStarted",
    "run_episode",
]
