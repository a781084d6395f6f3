"""Runs model-written code: isolated without root or Docker, stateful, bounded; knows nothing of models or rewards."""

from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session, Tier
from codedance.sandbox.libraries import describe_guest, guest_libraries
from codedance.sandbox.local import LocalSandbox, available_tier
from codedance.sandbox.none import NoSandbox

__all__ = [
    "CellResult",
    "Limits",
    "LocalSandbox",
    "NoSandbox",
    "Sandbox",
    "Session",
    "Tier",
    "available_tier",
    "describe_guest",
    "guest_libraries",
]
