"""Losses: masked cross-entropy on the model's own text; READ, CELL, POS and ATT bring the signal to the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor

from codedance.models.local.network import Block, Network, rotate
from codedance.train.sequence import Batch, Cells, Reading

__all__ = ["LossWeights", "Losses", "losses"]

_SIGHT = 0
"""The state that READ and CELL look at: the pictures' tokens as the vision tower makes them, before the first layer.
There the words stand by themselves, and text that is not learnt yet cannot wash them out."""
_POINTING = 1
"""The layer whose first head points, and whose input spells the places of the pictures' cells (ATT and POS)."""
_MOST_WORDS = 2
"""Words of one picture that count in full; those of a picture with more share this weight."""
_SEEN_WEIGHT = 8.0
"""Weight of a cell in which something lies, against an empty one: most are empty."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How the parts of the loss are put together."""

    normaliser: float
    """The constant that the summed loss of the step's own text is divided by."""
    read: float = 0.0
    cell: float = 0.0
    readings: int | None = None
    """Pictures with READ words in the whole step; ``None``: those of this batch are all."""
    cells: int | None = None
    """Likewise of what is known about pictures' cells."""
    point: float = 0.0
    pointings: int | None = None
    """Likewise of tokens whose successors name places."""
    to_sight: float = 1.0
    """Share of the text's gradient that reaches the vision tower."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What one batch gives; ``total`` carries the gradient."""

    total: Tensor
    text: float
    """Summed cross-entropy of the supervised tokens, in nats."""
    tokens: int
    """Supervised tokens."""
    right: int
    """Supervised tokens that are the likeliest ones, teacher-forced: says nothing about answers."""
    read: tuple[float, float] | None
    """READ loss, and the share of words that are the likeliest ones."""
    cell: tuple[float, float] | None
    """CELL and POS loss, and the share of cells with something in them whose word is the likeliest one."""
    point: tuple[float, float] | None
    """ATT loss, and the share of tokens that look at the right cell more than at any other token."""
    kinds: dict[str, tuple[float, int]]
    """For each kind of sequence: its part of ``text`` and of ``tokens``."""


def losses(network: Network, batch: Batch, weights: LossWeights) -> Losses:
    """Loss of a batch: the sum over supervised tokens divided by a constant, plus the weighted READ and CELL losses.

    A constant, because a mean over the batch's tokens would weight the tokens of short direct answers several times.
    """
    written = bool(batch.mask_BT.any())
    # Where nothing is written, the layers have nothing to learn.
    layers = None if written else _SIGHT
    states = network.hidden(batch.ids_BT, batch.positions_3BT, batch.groups, layers=layers, to_sight=weights.to_sight)
    # The token at t is predicted from the state at t - 1; the first token is never supervised.
    target_mask = batch.mask_BT[:, 1:]
    logits = network.logits(states[-1][:, :-1][target_mask]).float()
    target = batch.ids_BT[:, 1:][target_mask]
    each = F.cross_entropy(logits, target, reduction="none")
    text = each.sum()
    total = text / weights.normaliser
    read, cell, point = None, None, None
    if weights.read and batch.readings:
        loss, share = _read_loss(network, states[_SIGHT], batch.readings)
        total = total + weights.read * loss / (weights.readings or len(batch.readings))
        read = float(loss.detach()) / len(batch.readings), share
    if weights.cell and batch.cells:
        loss, share = _cell_loss(network, states, batch.cells)
        total = total + weights.cell * loss / (weights.cells or len(batch.cells))
        cell = float(loss.detach()) / len(batch.cells), share
    if weights.point and batch.pointings:
        loss, share = _point_loss(network, states[_POINTING], batch)
        total = total + weights.point * loss / (weights.pointings or len(batch.pointings))
        point = float(loss.detach()) / len(batch.pointings), share
    right = int((logits.argmax(-1) == target).sum())
    kinds = _by_kind(each.detach(), target_mask.nonzero()[:, 0], batch.kinds)
    return Losses(
        total,
        float(text.detach()),
        tokens=len(target),
        right=right,
        read=read,
        cell=cell,
        point=point,
        kinds=kinds,
    )


def _by_kind(each: Tensor, rows: Tensor, kinds: Sequence[str]) -> dict[str, tuple[float, int]]:
    sums = torch.zeros(len(kinds), device=each.device).index_add_(0, rows, each.float()).tolist()
    counts = torch.bincount(rows, minlength=len(kinds)).tolist()
    found: dict[str, tuple[float, int]] = {}
    for kind, loss, count in zip(kinds, sums, counts, strict=True):
        before = found.get(kind, (0.0, 0))
        found[kind] = before[0] + loss, before[1] + count
    return found


