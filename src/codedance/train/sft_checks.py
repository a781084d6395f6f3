"""What can be said of a fine-tuning run before its data are read, and of data that hold nothing to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.errors import DataError
from codedance.schema.counts import counted
from codedance.store import RunFolder
from codedance.train.identity import check_begun
from codedance.train.settings import SftSettings

__all__ = ["check_sft", "nothing_usable", "sft_recipe"]


def sft_recipe(folders: Sequence[Path], settings: SftSettings, *, start: str) -> dict[str, JsonValue]:
    """What decides the outcome beside the trajectories and the settings of the training itself."""
    recipe: dict[str, JsonValue] = settings.model_dump(mode="json", exclude={"train"})
    return {**recipe, "runs": [str(one.resolve()) for one in folders], "start": start}


def check_sft(folders: Sequence[Path], settings: SftSettings, *, folder: Path, start: str) -> list[RunFolder]:
    """The runs to learn from; without reading a trajectory, and without PyTorch.

    Args:
        folders: of these runs.
        settings: of the run that is wanted.
        folder: its own.
        start: a name for its first weights.

    Raises:
        StoreError: one of them is no run.
        DataError: one holds no trajectories, or the folder a run with other settings.
    """
    runs = [RunFolder.open(one) for one in folders]
    for run in runs:
        if not run.has_trajectories():
            raise DataError(run.why_empty())
    recipe = sft_recipe(folders, settings, start=start)
    check_begun(folder, {**recipe, "train": settings.train.identity}, mark="runs")
    return runs


def nothing_usable(runs: Sequence[RunFolder], read: int, settings: SftSettings) -> str:
    """What to say where no trajectory of these runs can be learnt from; ``read`` are there."""
    names = ", ".join(str(run.folder) for run in runs)
    if settings.answered_only:
        return (
            f"{names}: of {counted(read, 'trajectory')} none ended with an answer, and only answered ones are learnt "
            "from; name other runs, or take the others too with --set answered_only=false"
        )
    return f"{names}: in {counted(read, 'trajectory')} the model wrote nothing to learn from; name other runs"
