"""Decoding on this machine: many conversations at once, each with its keys and values kept from turn to turn.

Whoever waits for a reply drives the engine: one waiting call runs rounds of decoding steps for everybody in a worker
thread until its own reply is there, then another takes over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from codedance.models.contract import Completion, cut_after_stop
from codedance.models.local.chat import Encoder
from codedance.models.local.network import Network
from codedance.models.local.rounds import Rounds
from codedance.models.local.seats import Request
from codedance.models.sampling import Points
from codedance.protocol import ChatMessage
from codedance.schema import Sampling

__all__ = ["LocalModel"]


@dataclass(slots=True, eq=False)
class _Call:
    """Somebody who waits."""

    request: Request
    woken: anyio.Event = field(default_factory=anyio.Event)


class LocalModel:
    """Our own network as a model; used from one event loop at a time.

    The network's weights may be trained on between replies: what was read with the old ones is then forgotten. A
    reply that is being decoded meanwhile goes on, over keys and values of both.

    Args:
        network: the network, in evaluation mode.
        encoder: its chat format.
        name: specification for the record.
        rows: conversations that are kept or decode at once; more wait for their turn.
    """

    def __init__(self, network: Network, encoder: Encoder, *, name: str, rows: int = 128) -> None:
        self._encoder = encoder
        self._name = name
        self._rounds = Rounds(network, encoder, name=name, rows=rows)
        self._waiting: list[Request] = []
        self._calls: list[_Call] = []
        self._lock = threading.Lock()
        self._driven = False

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
        request = Request(tuple(messages), sampling, tuple(stop), Points(sampling), anyio.get_current_task().id)
        request.watched = on_text is not None
        call = _Call(request)
        self._calls.append(call)
        self._waiting.append(request)
        try:
            while request.result is None:
                if self._driven:
                    await call.woken.wait()
                    call.woken = anyio.Event()
                else:
                    await self._drive()
                if on_text is not None:
                    self._tell(request, on_text)
        except BaseException:  # cancelled, or the round failed: nobody waits for it any more
            request.cancelled = True
            raise
        finally:
            self._calls.remove(call)
            if not self._driven and self._calls:
                self._calls[0].woken.set()  # drives from here on
        if isinstance(request.result, Exception):
            raise request.result
        return request.result

    async def close(self) -> None:
        """Forget all conversations."""
        with self._lock:
            self._rounds.forget()

    async def _drive(self) -> None:
        """One round in a worker thread; then those look whose reply is there, and those who read along."""
        self._driven = True
        try:
            await anyio.to_thread.run_sync(self._round)
        finally:
            self._driven = False
            for call in self._calls:
                if call.request.result is not None or call.request.watched:
                    call.woken.set()

    def _round(self) -> None:
        with self._lock:
            self._rounds.run(self._waiting)

    def _tell(self, request: Request, on_text: Callable[[str], None]) -> None:
        """Tell the text that is new; a character whose bytes are not complete waits."""
        text = cut_after_stop(self._encoder.tokenizer.decode(request.ids), request.stop)
        if text.startswith(request.said) and len(text) > len(request.said) and not text.endswith("\ufffd"):
            new, request.said = text[len(request.said) :], text
            on_text(new)
