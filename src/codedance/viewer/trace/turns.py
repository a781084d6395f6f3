"""A turn as the page shows it: thought, code, how it ended, what it printed and showed, what it cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from markupsafe import Markup

from codedance.protocol import AnswerAction, ZoomAction, parse_reply
from codedance.schema import (
    Execution,
    ExecutionStatus,
    FinishReason,
    ImageRef,
    ImageSource,
    ReasoningMode,
    TextPart,
    Turn,
)
from codedance.viewer.shell import highlighted, visible
from codedance.viewer.trace.marks import Mark

__all__ = ["Shown", "TurnBlock", "duration", "shorten", "turn_block"]

_LONG = 4_000
"""Characters of a text that is shown unfolded."""
_LONGEST = 200_000
"""Characters of a text that is shown at all."""

Link = Callable[[ImageRef], str | None]
"""The address of a picture on the page; ``None`` if the picture is missing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the page."""

    url: str | None
    """``None`` if it is missing."""
    width: int
    height: int
    label: str
    part: str = ""
    """Which part of an input it is, in words; empty if that is not known."""
    pixelated: bool = False
    """Small: it is enlarged without smoothing, so that its pixels can be seen."""

    @property
    def size(self) -> str:
        """Width and height as people write them."""
        return f"{self.width}\u00d7{self.height}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text of a turn; long ones are folded."""

    title: str
    text: str
    kind: str
    folded: bool


@dataclass(frozen=True, slots=True)
class TurnBlock:
    """A turn on the page."""

    number: int
    thought: str
    code: Markup | None
    status: str | None
    tone: str
    """``good``, ``bad``, ``warn`` or empty: how its code ended."""
    detail: str
    pieces: tuple[_Piece, ...]
    pictures: tuple[Shown, ...]
    answer: str | None
    meta: tuple[str, ...]
    credit: float | None
    """What turn-level rewards add to its tokens' advantage; ``None`` if there are none."""
    marks: tuple[tuple[Mark, str], ...]
    """Places on the inputs, each with the words for it."""

    @property
    def heading(self) -> str:
        """What the turn did, in a word or two."""
        if self.code is not None:
            return "Code"
        if self.answer is not None:
            return "Answer"
        return "Look" if any(piece.title == "call" for piece in self.pieces) else "Reply"


def turn_block(
    number: int,
    turn: Turn,
    *,
    mode: ReasoningMode,
    link: Link,
    marks: Sequence[Mark],
    credit: float | None,
    inputs: int,
) -> TurnBlock:
    """What the page says of a turn.

    Args:
        number: from 1.
        turn: the record.
        mode: how the reply is read.
        link: addresses of pictures.
        marks: places of this turn's pictures and boxes.
        credit: the turn's credit, if there is any.
        inputs: how many pictures the question has.
    """
    reply = parse_reply(turn.text, mode)
    execution = turn.execution
    pieces: list[_Piece] = []
    if isinstance(reply.action, ZoomAction):
        pieces.append(_piece("call", json.dumps(reply.action.arguments, ensure_ascii=False), "out"))
    pictures: tuple[Shown, ...] = ()
    if execution is not None:
        pieces += _outcome(execution)
        parts = {mark.picture: mark.words(inputs) for mark in marks if mark.picture is not None}
        pictures = tuple(
            _shown(one.image, link, label=_source(one.source), part=parts.get(index, ""))
            for index, one in enumerate(execution.images)
        )
    feedback, unrecorded = _feedback(turn, link)
    pieces += feedback
    dropped = turn.text[turn.kept_characters :]
    if dropped.strip():
        pieces.append(_piece("written after the action, and dropped", dropped, "note"))
    answer = reply.action.text if isinstance(reply.action, AnswerAction) else None
    return TurnBlock(
        number=number,
        thought=shorten(reply.thought),
        code=highlighted(turn.code) if turn.code is not None else None,
        status=execution.status.value if execution else None,
        tone=_tone(execution),
        detail=shorten(execution.detail or "") if execution else "",
        pieces=tuple(pieces),
        pictures=pictures or unrecorded,
        answer=shorten(answer) if answer is not None else None,
        meta=_meta(turn),
        credit=credit,
        marks=tuple((mark, mark.words(inputs)) for mark in marks),
    )


def shorten(text: str) -> str:
    """A text made safe and visible; the end of a huge one is left out, and that is said."""
    if len(text) <= _LONGEST:
        return visible(text)
    left = len(text) - _LONGEST
    return f"{visible(text[:_LONGEST])}\n[{left:,} more characters are in the trajectory's file]"


def duration(seconds: float) -> str:
    """A time as people read it.

    >>> duration(0.0123), duration(2.345), duration(75), duration(5000)
    ('12 ms', '2.3 s', '1 min 15 s', '1 h 23 min')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _outcome(execution: Execution) -> list[_Piece]:
    trace = execution.error.traceback if execution.error else ""
    texts = (
        ("output", execution.stdout, "out"),
        ("value", execution.value or "", "out"),
        ("warnings", execution.stderr, "warn"),
        ("error", trace, "err"),
    )
    return [_piece(title, text, kind) for title, text, kind in texts if text.strip()]


def _feedback(turn: Turn, link: Link) -> tuple[list[_Piece], tuple[Shown, ...]]:
    """What the model was shown where that is not what happened, and the pictures of an end that nobody recorded."""
    observation, execution = turn.observation, turn.execution
    if observation is None or (execution is not None and not observation.truncated):
        return [], ()
    shown = "".join(one.text if isinstance(one, TextPart) else "[picture]" for one in observation.parts)
    if execution is not None:
        return [_piece("what the model was shown (cut to its budget)", shown, "note")], ()
    if turn.code is None:
        return [_piece("reminder", shown, "note")], ()
    pictures = tuple(_shown(ref, link, label="shown") for ref in observation.images)
    return [_piece("what the model was shown", shown, "note")], pictures


def _meta(turn: Turn) -> tuple[str, ...]:
    parts = [f"model {duration(turn.seconds)}"]
    if turn.execution is not None:
        parts.append(f"code {duration(turn.execution.seconds)}")
    if turn.prompt_tokens is not None:
        parts.append(f"{turn.prompt_tokens:,} tokens read")
    if turn.completion_tokens is not None:
        parts.append(f"{turn.completion_tokens:,} written")
    if turn.finish is FinishReason.LENGTH:
        parts.append("cut at the token limit")
    if turn.retries:
        parts.append(f"asked again {turn.retries} times")
    return tuple(parts)


def _piece(title: str, text: str, kind: str) -> _Piece:
    return _Piece(title, shorten(text.rstrip("\n")), kind, len(text) > _LONG)


def _shown(ref: ImageRef, link: Link, *, label: str, part: str = "") -> Shown:
    return Shown(link(ref), ref.width, ref.height, label, part, pixelated=max(ref.width, ref.height) < 160)


def _tone(execution: Execution | None) -> str:
    if execution is None:
        return ""
    match execution.status:
        case ExecutionStatus.OK:
            return "good"
        case ExecutionStatus.EXITED:
            return "warn"
        case _:
            return "bad"


def _source(source: ImageSource) -> str:
    match source:
        case ImageSource.VALUE:
            return "value of the last line"
        case ImageSource.FIGURE:
            return "matplotlib figure"
        case ImageSource.DISPLAY:
            return "shown by the code"
        case unreachable:
            assert_never(unreachable)
