"""Reading a request for a chat completion: what is understood, what is passed over, what is refused and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from codedance.episode import EpisodeSettings
from codedance.schema import Budgets, Sampling
from codedance.schema.faults import first_fault
from codedance.serving.refusals import RefusalError
from codedance.serving.settings import ServingSettings

__all__ = ["ChatRequest", "StreamOptions", "Wishes", "read_request", "wanted_settings"]

_COLD = 1e-3
"""Temperatures below this are greedy: dividing by them would leave the range of numbers."""
_MOST_STOPS = 4
_NEUTRAL: dict[str, tuple[object, ...]] = {
    "audio": (None,),
    "frequency_penalty": (None, 0),
    "function_call": (None, "none"),
    "functions": (None, []),
    "logit_bias": (None, {}),
    "logprobs": (None, False),
    "modalities": (None, ["text"]),
    "prediction": (None,),
    "presence_penalty": (None, 0),
    "response_format": (None, {"type": "text"}),
    "tool_choice": (None, "none", "auto"),
    "tools": (None, []),
    "top_logprobs": (None, 0),
    "web_search_options": (None,),
}
"""Fields that this server cannot honour, with the values that ask for nothing."""
_INSTEAD = {
    "tools": "the model here uses its own tool, Python; yours cannot be called",
    "functions": "the model here uses its own tool, Python; yours cannot be called",
    "response_format": "answers are plain text; ask for the form in words",
    "logprobs": "log-probabilities are not given",
    "audio": "answers are text",
    "modalities": "answers are text",
}
_PASSED_OVER = frozenset(
    {
        "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "safety_identifier", "service_tier",
        "store", "user", "verbosity",
    }
)  # fmt: skip
"""Fields that change nothing about the answer of any server that ignores them."""


def _whole(value: Any) -> Any:  # noqa: ANN401 - runs before validation
    """Whole numbers that were written as 3.0, as some clients do."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]


class StreamOptions(BaseModel):
    """``stream_options`` of a request."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    include_usage: bool = False


class Wishes(BaseModel):
    """The extra field ``codedance`` of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    max_turns: _Count | None = None
    """Replies of the model, at most the server's own limit."""
    max_seconds: float | None = Field(default=None, gt=0.0)
    """Wall-clock seconds of the episode, likewise."""
    events: bool = True
    """In a stream: tell every step in the extra field ``codedance`` of the pieces."""
    pictures: bool = False
    """Put the pictures that code showed into those events, as data URLs."""


class ChatRequest(BaseModel):
    """A request of ``/v1/chat/completions``; messages are read later."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    model: str
    messages: list[Any] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: _Count | None = 1
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    max_tokens: _Count | None = None
    max_completion_tokens: _Count | None = None
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    codedance: Wishes = Wishes()

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts before which the answer is cut."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(one for one in stops if one)


def read_request(body: bytes, settings: ServingSettings) -> ChatRequest:
    """Check a body; raises :class:`RefusalError` (400) that names the field.

    >>> read_request(b'{"model": "m", "messages": [{}], "n": 99}', ServingSettings())
    Traceback (most recent call last):
    codedance.serving.refusals.RefusalError: n: at most 8 answers to one request are given here
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise RefusalError(400, f"the body is no JSON ({reason})", code="invalid_json") from None
    if not isinstance(values, dict):
        raise RefusalError(400, "the body must be a JSON object", code="invalid_json")
    _refuse_unsupported(values)
    try:
        request = ChatRequest.model_validate({name: values[name] for name in values if name not in _NEUTRAL})
    except ValidationError as error:
        fault = first_fault(error)
        param = _path(fault.steps)
        raise RefusalError(400, f"{param}: {fault.message.lower()}", param=param, code=fault.kind) from None
    if (request.n or 1) > settings.choices:
        raise RefusalError(400, f"n: at most {settings.choices} answers to one request are given here", param="n")
    if len(request.stops) > _MOST_STOPS:
        raise RefusalError(400, f"stop: at most {_MOST_STOPS} texts", param="stop")
    if len(request.messages) > settings.messages:
        raise RefusalError(400, f"messages: at most {settings.messages} are read here", param="messages")
    return request


def wanted_settings(request: ChatRequest, base: EpisodeSettings, *, attempt: int = 0) -> EpisodeSettings:
    """How the episode is run: the server's settings with what the request asks for, never beyond their budgets.

    Attempts of one request differ in their seeds, so that ``n`` answers are ``n`` samples.

    Raises:
        RefusalError: more was asked for than the server gives (400).
    """
    most = base.budgets
    tokens = request.max_completion_tokens or request.max_tokens
    name = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
    budgets = most.model_copy(
        update={
            "turns": _within(request.codedance.max_turns, most.turns, "codedance.max_turns"),
            "seconds": _within(request.codedance.max_seconds, most.seconds, "codedance.max_seconds"),
            "tokens": _within(tokens, most.tokens, name),
        }
    )
    return base.model_copy(update={"budgets": budgets, "sampling": _sampling(request, base.sampling, budgets, attempt)})


def _sampling(request: ChatRequest, base: Sampling, budgets: Budgets, attempt: int) -> Sampling:
    temperature = base.temperature if request.temperature is None else request.temperature
    seed = base.seed if request.seed is None else request.seed
    if seed is not None and attempt:
        seed = (seed + attempt) % 2**63
    return base.model_copy(
        update={
            "temperature": temperature if temperature >= _COLD else 0.0,
            "top_p": base.top_p if request.top_p is None else request.top_p,
            "max_tokens": min(base.max_tokens, budgets.tokens),
            "seed": seed,
        }
    )


def _within(wanted: float | None, most: float, param: str) -> float:
    if wanted is not None and wanted > most:
        raise RefusalError(400, f"{param}: at most {_shown(most)} here, {_shown(wanted)} were asked for", param=param)
    return most if wanted is None else wanted


def _shown(number: float) -> str:
    """A number as a person writes it.

    >>> _shown(1_000_000_000), _shown(600.0), _shown(0.25), _shown(10**30)
    ('1000000000', '600', '0.25', '1000000000000000...')
    """
    text = str(number) if isinstance(number, int) else f"{number:.16g}"
    return text if len(text) <= 24 else f"{text[:16]}..."


def _refuse_unsupported(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name in _NEUTRAL:
            if value not in _NEUTRAL[name]:
                why = _INSTEAD.get(name, "this server cannot do that; leave the field out")
                raise RefusalError(400, f"{name}: {why}", param=name, code="unsupported_parameter")
        elif name not in ChatRequest.model_fields and name not in _PASSED_OVER:
            shown = name[:60]
            raise RefusalError(400, f"unknown field '{shown}'", param=shown, code="unknown_parameter")


def _path(steps: Sequence[int | str]) -> str:
    """A place in the request as OpenAI writes it.

    >>> _path(["stop", "list[str]", 0])
    'stop[0]'
    """
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not any(mark in step for mark in "[(") and step not in ("str", "constrained-str"):
            path += f".{step}" if path else step
    return path or "body"
