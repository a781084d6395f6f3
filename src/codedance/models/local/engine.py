"""Decoding on this machine: many conversations at once, each with its keys and values kept from turn to turn.

Whoever waits for a reply drives the engine: one waiting call runs a round of decoding steps for everybody in a worker
thread, the others wait for the round's end. A conversation that goes on only reads what is new.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
import numpy as np
import torch
from torch import Tensor

from codedance.errors import ModelContextFullError
from codedance.models.contract import Completion, TokenSpan, cut_after_stop
from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.network import ImageGroup, Network
from codedance.models.local.slots import Slots
from codedance.models.sampling import draw_rows, make_generator
from codedance.protocol import ChatMessage, Role
from codedance.schema import FinishReason, Sampling

__all__ = ["LocalModel"]

_TAIL_TOKENS = 24
_ROUND_STEPS = 16
"""Steps between two looks at who came and who went."""
_WATCHED_STEPS = 4
"""Likewise while somebody reads along."""


@dataclass(slots=True, eq=False)
class _Request:
    """A reply that somebody waits for."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    stop: tuple[str, ...]
    tell: Callable[[str], None] | None
    generator: torch.Generator | None
    cancelled: bool = False
    result: Completion | Exception | None = None
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    prompt_tokens: int = 0
    most: int = 0
    said: str = ""


@dataclass(slots=True, eq=False)
class _Conversation:
    """A row of the slots: what it holds, and the request that it serves now."""

    row: int
    request: _Request | None = None
    messages: tuple[ChatMessage, ...] = ()
    reply: str = ""
    pending: list[int] = field(default_factory=list)
    """Tokens of the reply that the network has not read."""
    next_position: int = 0
    used: int = 0
    """When it last ended a reply, for choosing whom to forget."""


