"""What the model is told before the first turn, and when it wrote nothing that can be acted on."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources
from typing import assert_never

from codedance.schema import CodeFormat, ProtocolInfo, ReasoningMode

__all__ = [
    "REMINDERS",
    "TOOL_NAME",
    "ZOOM_NAME",
    "direct_prompt",
    "known_protocol",
    "protocol_info",
    "relabelled",
    "reminder",
    "stop_texts",
    "system_prompt",
    "tool_definition",
]

TOOL_NAME = "execute_python_code"
"""Name of the one tool in the tool-call format."""
ZOOM_NAME = "image_zoom_in_tool"
"""Name of the one tool in the schema mode; models that were trained on such calls know it by this name."""
CODE_VERSION = 1
"""Version of the system prompts for code; raised with every change of their text."""

_TASK = (
    "You answer questions about pictures. Solve the problem step by step. You may write Python to look closer, "
    "measure, count, draw or compute: it is run, and what it prints or shows is given back to you. "
    "The picture is the PIL image `input_image` and the file 'input_image.jpg'; with several pictures, "
    "`input_images` is their list and 'input_image_1.jpg', 'input_image_2.jpg', ... are their files. "
    "Variables stay alive between pieces of code."
)
_CODE = (
    "First think: <think> your thoughts </think>. Then either write code:\n"
    "<code>\n```python\nyour code\n```\n</code>\n"
    "or give the final answer: <answer> your answer </answer>"
)
_TOOL_CALL = (
    "First think: <think> your thoughts </think>. Then either call the tool:\n"
    f'<tool_call>\n{{"name": "{TOOL_NAME}", "arguments": {{"code": "your code"}}}}\n</tool_call>\n'
    "or give the final answer: <answer> your answer </answer>"
)

_DIRECT = (
    "You answer questions about pictures. Look at the picture and answer directly, without code. "
    "First think: <think> your thoughts </think>. Then give the final answer, as short as possible: "
    "<answer> your answer </answer>"
)

REMINDERS = {
    CodeFormat.CODE: (
        "Your reply held no code to run and no answer. Write code as <code>\n```python\nyour code\n```\n</code> "
        "or the final answer as <answer> your answer </answer>"
    ),
    CodeFormat.TOOL_CALL: (
        f"Your reply held no tool call and no answer. Call {TOOL_NAME} between <tool_call> tags "
        "or write the final answer as <answer> your answer </answer>"
    ),
}
"""Said once when a reply held neither code nor an answer that could be read."""


def system_prompt(code_format: CodeFormat = CodeFormat.CODE) -> str:
    """The default system message for a code format.

    >>> "<tool_call>" in system_prompt(CodeFormat.TOOL_CALL), "<tool_call>" in system_prompt(CodeFormat.CODE)
    (True, False)
    """
    match code_format:
        case CodeFormat.CODE:
            return f"{_TASK}\n{_CODE}"
        case CodeFormat.TOOL_CALL:
            return f"{_TASK}\n{_TOOL_CALL}"
        case unreachable:
            assert_never(unreachable)


def direct_prompt() -> str:
    """The system message for an answer at a glance, without code.

    >>> "<answer>" in direct_prompt(), "Python" in direct_prompt()
    (True, False)
    """
    return _DIRECT


def protocol_info(code_format: CodeFormat = CodeFormat.CODE, mode: ReasoningMode = ReasoningMode.CODE) -> ProtocolInfo:
    """How to talk in a mode, as it is recorded with a trajectory; the code format matters for code only.

    >>> protocol_info().prompt, protocol_info(mode=ReasoningMode.SCHEMA).prompt
    ('code@1', 'schema@1')
    """
    if mode is ReasoningMode.CODE:
        label = f"{code_format.value}@{CODE_VERSION}"
        return ProtocolInfo(code_format=code_format, system_prompt=system_prompt(code_format), prompt=label)
    asked = _mode_prompt(mode)
    label = f"{mode.value}@{asked.version}"
    return ProtocolInfo(code_format=code_format, system_prompt=asked.system, mode=mode, prompt=label)


def known_protocol(code_format: CodeFormat, system_text: str) -> ProtocolInfo:
    """How a conversation was held whose system message says so; with its name and version if it is one of ours.

    >>> known_protocol(CodeFormat.CODE, system_prompt()).prompt, known_protocol(CodeFormat.CODE, "Be brief.").prompt
    ('code@1', '')
    """
    ours = protocol_info(code_format)
    return (
        ours if ours.system_prompt == system_text else ProtocolInfo(code_format=code_format, system_prompt=system_text)
    )


def relabelled(protocol: ProtocolInfo) -> ProtocolInfo:
    """The same, without the name of our prompt if its text was replaced by another.

    >>> relabelled(protocol_info().model_copy(update={"system_prompt": "Be brief."})).prompt
    ''
    """
    ours = protocol_info(protocol.code_format, protocol.mode)
    return protocol if ours.system_prompt == protocol.system_prompt else protocol.model_copy(update={"prompt": ""})


def reminder(protocol: ProtocolInfo) -> str:
    """What is said once when a reply held nothing that the mode can act on.

    >>> "JSON" in reminder(protocol_info(mode=ReasoningMode.SCHEMA))
    True
    """
    if protocol.mode is ReasoningMode.CODE:
        return REMINDERS[protocol.code_format]
    return _mode_prompt(protocol.mode).reminder


def stop_texts(mode: ReasoningMode) -> tuple[str, ...]:
    """The model stops writing after any of these: what follows an action would be dropped anyway.

    >>> stop_texts(ReasoningMode.DIRECT)
    ('</answer>',)
    """
    match mode:
        case ReasoningMode.CODE:
            return ("</code>", "</tool_call>", "</answer>")
        case ReasoningMode.SCHEMA:
            return ("</tool_call>", "</answer>")
        case ReasoningMode.PROGRAM:
            return ("</code>", "</tool_call>")
        case ReasoningMode.DIRECT:
            return ("</answer>",)
        case unreachable:
            assert_never(unreachable)


@dataclass(frozen=True, slots=True)
class _ModePrompt:
    version: int
    system: str
    reminder: str


_PROMPT_FILE = re.compile(r"version: (\d+)\n\n(.+?)\n\nreminder:\n\n(.+)", re.S)


@functools.cache
def _mode_prompt(mode: ReasoningMode) -> _ModePrompt:
    """The file ``prompts/MODE.md``: its version, the system prompt, the reminder."""
    text = resources.files("codedance.protocol").joinpath("prompts", f"{mode.value}.md").read_text(encoding="utf-8")
    parts = _PROMPT_FILE.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"prompts/{mode.value}.md: must hold a version, the prompt and 'reminder:' with its text")
    return _ModePrompt(int(parts[1]), parts[2].strip(), parts[3].strip())


def tool_definition() -> dict[str, object]:
    """The tool in JSON-schema form, for servers with native tool calls."""
    return {
        "type": "function",
        "function": {
            "name": TOOL_NAME,
            "description": "Run Python code in a stateful sandbox; its output and pictures are returned.",
            "parameters": {
                "type": "object",
                "properties": {"code": {"type": "string", "description": "The Python code to run."}},
                "required": ["code"],
            },
        },
    }
