"""A model that says what it is told to: for tests, oracles, benchmarks and demonstrations of the loop."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio.lowlevel

from codedance.errors import ModelError, UsageError
from codedance.models.contract import Completion, cut_after_stop
from codedance.protocol import ChatMessage, Role
from codedance.schema import FinishReason, Sampling
from codedance.schema.counts import counted

__all__ = ["ScriptedModel"]

_CHARACTERS_PER_TOKEN = 4


class ScriptedModel:
    """Replies from a list, one a turn, or from a function of the conversation.

    With a list the reply is chosen by how many replies the conversation already holds, so that several conversations
    may run at once. Token counts are a quarter of the characters, and ``max_tokens`` cuts accordingly.

    >>> import anyio
    >>> from codedance.protocol import ChatMessage, Role
    >>> model = ScriptedModel(["<answer>3</answer>"])
    >>> anyio.run(model.complete, [ChatMessage(Role.USER, ("How many?",))], Sampling()).text
    '<answer>3</answer>'
    """

    def __init__(
        self, replies: Sequence[str] | Callable[[Sequence[ChatMessage]], str], *, name: str = "scripted"
    ) -> None:
        self._replies = replies
        self._name = name

    @classmethod
    def from_file(cls, path: Path) -> ScriptedModel:
        """Read a JSON list of replies; raises :class:`UsageError` with the path if it is none."""
        try:
            replies = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: the script cannot be read ({error.strerror or error})") from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: the script is no JSON ({error})") from None
        if not isinstance(replies, list) or not all(isinstance(reply, str) for reply in replies):
            raise UsageError(f"{path}: the script must be a JSON list of texts, one reply each")
        return cls(replies, name=f"scripted:{path}")

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
        """The scripted reply, cut at stop texts and ``max_tokens``; raises ``ModelError`` past the script's end."""
        await anyio.lowlevel.checkpoint()
        text, finish = cut_after_stop(self._reply(messages), stop), FinishReason.STOP
        most = sampling.max_tokens * _CHARACTERS_PER_TOKEN
        if len(text) > most:
            text, finish = text[:most], FinishReason.LENGTH
        if on_text is not None:
            on_text(text)
        prompt = sum(len(message.text) for message in messages)
        return Completion(text, finish, _tokens(prompt), _tokens(len(text)))

    async def close(self) -> None:
        """Nothing to free."""

    def _reply(self, messages: Sequence[ChatMessage]) -> str:
        if not isinstance(self._replies, Sequence):
            return self._replies(messages)
        turn = sum(message.role is Role.ASSISTANT for message in messages)
        if turn >= len(self._replies):
            had = counted(len(self._replies), "reply")
            raise ModelError(f"the script ends after {had}; the conversation wants one more")
        return self._replies[turn]


def _tokens(characters: int) -> int:
    return -(-characters // _CHARACTERS_PER_TOKEN)
