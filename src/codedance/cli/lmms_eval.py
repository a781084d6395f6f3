"""Where lmms-eval finds CodeDance: the entry point, and the class with the key of the environment."""

from __future__ import annotations

from typing import Any

from codedance.bench.adapters.lmms_eval import make_class, make_manifest
from codedance.models import server_key

__all__ = ["manifest"]

_CLASS = "CodeDance"


def manifest() -> Any:  # noqa: ANN401 - a class of a program that need not be there
    """What lmms-eval registers; it asks for the class itself only when the model is chosen."""
    return make_manifest(f"{__name__}.{_CLASS}")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class that is made on demand
    if name != _CLASS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = make_class(server_key)
    globals()[_CLASS] = made
    return made
