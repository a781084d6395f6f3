"""From a data set to tasks: checked as a whole first, then one row after the other."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, JsonValue

from codedance.bench.answers.options import letter_of, row_options
from codedance.bench.contract import Benchmark, Row, Split
from codedance.bench.data.hub import HubRows, download_picture
from codedance.bench.data.local_files import LocalFiles
from codedance.bench.data.row_images import PICTURE_COLUMNS, has_picture, row_pictures
from codedance.bench.scoring import row_key
from codedance.errors import DataError, PictureError, UsageError
from codedance.imaging import Picture
from codedance.schema import Record, Task

__all__ = ["DataManifest", "LoadSettings", "Loaded", "LoadedRow", "load"]


class LoadSettings(Record):
    """What to load and how to ask."""

    split: str | None = None
    """Name of the split; the benchmark's first without it."""
    prompt: str | None = None
    """Name of the prompt; the benchmark's first without it."""
    revision: str | None = None
    """Commit, branch or tag on the hub; the commit it stands for is recorded."""
    limit: int | None = Field(default=None, ge=1)
    """Only so many rows, from the first on; the numbers are then those of a part."""
    allow_partial: bool = False
    """Accept a number of rows that is not the benchmark's, and leave out rows whose picture cannot be had."""
    correct_first: bool = False
    """Put the right option first, as files that list it first do: for comparison with harnesses that ask so."""
    download: bool = False
    """Fetch pictures that a row has only the address of."""


class DataManifest(Record):
    """Which rows a result rests on."""

    benchmark: str
    split: str
    location: str
    """The hub's name of the data set, or a path."""
    revision: str | None
    """Commit on the hub; ``None`` for a local copy."""
    prompt: str
    rows: int
    expected_rows: int
    partial: bool
    rows_sha256: str
    """Hash of all rows' names and reference answers, in order: two runs with the same one asked the same."""
    option_order: str


@dataclass(frozen=True, slots=True)
class LoadedRow:
    """A row, ready to be asked, or the reason why it cannot be."""

    key: str
    row: dict[str, JsonValue]
    """Without pictures: what scoring needs."""
    task: Task | None
    pictures: tuple[Picture, ...]
    fault: str | None
    """Why there is no task: the row ends as an error."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checked data set; iterating reads and decodes it from the beginning."""

    manifest: DataManifest
    keys: tuple[str, ...]
    """Every row's name, in order."""
    read: Callable[[Callable[[str], bool]], Iterator[LoadedRow]]

    def __iter__(self) -> Iterator[LoadedRow]:
        return self.read(lambda key: False)

    def without(self, done: Callable[[str], bool]) -> Iterator[LoadedRow]:
        """The rows whose name is not done yet; the pictures of the others are not decoded."""
        return self.read(done)


class _Rows(Protocol):
    @property
    def folder(self) -> Path | None:
        """Where relative paths of pictures begin."""
        ...

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def without_pictures(self) -> Iterator[dict[str, Any]]:
        """As ``LocalFiles`` has it."""
        ...


def load(benchmark: Benchmark, source: Path | None = None, settings: LoadSettings | None = None) -> Loaded:
    """Open a benchmark and check it: columns, number of rows, names, answers, options. No picture is decoded yet.

    Args:
        benchmark: which.
        source: a local copy (file or folder); the hub without it.
        settings: which split and prompt, and what is let pass.

    Raises:
        DataError: the data are not the benchmark's; the message says what differs and what to do.
        UsageError: there is no such split or prompt.
        MissingExtraError: a library that this source needs is not installed.
    """
    settings = settings or LoadSettings()
    split, prompt = benchmark.split(settings.split), benchmark.prompt(settings.prompt)
    rows: _Rows
    if source is None:
        if split.hub is None:
            raise UsageError(f"{benchmark.name}: is generated, there is nothing to load")
        rows = hub_rows = HubRows(split.hub, settings.revision)
        location, revision = split.hub.repo, hub_rows.revision
    else:
        rows = LocalFiles(source, named=split.hub.files if split.hub is not None else None)
        location, revision = str(source), None
    keys, digest, groups = _check(benchmark, rows, location, settings)
    count = len(keys)
    if not settings.allow_partial and settings.limit is None:
        _check_counts(location, f"{benchmark.name} {split.name}", count, groups, split)
    manifest = DataManifest(
        benchmark=benchmark.name,
        split=split.name,
        location=location,
        revision=revision,
        prompt=prompt.name,
        rows=count,
        expected_rows=split.rows,
        partial=count != split.rows,
        rows_sha256=digest,
        option_order="correct first" if settings.correct_first else "published",
    )
    return Loaded(manifest, keys, lambda done: _read(benchmark, rows, settings, done))


