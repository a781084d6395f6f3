"""For the engines' test environments only: torchvision without its compiled half, which PyTorch's CPU build refuses.

torchvision looks up two operators when it is imported. They are declared here and never called: pictures are resized by
Pillow and by PyTorch.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

__all__ = ["KEPT", "DeclareOperators"]

KEPT: list[object] = []
"""What declared the operators: they are gone when it is."""


class DeclareOperators(MetaPathFinder):
    """Declares the operators just before torchvision is imported; a process that does not import it pays nothing."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Find nothing."""
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            import torch

            library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
            for name in ("nms", "qnms"):
                declared = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                library.define(declared)  # type: ignore[no-untyped-call]
            KEPT.append(library)


sys.meta_path.insert(0, DeclareOperators())
