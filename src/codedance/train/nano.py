"""The recipe of the embedded model: perception lessons mixed with whole episodes from the first step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import Field

from codedance.models.local.chat import Encoder
from codedance.models.local.config import SIZES
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer, build_tokenizer
from codedance.schema import Record
from codedance.train.items import ItemDataset
from codedance.train.pieces import nano_pieces
from codedance.train.trainer import Step, TrainSettings, train

__all__ = ["NanoRecipe", "train_nano"]


class NanoRecipe(Record):
    """Everything that decides the outcome; part of the run's manifest."""

    size: str = "small"
    batch: int = Field(default=8, ge=1)
    seed: int = 0
    mix: dict[str, float] = Field(default={"search": 0.4, "count": 0.2, "read": 0.25, "bind": 0.15})
    """Share of each kind of item, see :class:`codedance.train.items.ItemDataset`."""
    train: TrainSettings = TrainSettings(steps=6000, read_weight=1.0)


def train_nano(
    recipe: NanoRecipe, folder: Path, *, listener: Callable[[Step], None] = lambda step: None
) -> tuple[Network, Tokenizer]:
    """Train the nano model from nothing, or go on where the folder's checkpoint stands."""
    tokenizer = Tokenizer(build_tokenizer(nano_pieces()))
    config = SIZES[recipe.size].model_copy(update={"vocabulary": tokenizer.size})
    network = Network(config)
    network.initialise(torch.Generator().manual_seed(recipe.seed))
    batches = ItemDataset(Encoder(tokenizer, config), mix=recipe.mix, batch=recipe.batch, seed=recipe.seed)
    identity = recipe.model_dump(mode="json", exclude={"train"})
    train(network, batches, recipe.train, folder=folder, recipe=identity, listener=listener)
    return network, tokenizer
