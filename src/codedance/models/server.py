"""Any OpenAI-compatible server as a model: vLLM, SGLang, transformers serve, llama.cpp, OpenAI itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from codedance.errors import ModelContextFullError, ModelReplyError
from codedance.models.contract import Completion
from codedance.models.server_address import check_address
from codedance.models.server_errors import is_transient, retry_after, typed_error
from codedance.models.server_messages import restore_tag, to_openai, wire_text
from codedance.protocol import ChatMessage, tool_definition
from codedance.schema import FinishReason, Record, Sampling

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["ServerModel", "ServerSettings"]

_MAX_STOP_TEXTS = 4
"""More are refused by OpenAI's own servers."""


class ServerSettings(Record):
    """How patiently a server is asked."""

    connect_seconds: float = 10.0
    read_seconds: float = 300.0
    """Longest wait for a reply, or between two pieces of a streamed one."""
    retries: int = 4
    """Further tries after a connection fault, a 429 or a 5xx; never after another 4xx."""
    first_wait_seconds: float = 0.5
    """Wait before the second try; doubles each time, with jitter, unless the server names a time."""
    longest_wait_seconds: float = 30.0
    reply_characters: int = 2_000_000
    """A longer reply is an error, not a reply."""


class ServerModel:
    """A model behind the chat-completions protocol.

    Pictures are sent as data URLs in the user's messages. Servers strip the stop text that ended a reply; if the
    reply's last tag is left open, the closing tag is put back (see
    :func:`~codedance.models.server_messages.restore_tag`). Reasoning that a server returns apart from the text is put
    in front of it between think tags. With ``native_tools`` code is offered as a tool, and the server's tool calls
    become the wire text that every other model writes.

    Args:
        name: the model's name on the server.
        base_url: for example ``http://localhost:8000/v1``.
        api_key: sent as the bearer token; never stored in a record.
        native_tools: offer code as a tool.
        settings: time-outs and retries.

    Raises:
        UsageError: the URL is none.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str,
        api_key: str | None = None,
        native_tools: bool = False,
        settings: ServerSettings | None = None,
    ) -> None:
        check_address(base_url)
        self._model = name
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._native_tools = native_tools
        self._settings = settings or ServerSettings()
        self._client: AsyncOpenAI | None = None
        self._token_limit_name = "max_tokens"  # noqa: S105 - a parameter, not a password
        self.faults = 0
        """Faults of the server until now, those that passed when it was asked again and those that did not."""

    @property
    def name(self) -> str:
        """Specification for the record."""
        return f"server:{self._model}"

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Ask the server; retries what may pass, raises a typed error for what will not."""
        request = self._request(messages, sampling, stop)
        wait = self._settings.first_wait_seconds
        retries = 0
        for tries_left in range(self._settings.retries, -1, -1):
            try:
                completion = await self._ask(request, stop, on_text)
                return completion if retries == 0 else replace(completion, retries=retries)
            except Exception as error:
                if self._renames_token_limit(error, request):
                    continue
                self.faults += not isinstance(typed_error(error, model="", url=""), ModelContextFullError)
                if tries_left == 0 or not is_transient(error):
                    raise typed_error(error, model=self._model, url=self._base_url) from None
                named = retry_after(error)
                # Jitter keeps many clients from coming back at the same moment.
                pause = named if named is not None else wait * random.uniform(0.5, 1.5)  # noqa: S311
                await anyio.sleep(min(pause, self._settings.longest_wait_seconds))
                wait *= 2
                retries += 1
        raise ModelReplyError(f"{self._base_url}: the server did not accept the request in any form")

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _request(self, messages: Sequence[ChatMessage], sampling: Sampling, stop: Sequence[str]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": to_openai(messages, native_tools=self._native_tools),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._token_limit_name: sampling.max_tokens,
        }
        if stop:
            request["stop"] = list(stop[:_MAX_STOP_TEXTS])
        if sampling.seed is not None:
            request["seed"] = sampling.seed
        if self._native_tools:
            request["tools"] = [tool_definition()]
        return request

    def _renames_token_limit(self, error: Exception, request: dict[str, Any]) -> bool:
        """Newer OpenAI models refuse ``max_tokens`` and name the parameter that they want instead."""
        new = "max_completion_tokens"
        if self._token_limit_name == new or new not in str(error):
            return False
        request[new] = request.pop(self._token_limit_name)
        self._token_limit_name = new
        return True

    def _connect(self) -> AsyncOpenAI:
        if self._client is None:
            from openai import AsyncOpenAI, Timeout

            patience = Timeout(self._settings.read_seconds, connect=self._settings.connect_seconds)
            self._client = AsyncOpenAI(
                # The client insists on a key; local servers want none.
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=patience,
                max_retries=0,
            )
        return self._client

    async def _ask(
        self, request: dict[str, Any], stop: Sequence[str], on_text: Callable[[str], None] | None
    ) -> Completion:
        client = self._connect()
        if on_text is None or self._native_tools:
            response = await client.chat.completions.create(**_unwalked(request))
            reply = _Reply.from_response(response)
        else:
            reply = await self._stream(client, request, on_text)
        text = wire_text(reply.text, reply.reasoning, reply.code)
        if len(text) > self._settings.reply_characters:
            raise ModelReplyError(f"{self._base_url}: the reply has {len(text)} characters; that is no reply")
        if reply.finish is FinishReason.STOP:
            text = restore_tag(text, stop)
        if on_text is not None and self._native_tools:
            on_text(text)
        return Completion(text, reply.finish, reply.prompt_tokens, reply.completion_tokens)

    async def _stream(self, client: AsyncOpenAI, request: dict[str, Any], on_text: Callable[[str], None]) -> _Reply:
        reply = _Reply()
        options: dict[str, Any] = {**request, "stream_options": {"include_usage": True}}
        stream = await client.chat.completions.create(**_unwalked(options), stream=True)
        async with stream:
            async for chunk in stream:
                piece = reply.add(chunk)
                if len(reply.text) > self._settings.reply_characters:
                    raise ModelReplyError(f"{self._base_url}: the reply does not end; stopped reading it")
                if piece:
                    on_text(piece)
        if not reply.ended:
            raise ModelReplyError(f"{self._base_url}: the streamed reply broke off before its end")
        return reply


