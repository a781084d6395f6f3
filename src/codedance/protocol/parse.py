"""Reading a model's reply: pure, linear in the text's length, and never raising.

One documented rule for everything a reply may hold: **the first complete action wins**. Reading from the left, closed
``<think>`` spans are skipped; the first code block, tool call or answer that is complete is the action; whatever
follows its end is dropped from the context. An action is complete when its content is: a closing tag may be missing
(servers strip stop sequences) if the fence is closed or the JSON ends. What a mode has no use for (an answer where a
program is wanted, code where none is run) is no action in it, and is passed over.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from codedance.protocol.prompt import TOOL_NAME, ZOOM_NAME
from codedance.schema import CodeFormat, ReasoningMode

__all__ = ["AnswerAction", "CodeAction", "Fault", "Reply", "ZoomAction", "parse_reply"]

_OPENERS = re.compile(r"<think>|<code>|<tool_call>|<answer>|^[ \t]*(?P<bare>`{3,})(?:python3?|py)[ \t]*$", re.M | re.I)
_FENCE_OPEN = re.compile(r"\s*(?P<ticks>`{3,})[ \t]*(?:[A-Za-z0-9_+-]*)[ \t]*\n")
_FENCE_CLOSE = re.compile(r"\n[ \t]*(?P<ticks>`{3,})[ \t]*(?=\n|\Z|<)")
_CODE_END = re.compile(r"\s*</code>", re.I)
_CALL_END = re.compile(r"\s*</tool_call>", re.I)
_BLANK = re.compile(r"\s*")
_JSON = json.JSONDecoder()
_MAX_BROKEN_CALLS = 16
"""Each failed decoding walks the text once more (the decoder counts lines for its message): a hostile reply could make
millions of them, so after these many no further tool call is tried."""


_OPENS = {
    ReasoningMode.CODE: frozenset({"<think>", "<code>", "<tool_call>", "<answer>"}),
    ReasoningMode.SCHEMA: frozenset({"<think>", "<tool_call>", "<answer>"}),
    ReasoningMode.PROGRAM: frozenset({"<think>", "<code>", "<tool_call>"}),
    ReasoningMode.DIRECT: frozenset({"<think>", "<answer>"}),
}
"""What begins something in each mode."""


class Fault(StrEnum):
    """What was wrong with a reply's form; some faults still leave an action to take."""

    UNBALANCED_THINK = "unbalanced_think"
    """Opening and closing think tags do not pair up before the action."""
    UNCLOSED_CODE = "unclosed_code"
    """Code was opened and its end never came."""
    BROKEN_CALL = "broken_call"
    """A tool call that is not JSON, names another tool, or has no arguments."""
    UNCLOSED_ANSWER = "unclosed_answer"
    """An answer was opened and its end never came."""
    EXTRA_ACTION = "extra_action"
    """Another action followed the first one and was dropped."""


@dataclass(frozen=True, slots=True)
class CodeAction:
    """Code to run."""

    code: str
    format: CodeFormat


@dataclass(frozen=True, slots=True)
class ZoomAction:
    """A call of the zooming tool."""

    arguments: Mapping[str, object]
    """As the model wrote them: any JSON at all."""


@dataclass(frozen=True, slots=True)
class AnswerAction:
    """The final answer, without surrounding white space."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, read."""

    thought: str
    """Text of the think spans before the action; without any, the text before the action."""
    action: CodeAction | ZoomAction | AnswerAction | None
    end: int
    """Index where the action ends; the whole length without an action."""
    faults: frozenset[Fault]


def parse_reply(text: str, mode: ReasoningMode = ReasoningMode.CODE) -> Reply:
    r"""Read one reply of a model, looking for the actions of a mode.

    >>> parse_reply("<think>Look closer.</think><code>\n```python\nprint(1)\n```\n</code> and then").action
    CodeAction(code='print(1)', format=<CodeFormat.CODE: 'code'>)
    >>> parse_reply("It is <answer> 7 </answer>").action
    AnswerAction(text='7')
    >>> parse_reply("I do not know.").action is None
    True
    >>> parse_reply("<code>x</code> Hence <answer>7</answer>", ReasoningMode.DIRECT).action
    AnswerAction(text='7')
    """
    return _Reader(text, mode).read()


