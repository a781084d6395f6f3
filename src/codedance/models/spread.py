"""Several servers of one model as one: a conversation stays where its beginning is cached, a dead server is avoided.

Servers keep what they have read (prefix caches); turn after turn, and for all attempts at a question, the same server
is the cheapest one. So the opening of a conversation chooses: every server has a rank for it (rendezvous hashing), and
the first in rank that is well and not much busier than the others is asked.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codedance.errors import ModelUnreachableError
from codedance.models.contract import Completion
from codedance.models.server import ServerModel
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling

__all__ = ["SpreadModel"]

_MORE_THAN_MEAN, _FEW = 1.25, 4
"""A server with so many times the mean of calls in flight, and so many more, is passed over."""
_REST_SECONDS = 30.0
"""How long a server that could not be reached is left alone."""


@dataclass(slots=True)
class _Server:
    model: ServerModel
    address: str
    calls: int = 0
    rests_until: float = 0.0


class SpreadModel:
    """Implements :class:`~codedance.models.contract.Model` over several servers.

    Args:
        servers: by their address; all serve the model of one name.
        clock: seconds; replaced in tests.
    """

    def __init__(self, servers: dict[str, ServerModel], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._servers = [_Server(model, address) for address, model in servers.items()]
        self._clock = clock

    @property
    def name(self) -> str:
        """Specification for the record: that of one server; where a reply came from is not part of it."""
        return self._servers[0].model.name

    @property
    def faults(self) -> int:
        """Faults of all servers until now."""
        return sum(one.model.faults for one in self._servers)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Ask the conversation's server, and the next in rank if it cannot be reached.

        Raises:
            ModelUnreachableError: none of them can be reached.
            ModelError: the server that was asked could not answer.
        """
        left = self._ranked(messages)
        while True:
            server = self._first_with_room(left)
            left.remove(server)
            server.calls += 1
            try:
                return await server.model.complete(messages, sampling, stop=stop, on_text=on_text)
            except ModelUnreachableError:
                server.rests_until = self._clock() + _REST_SECONDS
                if not left:
                    raise
            finally:
                server.calls -= 1

    async def close(self) -> None:
        """Close the connections to all of them."""
        for one in self._servers:
            await one.model.close()

    def _ranked(self, messages: Sequence[ChatMessage]) -> list[_Server]:
        opening = _opening(messages)

        def rank(server: _Server) -> bytes:
            return hashlib.sha256(opening + server.address.encode()).digest()

        return sorted(self._servers, key=rank)

    def _first_with_room(self, ranked: Sequence[_Server]) -> _Server:
        now = self._clock()
        well = [one for one in ranked if one.rests_until <= now] or list(ranked)
        most = math.ceil(_MORE_THAN_MEAN * sum(one.calls for one in well) / len(well)) + _FEW
        return next((one for one in well if one.calls < most), well[0])


def _opening(messages: Sequence[ChatMessage]) -> bytes:
    """What all turns of an episode, and all attempts at its question, begin with: up to the first reply."""
    digest = hashlib.sha256()
    for message in messages:
        if message.role is Role.ASSISTANT:
            break
        for part in message.content:
            digest.update((part if isinstance(part, str) else part.ref.sha256).encode("utf-8", "replace"))
    return digest.digest()
