"""A model that an engine serves by tokens: what was sampled is kept as it was sampled, and nothing is encoded twice.

An attempt is one sequence: the prompt, then replies and observations in turn. An observation is encoded and measured
before it is appended; one that does not fit ends the attempt, so that no picture is ever cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from codedance.engines.replies import kept_tokens, readable
from codedance.errors import DataError, ModelContextFullError
from codedance.models.contract import Completion, TokenSpan
from codedance.protocol import ChatMessage, Role, as_user_message
from codedance.schema import FinishReason, Sampling

__all__ = ["Dialogue", "Sampled", "TokenModel", "TokenRecord"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """What an engine sampled."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None
    """``None`` if the engine does not tell them."""


class Dialogue(Protocol):
    """An engine's way with tokens, for one attempt."""

    end: int
    """The token that ends a message."""
    reserved: frozenset[int]
    """Tokens that stand for pictures: only pictures may bring them into a sequence."""

    async def encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The prompt, with the opening of the first reply."""
        ...

    async def extend(self, ids: Sequence[int], messages: Sequence[ChatMessage]) -> list[int]:
        """The sequence, whose last reply has ended, with these messages and the opening of the next reply behind it."""
        ...

    async def sample(
        self, ids: Sequence[int], images: Sequence[Image.Image], *, most: int, stop: Sequence[str]
    ) -> Sampled:
        """Sample a reply of at most so many tokens; raises :class:`~codedance.errors.ModelError`."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text of tokens, special ones left out."""
        ...


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An attempt as the engine trains on it."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]
    """Replies and observations."""
    mask: tuple[int, ...]
    """1 for tokens of the response that were sampled."""
    logprobs: tuple[float, ...] | None
    """Of the response, 0 for what was not sampled; ``None`` if the engine does not tell them."""
    spans: tuple[tuple[int, int], ...]
    """Of each reply within the response."""
    images: tuple[Image.Image, ...]
    """Every picture that the sequence shows, in order."""


class TokenModel:
    """One attempt's model.

    Args:
        dialogue: the engine.
        name: for the record.
        room: most tokens of the response, observations included.
    """

    def __init__(self, dialogue: Dialogue, *, name: str, room: int) -> None:
        self._dialogue, self._name, self._room = dialogue, name, room
        self._prompt: list[int] = []
        self._response: list[int] = []
        self._mask: list[int] = []
        self._logprobs: list[float] | None = []
        self._spans: list[tuple[int, int]] = []
        self._images: list[Image.Image] = []
        self._read = 0  # messages that the sequence holds

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Sample the next reply; temperature and nucleus are the engine's own.

        Raises:
            ModelContextFullError: the new messages, or a first token behind them, do not fit.
            ModelError: the engine failed.
            DataError: these are not the messages of before with new ones behind.
        """
        del on_text  # engines give whole replies
        await self._take(messages)
        before = len(self._response)
        most = min(sampling.max_tokens, self._room - before)
        if most < 1:
            raise ModelContextFullError(f"the response holds {before} tokens of at most {self._room}")
        sampled = await self._dialogue.sample([*self._prompt, *self._response], self._images, most=most, stop=stop)
        ids = readable(sampled.ids, self._dialogue.reserved)
        text = self._dialogue.decode(ids)
        kept = kept_tokens(ids, text, self._dialogue.decode)
        self._append(ids[:kept], sampled.logprobs[:kept] if sampled.logprobs is not None else None, sampled=True)
        self._spans.append((before, before + kept))
        ended = sampled.ids[-1:] == (self._dialogue.end,) or any(one in text for one in stop)
        return Completion(
            text=text,
            finish=FinishReason.LENGTH if len(sampled.ids) >= most and not ended else FinishReason.STOP,
            prompt_tokens=len(self._prompt) + before,
            completion_tokens=len(sampled.ids),
            tokens=TokenSpan(sampled.ids, sampled.logprobs) if sampled.logprobs is not None else None,
        )

    async def close(self) -> None:
        """The engine is its owner's to close."""

    def record(self) -> TokenRecord:
        """The attempt so far."""
        return TokenRecord(
            prompt=tuple(self._prompt),
            response=tuple(self._response),
            mask=tuple(self._mask),
            logprobs=tuple(self._logprobs) if self._logprobs is not None else None,
            spans=tuple(self._spans),
            images=tuple(self._images),
        )

    async def _take(self, messages: Sequence[ChatMessage]) -> None:
        """Bring the sequence up to these messages."""
        if not self._read:
            self._prompt = await self._dialogue.encode([as_user_message(one) for one in messages])
            self._images = _images(messages)
            self._read = len(messages)
            return
        said, *shown = messages[self._read :]
        if said.role is not Role.ASSISTANT or not shown:
            raise DataError("a conversation goes on with the model's reply and what it was shown")
        before = [*self._prompt, *self._response]
        # The reply ended with a stop text: its message has to be ended before another one begins.
        closed = before if before[-1] == self._dialogue.end else [*before, self._dialogue.end]
        after = await self._dialogue.extend(closed, [as_user_message(one) for one in shown])
        if after[: len(closed)] != closed:
            raise DataError("the engine encoded the beginning of the conversation anew")
        if len(after) - len(self._prompt) >= self._room:
            raise ModelContextFullError(
                f"the observation has {len(after) - len(before)} tokens; of {self._room} for the response "
                f"{self._room - len(self._response)} are left"
            )
        self._append(after[len(before) :], None, sampled=False)
        self._images += _images(shown)
        self._read = len(messages)

    def _append(self, ids: Sequence[int], logprobs: Sequence[float] | None, *, sampled: bool) -> None:
        self._response += ids
        self._mask += [int(sampled)] * len(ids)
        if sampled and logprobs is None:
            self._logprobs = None
        if self._logprobs is not None:
            self._logprobs += logprobs if logprobs is not None else [0.0] * len(ids)


def _images(messages: Sequence[ChatMessage]) -> list[Image.Image]:
    return [picture.to_image() for message in messages for picture in message.pictures]
