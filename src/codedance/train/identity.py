"""What a run's folder says that it was begun with, held against what is wanted; before data are read, no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import JsonValue

from codedance.errors import DataError, StoreError, UsageError
from codedance.store import RunFolder, differing_settings, unlike_text

__all__ = ["another_training", "check_begun", "check_identity", "require_checkpoint"]


def check_begun(folder: Path, wanted: Mapping[str, JsonValue], *, mark: str) -> None:
    """See, as far as its manifest tells, that a run in this folder may go on with these settings.

    What only one of the two names is not compared: it may be known later, or be of an earlier version. The run itself
    compares everything when it begins.

    Args:
        folder: of the run; one without a manifest is as good as new.
        wanted: what decides the outcome, as far as it is known.
        mark: a name that the manifests of this way of training have, and those of the others have not.

    Raises:
        StoreError: the manifest cannot be read, or is of no training, or of another way to train.
        DataError: something differs; says what.
    """
    path = folder / "manifest.json"
    if not path.exists():
        return
    manifest = RunFolder(folder).manifest()
    if manifest.kind != "train":
        raise StoreError(f"{folder}: holds a run of kind '{manifest.kind}'; choose another folder")
    if mark not in manifest.settings:
        raise another_training(folder)
    common = manifest.settings.keys() & wanted.keys()
    check_identity(path, {name: manifest.settings[name] for name in common}, {name: wanted[name] for name in common})


def another_training(folder: Path) -> StoreError:
    """The error for a folder with a run of another command of ``codedance train``."""
    return StoreError(f"{folder}: holds a run of another command of codedance train; choose another folder")


def check_identity(
    path: Path, made: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue], *, later: Collection[str] = ()
) -> None:
    """See that what a file was made with is what is wanted now.

    Args:
        path: the file, for the error.
        made: the identity in it.
        wanted: that of the run that wants to go on.
        later: names that earlier versions did not write. Where the file has none of such a name nothing is known, and
            the run may go on; anywhere else, what is absent and what is there are not the same.

    Raises:
        DataError: they differ; says in what.
    """
    unknown = {name for name in later if name not in made}
    compared: dict[str, JsonValue] = json.loads(json.dumps({name: wanted[name] for name in wanted.keys() - unknown}))
    if made != compared:
        differ = unlike_text(differing_settings(made, compared))
        raise DataError(f"{path}: was made with other settings ({differ}); choose another folder or the same ones")


def require_checkpoint(folder: Path) -> Path:
    """The weights of a checkpoint of the nano make; nothing is read yet.

    Raises:
        UsageError: the folder or one of its files is missing; says so as loading it does.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; give that of a checkpoint")
    for name in ("config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise UsageError(f"{folder / name}: there is no such file; is the folder a checkpoint?")
    return folder / "model.safetensors"
