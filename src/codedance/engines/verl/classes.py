"""The classes that verl makes objects of, by their paths; they are made when they are first asked for.

Their bases are verl's, which need not be installed where the rest of this package is.
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def __getattr__(name: str) -> Any:  # noqa: ANN401 - classes with bases that need not be there
    match name:
        case "CodeDanceAgentLoop":
            from codedance.engines.verl.agent_loop import make_agent_loop

            made = make_agent_loop(__name__, name)
        case "CodeDanceTrainer":
            from codedance.engines.verl.trainer import make_trainer

            made = make_trainer(__name__, name)
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made
    return made
