"""What the model is told before the first turn, and when it wrote nothing that can be acted on."""

from __future__ import annotations

from typing import assert_never

from codedance.schema import CodeFormat, ProtocolInfo

__all__ = ["REMINDERS", "TOOL_NAME", "direct_prompt", "protocol_info", "system_prompt", "tool_definition"]

TOOL_NAME = "execute_python_code"
"""Name of the one tool in the tool-call format."""

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


def protocol_info(code_format: CodeFormat = CodeFormat.CODE) -> ProtocolInfo:
    """The default way to talk, as it is recorded with a trajectory."""
    return ProtocolInfo(code_format=code_format, system_prompt=system_prompt(code_format))


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
