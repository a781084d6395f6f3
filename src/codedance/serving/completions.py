"""Answers in OpenAI's form: whole ones and the pieces of streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from codedance.episode import Event, TurnEnded, TurnStarted
from codedance.protocol import parse_reply
from codedance.schema import StopReason, Trajectory
from codedance.serving.refusals import RefusalError
from codedance.serving.service import Asked, Choice
from codedance.serving.steps import ReasoningText, event_json
from codedance.viewer.trace.facts import STOPS

__all__ = ["DONE", "ChoiceStream", "completion", "failure_of", "server_sent", "usage_chunk"]

DONE = b"data: [DONE]\n\n"
"""The end of a stream."""
_LENGTH = frozenset({StopReason.MAX_TURNS, StopReason.MAX_TOKENS, StopReason.TIME})
"""Ends by a budget: ``finish_reason`` is ``length``."""


def completion(asked: Asked, choices: Sequence[Choice]) -> dict[str, Any]:
    """The whole answer."""
    return {
        "id": f"chatcmpl-{asked.name}",
        "object": "chat.completion",
        "created": asked.created,
        "model": asked.served.name,
        "choices": [_choice(asked, one) for one in choices],
        "usage": _usage(choices),
    }


def failure_of(choices: Sequence[Choice]) -> RefusalError | None:
    """Why there is no answer if the infrastructure failed: the model's is a bad gateway (502), the sandbox's a 503."""
    for one in choices:
        failure = one.rollout.trajectory.failure
        match one.rollout.trajectory.stop:
            case StopReason.MODEL_FAILED if failure is not None:
                return RefusalError(502, f"the model could not be asked: {failure.message}", code="model_failed")
            case StopReason.SANDBOX_FAILED if failure is not None:
                return RefusalError(503, f"the sandbox failed: {failure.message}", code="sandbox_failed")
            case _:
                continue
    return None


def server_sent(data: dict[str, Any]) -> bytes:
    """One message of a stream; lone surrogates of hostile text become question marks."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def usage_chunk(asked: Asked, choices: Sequence[Choice]) -> dict[str, Any]:
    """The last piece of a stream whose client asked for the usage."""
    return {**_chunk(asked), "choices": [], "usage": _usage(choices)}


class ChoiceStream:
    """The pieces of one answer: thoughts, code and output in ``reasoning_content``, the answer in ``content``.

    Args:
        asked: the request.
        index: which of its answers.
    """

    def __init__(self, asked: Asked, index: int) -> None:
        self._asked = asked
        self._index = index
        self._text = ReasoningText()

    def begin(self) -> dict[str, Any]:
        """The piece that names the speaker."""
        trace = {"type": "episode_started", "trace": self._asked.trace(self._index)}
        return self._piece({"role": "assistant", "content": "", **self._extra(trace)})

    def step(self, event: Event) -> dict[str, Any] | None:
        """The piece for an event; ``None`` if it has nothing to tell."""
        reasoning = self._text.add(event)
        wishes = self._asked.request.codedance
        delta: dict[str, Any] = {"reasoning_content": reasoning} if reasoning else {}
        if wishes.events:
            delta |= self._extra(event_json(event, pictures=wishes.pictures))
        return self._piece(delta) if delta else None

    def end(self, choice: Choice) -> list[dict[str, Any]]:
        """The answer and why it ends there."""
        trajectory = choice.rollout.trajectory
        answer = _answer(self._asked, trajectory)
        pieces = [self._piece({"content": answer})] if answer else []
        return [*pieces, self._piece(self._extra(_summary(choice)), finish=_finish(trajectory))]

    def _extra(self, value: dict[str, Any]) -> dict[str, Any]:
        return {"codedance": value}

    def _piece(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": self._index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**_chunk(self._asked), "choices": [choice]}


def _chunk(asked: Asked) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{asked.name}",
        "object": "chat.completion.chunk",
        "created": asked.created,
        "model": asked.served.name,
    }


def _choice(asked: Asked, choice: Choice) -> dict[str, Any]:
    trajectory = choice.rollout.trajectory
    text = ReasoningText()
    reasoning = "".join(text.add(event) for event in _turn_events(trajectory))
    message = {
        "role": "assistant",
        "content": _answer(asked, trajectory),
        "refusal": None,
        "reasoning_content": reasoning,
        "codedance": _summary(choice),
    }
    return {"index": choice.index, "message": message, "logprobs": None, "finish_reason": _finish(trajectory)}


def _turn_events(trajectory: Trajectory) -> list[Event]:
    events: list[Event] = []
    for index, turn in enumerate(trajectory.turns):
        thought = parse_reply(turn.text, trajectory.protocol.mode).thought
        events += [TurnStarted(index), TurnEnded(index, turn, thought, ())]
    return events


def _summary(choice: Choice) -> dict[str, Any]:
    trajectory = choice.rollout.trajectory
    return {
        "type": "trace",
        "trace": choice.trace,
        "url": f"/v1/traces/{choice.trace}",
        "page": f"/v1/traces/{choice.trace}/page",
        "stop": trajectory.stop.value,
        "message": STOPS[trajectory.stop],
        "turns": len(trajectory.turns),
        "runs": sum(turn.execution is not None for turn in trajectory.turns),
        "seconds": round(trajectory.seconds, 3),
    }


def _answer(asked: Asked, trajectory: Trajectory) -> str:
    """The answer, cut before the first of the client's stop texts; empty if there is none."""
    answer = trajectory.answer or ""
    ends = [answer.find(stop) for stop in asked.request.stops if stop in answer]
    return answer[: min(ends, default=len(answer))]


def _finish(trajectory: Trajectory) -> str:
    return "length" if trajectory.stop in _LENGTH else "stop"


def _usage(choices: Sequence[Choice]) -> dict[str, int] | None:
    """Tokens over all turns of all answers; ``None`` if a model does not count."""
    turns = [turn for one in choices for turn in one.rollout.trajectory.turns]
    read = [turn.prompt_tokens for turn in turns]
    written = [turn.completion_tokens for turn in turns]
    if None in read or None in written:
        return None
    prompt, sampled = sum(one or 0 for one in read), sum(one or 0 for one in written)
    return {"prompt_tokens": prompt, "completion_tokens": sampled, "total_tokens": prompt + sampled}
