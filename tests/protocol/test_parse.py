"""The parser: never raises, reads what the renderer writes, one rule for several actions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedance.protocol import AnswerAction, CodeAction, Fault, parse_reply, render_reply
from codedance.schema import CodeFormat

TAGS = ["<think>", "</think>", "<code>", "</code>", "<tool_call>", "</tool_call>", "<answer>", "</answer>"]
PIECES = [
    *TAGS,
    "```python\n",
    "\n```\n",
    "```",
    "\n",
    " ",
    '{"name": "execute_python_code", "arguments": {"code": "x"}}',
    "{",
    "x = 1",
]


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    reply = parse_reply(text)
    assert 0 <= reply.end <= len(text)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_mixture_of_tags_is_read_without_an_exception(text: str) -> None:
    reply = parse_reply(text)
    assert 0 <= reply.end <= len(text)
    # What is kept in the context reads the same as the whole: dropping the rest loses no action.
    assert parse_reply(text[: reply.end]).action == reply.action


def plain(text: str) -> bool:
    return not any(tag in text for tag in [*TAGS, "```"])


thoughts = st.text().filter(plain).map(str.strip)
codes = st.text(st.characters(exclude_categories=["Cs"]))
messy_codes = st.lists(st.sampled_from([*PIECES, "````", "print('</code>')", "'''"])).map("".join)


@given(thoughts, st.one_of(codes, messy_codes), st.sampled_from(CodeFormat))
def test_rendered_code_is_read_back_as_it_was(thought: str, code: str, code_format: CodeFormat) -> None:
    action = CodeAction(code, code_format)
    text = render_reply(thought, action)
    reply = parse_reply(text)
    assert reply.action == action
    assert reply.thought == thought
    assert reply.end == len(text)
    assert reply.faults == frozenset()


@given(thoughts, st.text().filter(plain).map(str.strip))
def test_a_rendered_answer_is_read_back_as_it_was(thought: str, answer: str) -> None:
    reply = parse_reply(render_reply(thought, AnswerAction(answer)))
    assert reply.action == AnswerAction(answer)
    assert reply.thought == thought


def test_text_after_the_code_is_dropped_and_an_answer_there_does_not_count() -> None:
    text = "<code>\n```python\nprint(1)\n```\n</code>\n<tool_response>1</tool_response><answer>1</answer>"
    reply = parse_reply(text)
    assert reply.action == CodeAction("print(1)", CodeFormat.CODE)
    assert text[: reply.end].endswith("</code>")
    assert Fault.EXTRA_ACTION in reply.faults


def test_of_several_code_blocks_the_first_one_counts() -> None:
    text = "<code>\n```python\na\n```\n</code><code>\n```python\nb\n```\n</code>"
    assert parse_reply(text).action == CodeAction("a", CodeFormat.CODE)


def test_code_inside_a_closed_thought_is_only_a_thought() -> None:
    text = "<think>maybe <code>\n```python\na\n```\n</code></think><answer>2</answer>"
    assert parse_reply(text).action == AnswerAction("2")


def test_a_thought_that_is_never_closed_does_not_hide_the_action() -> None:
    reply = parse_reply("<think>look closer <code>\n```python\na\n```\n</code>")
    assert reply.action == CodeAction("a", CodeFormat.CODE)
    assert Fault.UNBALANCED_THINK in reply.faults


@pytest.mark.parametrize(
    "text",
    [
        "Look:\n```python\nprint(1)\n```\n",
        "Look:\n```py\nprint(1)\n```",
        "<code>\n```python\nprint(1)\n```\n",
        "<code>\n```\nprint(1)\n```\n</code>",
        "<code>\nprint(1)\n</code>",
        "<code>```python\nprint(1)\n```</code>",
    ],
)
def test_common_variations_of_a_code_block_are_accepted(text: str) -> None:
    assert parse_reply(text).action == CodeAction("print(1)", CodeFormat.CODE)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<code>\n```python\nprint(1)", Fault.UNCLOSED_CODE),
        ("```python\nprint(1)", Fault.UNCLOSED_CODE),
        ("<tool_call>{not json}</tool_call>", Fault.BROKEN_CALL),
        ('<tool_call>{"name": "rm", "arguments": {"code": "1"}}</tool_call>', Fault.BROKEN_CALL),
        ('<tool_call>{"name": "execute_python_code", "arguments": {}}</tool_call>', Fault.BROKEN_CALL),
        ("<tool_call>[1]</tool_call>", Fault.BROKEN_CALL),
        ("<tool_call>" + "[" * 100_000, Fault.BROKEN_CALL),
        ("<answer>7", Fault.UNCLOSED_ANSWER),
    ],
)
def test_an_incomplete_action_is_a_fault_and_no_action(text: str, fault: Fault) -> None:
    reply = parse_reply(text)
    assert reply.action is None
    assert fault in reply.faults


def test_a_tool_call_without_its_closing_tag_is_complete_when_its_json_is() -> None:
    text = '<tool_call>\n{"name": "execute_python_code", "arguments": {"code": "print(1)"}}\n'
    assert parse_reply(text).action == CodeAction("print(1)", CodeFormat.TOOL_CALL)


def test_arguments_that_are_json_in_a_string_are_read() -> None:
    text = r'<tool_call>{"name": "execute_python_code", "arguments": "{\"code\": \"a\"}"}</tool_call>'
    assert parse_reply(text).action == CodeAction("a", CodeFormat.TOOL_CALL)


@pytest.mark.parametrize(
    "piece", [*TAGS, "<code>\n```python\n", "```python\n", "\n```\n", '<tool_call>{"a": ', "`", "\n````"]
)
def test_hostile_repetition_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.process_time()
        parse_reply(text)
        return time.process_time() - begin

    # Quadratic reading of two million characters takes minutes; the bound is far from both.
    assert seconds(2_000_000) < 20


def test_an_answer_with_tags_cannot_be_rendered() -> None:
    with pytest.raises(ValueError, match="tags"):
        render_reply("x", AnswerAction("</answer>"))