class LocalModel:
    """Our own network as a model.

    Args:
        network: the network, in evaluation mode.
        encoder: its chat format.
        name: specification for the record.
        rows: conversations that are kept or decode at once; more wait for their turn.
    """

    def __init__(self, network: Network, encoder: Encoder, *, name: str, rows: int = 64) -> None:
        self._network = network
        self._encoder = encoder
        self._name = name
        self._rows = rows
        self._slots: Slots | None = None
        self._conversations: list[_Conversation] = []
        """By row: those that decode now come first."""
        self._waiting: list[_Request] = []
        self._lock = threading.Lock()
        self._driven = False
        self._round_over = anyio.Event()
        self._clock = 0

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
        """Sample the next message together with whoever else waits; cancelling stops it within a round."""
        request = _Request(tuple(messages), sampling, tuple(stop), on_text, make_generator(sampling))
        self._waiting.append(request)
        try:
            while request.result is None:
                if self._driven:
                    await self._round_over.wait()
                else:
                    await self._drive()
                self._say(request)
        except anyio.get_cancelled_exc_class():
            request.cancelled = True
            raise
        if isinstance(request.result, Exception):
            raise request.result
        return request.result

    async def close(self) -> None:
        """Forget all conversations."""
        with self._lock:
            self._conversations.clear()
            self._slots = None

    async def _drive(self) -> None:
        """One round in a worker thread, then everybody who waits may look."""
        self._driven, self._round_over = True, anyio.Event()
        try:
            await anyio.to_thread.run_sync(self._round)
        finally:
            self._driven = False
            self._round_over.set()

    def _say(self, request: _Request) -> None:
        """Tell the text that is new; a character whose bytes are not complete waits."""
        if request.tell is None:
            return
        text = cut_after_stop(self._encoder.tokenizer.decode(request.ids), request.stop)
        if text.startswith(request.said) and len(text) > len(request.said) and not text.endswith("\ufffd"):
            new, request.said = text[len(request.said) :], text
            request.tell(new)

    def _round(self) -> None:
        """Admit who waits, then decode until somebody is done or the round is long enough."""
        with self._lock, torch.inference_mode():
            self._drop_cancelled()
            self._admit()
            active = self._active()
            watched = any(one.request is not None and one.request.tell is not None for one in active)
            for _ in range(_WATCHED_STEPS if watched else _ROUND_STEPS):
                if not active:
                    break
                self._step(active)
                if len(self._active()) < len(active):
                    break

    def _active(self) -> list[_Conversation]:
        return [one for one in self._conversations if one.request is not None]

    def _drop_cancelled(self) -> None:
        for one in self._active():
            if one.request is not None and one.request.cancelled:
                one.messages = ()
                self._release(one)

    def _admit(self) -> None:
        for request in [*self._waiting]:
            if request.cancelled:
                self._waiting.remove(request)
                continue
            conversation, rest = self._seat(request)
            if conversation is None:
                return
            self._waiting.remove(request)
            try:
                self._read(conversation, request, rest)
            except Exception as error:  # told to the one who asked; the others go on
                request.result = error
                conversation.messages = ()
                self._release(conversation)

    def _seat(self, request: _Request) -> tuple[_Conversation | None, tuple[ChatMessage, ...] | None]:
        """A row for the request: the one that holds its past, a new one, or the one unused for longest.

        Also the messages that are still to be read; ``None`` for all.
        """
        for known in self._conversations:
            count = len(known.messages)
            goes_on = known.request is None and count and len(request.messages) > count + 1
            if goes_on and request.messages[: count + 1] == (
                *known.messages,
                ChatMessage(Role.ASSISTANT, (known.reply,)),
            ):
                return known, request.messages[count + 1 :]
        if len(self._conversations) < self._rows:
            self._conversations.append(_Conversation(len(self._conversations)))
            return self._conversations[-1], None
        idle = [one for one in self._conversations if one.request is None]
        return (min(idle, key=lambda one: one.used), None) if idle else (None, None)

    def _read(self, conversation: _Conversation, request: _Request, rest: tuple[ChatMessage, ...] | None) -> None:
        """Read what is new and draw the first token."""
        if self._slots is None:
            self._slots = Slots(self._network, rows=self._rows)
        conversation.request = request
        if rest is None:
            new = self._encoder.encode(request.messages)
            self._slots.clear(conversation.row)
        else:
            new = self._appended(conversation, rest)
        past = self._slots.lengths[conversation.row]
        request.prompt_tokens = past + len(new.ids)
        room = self._network.config.context - request.prompt_tokens
        if room < 1:
            raise ModelContextFullError(
                f"the conversation has {request.prompt_tokens} tokens; {self._name} reads at most "
                f"{self._network.config.context}"
            )
        request.most = min(request.sampling.max_tokens, room)
        logits = self._slots.read(conversation.row, *_tensors(new, self._encoder.config.patch))
        conversation.messages, conversation.next_position = request.messages, new.next_position
        self._move_to_front(conversation)
        self._take([conversation], logits[None])

    def _appended(self, known: _Conversation, messages: Sequence[ChatMessage]) -> Encoded:
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

    def _move_to_front(self, conversation: _Conversation) -> None:
        """Keep the decoding rows side by side: the newcomer takes the place of the first idle one."""
        place = next(row for row, one in enumerate(self._conversations) if one.request is None or one is conversation)
        self._exchange(conversation, self._conversations[place])

    def _exchange(self, one: _Conversation, other: _Conversation) -> None:
        assert self._slots is not None
        self._slots.swap(one.row, other.row)
        one.row, other.row = other.row, one.row
        self._conversations[one.row], self._conversations[other.row] = one, other

    def _step(self, active: list[_Conversation]) -> None:
        assert self._slots is not None
        ids = torch.tensor([one.pending[-1] for one in active])
        positions = torch.tensor([one.next_position for one in active])
        logits = self._slots.step(ids, positions)
        for one in active:
            one.next_position += 1
        self._take(active, logits)

    def _take(self, conversations: list[_Conversation], logits_BV: Tensor) -> None:
        """Draw a token for each, and end those that are done."""
        requests = [one.request for one in conversations if one.request is not None]
        drawn = draw_rows(logits_BV, [one.sampling for one in requests], [one.generator for one in requests])
        for conversation, request, (token, logprob) in zip(conversations, requests, drawn, strict=True):
            request.ids.append(token)
            request.logprobs.append(logprob)
            conversation.pending = [token]
            if len(request.ids) >= request.most or self._stopped(request):
                self._finish(conversation, request)

    def _stopped(self, request: _Request) -> bool:
        if request.ids[-1] == self._encoder.tokenizer.special["<|im_end|>"]:
            return True
        tail = self._encoder.tokenizer.decode(request.ids[-_TAIL_TOKENS:])
        return any(text in tail for text in request.stop)

    def _finish(self, conversation: _Conversation, request: _Request) -> None:
        text = cut_after_stop(self._encoder.tokenizer.decode(request.ids), request.stop)
        finish = FinishReason.STOP if self._stopped(request) else FinishReason.LENGTH
        span = TokenSpan(tuple(request.ids), tuple(request.logprobs))
        request.result = Completion(text, finish, request.prompt_tokens, len(request.ids), span)
        conversation.reply = text
        self._release(conversation)

    def _release(self, conversation: _Conversation) -> None:
        """The row is idle now and goes behind the last decoding one."""
        self._clock += 1
        conversation.used, conversation.request = self._clock, None
        decoding = [one.row for one in self._active()]
        if decoding and (last := max(decoding)) > conversation.row:
            self._exchange(conversation, self._conversations[last])


def _tensors(encoded: Encoded, patch: int) -> tuple[Tensor, Tensor, list[ImageGroup]]:
    groups = []
    for start, image in encoded.images:
        count = (image.width // patch) * (image.height // patch)
        pixels = torch.from_numpy(np.asarray(image).copy())[None]
        groups.append(ImageGroup(pixels, torch.arange(start, start + count)))
    ids = torch.tensor([encoded.ids])
    positions = torch.tensor(encoded.positions).T[:, None]
    return ids, positions, groups
