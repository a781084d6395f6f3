"""How the model and the loop talk: prompts, parsing, rendering, feedback; one place for loop, rewards and trainers."""

from codedance.protocol.chat import ChatMessage, Role, as_user_message
from codedance.protocol.feedback import Allowance, conversation, observe, opening, remind, turn_messages
from codedance.protocol.parse import AnswerAction, CodeAction, Fault, Reply, ZoomAction, parse_reply
from codedance.protocol.prompt import (
    REMINDERS,
    TOOL_NAME,
    ZOOM_NAME,
    direct_prompt,
    known_protocol,
    protocol_info,
    relabelled,
    reminder,
    stop_texts,
    system_prompt,
    tool_definition,
)
from codedance.protocol.render import render_action, render_reply

__all__ = [
    "REMINDERS",
    "TOOL_NAME",
    "ZOOM_NAME",
    "Allowance",
    "AnswerAction",
    "ChatMessage",
    "CodeAction",
    "Fault",
    "Reply",
    "Role",
    "ZoomAction",
    "as_user_message",
    "conversation",
    "direct_prompt",
    "known_protocol",
    "observe",
    "opening",
    "parse_reply",
    "protocol_info",
    "relabelled",
    "remind",
    "reminder",
    "render_action",
    "render_reply",
    "stop_texts",
    "system_prompt",
    "tool_definition",
    "turn_messages",
]