class _Reader:
    """One pass over a reply; remembers which closers are absent so that hostile repetition stays linear."""

    def __init__(self, text: str, mode: ReasoningMode) -> None:
        self.text = text
        self.mode = mode
        self.faults: set[Fault] = set()
        self.thoughts: list[str] = []
        self._closers: dict[int, list[re.Match[str]]] | None = None
        self._absent: set[str] = set()
        self._broken_calls = 0

    def read(self) -> Reply:
        position = 0
        action: CodeAction | ZoomAction | AnswerAction | None = None
        begin = end = len(self.text)
        while (opener := _OPENERS.search(self.text, position)) is not None:
            found, position = self._open(opener)
            if found is not None:
                action, begin, end = found, opener.start(), position
                break
        before = self.text[:begin]
        if before.count("<think>") != before.count("</think>"):
            self.faults.add(Fault.UNBALANCED_THINK)
        if action is not None and self._acts_again(end):
            self.faults.add(Fault.EXTRA_ACTION)
        thought = "\n".join(self.thoughts) or before.replace("<think>", "").replace("</think>", "").strip()
        return Reply(thought=thought, action=action, end=end, faults=frozenset(self.faults))

    def _open(self, opener: re.Match[str]) -> tuple[CodeAction | ZoomAction | AnswerAction | None, int]:
        """What the opener begins: an action and its end, or nothing and where to read on."""
        tag = "<code>" if opener["bare"] else opener[0].lower()
        if tag not in _OPENS[self.mode]:
            return None, opener.end()
        match tag:
            case "<think>":
                return self._think(opener.end())
            case "<code>":
                return self._bare_fence(opener) if opener["bare"] else self._code(opener.end())
            case "<tool_call>":
                return self._tool_call(opener.end())
            case _:
                return self._answer(opener.end())

    def _think(self, start: int) -> tuple[None, int]:
        close = self._find("</think>", start)
        if close < 0:
            return None, start
        self.thoughts.append(self.text[start:close].strip())
        return None, close + len("</think>")

    def _code(self, start: int) -> tuple[CodeAction | None, int]:
        fence = _FENCE_OPEN.match(self.text, start)
        if fence is not None:
            close = self._fence_close(fence, tagged=True) or self._fence_close(fence, tagged=False)
            if close is not None:
                tag = _CODE_END.match(self.text, close.end())
                return self._code_between(fence, close), tag.end() if tag else close.end()
        else:
            close_at = self._find("</code>", start)
            if close_at >= 0:
                code = self.text[start:close_at].strip("\n")
                return CodeAction(code, CodeFormat.CODE), close_at + len("</code>")
        self.faults.add(Fault.UNCLOSED_CODE)
        return None, start

    def _bare_fence(self, opener: re.Match[str]) -> tuple[CodeAction | None, int]:
        fence = _FENCE_OPEN.match(self.text, opener.start())
        close = self._fence_close(fence, tagged=False) if fence else None
        if fence is None or close is None:
            self.faults.add(Fault.UNCLOSED_CODE)
            return None, opener.end()
        return self._code_between(fence, close), close.end()

    def _code_between(self, fence: re.Match[str], close: re.Match[str]) -> CodeAction:
        return CodeAction(self.text[fence.end() : max(close.start(), fence.end())], CodeFormat.CODE)

    def _fence_close(self, fence: re.Match[str], *, tagged: bool) -> re.Match[str] | None:
        """The first closing fence of as many backticks; with ``tagged``, one that ``</code>`` follows."""
        if self._closers is None:
            self._closers = {}
            for close in _FENCE_CLOSE.finditer(self.text):
                follows = _CODE_END.match(self.text, close.end()) is not None
                for key in (len(close["ticks"]), -len(close["ticks"])) if follows else (len(close["ticks"]),):
                    self._closers.setdefault(key, []).append(close)
        ticks = len(fence["ticks"])
        closers = self._closers.get(-ticks if tagged else ticks, [])
        # The newline that ends the opening fence may be the one that begins the closing one: an empty block.
        index = bisect.bisect_left(closers, fence.end() - 1, key=lambda close: close.start())
        return closers[index] if index < len(closers) else None

    def _tool_call(self, start: int) -> tuple[CodeAction | ZoomAction | None, int]:
        begin = _BLANK.match(self.text, start)
        if self._broken_calls >= _MAX_BROKEN_CALLS:
            return None, start
        try:
            call, end = _JSON.raw_decode(self.text, begin.end() if begin else start)
            arguments = call["arguments"]
            if isinstance(arguments, str):
                arguments = _JSON.decode(arguments)
            action = self._called(call["name"], arguments)
        except (ValueError, KeyError, TypeError, RecursionError):
            self.faults.add(Fault.BROKEN_CALL)
            self._broken_calls += 1
            close = self._find("</tool_call>", start)
            return None, start if close < 0 else close
        tag = _CALL_END.match(self.text, end)
        return action, tag.end() if tag else end

    def _called(self, name: object, arguments: Any) -> CodeAction | ZoomAction:  # noqa: ANN401 - any JSON
        """The call of the mode's tool; raises ``ValueError``, ``KeyError`` or ``TypeError`` if it is of another."""
        if self.mode is ReasoningMode.SCHEMA:
            if name != ZOOM_NAME or not isinstance(arguments, dict):
                raise ValueError("not the mode's tool")
            return ZoomAction(arguments)
        code = arguments["code"]
        if name != TOOL_NAME or not isinstance(code, str):
            raise ValueError("not the mode's tool")
        return CodeAction(code, CodeFormat.TOOL_CALL)

    def _answer(self, start: int) -> tuple[AnswerAction | None, int]:
        close = self._find("</answer>", start)
        if close < 0:
            self.faults.add(Fault.UNCLOSED_ANSWER)
            return None, start
        return AnswerAction(self.text[start:close].strip()), close + len("</answer>")

    def _acts_again(self, position: int) -> bool:
        rest = _Reader(self.text[position:], self.mode)
        start = 0
        while (opener := _OPENERS.search(rest.text, start)) is not None:
            found, start = rest._open(opener)
            if found is not None:
                return True
        return False

    def _find(self, closer: str, start: int) -> int:
        if closer in self._absent:
            return -1
        index = self.text.find(closer, start)
        if index < 0:
            self._absent.add(closer)
        return index
