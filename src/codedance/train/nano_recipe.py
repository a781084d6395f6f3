"""What decides how the embedded model is taught, beside its data; checked before PyTorch is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, JsonValue

from codedance.errors import UsageError
from codedance.models.local.config import SIZES
from codedance.schema import Record
from codedance.store import RunFolder
from codedance.tasks.worlds import FAMILIES
from codedance.train.identity import check_begun, require_checkpoint
from codedance.train.settings import TrainSettings

__all__ = ["KINDS", "NanoRecipe", "check_names", "check_nano", "start_digest"]

KINDS = (
    "episode",
    "search",
    "count",
    "read",
    "bind",
    "see-counts",
    "see-cards",
    "see-sides",
    "see-text",
    "look-counts",
    "look-cards",
    "look-text",
)
"""Items that a step may be made of."""


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

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What decides the outcome, but for the settings of the training itself."""
        return self.model_dump(mode="json", exclude={"train"})


def check_names(recipe: NanoRecipe) -> None:
    """Say what is wrong with a recipe by itself.

    Raises:
        UsageError: there is no such size, kind of item or family, or a share is negative.
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


def check_nano(recipe: NanoRecipe, folder: Path, *, start: Path | None, data: Path | None) -> None:
    """Say what can be said before data are read or made: of the recipe, of the folder, of what is named.

    Args:
        recipe: that is wanted.
        folder: of the run; one of another recipe is refused.
        start: the checkpoint that it begins with, if with any.
        data: the set, if there is one already.

    Raises:
        UsageError: as :func:`check_names` does; or the start is no checkpoint.
        StoreError: the data are no set, or the folder holds something else.
        DataError: the folder is of another recipe.
    """
    check_names(recipe)
    identity: dict[str, JsonValue] = {**recipe.identity, "train": recipe.train.identity}
    if start is not None:
        identity["start"] = start_digest(start)
    if data is not None:
        identity["data"] = RunFolder.open(data).manifest().settings
    check_begun(folder, identity, mark="mix")


def start_digest(start: Path) -> str:
    """A name for exactly the weights of a checkpoint; raises :class:`UsageError` if it is none."""
    return hashlib.sha256(require_checkpoint(start).read_bytes()).hexdigest()
