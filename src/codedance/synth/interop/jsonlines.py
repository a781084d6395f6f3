"""JSON lines with picture files beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codedance.imaging import Picture
from codedance.store import PictureStore

__all__ = ["JsonLines"]

_PICTURES = "images"


class JsonLines:
    """Writes ``NAME.jsonl`` and ``images/``, each picture once.

    Args:
        folder: where to write.
        final: where the folder will lie when it is complete; absolute paths name it.
        name: name of the split.
        absolute: write absolute paths.
    """

    def __init__(self, folder: Path, final: Path, *, name: str, absolute: bool) -> None:
        self._folder = folder
        self._final = final if absolute else Path()
        self._file = (folder / f"{name}.jsonl").open("w", encoding="utf-8")
        self._store = PictureStore(folder / _PICTURES)
        self.files = (f"{name}.jsonl",)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        text = json.dumps(row, ensure_ascii=False).encode("utf-8", errors="replace").decode()
        self._file.write(text + "\n")

    def paths(self, pictures: Sequence[Picture]) -> list[str]:
        """Write the pictures and give their paths as the rows are to name them."""
        return [str(self._final / self._write(picture).relative_to(self._folder)) for picture in pictures]

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, picture: Picture) -> Path:
        # Not PictureStore.add, which syncs every file: the folder is synced once before it appears.
        path = self._store.path(picture.ref)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.data)
        return path
