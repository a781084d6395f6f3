"""From an episode to the tokens that the network really read and wrote; text of the model is never tokenised again.

A turn's tokens are those that were sampled. What lies between them (prompts, feedback, pictures) is encoded as the
engine encodes it. Where a reply went on behind its action, the loop keeps only the part up to the action's end, and the
engine reads the conversation anew: then what follows is a sequence of its own, in which the earlier turns are context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codedance.episode import Rollout
from codedance.errors import DataError
from codedance.models.local.chat import Encoded, Encoder
from codedance.protocol import ChatMessage, opening, turn_messages

__all__ = ["Segment", "segments_of"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an episode that the network read as one sequence."""

    encoded: Encoded
    turns: tuple[int, ...]
    """Indices of the turns whose tokens were sampled in this sequence."""
    spans: tuple[tuple[int, int], ...]
    """For each of them its first token and one past its last."""
    logprobs: tuple[float, ...]
    """Of all tokens within the spans, as they were sampled."""


def segments_of(encoder: Encoder, rollout: Rollout) -> tuple[Segment, ...]:
    """The sequences of an episode; one, unless a reply was cut or its conversation was read anew.

    Raises:
        DataError: the model did not tell its tokens, or read another number of tokens than can be accounted for.
    """
    trajectory = rollout.trajectory
    pictures = [rollout.pictures[ref.sha256] for ref in trajectory.task.images]
    messages = opening(trajectory.task, pictures, trajectory.protocol)
    draft = _Draft(encoder.encode(messages))
    done: list[Segment] = []
    for index, (turn, sampled) in enumerate(zip(trajectory.turns, rollout.tokens, strict=True)):
        if sampled is None:
            raise DataError(f"{trajectory.id}: the model {trajectory.model} does not tell which tokens it sampled")
        if turn.prompt_tokens not in (None, len(draft.encoded.ids)):
            # The engine forgot the conversation to make room, and read its text again.
            done += draft.finished()
            draft = _Draft(encoder.encode(messages))
            if turn.prompt_tokens != len(draft.encoded.ids):
                raise DataError(
                    f"{trajectory.id}, turn {index}: the model read {turn.prompt_tokens} tokens, "
                    f"the conversation has {len(draft.encoded.ids)}"
                )
        draft.write(index, sampled.token_ids, sampled.logprobs)
        if index + 1 == len(trajectory.turns):
            break
        added = turn_messages(turn, rollout.pictures)
        messages += added
        if turn.kept_characters < len(turn.text):
            done += draft.finished()
            draft = _Draft(encoder.encode(messages))
        else:
            draft.read(encoder, added[1:])
    return (*done, *draft.finished())


class _Draft:
    """A sequence that grows."""

    def __init__(self, encoded: Encoded) -> None:
        self.encoded = encoded
        self._turns: list[int] = []
        self._spans: list[tuple[int, int]] = []
        self._logprobs: list[float] = []

    def write(self, turn: int, ids: Sequence[int], logprobs: Sequence[float]) -> None:
        """Append sampled tokens."""
        start = len(self.encoded.ids)
        self.encoded.add_tokens(ids)
        self._turns.append(turn)
        self._spans.append((start, len(self.encoded.ids)))
        self._logprobs += logprobs

    def read(self, encoder: Encoder, messages: Sequence[ChatMessage]) -> None:
        """End the reply, append what came after it, open the next one."""
        end = encoder.tokenizer.special["<|im_end|>"]
        if self.encoded.ids[-1] != end:
            self.encoded.add_tokens([end])
        encoder.close_reply(self.encoded)
        for message in messages:
            encoder.add_message(self.encoded, message)
        encoder.open_reply(self.encoded)

    def finished(self) -> tuple[Segment, ...]:
        """The sequence, if anything was sampled in it."""
        if not self._turns:
            return ()
        return (Segment(self.encoded, tuple(self._turns), tuple(self._spans), tuple(self._logprobs)),)
