"""Runs model-written code: isolated without root or Docker, stateful, bounded; knows nothing of models or rewards."""

from codedance.sandbox.altered import IdleSandbox, SwappedSandbox
from codedance.sandbox.contract import CellResult, Limits, Sandbox, Session, Tier
from codedance.sandbox.libraries import describe_guest, guest_libraries
from codedance.sandbox.local import LocalSandbox, available_tier
from codedance.sandbox.none import NoSandbox

__all__ = [
    "CellResult",
    "IdleSandbox",
    "Limits",
    "LocalSandbox",
    "NoSandbox",
    "Sandbox",
    "Session",
    "SwappedSandbox",
    "Tier",
    "available_tier",
    "describe_guest",
    "guest_libraries",
]
