"""Pictures as the vision tower sees them: each content once, however many conversations show it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from codedance.models.local.decoder import Decoder

__all__ = ["Sight", "digest"]

_KEPT_TOKENS = 32_768
"""About 25 MB of the shipped size."""
_BATCH_TOKENS = 768


def digest(image: Image.Image) -> bytes:
    """What tells scaled pictures apart: size and pixels.

    >>> digest(Image.new("RGB", (28, 56))) == digest(Image.new("RGB", (56, 28)))
    False
    """
    size = f"{image.width}x{image.height}:".encode()
    return hashlib.sha256(size + image.tobytes()).digest()


class Sight:
    """Remembers the tokens of pictures, the ones seen last up to a bound."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, Tensor] = OrderedDict()
        self.tokens = 0
        """How many are remembered."""

    def forget(self) -> None:
        """Forget all, as the weights have changed."""
        self._seen.clear()
        self.tokens = 0

    def see(self, decoder: Decoder, pictures: Sequence[tuple[bytes, Image.Image]]) -> list[Tensor]:
        """Tokens of pictures given with their digests, each [P, D]; new ones of one size are seen together."""
        new: dict[tuple[int, int], dict[bytes, Image.Image]] = {}
        for key, image in pictures:
            if key not in self._seen:
                new.setdefault(image.size, {})[key] = image
        found = {key: self._seen[key] for key, _ in pictures if key in self._seen}
        for size, images in new.items():
            at_once = max(1, _BATCH_TOKENS * decoder.config.patch**2 // (size[0] * size[1]))
            keys = list(images)
            for begin in range(0, len(keys), at_once):
                some = keys[begin : begin + at_once]
                pixels = torch.from_numpy(np.stack([np.asarray(images[key]) for key in some]))
                found.update(zip(some, decoder.see(pixels.to(decoder.device)), strict=True))
        for key, _ in pictures:
            self._remember(key, found[key])
        return [found[key] for key, _ in pictures]

    def _remember(self, key: bytes, tokens: Tensor) -> None:
        if key not in self._seen:
            # A copy of its own: a slice would keep the whole batch alive.
            self._seen[key] = tokens.clone()
            self.tokens += len(tokens)
        self._seen.move_to_end(key)
        while self.tokens > _KEPT_TOKENS and len(self._seen) > 1:
            self.tokens -= len(self._seen.popitem(last=False)[1])
