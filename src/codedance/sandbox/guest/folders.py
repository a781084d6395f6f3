"""Folders that hostile code has written in: adding them up and removing them, whatever their modes."""

from __future__ import annotations

import contextlib
import os
import shutil

__all__ = ["remove_tree", "tree_bytes"]


def tree_bytes(folder: str) -> int:
    """Bytes on disk of everything below, a page at least for each name; what disappears meanwhile counts nothing."""
    total = 0
    for parent, folders, names in os.walk(folder):
        total += 4096 * len(folders)
        for name in names:
            with contextlib.suppress(OSError):
                total += max(4096, os.lstat(os.path.join(parent, name)).st_blocks * 512)
    return total


def remove_tree(folder: str) -> None:
    """Remove a folder; folders in it that were made unreadable are opened first, links are never followed."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        for parent, names, _ in os.walk(folder):
            for name in names:
                path = os.path.join(parent, name)
                if not os.path.islink(path):
                    with contextlib.suppress(OSError):
                        os.chmod(path, 0o700)
