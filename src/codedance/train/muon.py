"""Muon in the precision that the processor is fast in.

``torch.optim.Muon`` orthogonalises in bfloat16 whatever the processor: where that is emulated (x86 without AVX512-BF16
or AMX) that alone takes longer than the forward and backward passes. This one uses what is fast, and stacks matrices of
one shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Muon", "native_bf16", "orthogonalise"]

_COEFFICIENTS = (3.4445, -4.775, 2.0315)
"""Of the quintic iteration, as Keller Jordan's Muon has them."""


def native_bf16() -> bool:
    """True if this processor multiplies bfloat16 matrices itself; elsewhere they are slower than float32 ones."""
    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))


def orthogonalise(matrices_NRC: Tensor, *, steps: int = 5) -> Tensor:
    """Matrices of the same row and column spaces with singular values near 1 (five Newton-Schulz steps).

    >>> close = orthogonalise(torch.eye(4)[None] * 3.0)
    >>> bool((close.diagonal(dim1=1, dim2=2) > 0.6).all() and (close.diagonal(dim1=1, dim2=2) < 1.3).all())
    True
    """
    a, b, c = _COEFFICIENTS
    tall = matrices_NRC.shape[1] > matrices_NRC.shape[2]
    x = matrices_NRC.mT if tall else matrices_NRC
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    near: Tensor = x.mT if tall else x
    return near


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal, for the matrices inside layers.

    Args:
        weights: matrices only.
        lr: learning rate; a step has this size in every direction (times the square root of rows over columns where a
            matrix is tall).
        momentum: of Nesterov's kind.
        weight_decay: times the learning rate.
    """

    def __init__(
        self, weights: Iterable[Tensor], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        if any(weight.dim() != 2 for group in self.param_groups for weight in group["params"]):
            raise ValueError("Muon takes matrices only")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step with the gradients that are there."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(tuple(weight.shape), []).append(weight)
            for weights in shapes.values():
                self._step_stacked(weights, group)
        return loss

    def _step_stacked(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        directions = []
        for weight in weights:
            assert weight.grad is not None
            state = self.state[weight]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(weight)
            buffer = state["momentum_buffer"]
            buffer.lerp_(weight.grad, 1 - group["momentum"])
            directions.append(weight.grad.lerp(buffer, group["momentum"]))
        stacked = torch.stack(directions)
        working = torch.bfloat16 if stacked.is_cuda or native_bf16() else torch.float32
        steps = orthogonalise(stacked.to(working)).to(stacked.dtype)
        rows, columns = stacked.shape[1:]
        size = group["lr"] * max(1.0, rows / columns) ** 0.5
        for weight, step in zip(weights, steps, strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.add_(step, alpha=-size)
