"""From an engine's row to a task of ours: by the reader of imported rows, or from our record that travels with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import ValidationError

from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.schema import Task
from codedance.synth.interop.cells import PictureReader
from codedance.synth.interop.contract import UnreadableRowError
from codedance.synth.interop.records import RECORD
from codedance.synth.interop.rows import RowReader

__all__ = ["AskedRow", "asked_row"]


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A task, its pictures, and the system prompt that its row has."""

    task: Task
    pictures: tuple[Picture, ...]
    system: str | None


def asked_row(
    row: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], *, root: Path, images: Sequence[Any] = ()
) -> AskedRow:
    """Read a row as an engine hands it on.

    Our own record decides, where the row has it: it knows tolerances, alternatives, and what the task came from.
    Engines decode pictures, so that their bytes are not those of the record; the pixels are.

    Args:
        row: the columns.
        messages: the prompt; pictures stand in its parts, or have places in its texts.
        root: where relative paths of pictures begin.
        images: for places in the texts: bytes, paths, data URLs, or what Pillow decoded.

    Raises:
        DataError: the row asks nothing, a picture is not there, or the record is broken.
    """
    cells = [_cell(one) for one in (*images, *_within(messages))]
    plain = {name: value for name, value in row.items() if name not in (RECORD, "messages", "prompt", "images")}
    asked = [_without_pictures(message) for message in messages]
    name = str(row.get("data_source") or "engine")
    reader = RowReader(name, PictureReader(root), escaped=RECORD in row, use_record=False)
    try:
        sample = reader.read({**plain, "messages": asked, "images": cells}, int(_index(row)))
    except UnreadableRowError as error:
        raise DataError(f"a row of {name} cannot be read ({error})") from None
    task = sample.record if isinstance(sample.record, Task) else sample.record.task
    pictures = tuple(sample.pictures[ref.sha256] for ref in task.images)
    recorded = _recorded(row.get(RECORD), pictures)
    return AskedRow(recorded or task, pictures, _system(asked))


def _recorded(text: object, pictures: Sequence[Picture]) -> Task | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        held = json.loads(text)
        value = held.get("task") or held["trajectory"]["task"]
        task = Task.model_validate(value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError) as error:
        raise DataError(f"the column {RECORD} holds no record of ours ({type(error).__name__})") from None
    if len(task.images) != len(pictures):
        raise DataError(f"{task.id}: the record has {len(task.images)} pictures and the row {len(pictures)}")
    return task.model_copy(update={"images": tuple(picture.ref for picture in pictures)})


def _within(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Pictures that stand in the messages' parts."""
    parts = [part for message in messages if not isinstance(message.get("content"), str) for part in _parts(message)]
    return [part["image"] if part.get("image") is not None else part for part in parts if part.get("type") == "image"]


def _parts(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in message.get("content") or [] if isinstance(part, Mapping)]


def _without_pictures(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, str):
        places = [{"type": "image"} if part.get("type") == "image" else dict(part) for part in _parts(message)]
        content = [{name: value for name, value in part.items() if value is not None} for part in places]
    return {"role": message.get("role"), "content": content}


def _system(messages: Sequence[Mapping[str, Any]]) -> str | None:
    if not messages or messages[0]["role"] != "system":
        return None
    content = messages[0]["content"]
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    return Picture.from_image(value).data if isinstance(value, Image.Image) else value


def _index(row: Mapping[str, Any]) -> int:
    extra = row.get("extra_info")
    value = extra.get("index") if isinstance(extra, Mapping) else row.get("index")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
