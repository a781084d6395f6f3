"""Writing what the parser reads: code, answers and whole replies in the wire format."""

from __future__ import annotations

import json
import re
from typing import assert_never

from codedance.protocol.parse import AnswerAction, CodeAction
from codedance.protocol.prompt import TOOL_NAME
from codedance.schema import CodeFormat

__all__ = ["render_action", "render_reply"]

_TAG = re.compile(r"</?(?:think|code|tool_call|answer)>|```")


def render_action(action: CodeAction | AnswerAction) -> str:
    """Code or an answer between its tags.

    The fence grows beyond three backticks when the code itself holds as many, so that any code can be written.

    Raises:
        ValueError: an answer that holds tags of the protocol.

    >>> print(render_action(CodeAction("print(1)", CodeFormat.CODE)))
    <code>
    ```python
    print(1)
    ```
    </code>
    >>> print(render_action(AnswerAction("7")))
    <answer>7</answer>
    """
    match action:
        case AnswerAction(text=text):
            if _TAG.search(text):
                raise ValueError("an answer cannot hold tags of the protocol")
            return f"<answer>{text}</answer>"
        case CodeAction(code=code, format=CodeFormat.CODE):
            longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"<code>\n{fence}python\n{code}\n{fence}\n</code>"
        case CodeAction(code=code, format=CodeFormat.TOOL_CALL):
            call = json.dumps({"name": TOOL_NAME, "arguments": {"code": code}}, ensure_ascii=False)
            return f"<tool_call>\n{call}\n</tool_call>"
        case CodeAction():
            raise ValueError(f"unknown code format {action.format!r}")
        case unreachable:
            assert_never(unreachable)


def render_reply(thought: str, action: CodeAction | AnswerAction) -> str:
    """A whole reply: the thought, then the action; reading it back gives the same two.

    Raises:
        ValueError: a thought that holds tags of the protocol.

    >>> print(render_reply("I can see it.", AnswerAction("7")))
    <think>I can see it.</think>
    <answer>7</answer>
    """
    if _TAG.search(thought):
        raise ValueError("a thought cannot hold tags of the protocol")
    return f"<think>{thought}</think>\n{render_action(action)}"
