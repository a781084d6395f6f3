"""What a model promises: text and images in, text out; it knows nothing of tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from codedance.protocol import ChatMessage
from codedance.schema import FinishReason, Sampling

__all__ = ["Completion", "Model", "TokenSpan", "cut_after_stop"]


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """The tokens that were really sampled; never made again by re-tokenising text."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    """Natural logarithm of each token's probability under the sampling distribution."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply."""

    text: str
    """Exactly what was sampled, closing tag included."""
    finish: FinishReason = FinishReason.STOP
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens: TokenSpan | None = None
    """Only models that run here know their tokens."""
    retries: int = 0
    """How often a server was asked again because it had failed."""


class Model(Protocol):
    """A vision-language model that can be asked for the next message of a conversation."""

    @property
    def name(self) -> str:
        """The specification it was made from, for the record: ``nano``, ``server:Qwen2.5-VL-7B``."""
        ...

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Sample the assistant's next message.

        Sampling ends after any of the ``stop`` texts, and the completion's text includes that text. ``on_text`` is
        called with each new piece of text as it is sampled, if the model can stream; the pieces need not add up to
        the completion (a retry may begin again).

        Several calls may be in flight at once. Raises :class:`~codedance.errors.ModelError`.
        """
        ...

    async def close(self) -> None:
        """Free connections, threads and memory; the model cannot be used afterwards."""
        ...


def cut_after_stop(text: str, stop: Sequence[str]) -> str:
    """Nothing after the first stop text, which stays: a token may reach beyond it.

    >>> cut_after_stop("a</code>b</answer>", ["</answer>", "</code>"])
    'a</code>'
    """
    ends = [text.find(one) + len(one) for one in stop if one in text]
    return text[: min(ends, default=len(text))]
