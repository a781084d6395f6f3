"""TRL: conversational rows, ``content`` a list of parts, ``images`` in the order of the parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codedance.imaging import Picture
from codedance.protocol import ChatMessage, as_user_message
from codedance.schema import Trajectory
from codedance.synth.interop.cells import picture_struct
from codedance.synth.interop.chat import count_escaped, sample_messages, shown_pictures
from codedance.synth.interop.contract import ExportFormat, ExportReport, ExportSettings, Sample
from codedance.synth.interop.jsonlines import JsonLines
from codedance.synth.interop.placeholders import escape
from codedance.synth.interop.records import RECORD, UNSHOWN, record_text, unshown_pictures
from codedance.synth.interop.references import reference_text
from codedance.synth.interop.shards import ParquetShards, load_features

__all__ = ["TrlWriter"]

_PARTS = {"type": "string", "text": "string"}


class TrlWriter:
    """Trajectories as ``messages`` for SFT, or tasks as ``prompt`` and ``solution`` for GRPO; one kind an export.

    Feedback is a user message between ``<tool_response>`` tags: chat templates of vision models know no role for it.
    A part has the keys ``type`` and ``text`` only, because chat templates take a part with a key ``image`` for a
    picture even where its value is null.
    """

    def __init__(self, folder: Path, final: Path, settings: ExportSettings, *, conversations: bool) -> None:
        self._settings = settings
        self._column = "messages" if conversations else "prompt"
        self._lines: JsonLines | None = None
        self._shards: ParquetShards | None = None
        self._folder = folder
        if settings.jsonl:
            self._lines = JsonLines(folder, final, name=settings.split, absolute=settings.absolute)
        else:
            features = _features(self._column, record=settings.record)
            self._shards = ParquetShards(folder / "data", settings.split, features)
        self._report = ExportReport(format=ExportFormat.TRL)

    def add(self, sample: Sample) -> None:
        """Write one sample."""
        record = sample.record
        if isinstance(record, Trajectory) and not record.turns:
            self._report = self._report.plus(empty=1)
            return
        messages = sample_messages(sample, self._settings.code_format)
        shown = shown_pictures(messages)
        row: dict[str, Any] = {self._column: [_message(as_user_message(one)) for one in messages]}
        if not isinstance(record, Trajectory):
            row["solution"] = reference_text(record.answer) if record.answer is not None else None
        if self._settings.record:
            row[RECORD] = record_text(record)
        self._write(row, shown, unshown_pictures(sample, shown) if self._settings.record else [])
        kind = "trajectories" if isinstance(record, Trajectory) else "tasks"
        self._report = self._report.plus(pictures=len(shown), escaped=count_escaped(messages), **{kind: 1})

    def close(self) -> ExportReport:
        """Finish the files."""
        files: Sequence[str] = ()
        if self._lines is not None:
            self._lines.close()
            files = self._lines.files
        elif self._shards is not None:
            files = [str(path.relative_to(self._folder)) for path in self._shards.close()]
        return self._report.model_copy(update={"files": tuple(files)})

    def _write(self, row: dict[str, Any], shown: Sequence[Picture], unshown: Sequence[Picture]) -> None:
        if self._lines is not None:
            row["images"] = self._lines.paths(shown)
            if unshown:
                row[UNSHOWN] = self._lines.paths(unshown)
            self._lines.add(row)
        elif self._shards is not None:
            row["images"] = [picture_struct(picture) for picture in shown]
            if self._settings.record:
                row[UNSHOWN] = [picture_struct(picture) for picture in unshown]
            texts = len(row.get(RECORD, "")) * 2
            self._shards.add(row, texts + sum(len(picture.data) for picture in (*shown, *unshown)))


def _message(message: ChatMessage) -> dict[str, Any]:
    parts: list[dict[str, str]] = []
    for part in message.content:
        if isinstance(part, Picture):
            parts.append({"type": "image"})
        elif parts and parts[-1]["type"] == "text":
            parts[-1]["text"] += escape(part)
        else:
            parts.append({"type": "text", "text": escape(part)})
    return {"role": message.role.value, "content": parts}


def _features(column: str, *, record: bool) -> Any:  # noqa: ANN401 - a library without types
    datasets = load_features()
    text = datasets.Value("string")
    parts = {name: datasets.Value(kind) for name, kind in _PARTS.items()}
    columns: dict[str, Any] = {
        column: datasets.List({"role": text, "content": datasets.List(parts)}),
        "images": datasets.List(datasets.Image()),
    }
    if column == "prompt":
        columns["solution"] = text
    if record:
        columns |= {RECORD: text, UNSHOWN: datasets.List(datasets.Image())}
    return datasets.Features(columns)
