"""A finished episode in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codedance.imaging import Picture
from codedance.models.contract import TokenSpan
from codedance.schema import Trajectory

__all__ = ["Rollout"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """The record of an episode, every picture it refers to, and the tokens of each turn."""

    trajectory: Trajectory
    pictures: Mapping[str, Picture]
    """By SHA-256."""
    tokens: tuple[TokenSpan | None, ...]
    """One a turn; ``None`` from models that do not tell."""
