"""One process at a time writes a run: the system's lock on a file in its folder, gone with any end of the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from codedance.errors import StoreError
from codedance.store.run import Manifest, RunFolder

__all__ = ["begin_run", "check_free", "check_place", "held"]

_LOCK, _MANIFEST = ".lock", "manifest.json"
_held: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())
"""Folders that whoever asks holds already."""
_open: set[int] = set()


def _let_go() -> None:
    # A forked child has our locks too, and would keep them when we are killed.
    while _open:
        os.close(_open.pop())


os.register_at_fork(after_in_child=_let_go)


@contextmanager
def held(folder: Path, doing: str = "training into it") -> Iterator[None]:
    """Keep other processes, and other threads, from writing into a folder; within it, it may be held once more.

    The folder is made if need be. One that holds no run at the end is left as it was.

    Args:
        folder: of the run.
        doing: what whoever has it is doing, for the error.

    Raises:
        StoreError: another process has it, or it cannot be written.
    """
    place = folder.resolve()
    if place in _held.get():
        yield
        return
    try:
        made = [one for one in (place, *place.parents) if not one.exists()]
        place.mkdir(parents=True, exist_ok=True)
        lock = _lock(place / _LOCK, _taken(folder, doing))
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror or error})") from None
    _open.add(lock)
    _held.set(_held.get() | {place})
    try:
        yield
    finally:
        _held.set(_held.get() - {place})
        with suppress(OSError):
            if not (place / _MANIFEST).exists():
                (place / _LOCK).unlink()
                for one in made:
                    one.rmdir()  # ends at the first that holds something
        _open.discard(lock)
        os.close(lock)


def _lock(path: Path, taken: StoreError) -> int:
    """The locked file; one that its holder has taken away meanwhile does not count."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise taken from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _taken(folder: Path, doing: str) -> StoreError:
    return StoreError(f"{folder}: another process is {doing}; wait for its end, or choose another folder")


def check_free(folder: Path, doing: str = "training into it") -> None:
    """See that no other process holds a folder now, and write nothing; raises :class:`StoreError` if one does."""
    if folder.resolve() in _held.get():
        return
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return  # nobody was ever there, or it cannot be written: whoever wants to is told so
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _taken(folder, doing) from None
    finally:
        os.close(lock)


def check_place(folder: Path) -> None:
    """See that a folder is free for a run or holds one; raises :class:`StoreError` if it holds something else."""
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise StoreError(f"{folder}: is no folder; choose another name")
        if not (folder / _MANIFEST).exists() and any(one.name != _LOCK for one in folder.iterdir()):
            raise StoreError(f"{folder}: is not empty and holds no run; choose another folder")
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read ({error.strerror or error})") from None


def begin_run(folder: Path, manifest: Manifest) -> None:
    """As :meth:`RunFolder.create`, in a folder that is held: the lock in it is no content.

    Raises:
        StoreError: the folder holds something else, or a run with other settings.
    """
    if (folder / _MANIFEST).exists():
        RunFolder.create(folder, manifest)
        return
    check_place(folder)
    try:
        manifest.write(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror or error})") from None
