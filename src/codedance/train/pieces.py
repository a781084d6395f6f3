"""The pieces of text that the nano tokenizer holds as single tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from codedance.protocol import REMINDERS, TOOL_NAME, system_prompt
from codedance.schema import CodeFormat
from codedance.tasks.worlds import vocabulary as words

__all__ = ["escaped", "nano_pieces", "protocol_pieces"]

_FIELD = re.compile(r"\{[a-z]+\}")


def nano_pieces() -> list[str]:
    """All pieces in a fixed order: tags, prompts, words, then what lies between the words in every template.

    A word is the same token in a question and in code: pieces end where a word begins.

    >>> pieces = nano_pieces()
    >>> "red" in pieces, "What digit is on the " in pieces, " card?" in pieces
    (True, True, True)
    """
    pieces = list(protocol_pieces())
    pieces += [*words.COLOURS, *words.SHAPES, *words.GLYPH_KINDS, "objects"]
    templates = [*words.COUNT_QUESTIONS, *words.SHAPE_QUESTIONS]
    for group in (*words.READ_QUESTIONS.values(), *words.THOUGHTS.values()):
        templates += group
    for template in templates:
        pieces += _FIELD.split(template)
    for line in words.CODE_LINES.values():
        for piece in _FIELD.split(line):
            plain = piece.replace("{{", "{").replace("}}", "}")
            pieces += [plain, escaped(plain)]
    return [piece for piece in pieces if piece.strip()]


def protocol_pieces() -> Iterator[str]:
    """Tags, role names and prompts of the protocol."""
    yield from ("system\n", "user\n", "assistant\n", "<tool_response>\n", "\n</tool_response>")
    yield from ("<think>", "</think>", "<answer>", "</answer>", "</think>\n<answer>")
    yield from ("<code>\n```python\n", "\n```\n</code>", "</think>\n<code>\n```python\n", "<tool_call>", "</tool_call>")
    call = json.dumps({"name": TOOL_NAME, "arguments": {"code": "|"}}).split("|")
    yield from (f"</think>\n<tool_call>\n{call[0]}", f"{call[1]}\n</tool_call>")
    yield "[no output]"
    for code_format in CodeFormat:
        yield from (f"{line}\n" for line in system_prompt(code_format).split("\n")[:1])
        yield system_prompt(code_format).split("\n", 1)[1]
        yield REMINDERS[code_format]


def escaped(text: str) -> str:
    r"""The text as it stands inside a JSON string.

    >>> escaped("a\n")
    'a\\n'
    """
    return json.dumps(text, ensure_ascii=False)[1:-1]
