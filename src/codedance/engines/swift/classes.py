"""The class that ms-swift looks up by its path; made when it is first asked for, because its base is ms-swift's."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class with a base that need not be there
    if name != "CodeDanceGRPOTrainer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codedance.engines.swift.trainer import make_trainer

    made = make_trainer(__name__, name)
    globals()[name] = made
    return made
