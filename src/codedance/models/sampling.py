"""Drawing tokens from logits; the one place, for every model that decodes on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from codedance.schema import Sampling

__all__ = ["Points", "RowSampler", "draw", "make_generator"]

_POINTS_AT_ONCE = 64


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
    device = logits.device
    point = (
        torch.rand((), generator=generator, device=device)
        if sampling.temperature > 0
        else torch.zeros((), device=device)
    )
    token, logprob = RowSampler([sampling], device=device).draw(logits[None], point[None])
    return int(token), float(logprob)


class Points:
    """The random numbers of one reply, in [0, 1): number ``n`` depends on the seed and ``n`` alone.

    >>> hot = Sampling(temperature=1.0, seed=4)
    >>> Points(hot).take(70, 2) == Points(hot).take(0, 72)[70:]
    True
    """

    def __init__(self, sampling: Sampling) -> None:
        self._generator = make_generator(sampling)
        self._open = sampling.temperature > 0
        self._points: list[float] = []

    def take(self, begin: int, count: int) -> list[float]:
        """So many from a number on; zeros where nothing is drawn."""
        if not self._open:
            return [0.0] * count
        while len(self._points) < begin + count:
            self._points += torch.rand(_POINTS_AT_ONCE, generator=self._generator).tolist()
        return self._points[begin : begin + count]


class RowSampler:
    """Draws a token for each row of a batch; rows do not influence each other.

    Each row goes along its cumulated probabilities up to its point: who else is drawn beside it changes nothing.

    >>> rows = torch.tensor([[0.0, 9.0], [9.0, 0.0]])
    >>> RowSampler([Sampling(), Sampling()]).draw(rows, torch.zeros(2))[0].tolist()
    [1, 0]
    """

    def __init__(self, samplings: Sequence[Sampling], device: torch.device | str = "cpu") -> None:
        heats = [one.temperature or 1.0 for one in samplings]
        warm = [one.temperature > 0 for one in samplings]
        nuclei = [one.top_p if one.temperature > 0 else 1.0 for one in samplings]
        self._heat = None if set(heats) <= {1.0} else torch.tensor(heats, device=device)[:, None]
        self._warm, self._any, self._all = torch.tensor(warm, device=device), any(warm), all(warm)
        self._narrow = [row for row, top_p in enumerate(nuclei) if top_p < 1]
        self._top_p = torch.tensor([nuclei[row] for row in self._narrow], device=device)[:, None]

    def draw(self, logits_BV: Tensor, points_B: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens and the logarithms of their probabilities under what they were drawn from, [B] each.

        Args:
            logits_BV: in float32 or less.
            points_B: a number in [0, 1) for each row; not used where the temperature is 0.
        """
        scaled = logits_BV.float() if self._heat is None else logits_BV.float() / self._heat
        logprobs = torch.log_softmax(scaled, dim=-1)
        if self._narrow:
            logprobs[self._narrow] = _nuclei(logprobs[self._narrow], self._top_p)
        tokens = logprobs.argmax(dim=-1) if not self._all else None
        if self._any:
            reached = logprobs.double().exp_().cumsum(dim=-1)
            # The sum is 1 but for rounding: the point is scaled to it, so that it never lies beyond the last token.
            wanted = points_B.double() * reached[:, -1]
            drawn = torch.searchsorted(reached, wanted[:, None], right=True)[:, 0].clamp_(max=reached.shape[1] - 1)
            tokens = drawn if tokens is None else torch.where(self._warm, drawn, tokens)
        assert tokens is not None
        return tokens, logprobs.gather(1, tokens[:, None])[:, 0]


def _nuclei(logprobs_BV: Tensor, top_p_B1: Tensor) -> Tensor:
    """Only the likeliest tokens whose probabilities reach ``top_p`` together, renormalised."""
    ordered, order = logprobs_BV.sort(dim=-1, descending=True)
    before = ordered.exp().cumsum(dim=-1) - ordered.exp()
    ordered = ordered.masked_fill(before >= top_p_B1, float("-inf"))
    return torch.log_softmax(torch.empty_like(ordered).scatter_(1, order, ordered), dim=-1)
