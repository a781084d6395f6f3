"""Runs model-written code: isolated without root or Docker, stateful, bounded; knows nothing of models or rewards."""

from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session, Tier
from codedance.sandbox.local import GUEST_LIBRARIES, LocalSandbox, available_tier

__all__ = ["GUEST_LIBRARIES", "CellResult", "Limits", "LocalSandbox", "Sandbox", "Session", "Tier", "available_tier"]