def _unwalked(request: dict[str, Any]) -> dict[str, Any]:
    """The same request as the client's extra body.

    The client walks through every argument and converts it by its type, a quarter of its time for long conversations;
    ours are plain JSON already, and what is extra is sent as it is.
    """
    return {"model": request["model"], "messages": (), "extra_body": request}


class _Reply:
    """What a server said, gathered from one response or from the chunks of a stream."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.code: str | None = None
        self.finish = FinishReason.STOP
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.ended = False

    @classmethod
    def from_response(cls, response: Any) -> _Reply:  # noqa: ANN401 - a server may send anything
        """Read a whole response; raises :class:`ModelReplyError` if it is none."""
        choices = getattr(response, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            shown = " ".join(str(response).split())[:120]
            raise ModelReplyError(f"the reply holds no message ({shown}); is the URL right, with /v1 at its end?")
        reply = cls()
        message = choices[0].message
        reply.text = message.content or ""
        reply.reasoning = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or ""
        calls = getattr(message, "tool_calls", None) or []
        reply.code = calls[0].function.arguments if calls else None
        reply._end(choices[0].finish_reason)
        reply._count(getattr(response, "usage", None))
        return reply

    def add(self, chunk: Any) -> str:  # noqa: ANN401 - a server may send anything
        """Take in a chunk; returns the text that is new."""
        self._count(getattr(chunk, "usage", None))
        piece = ""
        for choice in (getattr(chunk, "choices", None) or [])[:1]:
            delta = choice.delta
            self.reasoning += getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
            piece = (delta.content or "") if delta is not None else ""
            self.text += piece
            if choice.finish_reason:
                self._end(choice.finish_reason)
        return piece

    def _end(self, reason: str | None) -> None:
        self.ended = True
        self.finish = FinishReason.LENGTH if reason == "length" else FinishReason.STOP

    def _count(self, usage: Any) -> None:  # noqa: ANN401
        if usage is not None:
            self.prompt_tokens = getattr(usage, "prompt_tokens", None)
            self.completion_tokens = getattr(usage, "completion_tokens", None)
