"""From a row of any of the formats to a sample: who said what, where the pictures stand, what the reference is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from codedance.imaging import Picture
from codedance.protocol import TOOL_NAME, ChatMessage, Role
from codedance.synth.interop.cells import PictureReader
from codedance.synth.interop.contract import RowFault, Sample, UnreadableRowError
from codedance.synth.interop.conversations import Origin, read_conversation, read_question
from codedance.synth.interop.placeholders import PLACEHOLDER, split_content, unescape
from codedance.synth.interop.records import RECORD, UNSHOWN, read_record
from codedance.synth.interop.references import read_reference

__all__ = ["MOVED", "RowReader"]

Row = Mapping[str, Any]

_ROLES = {
    "system": Role.SYSTEM,
    "user": Role.USER,
    "human": Role.USER,
    "assistant": Role.ASSISTANT,
    "gpt": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "tool_call": Role.ASSISTANT,
    "function_call": Role.ASSISTANT,
    "tool": Role.TOOL,
    "tool_response": Role.TOOL,
    "observation": Role.TOOL,
    "function": Role.TOOL,
}
_CALLS = ("tool_call", "function_call")
_FACTS = ("data_source", "ability", "env_name", "category", "family", "difficulty", "seed", "doc_id")
"""Columns that go into a task's ``meta`` if they are there."""
_MOST_MESSAGES = 10_000

MOVED = "pictures_moved"
"""Key in a task's ``meta``: its pictures stood within or after the question's text; ours stand before it."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One message; ``None`` stands for the row's next picture."""

    role: Role
    content: tuple[str | Picture | None, ...]


