"""From executions to what the model is shown, under budgets that are checked before anything is appended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from codedance.imaging import Picture
from codedance.protocol.chat import ChatMessage, Role
from codedance.protocol.prompt import reminder
from codedance.schema import (
    Execution,
    ExecutionStatus,
    ImagePart,
    Observation,
    ProtocolInfo,
    ReasoningMode,
    Task,
    TextPart,
    Turn,
)

__all__ = ["Allowance", "conversation", "observe", "opening", "remind", "shorten", "turn_messages"]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the next observation may still use."""

    characters: int
    """Characters of text in this observation."""
    images: int
    pixels: int


_ENDS = {
    ExecutionStatus.TIMEOUT: "The code ran too long and was stopped",
    ExecutionStatus.MEMORY: "The code used too much memory and was stopped",
    ExecutionStatus.CRASHED: "The Python process ended unexpectedly",
    ExecutionStatus.DENIED: "The code tried something that is not allowed and was stopped",
    ExecutionStatus.LOST: "The Python process had already ended",
}


def observe(execution: Execution, allowance: Allowance) -> Observation:
    r"""What the model is shown of an execution: text and pictures in the order in which they came.

    Text beyond the allowance loses its middle; a picture beyond it is replaced by a line that says so, never cut.

    >>> cell = Execution(status="ok", stdout="a" * 50, seconds=0.0)
    >>> observe(cell, Allowance(characters=40, images=0, pixels=0)).text
    'aaa\n[36 characters left out]\naaaaaaaaaaa'
    """
    parts: list[TextPart | ImagePart] = []
    truncated = execution.truncated
    images, pixels, shown = allowance.images, allowance.pixels, 0
    for captured in execution.images:
        parts.append(TextPart(text=execution.stdout[shown : captured.after_characters]))
        shown = max(shown, captured.after_characters)
        ref = captured.image
        if images >= 1 and ref.width * ref.height <= pixels:
            parts.append(ImagePart(image=ref))
            images, pixels = images - 1, pixels - ref.width * ref.height
        else:
            parts.append(TextPart(text=f"[picture of {ref.width}x{ref.height} pixels left out: budget used up]\n"))
            truncated = True
    parts.append(TextPart(text=_closing_text(execution, execution.stdout[shown:])))
    parts, cut = _within(_merged(parts), allowance.characters)
    if not parts:
        parts = [TextPart(text="[no output]")]
    return Observation(parts=tuple(parts), truncated=truncated or cut)


def _closing_text(execution: Execution, rest: str) -> str:
    pieces = [rest.rstrip("\n")]
    if execution.value is not None:
        pieces.append(execution.value)
    if execution.stderr.strip():
        pieces.append(execution.stderr.rstrip("\n"))
    if execution.error is not None:
        pieces.append(execution.error.traceback.rstrip("\n") or f"{execution.error.type}: {execution.error.message}")
    elif execution.status is ExecutionStatus.EXITED:
        pieces.append("[the code called exit]")
    if execution.status in _ENDS:
        detail = f" ({execution.detail})" if execution.detail else ""
        pieces.append(f"[{_ENDS[execution.status]}{detail}. Its variables are lost; the next code starts afresh.]")
    return "\n".join(piece for piece in pieces if piece)


def _merged(parts: Sequence[TextPart | ImagePart]) -> list[TextPart | ImagePart]:
    """Neighbouring texts joined, empty ones dropped."""
    merged: list[TextPart | ImagePart] = []
    for part in parts:
        if isinstance(part, TextPart) and merged and isinstance(merged[-1], TextPart):
            merged[-1] = TextPart(text=merged[-1].text + part.text)
        else:
            merged.append(part)
    return [part for part in merged if isinstance(part, ImagePart) or part.text]


def _within(parts: Sequence[TextPart | ImagePart], characters: int) -> tuple[list[TextPart | ImagePart], bool]:
    """Shorten texts from the first to the last until all fit; later texts (the error, the value) keep their share."""
    total = sum(len(part.text) for part in parts if isinstance(part, TextPart))
    if total <= characters:
        return list(parts), False
    kept: list[TextPart | ImagePart] = []
    over = total - characters
    for part in parts:
        if isinstance(part, ImagePart):
            kept.append(part)
            continue
        text = shorten(part.text, max(0, len(part.text) - over)) if over > 0 else part.text
        over -= len(part.text) - len(text)
        if text:
            kept.append(TextPart(text=text))
    return kept, True


def shorten(text: str, characters: int) -> str:
    r"""Cut out the middle so that at most ``characters`` remain, the note about it included; the end keeps most.

    >>> shorten("0123456789" * 6, 45)
    '0123\n[41 characters left out]\n567890123456789'
    """
    if len(text) <= characters:
        return text
    note = f"\n[{len(text)} characters left out]\n"
    room = characters - len(note)
    if room <= 0:
        return text[:0] if characters < 1 else text[-characters:]
    head = room // 4
    tail = room - head
    note = f"\n[{len(text) - room} characters left out]\n"
    return f"{text[:head]}{note}{text[len(text) - tail :]}"


def remind(protocol: ProtocolInfo) -> Observation:
    """What is shown once after a reply that held nothing to act on.

    >>> "no code to run" in remind(ProtocolInfo()).text
    True
    """
    return Observation(parts=(TextPart(text=reminder(protocol)),))


def opening(task: Task, pictures: Sequence[Picture], protocol: ProtocolInfo) -> list[ChatMessage]:
    """The messages before the first turn: the system prompt, then the task's pictures and question.

    Code can measure the pictures; who writes boxes is told their sizes.
    """
    messages = [ChatMessage(Role.SYSTEM, (protocol.system_prompt,))] if protocol.system_prompt else []
    sizes = _sizes(pictures) if protocol.mode is ReasoningMode.SCHEMA else ""
    messages.append(ChatMessage(Role.USER, (*pictures, f"{sizes}{task.question}")))
    return messages


def _sizes(pictures: Sequence[Picture]) -> str:
    sizes = [f"{one.ref.width}x{one.ref.height}" for one in pictures]
    return "".join(f"Picture {number} is {size} pixels.\n" for number, size in enumerate(sizes, 1))


def turn_messages(turn: Turn, pictures: Mapping[str, Picture]) -> list[ChatMessage]:
    """The messages that a turn adds to the context: the kept part of the reply, and what was shown after it.

    Args:
        turn: the turn.
        pictures: every picture that the observation refers to, by SHA-256.
    """
    messages = [ChatMessage(Role.ASSISTANT, (turn.text[: turn.kept_characters],))]
    if turn.observation is not None:
        # Imported trajectories hold feedback of code whose status nobody recorded; what is zoomed to has no code.
        acted = turn.code is not None or turn.execution is not None
        role: Literal[Role.TOOL, Role.USER] = Role.TOOL if acted else Role.USER
        content = tuple(_content(part, pictures) for part in turn.observation.parts)
        messages.append(ChatMessage(role, content))
    return messages


def _content(part: TextPart | ImagePart, pictures: Mapping[str, Picture]) -> str | Picture:
    return part.text if isinstance(part, TextPart) else pictures[part.image.sha256]


def conversation(
    task: Task, turns: Sequence[Turn], protocol: ProtocolInfo, *, pictures: Mapping[str, Picture]
) -> list[ChatMessage]:
    """The whole context after these turns: what the model is asked with next, and what a trainer trains on."""
    messages = opening(task, [pictures[ref.sha256] for ref in task.images], protocol)
    for turn in turns:
        messages.extend(turn_messages(turn, pictures))
    return messages
