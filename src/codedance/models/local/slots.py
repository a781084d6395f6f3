"""The keys and values of many conversations: one row each, those that decode now side by side in front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from codedance.models.local.config import NetworkConfig
from codedance.models.local.decoder import Decoder, Segment, Store

__all__ = ["Reading", "Slots"]

_FIRST_TOKENS = 512
_PACK_TOKENS = 768
"""So many new tokens are read in one product: larger ones fall out of the processor's cache."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row is to read next."""

    row: int
    ids: Sequence[int]
    positions: Sequence[tuple[int, int, int]]
    """Time, row and column of each token."""
    pictures: Sequence[tuple[int, Tensor]] = ()
    """Index of the first token of each picture, and its tokens as the vision tower made them, [P, D]."""


class Slots:
    """Room for a number of conversations; rows are numbered, and moved only by :meth:`swap`.

    Args:
        config: of the network whose conversations these are.
        rows: how many conversations fit.
        device: where they are kept.
    """

    def __init__(self, config: NetworkConfig, *, rows: int, device: torch.device) -> None:
        self._config = config
        self._device = device
        self.lengths = [0] * rows
        """Tokens that each row holds."""
        self._store = self._room(min(_FIRST_TOKENS, config.context))

    @property
    def tokens(self) -> int:
        """Tokens that a row has room for; grows by doubling."""
        return self._store.whole.shape[4]

    def cut(self, row: int, tokens: int = 0) -> None:
        """Forget what a row holds after so many tokens."""
        self.lengths[row] = min(tokens, self.lengths[row])

    def swap(self, one: int, other: int) -> None:
        """Exchange two rows."""
        if one == other:
            return
        longest = max(self.lengths[one], self.lengths[other])
        first, second = (self._store.whole[:, :, row, :, :longest] for row in (one, other))
        kept = first.clone()
        first.copy_(second)
        second.copy_(kept)
        self.lengths[one], self.lengths[other] = self.lengths[other], self.lengths[one]

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Let a row hold the first tokens of another; it must not hold more, and what it holds must be the same."""
        begin = self.lengths[target]
        if source != target:
            whole = self._store.whole
            whole[:, :, target, :, begin:tokens] = whole[:, :, source, :, begin:tokens]
        self.lengths[target] = tokens

    def read(self, decoder: Decoder, readings: Sequence[Reading]) -> Tensor:
        """Append tokens with their pictures to rows of any lengths; logits after each, [readings, vocabulary]."""
        if readings:
            self._grow(max(self.lengths[one.row] + len(one.ids) for one in readings))
        return torch.cat([self._read_pack(decoder, pack) for pack in _packs(readings)])

    def _read_pack(self, decoder: Decoder, pack: Sequence[Reading]) -> Tensor:
        ids = torch.tensor([token for one in pack for token in one.ids], device=self._device)
        positions = torch.tensor([place for one in pack for place in one.positions], device=self._device).T
        x, begin = decoder.embeddings[ids], 0
        segments = []
        for one in pack:
            for start, tokens in one.pictures:
                x[begin + start : begin + start + len(tokens)] = tokens
            segments.append(Segment(one.row, self.lengths[one.row], len(one.ids)))
            begin += len(one.ids)
        logits = decoder.read(x, positions, segments, self._store)
        for segment in segments:
            self.lengths[segment.row] += segment.count
        return logits

    def step(self, decoder: Decoder, ids_B: Tensor, positions_B: Tensor, lengths_B: Tensor) -> Tensor:
        """Append one text token to each of the first B rows; logits after it, [B, vocabulary].

        ``lengths_B`` are the rows' lengths once more, as a tensor that the caller keeps from step to step.
        """
        B = ids_B.shape[0]
        longest = max(self.lengths[:B])
        self._grow(longest + 1)
        logits = decoder.step(ids_B, positions_B, lengths_B, self._store, longest=longest)
        self.lengths[:B] = [length + 1 for length in self.lengths[:B]]
        return logits

    def _grow(self, tokens: int) -> None:
        if tokens <= self.tokens:
            return
        larger = self._room(min(max(2 * self.tokens, tokens), max(self._config.context, tokens)))
        longest, used = max(self.lengths), len(_until_last(self.lengths))
        larger.whole[:, :, :used, :, :longest] = self._store.whole[:, :, :used, :, :longest]
        self._store = larger

    def _room(self, tokens: int) -> Store:
        """Zeros: what a row does not hold must not be NaN, as it is multiplied by weights of 0."""
        config = self._config
        shape = (config.layers, 2, len(self.lengths), config.kv_heads, tokens, config.head_width)
        if self._device.type != "cpu":
            return Store(torch.zeros(shape, device=self._device))
        # NumPy's zeros are pages that the system gives when they are first written: rows nobody uses cost nothing.
        return Store(torch.from_numpy(np.zeros(shape, dtype=np.float32)))


def _until_last(lengths: Sequence[int]) -> Sequence[int]:
    """The rows up to the last one that holds something."""
    return lengths[: max((row + 1 for row, length in enumerate(lengths) if length), default=0)]


def _packs(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    """Readings in packs of about equal cost; one that is too long for a pack is a pack."""
    pack: list[Reading] = []
    tokens = 0
    for one in readings:
        if pack and tokens + len(one.ids) > _PACK_TOKENS:
            yield pack
            pack, tokens = [], 0
        pack.append(one)
        tokens += len(one.ids)
    if pack:
        yield pack
