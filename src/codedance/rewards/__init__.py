"""Pure functions of trajectories and groups."""

from codedance.rewards.answers import matches
from codedance.rewards.edits import edit_fault

__all__ = ["edit_fault", "matches"]
