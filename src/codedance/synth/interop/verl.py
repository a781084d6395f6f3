"""verl: prompts with references for reinforcement learning, one parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codedance.protocol import TOOL_NAME, opening, protocol_info
from codedance.schema import Task, Trajectory
from codedance.synth.interop.cells import picture_struct
from codedance.synth.interop.chat import count_escaped, shown_pictures
from codedance.synth.interop.contract import ExportFormat, ExportReport, ExportSettings, Sample
from codedance.synth.interop.placeholders import escape, join_content
from codedance.synth.interop.records import RECORD, record_text
from codedance.synth.interop.references import reference_text
from codedance.synth.interop.shards import ParquetShards, load_features

__all__ = ["AGENT_NAME", "VerlWriter"]

AGENT_NAME = "codedance"
"""Name under which our agent loop registers with verl."""
_ABILITY = "visual_reasoning"


class VerlWriter:
    """Tasks, or the tasks of trajectories, each once; those without a reference answer cannot be rewarded and are left
    out.
    """

    def __init__(self, folder: Path, settings: ExportSettings) -> None:
        self._settings = settings
        self._folder = folder
        self._shards = ParquetShards(folder, settings.split, _features(settings), sharded=False)
        self._seen: set[str] = set()
        self._report = ExportReport(format=ExportFormat.VERL)

    def add(self, sample: Sample) -> None:
        """Write one sample."""
        task = sample.record.task if isinstance(sample.record, Trajectory) else sample.record
        if task.id in self._seen:
            self._report = self._report.plus(repeated=1)
            return
        if task.answer is None:
            self._report = self._report.plus(unreferenced=1)
            return
        self._seen.add(task.id)
        pictures = [sample.pictures[ref.sha256] for ref in task.images]
        messages = opening(task, pictures, protocol_info(self._settings.code_format))
        shown = shown_pictures(messages)
        answer = reference_text(task.answer)
        structs = [picture_struct(picture) for picture in shown]
        create = {"image": structs[0] if structs and self._settings.tool_pictures else None}
        row: dict[str, Any] = {
            "data_source": task.source,
            "prompt": [{"role": one.role.value, "content": join_content(one.content)} for one in messages],
            "images": structs,
            "ability": _ability(task),
            "reward_model": {"style": "rule", "ground_truth": answer},
            "extra_info": {
                "split": self._settings.split,
                "index": self._report.tasks,
                "answer": answer,
                "question": escape(task.question),
                "need_tools_kwargs": self._settings.tool_pictures,
                "tools_kwargs": {TOOL_NAME: {"create_kwargs": create}},
            },
            "agent_name": AGENT_NAME,
        }
        if self._settings.record:
            row[RECORD] = record_text(task)
        copies = 2 if self._settings.tool_pictures else 1
        self._shards.add(row, len(row.get(RECORD, "")) * 2 + copies * sum(len(picture.data) for picture in shown))
        self._report = self._report.plus(tasks=1, pictures=len(shown), escaped=count_escaped(messages))

    def close(self) -> ExportReport:
        """Finish the file."""
        files = tuple(str(path.relative_to(self._folder)) for path in self._shards.close())
        return self._report.model_copy(update={"files": files})


def _ability(task: Task) -> str:
    ability = task.meta.get("ability") or task.meta.get("category")
    return ability if isinstance(ability, str) else _ABILITY


def _features(settings: ExportSettings) -> Any:  # noqa: ANN401 - a library without types
    datasets = load_features()
    text, flag, number = datasets.Value("string"), datasets.Value("bool"), datasets.Value("int64")
    columns: dict[str, Any] = {
        "data_source": text,
        "prompt": datasets.List({"role": text, "content": text}),
        "images": datasets.List(datasets.Image()),
        "ability": text,
        "reward_model": {"style": text, "ground_truth": text},
        "extra_info": {
            "split": text,
            "index": number,
            "answer": text,
            "question": text,
            "need_tools_kwargs": flag,
            "tools_kwargs": {
                TOOL_NAME: {"create_kwargs": {"image": {"bytes": datasets.Value("binary"), "path": text}}}
            },
        },
        "agent_name": text,
    }
    if settings.record:
        columns[RECORD] = text
    return datasets.Features(columns)
