"""Messages of a conversation in memory: who speaks, and text and pictures in order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codedance.imaging import Picture

__all__ = ["ChatMessage", "Role", "as_user_message"]

_OPEN, _CLOSE = "<tool_response>\n", "\n</tool_response>"


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    """Feedback of the sandbox; its content carries no tags yet, see :func:`as_user_message`."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message; strings and pictures alternate as they are to be read."""

    role: Role
    content: tuple[str | Picture, ...]

    @property
    def text(self) -> str:
        """All text of the message, without the pictures."""
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures of the message, in order."""
        return tuple(part for part in self.content if isinstance(part, Picture))


def as_user_message(message: ChatMessage) -> ChatMessage:
    r"""Wrap feedback as a user message between ``<tool_response>`` tags; other messages stay as they are.

    >>> as_user_message(ChatMessage(Role.TOOL, ("3",))).content
    ('<tool_response>\n', '3', '\n</tool_response>')
    """
    if message.role is not Role.TOOL:
        return message
    return ChatMessage(Role.USER, (_OPEN, *message.content, _CLOSE))
