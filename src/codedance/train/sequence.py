"""Supervised sequences and batches of them: what the model wrote is trained on, everything else is only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.network import ImageGroup
from codedance.protocol import ChatMessage, Role

__all__ = ["Batch", "Cells", "Pointing", "Reading", "Supervised", "collate", "collate_parts", "supervise"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A picture whose content is known: each of these words must be readable from its tokens (the READ loss)."""

    start: int
    """Index of the picture's first token."""
    count: int
    """Number of its tokens."""
    words: tuple[tuple[int, tuple[int, ...]], ...]
    """For each question: the right token, and all tokens among which it is told apart."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture of which it is known what lies in each of its tokens' cells (the CELL loss)."""

    start: int
    """Index of the picture's first token."""
    among: tuple[int, ...]
    """The tokens that are told apart; the first one says that nothing lies there."""
    labels: tuple[int, ...]
    """For each cell, row by row: the place of its word in ``among``."""
    place: bool = False
    """The words say where the cell is, not what lies there; they are asked for one layer later (the POS loss)."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """A token whose successor names a place: one head must attend to the picture's token there (the ATT loss)."""

    query: int
    """Index of the token."""
    target: int
    """Index of the picture's token."""


@dataclass(slots=True)
class Supervised:
    """A conversation with a mask: True for tokens that the model wrote itself."""

    encoded: Encoded = field(default_factory=Encoded)
    mask: list[bool] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    cells: list[Cells] = field(default_factory=list)
    pointings: list[Pointing] = field(default_factory=list)
    kind: str = ""
    """What it is an example of; for the curves."""

    def read(self, encoder: Encoder, role: Role, parts: Sequence[str | Image.Image]) -> None:
        """Append a message that is only read."""
        encoder.add_parts(self.encoded, role, parts)
        self._fill(False)

    def write(self, encoder: Encoder, text: str) -> None:
        """Append a message of the model: its text and the end-of-message token carry loss."""
        encoder.open_reply(self.encoded)
        self._fill(False)
        self.encoded.add_tokens([*encoder.tokenizer.encode(text), encoder.tokenizer.special["<|im_end|>"]])
        self._fill(True)
        encoder.close_reply(self.encoded)
        self._fill(False)

    def _fill(self, value: bool) -> None:
        self.mask += [value] * (len(self.encoded.ids) - len(self.mask))


def supervise(encoder: Encoder, messages: Sequence[ChatMessage]) -> Supervised:
    """A whole conversation; loss lies on the assistant's messages only."""
    sequence = Supervised()
    for message in messages:
        if message.role is Role.ASSISTANT:
            sequence.write(encoder, message.text)
        else:
            encoder.add_message(sequence.encoded, message)
            sequence._fill(False)
    return sequence


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences padded on the right to one length."""

    ids_BT: Tensor
    positions_3BT: Tensor
    mask_BT: Tensor
    """True where the token itself is to be predicted."""
    groups: tuple[ImageGroup, ...]
    readings: tuple[tuple[int, Reading], ...]
    """Row and reading."""
    cells: tuple[tuple[int, Cells], ...]
    """Row and cells."""
    pointings: tuple[tuple[int, Pointing], ...]
    """Row and pointing."""
    kinds: tuple[str, ...]
    """Of each row."""
    tokens: int
    """Tokens without padding."""


def collate_parts(sequences: Sequence[Supervised], *, patch: int, parts: int) -> tuple[Batch, ...]:
    """Batches of sequences of about the same length, so that little of them is padding; together they are one step.

    Sequences in which the model writes nothing, whose pictures are only looked at, make a batch of their own.
    """
    looks = [one for one in sequences if not any(one.mask)]
    ordered = sorted((one for one in sequences if any(one.mask)), key=lambda one: len(one.encoded.ids))
    size = max(1, -(-len(ordered) // parts))
    batches = [collate(ordered[at : at + size], patch=patch) for at in range(0, len(ordered), size)]
    return (*batches, collate(looks, patch=patch)) if looks else tuple(batches)


def collate(sequences: Sequence[Supervised], *, patch: int) -> Batch:
    """Pad and stack; pictures of one size are stacked together."""
    rows, longest = len(sequences), max(len(one.encoded.ids) for one in sequences)
    ids = torch.zeros(rows, longest, dtype=torch.long)
    positions = torch.zeros(3, rows, longest, dtype=torch.long)
    mask = torch.zeros(rows, longest, dtype=torch.bool)
    sizes: dict[tuple[int, int], list[tuple[int, Image.Image]]] = {}
    for row, one in enumerate(sequences):
        length = len(one.encoded.ids)
        ids[row, :length] = torch.tensor(one.encoded.ids)
        positions[:, row, :length] = torch.tensor(one.encoded.positions).T
        mask[row, :length] = torch.tensor(one.mask)
        for start, image in one.encoded.images:
            sizes.setdefault(image.size, []).append((row * longest + start, image))
    groups = []
    for (width, height), members in sizes.items():
        pixels = torch.from_numpy(np.stack([np.asarray(image) for _, image in members]))
        count = (width // patch) * (height // patch)
        index = torch.cat([torch.arange(start, start + count) for start, _ in members])
        groups.append(ImageGroup(pixels, index))
    readings = tuple((row, reading) for row, one in enumerate(sequences) for reading in one.readings)
    cells = tuple((row, known) for row, one in enumerate(sequences) for known in one.cells)
    pointings = tuple((row, pointing) for row, one in enumerate(sequences) for pointing in one.pointings)
    kinds, tokens = tuple(one.kind for one in sequences), sum(len(one.encoded.ids) for one in sequences)
    return Batch(
        ids,
        positions,
        mask,
        groups=tuple(groups),
        readings=readings,
        cells=cells,
        pointings=pointings,
        kinds=kinds,
        tokens=tokens,
    )
