"""Which row holds what: the seat of a request that goes on, the twin of one that begins, whom to forget."""

from __future__ import annotations

from dataclasses import dataclass, field

from codedance.models.contract import Completion
from codedance.models.local.slots import Slots
from codedance.models.sampling import Points
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling

__all__ = ["Conversation", "Request", "Seats"]


@dataclass(slots=True, eq=False)
class Request:
    """A reply that somebody waits for."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    stop: tuple[str, ...]
    points: Points
    asker: int
    """Task that asks; one that asks again most likely goes on."""
    watched: bool = False
    """Somebody reads along."""
    cancelled: bool = False
    result: Completion | Exception | None = None
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    prompt_tokens: int = 0
    most: int = 0
    said: str = ""


@dataclass(slots=True, eq=False)
class Conversation:
    """A row of the slots: what it holds, and the request that it serves now."""

    row: int
    request: Request | None = None
    messages: tuple[ChatMessage, ...] = ()
    reply: str = ""
    ids: list[int] = field(default_factory=list)
    """Tokens that were read."""
    pictures: list[bytes] = field(default_factory=list)
    """Digests of the pictures that were read."""
    prompts: set[bytes] = field(default_factory=set)
    """The contents (tokens and pictures) that it held before each of its replies."""
    pending: list[int] = field(default_factory=list)
    """Tokens of the reply that the network has not read."""
    next_position: int = 0
    asker: int = 0
    used: int = 0
    """When it last ended a reply, for choosing whom to forget."""

    def forget(self) -> None:
        """Hold nothing."""
        self.messages, self.reply, self.next_position = (), "", 0
        self.ids, self.pictures, self.prompts, self.pending = [], [], set(), []

    def goes_on(self, request: Request, end: int) -> bool:
        """True if the request's messages up to ``end`` are what this holds, its reply included."""
        return (
            self.request is None
            and len(self.messages) == end - 1
            and request.messages[end - 1] == ChatMessage(Role.ASSISTANT, (self.reply,))
            and request.messages[: end - 1] == self.messages
        )


class Seats:
    """The conversations by row.

    Args:
        rows: most conversations that are kept or decode at once.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._conversations: list[Conversation] = []
        self._clock = 0

    def active(self) -> list[Conversation]:
        """Those that decode now, by row."""
        return [one for one in self._conversations if one.request is not None]

    def forget_idle(self) -> None:
        """Let everybody who does not decode now hold nothing."""
        for one in self._conversations:
            one.prompts = set()
            if one.request is None:
                one.forget()

    def continuing(self, request: Request) -> tuple[Conversation, int] | None:
        """The conversation that holds the request's past, and how many of its messages that covers."""
        end = max((n for n, one in enumerate(request.messages, 1) if one.role is Role.ASSISTANT), default=0)
        if not 0 < end < len(request.messages):
            return None
        text = request.messages[end - 1].text
        able = [one for one in self._conversations if one.reply == text and one.goes_on(request, end)]
        # Several may have said the same in other tokens: each asker gets its own back.
        return (max(able, key=lambda one: one.asker == request.asker), end) if able else None

    def has_room(self) -> bool:
        """True if not everybody decodes."""
        return len(self._conversations) < self._rows or any(one.request is None for one in self._conversations)

    def vacant(self) -> Conversation:
        """A conversation that holds nothing, else the one unused for longest; there must be room."""
        empty = next((one for one in self._conversations if one.request is None and not one.ids), None)
        if empty is not None:
            return empty
        if len(self._conversations) < self._rows:
            self._conversations.append(Conversation(len(self._conversations)))
            return self._conversations[-1]
        return min((one for one in self._conversations if one.request is None), key=lambda one: one.used)

    def holder(self, content: bytes) -> Conversation | None:
        """A conversation that begins with this content."""
        return next((one for one in self._conversations if content in one.prompts), None)

    def release(self, conversation: Conversation) -> None:
        """Its reply has ended."""
        self._clock += 1
        conversation.used, conversation.request = self._clock, None

    def close_ranks(self, slots: Slots) -> list[Conversation]:
        """Bring those that decode side by side in front, with as few moves as can be; they are returned by row."""
        active = self.active()
        places = [one for one in self._conversations[: len(active)] if one.request is None]
        for hole, one in zip(places, reversed(active), strict=False):
            slots.swap(hole.row, one.row)
            hole.row, one.row = one.row, hole.row
            self._conversations[hole.row], self._conversations[one.row] = hole, one
        return self._conversations[: len(active)]