class RowReader:
    """Reads rows of one source.

    Args:
        source: name that the samples carry.
        pictures: reads the values of picture columns.
        escaped: true if literal placeholders in texts were escaped by us.
        use_record: restore from the column ``codedance`` where it is there.
    """

    def __init__(self, source: str, pictures: PictureReader, *, escaped: bool, use_record: bool) -> None:
        self._source = source
        self._pictures = pictures
        self._escaped = escaped
        self._use_record = use_record

    def read(self, row: Row, number: int) -> Sample:
        """Read one row; raises :class:`UnreadableRowError` if it cannot be."""
        pictures = [self._pictures.read(cell) for cell in _listed(row, "images", "image")]
        if self._use_record and row.get(RECORD):
            unshown = [self._pictures.read(cell) for cell in _listed(row, UNSHOWN)]
            return read_record(row[RECORD], {picture.ref.sha256: picture for picture in (*pictures, *unshown)})
        said = [one for message in _messages(row) for one in self._said(message)]
        messages = _with_pictures(_merged(said), pictures)
        origin = self._origin(row, number, messages)
        if any(message.role is Role.ASSISTANT for message in messages):
            return read_conversation(messages, origin)
        return read_question(self._plain_question(row, messages), origin)

    def _origin(self, row: Row, number: int, messages: Sequence[ChatMessage]) -> Origin:
        facts = _facts(row)
        asked = next((message for message in messages if message.role is Role.USER), None)
        if asked is not None and not _pictures_first(asked):
            facts[MOVED] = True
        return Origin(self._source, number, facts, read_reference(_reference(row), asked.text if asked else ""))

    def _plain_question(self, row: Row, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Prompts carry instructions for some program; ``extra_info`` may hold the question alone."""
        question = _within(row, "extra_info", "question")
        if not isinstance(question, str) or not question.strip():
            return list(messages)
        text = "".join(part for part in split_content(question, escaped=self._escaped) if part is not None)
        pictures = [picture for message in messages for picture in message.pictures]
        return [ChatMessage(Role.USER, (*pictures, text))] if text.strip() else list(messages)

    def _said(self, message: Mapping[str, Any]) -> list[_Said]:
        name = message.get("role", message.get("from"))
        role = _ROLES.get(name.lower()) if isinstance(name, str) else None
        if role is None:
            raise UnreadableRowError(RowFault.ROLES, f"unknown speaker {str(name)[:40]!r}")
        content = message.get("content", message.get("value"))
        if name in _CALLS:
            return [_Said(role, (_call(content),))]
        said = [_Said(role, tuple(self._content(role, content)))]
        calls = message.get("tool_calls")
        if isinstance(calls, Sequence) and not isinstance(calls, str):
            said += [_Said(role, (_call(_within(one, "function") or one),)) for one in calls]
        return said

    def _content(self, role: Role, content: object) -> list[str | Picture | None]:
        if content is None:
            return []
        if isinstance(content, str):
            if role in (Role.SYSTEM, Role.ASSISTANT):
                # The model's own words hold no pictures: a tag in them is a literal one, in code for example.
                return [self._text(content)]
            return list(split_content(content, escaped=self._escaped))
        if isinstance(content, Sequence) and not isinstance(content, bytes):
            return [one for part in content for one in self._part(part)]
        raise UnreadableRowError(RowFault.CONTENT, f"a message's content is {type(content).__name__}")

    def _part(self, part: object) -> list[str | Picture | None]:
        if isinstance(part, str):
            return [self._text(part)]
        if not isinstance(part, Mapping):
            raise UnreadableRowError(RowFault.CONTENT, f"a part of a message is {type(part).__name__}")
        kind = part.get("type")
        if kind == "text" and isinstance(part.get("text"), str):
            return [self._text(part["text"])]
        if kind in ("image", "image_url"):
            cell = next((part[name] for name in ("image", "image_url", "url", "path") if part.get(name)), None)
            url = _within(cell, "url")
            return [None if cell is None else self._pictures.read(url or cell)]
        raise UnreadableRowError(RowFault.CONTENT, f"a message holds a part of type {str(kind)[:40]!r}")

    def _text(self, text: str) -> str:
        return unescape(text) if self._escaped else text


def _messages(row: Row) -> list[Mapping[str, Any]]:
    """The conversation's messages, under whichever name they stand."""
    for name in ("messages", "conversations", "prompt"):
        value = row.get(name)
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise UnreadableRowError(RowFault.NO_MESSAGES, f"the column {name!r} holds broken JSON") from None
        if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
            if len(value) > _MOST_MESSAGES or not all(isinstance(one, Mapping) for one in value):
                raise UnreadableRowError(RowFault.CONTENT, f"the column {name!r} holds no list of messages")
            system = row.get("system")
            first: list[Mapping[str, Any]] = [{"role": "system", "content": system}] if _text(system) else []
            return [*first, *value]
    raise UnreadableRowError(RowFault.NO_MESSAGES, f"no conversation in the columns {', '.join(sorted(row))[:120]}")


def _merged(said: Sequence[_Said]) -> list[_Said]:
    """Neighbouring messages of the model are one reply: some formats write a call as a message of its own."""
    merged: list[_Said] = []
    for one in said:
        if merged and one.role is Role.ASSISTANT and merged[-1].role is Role.ASSISTANT:
            before = merged[-1].content
            gap = ("\n",) if any(before) else ()
            merged[-1] = _Said(one.role, (*before, *gap, *one.content))
        else:
            merged.append(one)
    return merged


def _with_pictures(said: Sequence[_Said], pictures: Sequence[Picture]) -> list[ChatMessage]:
    """Put the row's pictures where they stand; those without a place go before the first question."""
    places = sum(part is None for one in said for part in one.content)
    if places > len(pictures) and pictures:
        raise UnreadableRowError(
            RowFault.PLACEHOLDERS,
            f"{places} places for pictures and {len(pictures)} picture{'s' * (len(pictures) > 1)}",
        )
    literal = not pictures  # A row without pictures that speaks of <image> means the word.
    ahead, waiting = [*pictures[: max(0, len(pictures) - places)]], [*pictures[max(0, len(pictures) - places) :]]
    messages = []
    for one in said:
        content: list[str | Picture] = []
        if one.role is Role.USER:
            content, ahead = [*ahead], []
        for part in one.content:
            if part is not None:
                content.append(part)
            else:
                content.append(PLACEHOLDER if literal else waiting.pop(0))
        messages.append(ChatMessage(one.role, tuple(_joined(content))))
    return messages


def _joined(content: Sequence[str | Picture]) -> list[str | Picture]:
    joined: list[str | Picture] = []
    for part in content:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined


def _pictures_first(message: ChatMessage) -> bool:
    kinds = [isinstance(part, str) for part in message.content]
    return kinds == sorted(kinds)


def _call(value: object) -> str:
    """A tool call as the model writes it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise UnreadableRowError(RowFault.CONTENT, "a tool call holds broken JSON") from None
    name, arguments = _within(value, "name"), _within(value, "arguments")
    if not isinstance(name, str) or arguments is None:
        raise UnreadableRowError(RowFault.CONTENT, f"a tool call without name and arguments ({TOOL_NAME})")
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


def _reference(row: Row) -> str | None:
    """The reference answer as text, from whichever column holds it."""
    if "reference" in row:  # Where it has a column of its own, `answer` is the model's.
        columns = [row["reference"]]
    else:
        columns = [_within(row, "reward_model", "ground_truth"), row.get("solution")]
        columns += [_within(row, "extra_info", "answer"), row.get("answer")]
    for value in columns:
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value).encode("utf-8", errors="replace").decode()
    return None


def _facts(row: Row) -> dict[str, JsonValue]:
    found = {name: row.get(name) for name in _FACTS}
    found |= {name: _within(row, "extra_info", name) for name in ("split", "index", "detected_objects")}
    return {name: plain for name, value in found.items() if (plain := _plain(value)) is not None}


def _plain(value: object) -> JsonValue:
    """The value if JSON can hold it."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8", errors="replace")
        plain: JsonValue = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return plain


def _within(value: object, *names: str) -> Any:  # noqa: ANN401 - whatever a row holds
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _listed(row: Row, *names: str) -> list[Any]:
    """The values of the first of these columns that holds something; one value is a list of one."""
    for name in names:
        value = row.get(name)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return list(value)
        if value is not None:
            return [value]
    return []
