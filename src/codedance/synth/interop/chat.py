"""A sample as messages and pictures in order: what every chat format is made from."""

from __future__ import annotations

from collections.abc import Sequence

from codedance.imaging import Picture
from codedance.protocol import ChatMessage, conversation, opening, protocol_info
from codedance.schema import CodeFormat, Trajectory
from codedance.synth.interop.contract import Sample
from codedance.synth.interop.placeholders import escape

__all__ = ["count_escaped", "sample_messages", "shown_pictures"]


def sample_messages(sample: Sample, code_format: CodeFormat) -> list[ChatMessage]:
    """The whole conversation of a trajectory, or the opening of a task in this format of code."""
    record = sample.record
    if isinstance(record, Trajectory):
        return conversation(record.task, record.turns, record.protocol, pictures=sample.pictures)
    return opening(record, [sample.pictures[ref.sha256] for ref in record.images], protocol_info(code_format))


def shown_pictures(messages: Sequence[ChatMessage]) -> list[Picture]:
    """Every picture that the messages show, in order, repeats included."""
    return [picture for message in messages for picture in message.pictures]


def count_escaped(messages: Sequence[ChatMessage]) -> int:
    """How many texts hold something that has to be escaped."""
    return sum(escape(part) != part for message in messages for part in message.content if isinstance(part, str))
