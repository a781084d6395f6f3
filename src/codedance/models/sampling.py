"""Drawing a token from logits; the one place, for every model that decodes on this machine."""

from __future__ import annotations

import torch
from torch import Tensor

from codedance.schema import Sampling

__all__ = ["draw", "make_generator"]


def make_generator(sampling: Sampling, device: torch.device | str = "cpu") -> torch.Generator | None:
    """The generator that a seed asks for; ``None`` leaves torch's own."""
    return torch.Generator(device).manual_seed(sampling.seed) if sampling.seed is not None else None


def draw(logits: Tensor, sampling: Sampling, generator: torch.Generator | None) -> tuple[int, float]:
    """A token, and the logarithm of its probability under the distribution that it was drawn from.

    Temperature 0 takes the likeliest token; its probability is that under temperature 1.

    Args:
        logits: [vocabulary].
        sampling: temperature and nucleus.
        generator: of :func:`make_generator`.

    >>> draw(torch.tensor([0.0, 9.0, 0.0]), Sampling(), None)[0]
    1
    """
    logprobs = torch.log_softmax(logits.float() / (sampling.temperature or 1.0), dim=-1)
    if sampling.temperature == 0:
        token = int(logprobs.argmax())
        return token, float(logprobs[token])
    if sampling.top_p < 1:
        logprobs = _nucleus(logprobs, sampling.top_p)
    token = int(torch.multinomial(logprobs.exp(), 1, generator=generator))
    return token, float(logprobs[token])


def _nucleus(logprobs: Tensor, top_p: float) -> Tensor:
    """Only the likeliest tokens whose probabilities reach ``top_p`` together, renormalised."""
    ordered, order = logprobs.sort(descending=True)
    inside = order[ordered.exp().cumsum(0) - ordered.exp() < top_p]
    kept = torch.full_like(logprobs, float("-inf"))
    kept[inside] = logprobs[inside]
    return torch.log_softmax(kept, dim=-1)
