"""Losses: masked cross-entropy on the model's own text, and the READ loss that brings the signal to the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor

from codedance.models.local.network import Network
from codedance.train.sequence import Batch, Reading

__all__ = ["Losses", "losses"]

_READ_LAYER = 1


@dataclass(frozen=True, slots=True)
class Losses:
    """What one batch gives; ``total`` carries the gradient."""

    total: Tensor
    text: float
    """Mean cross-entropy of a supervised token, in nats."""
    accuracy: float
    """Share of supervised tokens that are the likeliest ones, teacher-forced: not an accuracy of answers."""
    read: float | None
    read_accuracy: float | None
    """Share of pictures whose words are the likeliest ones under the READ head."""


def losses(network: Network, batch: Batch, *, normaliser: float, read_weight: float = 0.0) -> Losses:
    """Loss of a batch: the sum over supervised tokens divided by a constant, plus the weighted READ loss.

    A constant, because a mean over the batch's tokens would weight the tokens of short direct answers several times.
    """
    states = network.hidden(batch.ids_BT, batch.positions_3BT, batch.groups)
    # The token at t is predicted from the state at t - 1; the first token is never supervised.
    target_mask = batch.mask_BT[:, 1:]
    logits = network.logits(states[-1][:, :-1][target_mask]).float()
    target = batch.ids_BT[:, 1:][target_mask]
    each = F.cross_entropy(logits, target, reduction="none")
    total = each.sum() / normaliser
    read, read_accuracy = None, None
    if read_weight and batch.readings:
        loss, read_accuracy = _read_loss(network, states[_READ_LAYER], batch.readings)
        total, read = total + read_weight * loss, float(loss.detach())
    right = float((logits.argmax(-1) == target).float().mean())
    return Losses(total, float(each.detach().mean()), right, read, read_accuracy)


def _read_loss(network: Network, state_BTD: Tensor, readings: tuple[tuple[int, Reading], ...]) -> tuple[Tensor, float]:
    """Cross-entropy of the words that must be readable from a picture's tokens at the input of a layer.

    Every token votes through the tied embedding; votes are joined by log-sum-exp over the tokens, so that one token
    that sees the glyph is enough.
    """
    parts: list[Tensor] = []
    right = 0
    for row, reading in readings:
        tokens = network.model.norm(state_BTD[row, reading.start : reading.start + reading.count])
        for word, among in reading.words:
            weight = network.model.embed_tokens.weight[list(among)].to(tokens.dtype)
            vote = torch.logsumexp(F.linear(tokens, weight).float(), dim=0)
            answer = torch.tensor(among.index(word), device=vote.device)
            parts.append(F.cross_entropy(vote, answer))
            right += int(vote.argmax() == answer)
    count = max(1, len(parts))
    # Summed over the questions of a picture, averaged over pictures: as large as one supervised word each.
    return torch.stack(parts).sum() / len(readings), right / count
