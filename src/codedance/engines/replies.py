"""Sampled tokens of a reply: which of them stay in the context. Text is read from tokens, never the other way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codedance.protocol import parse_reply

__all__ = ["kept_tokens", "readable"]


def readable(ids: Sequence[int], reserved: frozenset[int]) -> tuple[int, ...]:
    """A reply up to the first token that stands for a picture: a model may sample one, and no picture belongs to it.

    >>> readable([5, 6, 99, 7], frozenset({99}))
    (5, 6)
    """
    return tuple(ids[: next((place for place, one in enumerate(ids) if one in reserved), len(ids))])


def kept_tokens(ids: Sequence[int], text: str, decode: Callable[[Sequence[int]], str]) -> int:
    """How many of the tokens hold the reply up to the end of its action; all of them if nothing follows it.

    The loop drops what follows an action. An engine that stops at the closing tags leaves nothing there but the rest of
    the last token, which stays: a token is not divided. Tokens beyond are dropped from context and loss alike. As they
    were sampled after the action, which they cannot change, the gradient of what is kept stays right.

    Args:
        ids: as they were sampled.
        text: what they read, special tokens left out.
        decode: from tokens to text, special tokens left out.

    >>> pieces = ["<answer>7", "</answer>", " So"]
    >>> kept_tokens([1, 2, 3], "<answer>7</answer> So", lambda ids: "".join(pieces[: len(ids)]))
    2
    """
    reply = parse_reply(text)
    if reply.action is None or reply.end >= len(text):
        return len(ids)
    wanted = text[: reply.end]
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        if len(decode(ids[:middle])) < reply.end:
            low = middle + 1
        else:
            high = middle
    # Half a character reads as a replacement, so that a count of characters may be right a token too early.
    while low < len(ids) and not decode(ids[:low]).startswith(wanted):
        low += 1
    return low
