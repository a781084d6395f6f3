"""A folder that appears whole or not at all, whatever moment its writer is killed at."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from codedance.errors import StoreError

__all__ = ["new_folder"]

_LOCK = ".writing"


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into; when the block ends it is ``out``, and if it fails nothing remains.

    It lies beside ``out`` as ``.NAME.partial`` meanwhile. What a killed writer left there is removed by the next one.

    Raises:
        StoreError: ``out`` is a file or holds something, another program is writing it, or the disk refuses.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow a link that the user named
    partial = out.parent / f".{out.name}.partial"
    try:
        _check_free(out)
        lock = _begin(partial)
        try:
            yield partial
            os.sync()
            with suppress(FileNotFoundError):
                out.rmdir()
            (partial / _LOCK).unlink()
            partial.rename(out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        finally:
            os.close(lock)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from None


def _check_free(out: Path) -> None:
    if out.is_dir():
        if any(out.iterdir()):
            raise StoreError(f"{out}: is not empty; choose another folder")
    elif out.exists() or out.is_symlink():
        raise StoreError(f"{out}: is no folder; choose another name")


def _begin(partial: Path) -> int:
    """Make the folder afresh and hold its lock."""
    partial.mkdir(parents=True, exist_ok=True)
    lock = os.open(partial / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreError(
            f"{partial}: another program is writing there; wait for it, or choose another folder"
        ) from None
    for path in partial.iterdir():
        if path.name != _LOCK:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return lock
