"""The ``datasets`` library: trajectories and tasks as two configurations, pictures as ``Image`` features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codedance.schema import Task, Trajectory, Turn
from codedance.store import write_text
from codedance.synth.interop.cells import picture_struct
from codedance.synth.interop.chat import count_escaped, sample_messages, shown_pictures
from codedance.synth.interop.contract import ExportFormat, ExportReport, ExportSettings, Sample
from codedance.synth.interop.placeholders import join_content
from codedance.synth.interop.records import RECORD, UNSHOWN, record_text, unshown_pictures
from codedance.synth.interop.references import reference_text
from codedance.synth.interop.shards import ParquetShards, load_features

__all__ = ["HfWriter"]

_FACTS = ("category", "family", "difficulty")


class HfWriter:
    """Everything that a folder holds: ``load_dataset(DIR, "trajectories")`` and ``load_dataset(DIR, "tasks")``."""

    def __init__(self, folder: Path, settings: ExportSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._shards: dict[str, ParquetShards] = {}
        self._report = ExportReport(format=ExportFormat.HF)

    def add(self, sample: Sample) -> None:
        """Write one sample."""
        record = sample.record
        messages = sample_messages(sample, self._settings.code_format)
        shown = shown_pictures(messages)
        row: dict[str, Any] = {
            "messages": [{"role": one.role.value, "content": join_content(one.content)} for one in messages],
            "images": [picture_struct(picture) for picture in shown],
        }
        if isinstance(record, Trajectory):
            name = "trajectories"
            row |= {"id": record.id, **_task_columns(record.task), **_attempt_columns(record)}
        else:
            name = "tasks"
            row |= {"id": record.id, **_task_columns(record)}
        size = 2 * sum(len(one["content"]) for one in row["messages"]) + sum(len(picture.data) for picture in shown)
        if self._settings.record:
            unshown = unshown_pictures(sample, shown)
            row |= {RECORD: record_text(record), UNSHOWN: [picture_struct(picture) for picture in unshown]}
            size += len(row[RECORD]) + sum(len(picture.data) for picture in unshown)
        if name not in self._shards:
            features = _features(attempts=name == "trajectories", record=self._settings.record)
            self._shards[name] = ParquetShards(self._folder / name, self._settings.split, features)
        self._shards[name].add(row, size)
        self._report = self._report.plus(pictures=len(shown), escaped=count_escaped(messages), **{name: 1})

    def close(self) -> ExportReport:
        """Finish the files and write the card that tells ``datasets`` where they are."""
        files = {name: shards.close() for name, shards in self._shards.items()}
        write_text(self._folder / "README.md", _card(sorted(files), self._settings.split))
        paths = tuple(str(path.relative_to(self._folder)) for name in sorted(files) for path in files[name])
        return self._report.model_copy(update={"files": paths})


def _task_columns(task: Task) -> dict[str, Any]:
    facts = {name: value if isinstance(value := task.meta.get(name), str) else None for name in _FACTS}
    answer = reference_text(task.answer) if task.answer is not None else None
    return {"source": task.source, "question": task.question, "reference": answer, **facts}


def _attempt_columns(trajectory: Trajectory) -> dict[str, Any]:
    return {
        "model": trajectory.model,
        "answer": trajectory.answer,
        "stop": trajectory.stop.value,
        "turns": [_turn_columns(turn) for turn in trajectory.turns],
    }


def _turn_columns(turn: Turn) -> dict[str, Any]:
    execution = turn.execution
    return {
        "code": turn.code,
        "status": execution.status.value if execution else None,
        "stdout": execution.stdout if execution else None,
        "error": execution.error.type if execution and execution.error else None,
        "seconds": execution.seconds if execution else None,
    }


def _features(*, attempts: bool, record: bool) -> Any:  # noqa: ANN401 - a library without types
    datasets = load_features()
    text = datasets.Value("string")
    names = ("id", "source", "question", "reference", *_FACTS)
    columns: dict[str, Any] = dict.fromkeys(names, text)
    if attempts:
        turn = {**dict.fromkeys(("code", "status", "stdout", "error"), text), "seconds": datasets.Value("float64")}
        columns |= {**dict.fromkeys(("model", "answer", "stop"), text), "turns": datasets.List(turn)}
    columns |= {
        "messages": datasets.List({"role": text, "content": text}),
        "images": datasets.List(datasets.Image()),
    }
    if record:
        columns |= {RECORD: text, UNSHOWN: datasets.List(datasets.Image())}
    return datasets.Features(columns)


def _card(names: list[str], split: str) -> str:
    """The head of a dataset card: which files are which configuration."""
    lines = ["---", "configs:"]
    for name in names:
        lines += [f"- config_name: {name}", "  data_files:", f"  - split: {split}", f"    path: {name}/*.parquet"]
    return "\n".join([*lines, "---", "", "Written by `codedance export hf`.", ""])
