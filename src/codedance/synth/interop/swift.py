"""ms-swift: ``{"messages": [{"role", "content"}], "images": [paths]}``, one row a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codedance.protocol import Role
from codedance.schema import Trajectory, Turn
from codedance.synth.interop.chat import count_escaped, sample_messages, shown_pictures
from codedance.synth.interop.contract import ExportFormat, ExportReport, ExportSettings, Sample
from codedance.synth.interop.jsonlines import JsonLines
from codedance.synth.interop.placeholders import join_content
from codedance.synth.interop.records import RECORD, UNSHOWN, record_text, unshown_pictures
from codedance.synth.interop.references import reference_text

__all__ = ["SwiftWriter"]


class SwiftWriter:
    """Trajectories as rows for SFT, tasks as prompts with a ``solution`` for GRPO.

    Feedback has the role ``tool``, which ms-swift renders as a user message between ``<tool_response>`` tags.
    """

    def __init__(self, folder: Path, final: Path, settings: ExportSettings) -> None:
        self._settings = settings
        self._lines = JsonLines(folder, final, name=settings.split, absolute=settings.absolute)
        self._report = ExportReport(format=ExportFormat.SWIFT)

    def add(self, sample: Sample) -> None:
        """Write one sample."""
        record = sample.record
        if isinstance(record, Trajectory) and not record.turns:
            self._report = self._report.plus(empty=1)
            return
        messages = sample_messages(sample, self._settings.code_format)
        shown = shown_pictures(messages)
        rows: list[dict[str, Any]] = [
            {"role": one.role.value, "content": join_content(one.content)} for one in messages
        ]
        row: dict[str, Any] = {"messages": rows, "images": self._lines.paths(shown)}
        if isinstance(record, Trajectory):
            if self._settings.failed_turns_no_loss:
                replies = [one for one, message in zip(rows, messages, strict=True) if message.role is Role.ASSISTANT]
                for reply, turn in zip(replies, record.turns, strict=True):
                    if _failed(turn):
                        reply["loss"] = False
        elif record.answer is not None:
            row["solution"] = reference_text(record.answer)
        if self._settings.record:
            row[RECORD] = record_text(record)
            unshown = self._lines.paths(unshown_pictures(sample, shown))
            if unshown:
                row[UNSHOWN] = unshown
        self._lines.add(row)
        kind = "trajectories" if isinstance(record, Trajectory) else "tasks"
        self._report = self._report.plus(pictures=len(shown), escaped=count_escaped(messages), **{kind: 1})

    def close(self) -> ExportReport:
        """Finish the file."""
        self._lines.close()
        return self._report.model_copy(update={"files": self._lines.files})


def _failed(turn: Turn) -> bool:
    return turn.execution is not None and not turn.execution.ok
