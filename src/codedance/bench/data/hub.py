"""Rows from the Hugging Face hub, at one commit, which is recorded.

Written against the documented interfaces of ``huggingface_hub`` and ``datasets``; they are loaded when they are used
and come with the extra ``data``. Nothing here is tested against the hub itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from codedance.bench.contract import Hub
from codedance.bench.data.local_files import FORMATS, LocalFiles
from codedance.errors import DataError, MissingExtraError, PictureError
from codedance.imaging import MAX_FILE_BYTES

__all__ = ["HubRows", "download_picture", "resolve_revision"]

T = TypeVar("T")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT_SECONDS = 20.0


def resolve_revision(repo: str, revision: str | None = None) -> str:
    """The commit (40 hexadecimal digits) that a branch, tag or nothing (``main``) stands for now.

    Raises:
        DataError: the hub cannot be asked, or has no such thing.
        MissingExtraError: ``huggingface_hub`` is not installed.
    """
    if revision is not None and _COMMIT.fullmatch(revision):
        return revision
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise MissingExtraError("loading from the hub", "data") from None
    info = _asking(repo, lambda: HfApi().dataset_info(repo, revision=revision or "main"))
    if not info.sha or not _COMMIT.fullmatch(info.sha):
        raise DataError(f"{repo}: the hub does not tell its commit; give one with the revision")
    return str(info.sha)


class HubRows:
    """The rows of a split at one commit.

    Args:
        hub: which data set, configuration and split.
        revision: a commit, branch or tag; without one, the present ``main`` is looked up.
    """

    def __init__(self, hub: Hub, revision: str | None = None) -> None:
        self.hub = hub
        self.revision = resolve_revision(hub.repo, revision)
        self.folder: Path | None = None
        self._local: LocalFiles | None = None
        self._data: Any = None
        if hub.files is not None:
            self.folder = self._snapshot()
            self._local = LocalFiles(self.folder, named=hub.files)
        else:
            self._data = self._dataset()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row, pictures as the bytes of their files."""
        yield from self._local if self._local is not None else self._data

    def without_pictures(self) -> Iterator[dict[str, Any]]:
        """Every row without reading its pictures."""
        if self._local is not None:
            yield from self._local.without_pictures()
            return
        pictures = [name for name in self._data.column_names if name in _picture_columns(self._data)]
        for row in self._data.remove_columns(pictures):
            yield row | dict.fromkeys(pictures, True)

    def _snapshot(self) -> Path:
        from huggingface_hub import snapshot_download

        hub = self.hub
        return Path(_asking(hub.repo, lambda: snapshot_download(hub.repo, repo_type="dataset", revision=self.revision)))

    def _dataset(self) -> Any:  # noqa: ANN401 - a library without types
        try:
            import datasets
        except ImportError:
            raise MissingExtraError("loading from the hub", "data") from None
        hub = self.hub
        data = _asking(
            hub.repo, lambda: datasets.load_dataset(hub.repo, hub.config, split=hub.split, revision=self.revision)
        )
        for name in _picture_columns(data):
            data = data.cast_column(name, datasets.Image(decode=False))
        return data


def _picture_columns(data: Any) -> list[str]:  # noqa: ANN401 - a library without types
    return [name for name, feature in data.features.items() if type(feature).__name__ == "Image"]


def _asking(repo: str, ask: Callable[[], T]) -> T:
    """Turn whatever the hub's libraries raise into one line."""
    try:
        return ask()
    except Exception as error:  # a boundary: they raise errors of half a dozen libraries
        first = (str(error).splitlines() or [""])[0][:160]
        raise DataError(
            f"{repo}: cannot be had from the hub ({type(error).__name__}: {first}); give a local copy: --data FILE for "
            f"one benchmark, or --data DIR that holds NAME{FORMATS[0]} (or {', '.join(FORMATS[1:])}) for each"
        ) from None


def download_picture(address: str, sha256: str | None) -> bytes:
    """Fetch a picture by its address; raises :class:`PictureError` if it is gone or no longer the same."""
    import httpx

    if not address.startswith(("http://", "https://")):
        raise PictureError(f"{address[:80]}: is no web address")
    data = bytearray()
    try:
        with httpx.stream("GET", address, timeout=_TIMEOUT_SECONDS, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                data += part
                if len(data) > MAX_FILE_BYTES:
                    raise PictureError(f"{address[:80]}: larger than {MAX_FILE_BYTES // 2**20} MiB")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PictureError(f"{address[:80]}: cannot be had ({type(error).__name__})") from None
    if sha256 and hashlib.sha256(data).hexdigest() != sha256.lower():
        raise PictureError(f"{address[:80]}: is not the picture that the row was made for (its hash differs)")
    return bytes(data)
