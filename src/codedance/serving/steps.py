"""What an episode tells, for programs: events as JSON, and thoughts, code and output as readable text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, assert_never

from codedance.episode import CodeStarted, EpisodeEnded, Event, TextSampled, TurnEnded, TurnStarted
from codedance.imaging import Picture
from codedance.protocol import parse_reply
from codedance.schema import Execution, Trajectory, Turn
from codedance.viewer.trace.facts import STOPS

__all__ = ["ReasoningText", "event_json", "trace_events"]

_OPEN, _CLOSE = "<think>", "</think>"
_REASONING_OUTPUT = 4_000
"""Characters of one output in the readable text; the trace has all."""


def event_json(event: Event, *, pictures: bool) -> dict[str, Any]:
    """One step as JSON; turns count from 1, pictures come along as data URLs if they are asked for.

    >>> event_json(TurnStarted(0), pictures=False)
    {'type': 'turn_started', 'turn': 1}
    """
    match event:
        case TurnStarted(index=index):
            return {"type": "turn_started", "turn": index + 1}
        case TextSampled(text=text):
            return {"type": "text", "text": text}
        case CodeStarted(thought=thought, code=code):
            return {"type": "code_started", "thought": thought, "code": code}
        case TurnEnded(index=index, turn=turn, thought=thought, pictures=shown):
            by_hash = {one.ref.sha256: one for one in shown} if pictures else {}
            return _turn(index, turn, thought, by_hash)
        case EpisodeEnded(trajectory=trajectory):
            return _end(trajectory)
        case unreachable:
            assert_never(unreachable)


def trace_events(trajectory: Trajectory) -> list[dict[str, Any]]:
    """The same steps of an episode that is over; pictures by hash."""
    turns = [
        _turn(index, turn, parse_reply(turn.text, trajectory.protocol.mode).thought, {})
        for index, turn in enumerate(trajectory.turns)
    ]
    return [*turns, _end(trajectory)]


def _turn(index: int, turn: Turn, thought: str, pictures: dict[str, Picture]) -> dict[str, Any]:
    return {
        "type": "turn_ended",
        "turn": index + 1,
        "thought": thought,
        "code": turn.code,
        "execution": _execution(turn.execution, pictures) if turn.execution is not None else None,
        "reminder": turn.observation.text if turn.observation is not None and turn.execution is None else None,
        "seconds": round(turn.seconds, 3),
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": turn.completion_tokens,
    }


def _execution(execution: Execution, pictures: dict[str, Picture]) -> dict[str, Any]:
    return {
        "status": execution.status.value,
        "detail": execution.detail,
        "seconds": round(execution.seconds, 4),
        "stdout": execution.stdout,
        "value": execution.value,
        "stderr": execution.stderr,
        "error": execution.error.traceback if execution.error is not None else None,
        "truncated": execution.truncated,
        "images": [
            {
                "sha256": one.image.sha256,
                "width": one.image.width,
                "height": one.image.height,
                "source": one.source.value,
                **({"url": pictures[one.image.sha256].data_url} if one.image.sha256 in pictures else {}),
            }
            for one in execution.images
        ],
    }


def _end(trajectory: Trajectory) -> dict[str, Any]:
    return {
        "type": "episode_ended",
        "answer": trajectory.answer,
        "stop": trajectory.stop.value,
        "message": STOPS[trajectory.stop],
        "failure": trajectory.failure.message if trajectory.failure is not None else None,
        "turns": len(trajectory.turns),
        "seconds": round(trajectory.seconds, 3),
    }


@dataclass(slots=True)
class ReasoningText:
    r"""An episode as text that grows: thoughts as they are sampled, code and output in fences.

    >>> text = ReasoningText()
    >>> [text.add(one) for one in (TurnStarted(0), TextSampled("<think>I co"), TextSampled("unt.</think><co"))]
    ['', 'I co', 'unt.']
    >>> text.add(CodeStarted("I count.", "1 + 1"))
    '\n```python\n1 + 1\n```\n'
    """

    _sampled: str = ""
    _told: str = ""
    """Of the thought of this turn."""
    _code_told: bool = False
    _begun: bool = False

    def add(self, event: Event) -> str:
        """The text that an event adds; may be empty."""
        match event:
            case TurnStarted():
                self._sampled, self._told, self._code_told = "", "", False
                return "\n" if self._begun else ""
            case TextSampled(text=text):
                self._sampled += text
                return self._thought(_thought_so_far(self._sampled))
            case CodeStarted(thought=thought, code=code):
                return self._rest(thought) + self._code(code)
            case TurnEnded(turn=turn, thought=thought):
                more = self._rest(thought)
                if turn.code is not None and not self._code_told:
                    more += self._code(turn.code)
                return more + (_output(turn.execution) if turn.execution is not None else "")
            case EpisodeEnded():
                return ""
            case unreachable:
                assert_never(unreachable)

    def _thought(self, thought: str) -> str:
        if not thought.startswith(self._told):
            return ""  # the model began again: the rest is told when the turn is known
        new, self._told = thought[len(self._told) :], thought
        self._begun = self._begun or bool(new)
        return new

    def _rest(self, thought: str) -> str:
        if self._told == thought:
            return ""
        new = thought[len(self._told) :] if thought.startswith(self._told) else f"\n{thought}"
        self._told, self._begun = thought, True
        return new

    def _code(self, code: str) -> str:
        self._code_told = self._begun = True
        return _fenced(code, "python")


def _thought_so_far(text: str) -> str:
    """The thought at the beginning of a reply that is not complete; nothing that may yet turn out to be a tag."""
    text = text.lstrip()
    if not text.startswith(_OPEN):
        return ""
    thought, closed, _ = text[len(_OPEN) :].partition(_CLOSE)
    if not closed:
        for length in range(len(_CLOSE) - 1, 0, -1):
            if thought.endswith(_CLOSE[:length]):
                thought = thought[:-length]
                break
    return thought.strip()


def _output(execution: Execution) -> str:
    trace = execution.error.traceback if execution.error is not None else ""
    pieces = [execution.stdout, execution.value or "", execution.stderr, trace]
    pieces += [f"[picture {one.image.width}x{one.image.height}]" for one in execution.images]
    if not execution.ok:
        pieces.append(f"[{execution.status.value}{f': {execution.detail}' if execution.detail else ''}]")
    text = "\n".join(piece.rstrip("\n") for piece in pieces if piece.strip()) or "[no output]"
    if len(text) > _REASONING_OUTPUT:
        text = f"{text[:_REASONING_OUTPUT]}\n[{len(text) - _REASONING_OUTPUT} characters left out]"
    return _fenced(text, "text")


def _fenced(text: str, kind: str) -> str:
    """A fence that is longer than any in the text."""
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"\n{ticks}{kind}\n{text}\n{ticks}\n"
