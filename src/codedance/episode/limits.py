"""What is left of an episode's budgets: pure functions of what has happened."""

from __future__ import annotations

from collections.abc import Sequence

from codedance.models.contract import Completion
from codedance.protocol import Allowance
from codedance.schema import Budgets, Turn

__all__ = ["allowance", "tokens_sampled"]


def allowance(budgets: Budgets, turns: Sequence[Turn]) -> Allowance:
    """What the next observation may use after these turns; pictures and pixels never go below zero.

    >>> allowance(Budgets(images=2), [])
    Allowance(characters=10000, images=2, pixels=16777216)
    """
    shown = [ref for turn in turns if turn.observation for ref in turn.observation.images]
    return Allowance(
        characters=budgets.output_characters,
        images=max(0, budgets.images - len(shown)),
        pixels=max(0, budgets.pixels - sum(ref.width * ref.height for ref in shown)),
    )


def tokens_sampled(completion: Completion) -> int:
    """Tokens of one reply; a server that does not count is counted by the usual four characters a token.

    >>> tokens_sampled(Completion("12345"))
    2
    """
    if completion.completion_tokens is not None:
        return completion.completion_tokens
    return -(-len(completion.text) // 4)
