"""Drawing a token from logits; the one place, for every model that decodes on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codedance.schema import Sampling

__all__ = ["draw", "draw_rows", "make_generator"]


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
    (drawn,) = draw_rows(logits[None], [sampling], [generator])
    return drawn


def draw_rows(
    logits_BV: Tensor, samplings: Sequence[Sampling], generators: Sequence[torch.Generator | None]
) -> list[tuple[int, float]]:
    """A token and its logarithmic probability for each row, see :func:`draw`; rows do not influence each other.

    Each row takes one number of its generator and goes along the cumulated probabilities: who else is drawn beside it
    changes nothing.

    >>> rows = torch.tensor([[0.0, 9.0], [9.0, 0.0]])
    >>> [token for token, _ in draw_rows(rows, [Sampling(), Sampling()], [None, None])]
    [1, 0]
    """
    heat = logits_BV.new_tensor([one.temperature or 1.0 for one in samplings], dtype=torch.float32)
    logprobs = torch.log_softmax(logits_BV.float() / heat[:, None], dim=-1)
    tokens = logprobs.argmax(dim=-1)
    warm = [row for row, one in enumerate(samplings) if one.temperature > 0]
    for row in warm:
        if samplings[row].top_p < 1:
            logprobs[row] = _nucleus(logprobs[row], samplings[row].top_p)
    if warm:
        points = [torch.rand((), generator=generators[row], device=logprobs.device) for row in warm]
        reached = logprobs[warm].double().exp().cumsum(dim=-1)
        # The sum is 1 but for rounding: the point is scaled to it, so that it never lies beyond the last token.
        wanted = torch.stack(points).double() * reached[:, -1]
        tokens[warm] = torch.searchsorted(reached, wanted[:, None], right=True)[:, 0].clamp(max=logprobs.shape[-1] - 1)
    chosen = logprobs.gather(1, tokens[:, None])[:, 0]
    return list(zip(tokens.tolist(), chosen.tolist(), strict=True))


def _nucleus(logprobs: Tensor, top_p: float) -> Tensor:
    """Only the likeliest tokens whose probabilities reach ``top_p`` together, renormalised."""
    ordered, order = logprobs.sort(descending=True)
    inside = order[ordered.exp().cumsum(0) - ordered.exp() < top_p]
    kept = torch.full_like(logprobs, float("-inf"))
    kept[inside] = logprobs[inside]
    return torch.log_softmax(kept, dim=-1)
