"""Pure functions of trajectories and groups."""

from codedance.rewards.answers import matches

__all__ = ["matches"]
