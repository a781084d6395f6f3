"""Asking models patiently: a time limit a call, every answer kept, every fault a counted value and no exception."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import anyio

from codedance.errors import (
    ModelAccessError,
    ModelContextFullError,
    ModelError,
    ModelNotFoundError,
    ModelReplyError,
    ModelUnreachableError,
)
from codedance.models.contract import Completion, Model
from codedance.protocol import ChatMessage, Role
from codedance.protocol.closed import MAX_CHARACTERS
from codedance.schema import FinishReason, Record, Sampling, Text
from codedance.store import RecordCache

__all__ = ["Answered", "Asker", "CachedReply", "CallFault", "Party", "Query", "Unanswered", "Usage"]


class Party(StrEnum):
    """Whom a question is put to."""

    TEACHER = "teacher"
    """Makes questions, boxes and trajectories."""
    WEAK = "weak"
    """Tells what is easy."""
    STRONG = "strong"
    """Checks labels."""
    JUDGE = "judge"
    """Decides what scoring by rule leaves open."""


class CallFault(StrEnum):
    """Why there is no answer; none of it is what the model thinks of the question."""

    STALLED = "no answer in time"
    UNREACHABLE = "server failed or unreachable"
    ACCESS = "key refused"
    NOT_FOUND = "no such model"
    NO_COMPLETION = "reply is no completion"
    TOO_LONG = "reply too long"
    CONTEXT_FULL = "context full"
    SANDBOX = "sandbox failed"


class Usage(Record):
    """What was asked of one party."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Sum.

        >>> Usage(calls=1) + Usage(calls=2, prompt_tokens=5)
        Usage(calls=3, prompt_tokens=5, completion_tokens=0)
        """
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class CachedReply(Record):
    """A reply as it is kept."""

    text: Text
    finish: FinishReason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One call; equal ones have the same answer in a run."""

    party: Party
    prompt: str
    """Names and versions of the prompts that it is made of, for example ``box@1``."""
    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    attempt: int = 0
    """A further attempt is another call, even if all else is the same."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """The model's reply."""

    text: str
    finish: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no reply."""

    fault: CallFault
    detail: str = ""


class Asker:
    """Puts queries to the models of a run.

    Args:
        models: who can be asked.
        cache: answers that are there already.
        seconds: limit of one call, its retries included.
        listener: told of every call that really goes out.
    """

    def __init__(
        self,
        models: Mapping[Party, Model],
        cache: RecordCache[CachedReply],
        *,
        seconds: float,
        listener: Callable[[Party], None] | None = None,
    ) -> None:
        self._models = models
        self._cache = cache
        self._seconds = seconds
        self._tell = listener or (lambda party: None)

    def has(self, party: Party) -> bool:
        """True if this party takes part in the run."""
        return party in self._models

    def name(self, party: Party) -> str:
        """Specification of a party's model."""
        return self._models[party].name

    async def ask(self, query: Query) -> Answered | Unanswered:
        """The answer from the cache, or from the model. Faults are not kept: the next call asks again.

        Raises:
            StoreError: the cache cannot be read or written.
        """
        model = self._models[query.party]
        key = _key(model.name, query)
        kept = self._cache.get(key)
        if kept is None:
            try:
                kept = await self._call(model, query)
            except ModelError as error:
                return Unanswered(_fault(error), _short(str(error)))
            if kept is None:
                return Unanswered(CallFault.STALLED, f"more than {self._seconds:g} seconds")
            if len(kept.text) > MAX_CHARACTERS:
                return Unanswered(CallFault.TOO_LONG, f"{len(kept.text)} characters")
            self._cache.put(key, kept)
        usage = Usage(calls=1, prompt_tokens=kept.prompt_tokens or 0, completion_tokens=kept.completion_tokens or 0)
        return Answered(kept.text, kept.finish, usage)

    def model(self, party: Party, *, prompt: str, attempt: int) -> EpisodeModel:
        """The party as a model for an episode, its replies kept as all others are."""
        return EpisodeModel(self, party, prompt=prompt, attempt=attempt)

    async def greet(self, tries: int = 3) -> None:
        """Ask every model for one word, so that a wrong name, key or address is told before the work begins.

        Raises:
            ModelError: a model cannot be reached.
        """
        hello = ChatMessage(Role.USER, ("Reply with the word: ready",))
        for party, model in self._models.items():
            query = Query(party, "", (hello,), Sampling(max_tokens=16))
            for left in range(tries - 1, -1, -1):
                try:
                    if await self._call(model, query) is None:
                        raise ModelUnreachableError(f"{model.name}: no answer within {self._seconds:g} seconds")
                    break
                except ModelReplyError:
                    if left == 0:
                        raise

    async def _call(self, model: Model, query: Query) -> CachedReply | None:
        """The model's reply; ``None`` if the time limit came first."""
        self._tell(query.party)
        reply: Completion | None = None
        with anyio.move_on_after(self._seconds):
            reply = await model.complete(query.messages, query.sampling, stop=query.stop)
        if reply is None:
            return None
        return CachedReply(
            text=reply.text,
            finish=reply.finish,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )


class EpisodeModel:
    """A party of the run as the one loop asks it; counts what it was asked.

    Implements :class:`~codedance.models.contract.Model`.
    """

    def __init__(self, asker: Asker, party: Party, *, prompt: str, attempt: int) -> None:
        self._asker = asker
        self._party = party
        self._prompt = prompt
        self._attempt = attempt
        self.usage = Usage()
        """Calls and tokens so far."""
        self.fault: CallFault | None = None
        """Why the last call had no answer."""

    @property
    def name(self) -> str:
        """Specification of the model itself."""
        return self._asker.name(self._party)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """The next message; raises :class:`~codedance.errors.ModelError` if there is no answer."""
        query = Query(self._party, self._prompt, tuple(messages), sampling, self._attempt, tuple(stop))
        reply = await self._asker.ask(query)
        if isinstance(reply, Unanswered):
            self.fault = reply.fault
            raise (ModelContextFullError if reply.fault is CallFault.CONTEXT_FULL else ModelUnreachableError)(
                reply.detail
            )
        self.usage += reply.usage
        if on_text is not None:
            on_text(reply.text)
        return Completion(reply.text, reply.finish, reply.usage.prompt_tokens, reply.usage.completion_tokens)

    async def close(self) -> None:
        """Nothing: the model belongs to the run."""


def _fault(error: ModelError) -> CallFault:
    match error:
        case ModelAccessError():
            return CallFault.ACCESS
        case ModelNotFoundError():
            return CallFault.NOT_FOUND
        case ModelContextFullError():
            return CallFault.CONTEXT_FULL
        case ModelUnreachableError():
            return CallFault.UNREACHABLE
        case _:
            return CallFault.NO_COMPLETION


def _key(model: str, query: Query) -> str:
    """SHA-256 of everything that an answer depends on; pictures by their own hash."""
    said = [
        [
            message.role.value,
            *(part if isinstance(part, str) else {"picture": part.ref.sha256} for part in message.content),
        ]
        for message in query.messages
    ]
    # The party too: two servers may call different models by one name.
    parts = [query.party.value, model, query.prompt, said, query.sampling.model_dump(), query.attempt, query.stop]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def _short(text: str) -> str:
    line = " ".join(text[:2_000].split())
    return line if len(line) <= 200 else f"{line[:199]}…"
