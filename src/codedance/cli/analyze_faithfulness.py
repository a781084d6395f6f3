"""``codedance analyze faithfulness``: whether what was looked at holds the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.analyze import JsonFlag, Limit, Out, deliver
from codedance.cli.progress import progress_bar
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.analysis.evidence import EvidenceFile

__all__ = ["EPILOG", "faithfulness"]

EPILOG = """
Examples:

- `codedance analyze faithfulness runs/code`

- `codedance analyze faithfulness runs/vstar --vstar vstar_bench -o reports/faithfulness`

- `codedance analyze faithfulness runs/mine --boxes boxes.jsonl --json`

Generated worlds know where their evidence lies. For others, --boxes names a file with a line such as
`{"id": "mine/3", "boxes": [[10, 20, 60, 90]]}` for each task: left, top, right, bottom in pixels.
"""


def faithfulness(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs with trajectories.")],
    boxes: Annotated[Path | None, typer.Option(metavar="FILE", help="Boxes of the evidence, a line a task.")] = None,
    vstar: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy of V*Bench with its annotations beside the pictures.")
    ] = None,
    out: Out = None,
    as_json: JsonFlag = False,
    limit: Limit = None,
) -> None:
    """Do the views that code showed hold the evidence? Right answers with unfaithful views; counts and answers."""
    from codedance.analysis.faithfulness import faithfulness_of, looks
    from codedance.analysis.faithfulness_report import faithfulness_figures, faithfulness_sections

    told = _told(boxes, vstar)
    found = []
    for run in runs:
        with progress_bar(run.name or "attempts", limit) as tick:
            found.append(faithfulness_of(list(looks(run, told=told, limit=limit, tick=tick)), run=run.name or str(run)))
    deliver(
        "faithfulness",
        faithfulness_sections(found),
        title=f"Views and evidence in {', '.join(one.run for one in found)}",
        values=[one.model_dump(mode="json") for one in found],
        figures=faithfulness_figures(found),
        out=out,
        as_json=as_json,
    )


def _told(boxes: Path | None, vstar: Path | None) -> EvidenceFile | None:
    from codedance.analysis.evidence import read_boxes, read_vstar

    if boxes is not None and vstar is not None:
        raise UsageError("name --boxes or --vstar, not both")
    if boxes is not None:
        return read_boxes(boxes)
    return read_vstar(vstar) if vstar is not None else None
