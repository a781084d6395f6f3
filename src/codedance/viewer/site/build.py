"""Writing the site of a run: a page for every trajectory, pictures beside them, a table to find them.

The site can be written again at any time, while the run goes on or after a kill: pages that would come out the same are
left alone, and every file is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from PIL import Image

from codedance import __version__
from codedance.errors import PictureError, StoreError
from codedance.imaging import Picture
from codedance.schema import ImageRef, Record, Trajectory
from codedance.store import RunFolder, picture_refs, write_bytes, write_text
from codedance.viewer.site.rows import ROWS, IndexRow, index_name, index_page, index_row
from codedance.viewer.site.verdicts import Verdict
from codedance.viewer.trace import Place, trace_page

__all__ = ["SiteReport", "write_site"]

_MARKER = "site.json"
_PAGES, _PICTURES, _THUMBS = "t", "pictures", "thumbs"
_THUMB_SIDE = 96
_PAGE_NAME = re.compile(r"\d{6,}\.html")


class SiteReport(Record):
    """What was written."""

    index: str
    """The page to open."""
    trajectories: int
    written: int
    """Pages that were written; the others were there."""
    pictures: int
    """Different pictures of the trajectories."""
    missing: int
    """Pictures that the run lacks, or whose file is not what was recorded."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The pictures of a trajectory that could be had."""

    pictures: dict[str, Picture]
    lost: tuple[str, ...]


def write_site(
    run: RunFolder,
    out: Path,
    *,
    verdict: Callable[[Trajectory], Verdict],
    step: Callable[[], None] = lambda: None,
) -> SiteReport:
    """Write the site of the trajectories that are there now.

    Args:
        run: may still be written by others.
        out: folder of the site; new, empty, or an earlier site.
        verdict: what a trajectory is worth; asked once of each, in order.
        step: called after each trajectory.

    Raises:
        StoreError: the run cannot be read, or the folder holds something else or cannot be written.
    """
    manifest = run.manifest()
    name = run.folder.resolve().name
    try:
        _open(out, name)
        writer = _Writer(run, out, name)
        for number, trajectory, is_last in _with_last(run.trajectories()):
            writer.add(number, trajectory, verdict(trajectory), is_last=is_last)
            step()
        facts = {"kind": manifest.kind, "begun": manifest.created_at.replace("T", " ")}
        model = manifest.settings.get("model")
        if isinstance(model, str):
            facts["model"] = model
        writer.finish(facts)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from None
    return writer.report()


