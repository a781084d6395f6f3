"""The recipe of the embedded model: lessons in seeing mixed with executed trajectories from the first step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from pydantic import Field

from codedance.errors import UsageError
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.config import SIZES, NetworkConfig
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer
from codedance.schema import Record, Trajectory
from codedance.store import RunFolder, write_text
from codedance.tasks.worlds import FAMILIES
from codedance.tasks.worlds.vocabulary import COLOURS, SHAPES
from codedance.train.cells import CELL_WORDS
from codedance.train.corpus import Corpus, read_set
from codedance.train.glances import GLANCE_TEXTS
from codedance.train.items import KINDS, ItemDataset
from codedance.train.pointing import PLACE_PIECES
from codedance.train.trainer import Step, TrainSettings, train
from codedance.train.wording import bound_words, trajectory_tokenizer
from codedance.train.writing import WRITING_TEXTS

__all__ = ["NanoRecipe", "check_recipe", "train_nano"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEARNT_FROM = 6000
"""Trajectories that the tokenizer is learnt from."""


class NanoRecipe(Record):
    """Everything that decides the outcome beside the set of trajectories; part of the run's manifest."""

    size: str = "small"
    seed: int = 0
    episodes: int | None = Field(default=None, ge=1)
    """Only the first so many trajectories of the set; ``None``: all."""
    mix: dict[str, int] = Field(
        default={
            **dict.fromkeys(KINDS, 0),
            "episode": 8,
            "see-counts": 4,
            "see-cards": 2,
            "see-sides": 2,
            "read": 2,
            "search": 1,
            "look-counts": 6,
            "look-cards": 12,
        }
    )
    """Items of each kind in a step, see :class:`codedance.train.items.ItemDataset`."""
    looks_first: int = Field(default=400, ge=0)
    """Steps at the beginning that only look at pictures: cheap ones, and text means more once pictures do."""
    parts: int = Field(default=4, ge=1)
    """Batches that a step is cut into, by length; the gradient is the same."""
    families: dict[str, int] = Field(default={"counting": 5, "search": 5, "editing": 7, "charts": 1})
    """Families whose trajectories are learnt, and how many of each there are in a round of examples."""
    asks: dict[str, tuple[str, ...]] = Field(
        default={
            "editing": (
                "compare-count",
                "line-crosses",
                "line-length",
                "line-total",
                "maze-coins",
                "maze-length",
                "maze-turns",
            ),
            "charts": ("count",),
        }
    )
    """Of these families only such questions: those whose code follows from the question, without reading small text."""
    glances: tuple[str, ...] = ()
    """Families whose direct answers are learnt from trajectories too; the lessons teach to point first."""
    free_glances: float = Field(default=0.1, ge=0, le=1)
    """Share of the glances at easy questions whose prompt allows code too; the others' says that there is none.

    The greater, the more often an easy question is answered without code where that is a choice.
    """
    vocabulary: int = Field(default=4096, ge=300)
    """Tokens that are learnt; control tokens and fixed lines come on top."""
    longest: int = Field(default=512, ge=64)
    """Trajectories with more tokens are left out."""
    train: TrainSettings = TrainSettings(
        steps=1700,
        decay_from=0.5,
        read_weight=1.0,
        cell_weight=6.0,
        point_weight=2.0,
        normaliser=384.0,
        to_sight=0.1,
    )


def check_recipe(recipe: NanoRecipe, start: Path | None = None) -> None:
    """Say what is wrong with a recipe, or with what it begins with, before data are made for it.

    Raises:
        UsageError: there is no such size, kind of item or family, a share is negative, or the start has another size.
        ModelNotFoundError: the start is no checkpoint.
    """
    if recipe.size not in SIZES:
        raise UsageError(f"size {recipe.size}: there is none; choose among {', '.join(SIZES)}")
    unknown = sorted(set(recipe.mix) - set(KINDS))
    if unknown:
        raise UsageError(f"mix: there is no kind of item {', '.join(unknown)}; choose among {', '.join(KINDS)}")
    named: dict[str, Iterable[str]] = {"families": recipe.families, "asks": recipe.asks, "glances": recipe.glances}
    for setting, families in named.items():
        if strange := sorted(set(families) - set(FAMILIES)):
            raise UsageError(f"{setting}: there is no family {', '.join(strange)}; choose among {', '.join(FAMILIES)}")
    for setting, shares in (("mix", recipe.mix), ("families", recipe.families)):
        if negative := [name for name, share in shares.items() if share < 0]:
            raise UsageError(f"{setting}: {negative[0]} is below 0; leave it out, or give 0")
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
        listener: told of each step.
        examiner: shown the network after each step, ready to be asked; what it does changes nothing in training.
        say: told what there is to say before the first step, in a line each.

    Raises:
        StoreError: the data are no set, or the folder holds something else.
        UsageError: there is no such size or kind of item, or the start has another size.
        DataError: the set holds nothing to learn from, or the checkpoint is of another recipe.
        ModelNotFoundError: the start is no checkpoint.
    """
    check_recipe(recipe, start)
    run = RunFolder.open(data)
    trajectories = read_set(
        run, count=recipe.episodes, families=recipe.families, asks=recipe.asks, glances=recipe.glances
    )
    tokenizer = _tokenizer(recipe, trajectories, folder, start=start)
    config = SIZES[recipe.size].model_copy(update={"vocabulary": tokenizer.size})
    network = _begun(recipe, config, start)
    encoder, names = Encoder(tokenizer, config), bound_words(trajectories[:_LEARNT_FROM])
    items = ItemDataset(
        encoder,
        mix=recipe.mix,
        parts=recipe.parts,
        seed=recipe.seed,
        corpus=_corpus(recipe, encoder, run, trajectories=trajectories, names=names, say=say),
        names=names,
        looks_first=recipe.looks_first,
        free_glances=recipe.free_glances,
    )
    identity = recipe.model_dump(mode="json", exclude={"train"})
    identity |= {"data": run.manifest().settings, "trajectories": len(trajectories)}
    if start is not None:
        identity["start"] = hashlib.sha256((start / "model.safetensors").read_bytes()).hexdigest()

    def learnt(step: Step) -> None:
        listener(step)
        network.eval()
        examiner(step.step, network, encoder)
        network.train()

    train(network, items, recipe.train, folder=folder, recipe=identity, listener=learnt)
    return network, tokenizer


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
