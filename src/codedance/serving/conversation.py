"""From a client's messages to one question with pictures.

An episode answers one question. The last message, a user's, is the question; what was said before is told in front of
it as text, with the pictures that belong to it. System messages are added to the system prompt that explains the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from codedance.serving.refusals import RefusalError

__all__ = ["Conversation", "read_conversation"]

_SYSTEM = ("system", "developer")
_SPEAKERS = {"user": "User", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the client said, its pictures still as URLs."""

    question: str
    system: str
    """Text of all system messages; empty if there is none."""
    image_urls: tuple[str, ...]
    """Data URLs or addresses, in order."""


@dataclass(slots=True)
class _Reader:
    """Pictures and characters so far."""

    most_images: int
    most_characters: int
    urls: list[str] = field(default_factory=list)
    characters: int = 0

    def text(self, content: object, where: str, *, pictures: bool) -> str:
        """The text of a message's content; its pictures are named by number where there are several or words between.

        Raises:
            RefusalError: a part that is none, or too much of something (400).
        """
        if content is None or isinstance(content, str):
            return self._counted(content or "")
        if not isinstance(content, list):
            raise _refused(f"{where}.content", "must be a text or a list of parts")
        pieces: list[str] = []
        for index, part in enumerate(content):
            place = f"{where}.content[{index}]"
            match part:
                case {"type": "text", "text": str(text)}:
                    pieces.append(self._counted(text))
                case {"type": "image_url"} if pictures:
                    self._add(_url(part, place), place)
                    pieces.append(f"[picture {len(self.urls)}]")
                case {"type": "image_url"}:
                    raise _refused(place, "only messages of the role 'user' may hold pictures")
                case {"type": str(kind)}:
                    raise _refused(f"{place}.type", f"parts are 'text' or 'image_url', not '{kind[:40]}'")
                case _:
                    raise _refused(place, "a part must be an object with a type")
        return "\n".join(pieces)

    def _counted(self, text: str) -> str:
        self.characters += len(text)
        if self.characters > self.most_characters:
            raise RefusalError(
                400, f"messages: more than {self.most_characters} characters of text", param="messages",
                code="context_length_exceeded",
            )  # fmt: skip
        return text

    def _add(self, url: str, where: str) -> None:
        self.urls.append(url)
        if len(self.urls) > self.most_images:
            raise _refused(where, f"at most {self.most_images} pictures are read here")


def read_conversation(messages: Sequence[Any], *, most_images: int, most_characters: int) -> Conversation:
    r"""Read the messages; raises :class:`RefusalError` (400) that names the place of the fault.

    >>> told = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "3"},
    ...         {"role": "user", "content": "And red ones?"}]
    >>> print(read_conversation(told, most_images=1, most_characters=99).question)
    Earlier in this conversation:
    User: How many?
    Assistant: 3
    <BLANKLINE>
    Now answer this:
    And red ones?
    """
    reader = _Reader(most_images, most_characters)
    system: list[str] = []
    told: list[tuple[str, str]] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role in _SYSTEM:
            system.append(reader.text(message.get("content"), where, pictures=False))
        elif role in _SPEAKERS:
            if message.get("tool_calls") or message.get("function_call"):
                raise _refused(
                    f"{where}.tool_calls", "the model here uses its own tool; calls of others cannot be read"
                )
            told.append((role, reader.text(message.get("content"), where, pictures=role == "user")))
        else:
            shown = repr(role)[:40]
            raise _refused(f"{where}.role", f"must be 'system', 'developer', 'user' or 'assistant', not {shown}")
    if not told or told[-1][0] != "user":
        raise _refused("messages", "the last message must be the user's question")
    question = _question(told, len(reader.urls))
    if not question.strip():
        raise _refused("messages", "the question is empty")
    return Conversation(question, "\n\n".join(one for one in system if one.strip()), tuple(reader.urls))


def _question(told: Sequence[tuple[str, str]], images: int) -> str:
    last = _plain(told[-1][1], images)
    if len(told) == 1:
        return last
    before = "\n".join(f"{_SPEAKERS[role]}: {text}" for role, text in told[:-1])
    return f"Earlier in this conversation:\n{before}\n\nNow answer this:\n{told[-1][1]}"


def _plain(text: str, images: int) -> str:
    """A single message without the marks of its pictures, if they all stand before or all behind its words.

    The pictures are shown in front of the question anyway. Between words a mark says which one is meant.
    """
    marks = [f"[picture {number}]" for number in range(1, images + 1)]
    for head, tail in ((marks, []), ([], marks)):
        begin, end = "".join(f"{mark}\n" for mark in head), "".join(f"\n{mark}" for mark in tail)
        if text.startswith(begin) and text.endswith(end):
            return text[len(begin) : len(text) - len(end)]
    return "" if text in marks else text


def _url(part: dict[str, Any], where: str) -> str:
    match part.get("image_url"):
        case {"url": str(url)} | str(url):
            return url
        case _:
            raise _refused(f"{where}.image_url", "must be an object with the field url")


def _refused(param: str, why: str) -> RefusalError:
    return RefusalError(400, f"{param}: {why}", param=param)