class _Writer:
    """Writes the pages one after the other and remembers the lines of the table."""

    def __init__(self, run: RunFolder, out: Path, name: str) -> None:
        self._run, self._out, self._name = run, out, name
        self._rows: list[IndexRow] = []
        self._written = 0
        self._there: set[str] = set()
        self._lost: set[str] = set()
        self._program = _program()

    def add(self, number: int, trajectory: Trajectory, verdict: Verdict, *, is_last: bool) -> None:
        """Write a trajectory's page, unless the same is there, and note its line."""
        refs = {ref.sha256: ref for ref in picture_refs(trajectory)}
        absent = sorted(sha for sha, ref in refs.items() if not self._run.pictures.path(ref).exists())
        page = self._out / _PAGES / f"{number:06}.html"
        place = Place(
            index=f"../{index_name((number - 1) // ROWS)}",
            previous=f"{number - 1:06}.html" if number > 1 else None,
            next=f"{number + 1:06}.html" if not is_last else None,
            position=f"trajectory {number:,}",
            name=self._name,
            images=("'self'", "file:"),
        )
        stamp = _stamp(self._program, trajectory.model_dump_json(), repr(verdict), repr(place), *absent)
        if _stamp_of(page) != stamp or not self._has_pictures(refs, absent):
            self._write(page, trajectory, verdict, refs=refs, place=place, stamp=stamp)
        else:
            self._there.update(refs)
            self._lost.update(absent)
        first = trajectory.task.images[0] if trajectory.task.images else None
        thumb = _thumb_name(first) if first is not None and (self._out / _thumb_name(first)).exists() else None
        url = f"{_PAGES}/{page.name}"
        self._rows.append(index_row(number, trajectory, verdict, url=url, thumb=thumb))

    def finish(self, facts: dict[str, str]) -> None:
        """Write the table, and take away what an earlier, longer run left."""
        parts = max(1, -(-len(self._rows) // ROWS))
        for part in range(parts):
            text = index_page(self._rows, part, name=self._name, facts=facts)
            path = self._out / index_name(part)
            if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text:
                write_text(path, text)
        for path in self._out.glob("index-*.html"):
            if path.name not in {index_name(part) for part in range(parts)}:
                path.unlink()
        for path in (self._out / _PAGES).glob("*.html"):
            if _PAGE_NAME.fullmatch(path.name) and int(path.stem) > len(self._rows):
                path.unlink()

    def report(self) -> SiteReport:
        """What was written."""
        return SiteReport(
            index=str(self._out / "index.html"),
            trajectories=len(self._rows),
            written=self._written,
            pictures=len(self._there),
            missing=len(self._lost),
        )

    def _write(
        self,
        page: Path,
        trajectory: Trajectory,
        verdict: Verdict,
        *,
        refs: dict[str, ImageRef],
        place: Place,
        stamp: str,
    ) -> None:
        loaded = self._load(refs)
        for sha, picture in loaded.pictures.items():
            self._copy(refs[sha], picture)
        if trajectory.task.images and (first := loaded.pictures.get(trajectory.task.images[0].sha256)) is not None:
            self._thumb(first)
        placed = replace(place, stamp=stamp)
        text = trace_page(
            trajectory,
            loaded.pictures,
            correct=verdict.correct,
            score=verdict.score,
            standing=verdict.standing,
            judged=verdict.judged,
            place=placed,
            link=lambda ref: f"../{_picture_name(ref)}" if ref.sha256 in loaded.pictures else None,
        )
        write_text(page, text)
        self._written += 1
        self._there.update(refs)
        self._lost.update(loaded.lost)

    def _load(self, refs: dict[str, ImageRef]) -> _Loaded:
        pictures, lost = {}, []
        for sha, ref in refs.items():
            try:
                pictures[sha] = self._run.pictures.get(ref)
            except StoreError:
                lost.append(sha)
        return _Loaded(pictures, tuple(lost))

    def _copy(self, ref: ImageRef, picture: Picture) -> None:
        """Put a picture beside the pages: another name for the run's file where the file system allows it."""
        target = self._out / _picture_name(ref)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self._run.pictures.path(ref), target)
        except FileExistsError:
            pass
        except OSError:
            write_bytes(target, picture.data)

    def _thumb(self, picture: Picture) -> None:
        target = self._out / _thumb_name(picture.ref)
        if target.exists():
            return
        with suppress(PictureError):
            image = picture.to_image()
            image.thumbnail((_THUMB_SIDE, _THUMB_SIDE), Image.Resampling.LANCZOS)
            write_bytes(target, Picture.from_image(image).data)

    def _has_pictures(self, refs: dict[str, ImageRef], absent: list[str]) -> bool:
        return all(sha in absent or (self._out / _picture_name(ref)).exists() for sha, ref in refs.items())


def _open(out: Path, name: str) -> None:
    """Begin a site, or go on with one; refuses a folder that holds anything else."""
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out}: is a file; choose a folder for the site")
    if not (out / _MARKER).exists():
        if out.exists() and any(out.iterdir()):
            raise StoreError(f"{out}: is not empty and holds no site; choose another folder")
        write_text(out / _MARKER, f'{{"kind": "site", "version": "{__version__}"}}\n')
    (out / _PAGES).mkdir(exist_ok=True)


def _with_last(trajectories: Iterator[Trajectory]) -> Iterator[tuple[int, Trajectory, bool]]:
    """Each with its number from 1, and whether it is the last."""
    number, held = 0, next(trajectories, None)
    while held is not None:
        number += 1
        following = next(trajectories, None)
        yield number, held, following is None
        held = following


def _picture_name(ref: ImageRef) -> str:
    return f"{_PICTURES}/{ref.sha256[:2]}/{ref.file_name}"


def _thumb_name(ref: ImageRef) -> str:
    return f"{_THUMBS}/{ref.sha256[:2]}/{ref.sha256}.png"


def _program() -> str:
    """What makes a page of a trajectory, as a hash: pages of another version are written again."""
    folder = resources.files("codedance.viewer")
    own = sorted(one.name for one in (folder / "trace").iterdir() if one.is_file())
    shared = ("base.html", "shell.py", "theme.css", "theme.js")
    texts = [(folder / "trace" / name).read_bytes() for name in own] + [(folder / name).read_bytes() for name in shared]
    return _stamp(__version__, *(hashlib.sha256(one).hexdigest() for one in texts))


def _stamp(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def _stamp_of(page: Path) -> str | None:
    """The stamp of a page that is there."""
    try:
        with page.open("rb") as file:
            head = file.read(2_000)
    except OSError:
        return None
    found = re.search(rb'name="codedance-stamp" content="([0-9a-f]+)"', head)
    return found[1].decode() if found is not None else None
