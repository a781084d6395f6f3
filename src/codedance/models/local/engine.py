"""Decoding on this machine: one conversation at a time, its keys and values kept from turn to turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.from_thread
import anyio.to_thread
import numpy as np
import torch
from torch import Tensor

from codedance.errors import ModelContextFullError
from codedance.models.contract import Completion, TokenSpan, cut_after_stop
from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.network import Cache, ImageGroup, Network
from codedance.models.sampling import draw, make_generator
from codedance.protocol import ChatMessage, Role
from codedance.schema import FinishReason, Sampling

__all__ = ["LocalModel"]

_KEPT_CONVERSATIONS = 16
_TAIL_TOKENS = 24


@dataclass(slots=True, eq=False)
class _Conversation:
    """A conversation whose past is in the cache; the reply's last token is not yet fed."""

    messages: tuple[ChatMessage, ...]
    reply: str
    pending: list[int]
    """Tokens of the reply that the network has not read."""
    next_position: int
    length: int
    cache: Cache


class LocalModel:
    """Our own network as a model; calls in flight wait for each other, each conversation keeps its past.

    Args:
        network: the network, in evaluation mode.
        encoder: its chat format.
        name: specification for the record.
    """

    def __init__(self, network: Network, encoder: Encoder, *, name: str) -> None:
        self._network = network
        self._encoder = encoder
        self._name = name
        self._lock = threading.Lock()
        self._kept: deque[_Conversation] = deque(maxlen=_KEPT_CONVERSATIONS)

    @property
    def name(self) -> str:
        """Specification for the record."""
        return self._name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Sample the next message in a worker thread; cancelling stops it at the next token."""
        cancelled = threading.Event()

        def tell(text: str) -> None:
            if on_text is not None and not cancelled.is_set():
                anyio.from_thread.run_sync(on_text, text)

        listener = tell if on_text is not None else None

        def work() -> Completion:
            with self._lock, torch.inference_mode():
                return self._complete(tuple(messages), sampling, tuple(stop), tell=listener, cancelled=cancelled)

        try:
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            cancelled.set()
            raise

    async def close(self) -> None:
        """Forget all conversations."""
        self._kept.clear()

    def _complete(
        self,
        messages: tuple[ChatMessage, ...],
        sampling: Sampling,
        stop: tuple[str, ...],
        *,
        tell: Callable[[str], None] | None,
        cancelled: threading.Event,
    ) -> Completion:
        new, cache, past = self._prepare(messages)
        room = self._network.config.context - past - len(new.ids)
        if room < 1:
            raise ModelContextFullError(
                f"the conversation has {past + len(new.ids)} tokens; {self._name} reads at most "
                f"{self._network.config.context}"
            )
        logits = self._network.extend(*_tensors(new, self._encoder.config.patch), cache=cache)
        generator = make_generator(sampling)
        ids: list[int] = []
        logprobs: list[float] = []
        said, finish = "", FinishReason.LENGTH
        end = self._encoder.tokenizer.special["<|im_end|>"]
        for step in range(min(sampling.max_tokens, room)):
            token, logprob = draw(logits, sampling, generator)
            ids.append(token)
            logprobs.append(logprob)
            if tell is not None:
                said = self._say(ids, said, tell)
            tail = self._encoder.tokenizer.decode(ids[-_TAIL_TOKENS:])
            if token == end or any(text in tail for text in stop):
                finish = FinishReason.STOP
                break
            if cancelled.is_set() or step + 1 == min(sampling.max_tokens, room):
                break
            logits = self._feed(token, new.next_position + step, cache)
        text = cut_after_stop(self._encoder.tokenizer.decode(ids), stop)
        fed = len(ids) - 1
        self._kept.append(
            _Conversation(messages, text, ids[fed:], new.next_position + fed, past + len(new.ids) + fed, cache)
        )
        return Completion(text, finish, past + len(new.ids), len(ids), TokenSpan(tuple(ids), tuple(logprobs)))

    def _prepare(self, messages: tuple[ChatMessage, ...]) -> tuple[Encoded, Cache, int]:
        """What must be read now, the cache to read it into, and how many tokens that holds already."""
        for known in reversed(self._kept):
            count = len(known.messages)
            goes_on = len(messages) > count + 1 and messages[:count] == known.messages
            if goes_on and messages[count] == ChatMessage(Role.ASSISTANT, (known.reply,)):
                self._kept.remove(known)
                return self._append(known, messages[count + 1 :]), known.cache, known.length
        return self._encoder.encode(messages), [], 0

    def _append(self, known: _Conversation, messages: Sequence[ChatMessage]) -> Encoded:
        """The end of the last reply and the messages after it; nothing that was read is read again."""
        new = Encoded(next_position=known.next_position)
        new.add_tokens(known.pending)
        end = self._encoder.tokenizer.special["<|im_end|>"]
        if known.pending[-1:] != [end]:
            new.add_tokens([end])
        self._encoder.close_reply(new)
        for message in messages:
            self._encoder.add_message(new, message)
        self._encoder.open_reply(new)
        return new

    def _feed(self, token: int, position: int, cache: Cache) -> Tensor:
        ids = torch.tensor([[token]])
        positions = torch.full((3, 1, 1), position)
        return self._network.extend(ids, positions, (), cache=cache)

    def _say(self, ids: list[int], said: str, tell: Callable[[str], None]) -> str:
        """Tell the text that is new; a character whose bytes are not complete waits."""
        text = self._encoder.tokenizer.decode(ids)
        if text.endswith("\ufffd") or not text.startswith(said) or text == said:
            return said
        tell(text[len(said) :])
        return text


def _tensors(encoded: Encoded, patch: int) -> tuple[Tensor, Tensor, list[ImageGroup]]:
    groups = []
    for start, image in encoded.images:
        count = (image.width // patch) * (image.height // patch)
        pixels = torch.from_numpy(np.asarray(image).copy())[None]
        groups.append(ImageGroup(pixels, torch.arange(start, start + count)))
    ids = torch.tensor([encoded.ids])
    positions = torch.tensor(encoded.positions).T[:, None]
    return ids, positions, groups
