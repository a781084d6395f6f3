"""The report of a synthesis run as one self-contained page: a funnel, reasons, examples with their pictures."""

from __future__ import annotations

import base64
import hashlib
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from PIL import Image, ImageDraw

from codedance.errors import PictureError, StoreError
from codedance.imaging import Picture
from codedance.protocol import parse_reply
from codedance.schema import Trajectory, Turn
from codedance.store import RunFolder
from codedance.store.pages import asset_text, page_template, visible
from codedance.synth.pictures.filtering import label_text
from codedance.synth.pictures.report import PAPER_RATES, Ended, SynthReport
from codedance.synth.pictures.views import Box, clipped

__all__ = ["report_page"]

_PACKAGE = "codedance.synth.pictures"

_KEPT_EXAMPLES = 8
_SIDE = 320
_WIDE, _TALL = 560, 30
"""Width and height of a bar's row in the figure."""
_LONG = 4_000


@dataclass(frozen=True, slots=True)
class _Bar:
    """One stage of the figure."""

    name: str
    y: int
    entered: float
    passed: float
    label: str


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why attempts at a stage were not accepted."""

    stage: str
    outcome: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A turn of a kept example."""

    thought: str
    code: str | None
    output: str
    status: str | None
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Example:
    """A kept trajectory, or a picture or question that ended."""

    title: str
    question: str | None
    answer: str | None
    label: str | None
    notes: str
    picture: str | None
    steps: tuple[_Step, ...] = ()


def report_page(
    report: SynthReport, ends: Sequence[Ended], *, run: RunFolder, find: Callable[[str], Picture | None]
) -> str:
    """The page as HTML. What models and file names say is escaped; the page loads nothing and runs no script.

    Args:
        report: the numbers.
        ends: examples of what was not kept.
        run: where the kept ones lie.
        find: a picture by its name, ``None`` if it cannot be had.
    """
    style = asset_text(_PACKAGE, "report.css")
    return page_template(_PACKAGE, "report.html").render(
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        report=report,
        bars=_bars(report),
        width=_WIDE,
        height=_TALL * len(report.stages),
        reasons=[
            _Reason(row.stage.value, outcome.value, _visible(reason), count)
            for row in report.stages
            for outcome, reasons in row.reasons.items()
            for reason, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
        ],
        kept=[_kept(trajectory, run) for trajectory in _chosen(run.trajectories())],
        ended=[_ended(one, find) for one in ends],
    )


def _bars(report: SynthReport) -> list[_Bar]:
    """Bars in the scale of the largest stage; pictures and questions have scales of their own."""
    most: dict[str, int] = {}
    for row in report.stages:
        most[row.unit] = max(most.get(row.unit, 1), row.entered)
    bars = []
    for index, row in enumerate(report.stages):
        scale = (_WIDE - 300) / most[row.unit]
        rate = f" · {row.rate:.0%}" if row.rate is not None else ""
        rate += f" (paper {PAPER_RATES[row.stage]:.0%})" if row.stage in PAPER_RATES else ""
        label = f"{row.passed:,} of {row.entered:,} {row.unit}{rate}"
        bars.append(_Bar(row.stage.value, index * _TALL, row.entered * scale, row.passed * scale, label))
    return bars


def _chosen(trajectories: Iterable[Trajectory]) -> list[Trajectory]:
    """A few, by the hash of their name: no matter in which order they were finished."""
    return heapq.nsmallest(_KEPT_EXAMPLES, trajectories, key=lambda one: hashlib.sha256(one.id.encode()).digest())


def _kept(trajectory: Trajectory, run: RunFolder) -> _Example:
    try:
        pictures: Mapping[str, Picture] = run.load_pictures(trajectory)
    except StoreError:
        pictures = {}
    meta, task = trajectory.task.meta, trajectory.task
    box = meta.get("box")
    corners = [one for one in box if isinstance(one, int)] if isinstance(box, list) else []
    frame: Box | None = (corners[0], corners[1], corners[2], corners[3]) if len(corners) == 4 else None
    first = pictures.get(task.images[0].sha256) if task.images else None
    return _Example(
        title=_visible(str(meta.get("picture", trajectory.id))),
        question=_visible(task.question),
        answer=_visible(trajectory.answer or ""),
        label=_visible(label_text(task.answer)) if task.answer is not None else None,
        notes=_visible(f"{meta.get('category')} · {meta.get('difficulty')}"),
        picture=_url(first, frame),
        steps=tuple(_step(turn, pictures) for turn in trajectory.turns),
    )


def _step(turn: Turn, pictures: Mapping[str, Picture]) -> _Step:
    execution = turn.execution
    shown = execution.images if execution is not None else ()
    output = ""
    if execution is not None:
        trace = execution.error.traceback if execution.error else ""
        output = "\n".join(text for text in (execution.stdout.rstrip(), execution.value or "", trace) if text)
    return _Step(
        thought=_visible(parse_reply(turn.text).thought),
        code=_visible(turn.code) if turn.code is not None else None,
        output=_visible(output),
        status=execution.status.value if execution is not None else None,
        pictures=tuple(url for one in shown if (url := _url(pictures.get(one.image.sha256))) is not None),
    )


def _ended(ended: Ended, find: Callable[[str], Picture | None]) -> _Example:
    return _Example(
        title=_visible(ended.picture),
        question=_visible(ended.question) if ended.question is not None else None,
        answer=_visible(ended.detail) or None,
        label=_visible(ended.answer) if ended.answer is not None else None,
        notes=_visible(f"{ended.stage.value}: {ended.reason or ended.outcome.value}"),
        picture=_url(find(ended.picture), ended.spot.box if ended.spot else None),
    )


def _url(picture: Picture | None, frame: Box | None = None) -> str | None:
    """A small copy as a data URL, with a frame around a box."""
    if picture is None:
        return None
    try:
        image = picture.to_image()
    except PictureError:
        return None
    if frame is not None and (box := clipped(frame, *image.size)) is not None:
        thick = max(2, max(image.size) // 160)
        ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=(214, 40, 40), width=thick)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return Picture.from_image(image).data_url


def _visible(text: str) -> str:
    return visible(text, longest=_LONG)
