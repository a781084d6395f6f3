"""The embedded model: a small vision-language model that was trained from nothing and ships with CodeDance."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.errors import MissingExtraError

if TYPE_CHECKING:
    from codedance.models.contract import Model

__all__ = ["CHECKPOINT", "FAMILIES", "load"]

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""Folder of the shipped checkpoint, in the published Qwen2.5-VL layout; its README.md is the model card."""
FAMILIES = ("counting", "search")
"""Families of generated worlds that it was trained on; its answers about others mean nothing."""


def load(folder: Path = CHECKPOINT, *, name: str = "nano") -> Model:
    """The embedded model, or another checkpoint of the same make.

    Raises:
        MissingExtraError: PyTorch or another library of the extra ``local`` is not installed.
    """
    if any(find_spec(module) is None for module in ("torch", "tokenizers", "safetensors", "numpy")):
        raise MissingExtraError("the nano model", "local")
    from codedance.models.local.checkpoint import load_checkpoint
    from codedance.models.local.engine import LocalModel

    network, encoder = load_checkpoint(folder)
    return LocalModel(network, encoder, name=name)