def _spoken(network: Network, tokens: Tensor, among: Sequence[int]) -> Tensor:
    """How much each token's state says each word, through the tied embedding; [tokens, words]."""
    weight = network.model.embed_tokens.weight[list(among)]
    normed = network.model.norm(tokens)
    return F.linear(normed, weight.to(normed.dtype)).float()


def _gather(state_BTD: Tensor, spans: Sequence[tuple[int, int, int]]) -> Tensor:
    """The tokens of spans (row, start, length), one after the other."""
    longest = state_BTD.shape[1]
    index = torch.cat([torch.arange(row * longest + start, row * longest + start + n) for row, start, n in spans])
    return state_BTD.flatten(0, 1)[index.to(state_BTD.device)]


def _read_loss(network: Network, state_BTD: Tensor, readings: Sequence[tuple[int, Reading]]) -> tuple[Tensor, float]:
    """Cross-entropy of the words that must be readable from a picture's tokens at the input of the first layer.

    Every token votes through the tied embedding; votes are joined by log-sum-exp over the tokens, so that one token
    that sees the word is enough. Summed over pictures.
    """
    total = state_BTD.new_zeros((), dtype=torch.float32)
    right = words = 0
    # All pictures that are asked for words of one group are one product: a gather for each would cost far more.
    for among in dict.fromkeys(group for _, reading in readings for _, group in reading.words):
        asked = [(row, one) for row, one in readings if any(group == among for _, group in one.words)]
        tokens = _gather(state_BTD, [(row, one.start, one.count) for row, one in asked])
        spoken = torch.split(_spoken(network, tokens, among), [one.count for _, one in asked])
        votes, answers, shares = [], [], []
        for (_, one), said in zip(asked, spoken, strict=True):
            vote = torch.logsumexp(said, dim=0)
            for word in (word for word, group in one.words if group == among):
                votes.append(vote)
                answers.append(among.index(word))
                shares.append(min(1.0, _MOST_WORDS / len(one.words)))
        stacked, answer = torch.stack(votes), torch.tensor(answers, device=state_BTD.device)
        each = F.cross_entropy(stacked, answer, reduction="none")
        total = total + (each * torch.tensor(shares, device=each.device)).sum()
        right += int((stacked.argmax(-1) == answer).sum())
        words += len(answers)
    return total, right / words


def _cell_loss(network: Network, states: Sequence[Tensor], cells: Sequence[tuple[int, Cells]]) -> tuple[Tensor, float]:
    """Cross-entropy of the word for what lies in each cell, or for where it is; summed over pictures."""
    device = states[0].device
    total = states[0].new_zeros((), dtype=torch.float32)
    right = seen = 0
    for place, among in dict.fromkeys((known.place, known.among) for _, known in cells):
        asked = [(row, known) for row, known in cells if (known.place, known.among) == (place, among)]
        state_BTD = states[_POINTING if place else _SIGHT]
        tokens = _gather(state_BTD, [(row, one.start, len(one.labels)) for row, one in asked])
        labels = [torch.tensor(one.labels) for _, one in asked]
        weights = [torch.where(one > 0, 1.0 if place else _SEEN_WEIGHT, 1.0) for one in labels]
        weight = torch.cat([one / one.sum() for one in weights]).to(device)
        label = torch.cat(labels).to(device)
        spoken = _spoken(network, tokens, among)
        total = total + (F.cross_entropy(spoken, label, reduction="none") * weight).sum()
        if not place:
            right += int(((spoken.argmax(-1) == label) & (label > 0)).sum())
            seen += int((label > 0).sum())
    return total, right / max(1, seen)


def _point_loss(network: Network, state_BTD: Tensor, batch: Batch) -> tuple[Tensor, float]:
    """Cross-entropy of one head's attention: all of it belongs to the cell that the next token names; summed."""
    layer = network.model.layers[_POINTING]
    assert isinstance(layer, Block)
    attention, x = layer.self_attn, layer.input_layernorm(state_BTD)
    cos, sin = network.rotary(batch.positions_3BT, x.dtype)
    key_BTH = rotate(attention.k_proj(x)[..., : attention.head], cos[:, 0], sin[:, 0])
    rows = torch.tensor([row for row, _ in batch.pointings], device=x.device)
    at = torch.tensor([one.query for _, one in batch.pointings], device=x.device)
    target = torch.tensor([one.target for _, one in batch.pointings], device=x.device)
    query = F.linear(x[rows, at], attention.q_proj.weight[: attention.head], attention.q_proj.bias[: attention.head])
    query = rotate(query, cos[rows, 0, at], sin[rows, 0, at])
    logits = torch.einsum("nh,nth->nt", query, key_BTH[rows]).float() / attention.head**0.5
    later = torch.arange(x.shape[1], device=x.device) > at[:, None]
    logits = logits.masked_fill(later, float("-inf"))
    right = int((logits.argmax(-1) == target).sum())
    return F.cross_entropy(logits, target, reduction="sum"), right / len(target)
