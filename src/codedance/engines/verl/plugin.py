"""Where verl finds us: the entry point of the group ``verl.plugins``, which ``import verl`` loads in every process.

verl tells nobody of a plug-in that could not be loaded: ``codedance launch`` looks whether the names are there.
"""

from __future__ import annotations

from typing import Any

__all__ = ["register"]


def register() -> bool:
    """Register the agent loop and the trainer with verl; importing them does it. Needs verl."""
    from codedance.engines.verl import classes

    return all(getattr(classes, name) is not None for name in ("CodeDanceAgentLoop", "CodeDanceTrainer"))


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the entry point asks for this name
    if name != "registered":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return register()