def _kept(
    benchmark: Benchmark, rows: Iterator[dict[str, Any]], limit: int | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The benchmark's own rows with their place among them."""
    place = 0
    for row in rows:
        if benchmark.keep is not None and not benchmark.keep(row):
            continue
        if limit is not None and place >= limit:
            return
        yield place, row
        place += 1


def _check(
    benchmark: Benchmark, rows: _Rows, location: str, settings: LoadSettings
) -> tuple[tuple[str, ...], str, Counter[tuple[str, str]]]:
    """The rows' names, their hash, and how many are in each category."""
    groups: Counter[tuple[str, str]] = Counter()
    ask = benchmark.prompt(settings.prompt).ask
    seen: dict[str, int] = {}
    digest = hashlib.sha256()
    for place, row in _kept(benchmark, rows.without_pictures(), settings.limit):
        where = f"{location}, row {place + 1}"
        _check_columns(benchmark, row, where)
        key = row_key(benchmark, row) or str(place)
        if key in seen:
            raise DataError(
                f"{where}: its name {key[:60]!r} is also that of row {seen[key] + 1}; each row must come once"
            )
        seen[key] = place
        try:
            benchmark.answer(row)
            benchmark.compat("", row)
            ask(row)
        except (DataError, ValueError) as error:
            raise DataError(f"{where} ({key[:60]}): {str(error).splitlines()[0]}") from None
        groups.update((breakdown, name) for breakdown, names in benchmark.groups(row).items() for name in names)
        digest.update(json.dumps([key, str(row.get("answer", row.get("label")))]).encode("utf-8", errors="replace"))
    if not seen:
        raise DataError(f"{location}: no rows")
    return tuple(seen), digest.hexdigest(), groups


def _check_counts(location: str, name: str, count: int, groups: Counter[tuple[str, str]], split: Split) -> None:
    part = "get the whole set, or say that a part is meant: --allow-partial (in Python allow_partial=True)"
    if count != split.rows:
        raise DataError(f"{location}: {count} rows, but {name} has {split.rows}; {part}")
    for breakdown, category, rows in split.counts:
        if groups[breakdown, category] != rows:
            there = groups[breakdown, category]
            raise DataError(f"{location}: {there} rows with {breakdown} {category}, but {name} has {rows}; {part}")


def _check_columns(benchmark: Benchmark, row: Row, where: str) -> None:
    missing = [" or ".join(group) for group in benchmark.columns if not any(name in row for name in group)]
    if not any(name in row for name in (*PICTURE_COLUMNS, "image_url")):
        missing.append(" or ".join(PICTURE_COLUMNS))
    if missing:
        there = ", ".join(sorted(row)[:20])
        raise DataError(f"{where}: {benchmark.name} needs the columns {'; '.join(missing)}; there are {there}")


def _read(
    benchmark: Benchmark, rows: _Rows, settings: LoadSettings, done: Callable[[str], bool]
) -> Iterator[LoadedRow]:
    ask = benchmark.prompt(settings.prompt).ask
    for place, full in _kept(benchmark, iter(rows), settings.limit):
        key = row_key(benchmark, full) or str(place)
        if done(key):
            continue
        row: dict[str, JsonValue] = {
            name: _plain(value) for name, value in full.items() if not _is_picture(name, value)
        }
        if settings.correct_first:
            row = _right_first(row)
        try:
            pictures = row_pictures(_with_download(full) if settings.download else full, rows.folder)
        except PictureError as error:
            if not settings.allow_partial:
                yield LoadedRow(key, row, None, (), str(error))
            continue
        task = Task(
            id=f"{benchmark.name}/{key}",
            source=benchmark.name,
            question=ask(row),
            images=tuple(picture.ref for picture in pictures),
            answer=benchmark.answer(row),
            meta={"row": row, "prompt": benchmark.prompt(settings.prompt).name},
        )
        yield LoadedRow(key, row, task, pictures, None)


def _with_download(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if has_picture(row) or not row.get("image_url"):
        return row
    return {**row, "image": download_picture(str(row["image_url"]), row.get("image_sha256"))}


def _is_picture(name: str, value: object) -> bool:
    """Cells that hold picture data; the name of a file may stay."""
    is_name = isinstance(value, str) and len(value) < 256 and "." in value and not value.startswith("data:")
    return name in PICTURE_COLUMNS and not is_name


def _plain(value: object) -> JsonValue:
    """A cell as JSON has it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case list() | tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case _:
            return str(value)


def _right_first(row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The same row with the right option as A and the others behind it in their order."""
    options = row_options(row)
    gold = letter_of(row, options)
    if gold is None:
        raise DataError("the right option cannot be put first: the row has none")
    texts = [options[gold], *(text for letter, text in options.items() if letter != gold)]
    question = str(row.get("question") or str(row.get("text") or "").partition("\n")[0])
    kept = {name: value for name, value in row.items() if name not in ("text", "label", "options", "choices", *options)}
    return {**kept, "question": question, "answer": "A", **dict(zip(options, texts, strict=True))}
