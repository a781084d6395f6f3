"""Conversations in the form of OpenAI's chat protocol, and replies back in the wire format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from codedance.imaging import Picture
from codedance.protocol import TOOL_NAME, ChatMessage, CodeAction, Role, as_user_message, parse_reply
from codedance.schema import CodeFormat

__all__ = ["restore_tag", "to_openai", "wire_text"]


def to_openai(messages: Sequence[ChatMessage], *, native_tools: bool = False) -> list[dict[str, Any]]:
    """The messages as JSON values.

    Feedback becomes a user message between ``<tool_response>`` tags. With native tools a reply that called the tool
    becomes an assistant message with ``tool_calls``, its feedback a ``tool`` message with the text, and a user message
    with the pictures, because tool messages hold text only.

    >>> to_openai([ChatMessage(Role.USER, ("How many?",))])
    [{'role': 'user', 'content': 'How many?'}]
    """
    out: list[dict[str, Any]] = []
    call: str | None = None
    for message in messages:
        if native_tools and message.role is Role.ASSISTANT:
            converted, call = _assistant(message, len(out))
            out.append(converted)
        elif native_tools and message.role is Role.TOOL and call is not None:
            out.append({"role": "tool", "tool_call_id": call, "content": message.text or "[see the pictures]"})
            if message.pictures:
                shown = [{"type": "text", "text": "Pictures that the code showed:"}]
                out.append({"role": "user", "content": shown + [_image(picture) for picture in message.pictures]})
            call = None
        else:
            out.append(_plain(as_user_message(message)))
    return out


def wire_text(text: str, reasoning: str, call_arguments: str | None) -> str:
    """The reply as every other model writes it: thought, text, then the tool call.

    >>> print(wire_text("", "Look closer.", '{"code": "print(1)"}'))
    <think>Look closer.</think>
    <tool_call>
    {"name": "execute_python_code", "arguments": {"code": "print(1)"}}
    </tool_call>
    """
    parts = [f"<think>{reasoning.strip()}</think>"] if reasoning.strip() and "<think>" not in text else []
    if text:
        parts.append(text)
    if call_arguments is not None:
        # Arguments that are no JSON stay as they are: the parser then reports a broken call.
        parts.append(f'<tool_call>\n{{"name": "{TOOL_NAME}", "arguments": {call_arguments}}}\n</tool_call>')
    return "\n".join(parts)


def restore_tag(text: str, stop: Sequence[str]) -> str:
    """Put back the closing tag at which the server stopped, if its opening tag is the last one left open.

    >>> restore_tag("<answer>7", ["</code>", "</answer>"])
    '<answer>7</answer>'
    >>> restore_tag("<answer>7</answer>", ["</code>", "</answer>"])
    '<answer>7</answer>'
    """
    latest, closer = -1, ""
    for tag in stop:
        opened = text.rfind(tag.replace("</", "<"))
        if tag.startswith("</") and opened > latest and text.find(tag, opened) < 0:
            latest, closer = opened, tag
    return text + closer


def _plain(message: ChatMessage) -> dict[str, Any]:
    if not message.pictures:
        return {"role": message.role.value, "content": message.text}
    content = [
        _image(part) if isinstance(part, Picture) else {"type": "text", "text": part} for part in message.content
    ]
    return {"role": message.role.value, "content": content}


def _assistant(message: ChatMessage, number: int) -> tuple[dict[str, Any], str | None]:
    reply = parse_reply(message.text)
    if not isinstance(reply.action, CodeAction) or reply.action.format is not CodeFormat.TOOL_CALL:
        return {"role": "assistant", "content": message.text}, None
    call = f"call_{number}"
    function = {"name": TOOL_NAME, "arguments": json.dumps({"code": reply.action.code})}
    text = message.text[: message.text.rfind("<tool_call>")].strip()
    calls = [{"id": call, "type": "function", "function": function}]
    return {"role": "assistant", "content": text or None, "tool_calls": calls}, call


def _image(picture: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": picture.data_url}}
