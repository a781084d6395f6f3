"""The recipe of the embedded model: lessons in seeing mixed with executed trajectories from the first step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from pydantic import JsonValue

from codedance.errors import UsageError
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.config import SIZES, NetworkConfig
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer
from codedance.schema import Trajectory
from codedance.store import RunFolder, write_text
from codedance.store.holding import held
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES
from codedance.train.cells import CELL_WORDS
from codedance.train.corpus import Corpus, read_set
from codedance.train.glances import GLANCE_TEXTS
from codedance.train.items import ItemDataset
from codedance.train.nano_recipe import NanoRecipe, check_names, check_nano, start_digest
from codedance.train.pointing import PLACE_PIECES
from codedance.train.trainer import Step, train
from codedance.train.wording import bound_words, trajectory_tokenizer
from codedance.train.writing import WRITING_TEXTS

__all__ = ["NanoRecipe", "check_recipe", "train_nano"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEARNT_FROM = 6000
"""Trajectories that the tokenizer is learnt from."""


def check_recipe(recipe: NanoRecipe, start: Path | None = None) -> None:
    """Say what is wrong with a recipe, or with what it begins with, before data are made for it.

    Raises:
        UsageError: there is no such size, kind of item or family, a share is negative, or the start is no checkpoint or
            has another size.
    """
    check_names(recipe)
    if start is not None:
        config = load_checkpoint(start)[0].config
        if SIZES[recipe.size].model_copy(update={"vocabulary": config.vocabulary}) != config:
            raise UsageError(f"{start}: is a checkpoint of another size or make than {recipe.size}; name its size")


def train_nano(
    recipe: NanoRecipe,
    data: Path,
    folder: Path,
    *,
    start: Path | None = None,
    begun: Callable[[int], None] = lambda step: None,
    listener: Callable[[Step], None] = lambda step: None,
    examiner: Callable[[int, Network, Encoder], None] = lambda step, network, encoder: None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Network, Tokenizer]:
    """Train the nano model from nothing, or go on where the folder's checkpoint stands.

    Args:
        recipe: what is trained.
        data: a set of trajectories, made by ``codedance data generate``.
        folder: of the run; holds the tokenizer too.
        start: a checkpoint whose weights and tokenizer it begins with, instead of nothing.
        begun: told, when the data are read and the first step begins, after which one it goes on.
        listener: told of each step.
        examiner: shown the network after each step, ready to be asked; what it does changes nothing in training.
        say: told what there is to say before the first step, in a line each.

    Raises:
        StoreError: the data are no set, the folder holds something else, or another process trains into it.
        UsageError: there is no such size or kind of item, or the start is no checkpoint or has another size.
        DataError: the set holds nothing to learn from, or the checkpoint is of another recipe.
    """
    check_nano(recipe, folder, start=start, data=data)
    with held(folder):
        check_recipe(recipe, start)
        run = RunFolder.open(data)
        trajectories = read_set(
            run, count=recipe.episodes, families=recipe.families, asks=recipe.asks, glances=recipe.glances
        )
        tokenizer = _tokenizer(recipe, trajectories, folder, start=start)
        config = SIZES[recipe.size].model_copy(update={"vocabulary": tokenizer.size})
        network = _begun(recipe, config, start)
        encoder = Encoder(tokenizer, config)
        items = _items(recipe, encoder, run, trajectories=trajectories, say=say)
        identity: dict[str, JsonValue] = {
            **recipe.identity, "data": run.manifest().settings, "trajectories": len(trajectories)
        }  # fmt: skip
        if start is not None:
            identity["start"] = start_digest(start)

        def learnt(step: Step) -> None:
            listener(step)
            network.eval()
            examiner(step.step, network, encoder)
            network.train()

        train(network, items, recipe.train, folder=folder, recipe=identity, begun=begun, listener=learnt)
        return network, tokenizer


def _items(
    recipe: NanoRecipe,
    encoder: Encoder,
    run: RunFolder,
    *,
    trajectories: Sequence[Trajectory],
    say: Callable[[str], None],
) -> ItemDataset:
    """What each step sees."""
    names = bound_words(trajectories[:_LEARNT_FROM])
    return ItemDataset(
        encoder,
        mix=recipe.mix,
        parts=recipe.parts,
        seed=recipe.seed,
        corpus=_corpus(recipe, encoder, run, trajectories=trajectories, names=names, say=say),
        names=names,
        looks_first=recipe.looks_first,
        free_glances=recipe.free_glances,
    )


def _corpus(
    recipe: NanoRecipe,
    encoder: Encoder,
    run: RunFolder,
    *,
    trajectories: Sequence[Trajectory],
    names: Sequence[str],
    say: Callable[[str], None],
) -> Corpus | None:
    """The trajectories as examples; ``None`` where the mix has none of them."""
    if not recipe.mix.get("episode"):
        return None
    return Corpus(
        encoder,
        run,
        trajectories,
        seed=recipe.seed,
        shares=recipe.families,
        words=_groups(encoder.tokenizer, names),
        longest=recipe.longest,
        say=say,
    )


def _begun(recipe: NanoRecipe, config: NetworkConfig, start: Path | None) -> Network:
    """The network before its first step."""
    if start is None:
        network = Network(config)
        network.initialise(torch.Generator().manual_seed(recipe.seed))
        return network
    return load_checkpoint(start)[0]


def _tokenizer(
    recipe: NanoRecipe, trajectories: Sequence[Trajectory], folder: Path, *, start: Path | None
) -> Tokenizer:
    """The run's tokenizer: learnt once and kept, since a checkpoint belongs to it; or that of the start."""
    path = folder / "tokenizer.json"
    if not path.exists() and start is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, load_checkpoint(start)[1].tokenizer.to_json())
    elif not path.exists():
        learnt = trajectory_tokenizer(
            trajectories[:_LEARNT_FROM],
            size=recipe.vocabulary,
            words=CELL_WORDS,
            texts=(*WRITING_TEXTS, *GLANCE_TEXTS),
            pieces=PLACE_PIECES,
        )
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, Tokenizer(learnt).to_json())
    return Tokenizer.from_file(path)


def _groups(tokenizer: Tokenizer, names: Sequence[str]) -> list[tuple[int, ...]]:
    """Tokens that can be read in pictures: digits, letters, colours, shapes, other words."""
    kinds = [tuple("0123456789"), tuple(_LETTERS), COLOURS, SHAPES]
    special = {word for kind in kinds for word in kind}
    kinds.append(tuple(name for name in names if name not in special))
    encoded = [[tokenizer.encode(word) for word in kind] for kind in kinds]
    return [tuple(dict.fromkeys(ids[0] for ids in kind if len(ids) == 1)) for kind in encoded]
