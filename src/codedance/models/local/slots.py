"""The keys and values of many conversations: one slot each, those that decode now side by side in front."""

from __future__ import annotations

import torch
from torch import Tensor

from codedance.models.local.config import NetworkConfig
from codedance.models.local.network import Cache, ImageGroup, Network

__all__ = ["Slots"]

_FIRST_TOKENS = 512


class Slots:
    """Room for a number of conversations; rows are numbered, and moved only by :meth:`swap`.

    Args:
        network: whose conversations these are.
        rows: how many conversations fit.
    """

    def __init__(self, network: Network, *, rows: int) -> None:
        self._network = network
        self.lengths = [0] * rows
        """Tokens that each row holds."""
        self._layers = _room(network.config, rows, min(_FIRST_TOKENS, network.config.context), like=_weight(network))

    @property
    def tokens(self) -> int:
        """Tokens that a row has room for; grows by doubling."""
        return self._layers[0][0].shape[2]

    def clear(self, row: int) -> None:
        """Forget a row."""
        self.lengths[row] = 0

    def swap(self, one: int, other: int) -> None:
        """Exchange two rows."""
        if one == other:
            return
        longest = max(self.lengths[one], self.lengths[other])
        for layer in self._layers:
            for kept in layer:
                kept[[one, other], :, :longest] = kept[[other, one], :, :longest]
        self.lengths[one], self.lengths[other] = self.lengths[other], self.lengths[one]

    def read(self, row: int, ids_1T: Tensor, positions_31T: Tensor, groups: list[ImageGroup]) -> Tensor:
        """Append tokens with their pictures to a row; logits after the last one, [vocabulary]."""
        before, new = self.lengths[row], ids_1T.shape[1]
        self._grow(before + new)
        past: Cache = [(k[row : row + 1, :, :before], v[row : row + 1, :, :before]) for k, v in self._layers]
        cache = past if before else []
        last = self._network.extend(ids_1T, positions_31T, groups, cache=cache)
        for layer, present in zip(self._layers, cache, strict=True):
            for kept, whole in zip(layer, present, strict=True):
                kept[row, :, before : before + new] = whole[0, :, before:]
        self.lengths[row] = before + new
        return last

    def step(self, ids_B: Tensor, positions_B: Tensor) -> Tensor:
        """Append one text token to each of the first B rows; logits after it, [B, vocabulary]."""
        B = ids_B.shape[0]
        lengths = self.lengths[:B]
        self._grow(max(lengths) + 1)
        logits = self._network.step(ids_B, positions_B, self._layers, torch.tensor(lengths, device=ids_B.device))
        for row in range(B):
            self.lengths[row] += 1
        return logits

    def _grow(self, tokens: int) -> None:
        if tokens <= self.tokens:
            return
        rows = len(self.lengths)
        wanted = min(max(2 * self.tokens, tokens), max(self._network.config.context, tokens))
        larger = _room(self._network.config, rows, wanted, like=_weight(self._network))
        for old, new in zip(self._layers, larger, strict=True):
            for kept, room in zip(old, new, strict=True):
                room[:, :, : kept.shape[2]] = kept
        self._layers = larger


def _room(config: NetworkConfig, rows: int, tokens: int, *, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    shape = (rows, config.kv_heads, tokens, config.head_width)
    return [(like.new_zeros(shape), like.new_zeros(shape)) for _ in range(config.layers)]


def _weight(network: Network) -> Tensor:
    return network.model.embed_tokens.weight.detach()
