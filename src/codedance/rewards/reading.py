r"""Reading a reply as a careful person does: what is decoration, what is the statement, what is a refusal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["bare", "candidates", "has_content", "is_refusal", "undecorated", "without_hedge"]

_LONGEST, _HEAD = 10_000, 2_000
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TAGS = re.compile(r"</?(?:answer|think|tool_call|code)\s?>", re.I)
_CODE = (("<code>", "</code>"), ("```python", "```"), ("```py", "```"))
_WRAPPER = re.compile(r"\\(?:f?boxed|text(?:bf|it|rm|sf|tt)?|mathrm|mathbf|mathit|mbox|operatorname) ?\{|\\[{}]|[{}]")
_HEDGE = re.compile(r"^(?:about|approximately|around|roughly|nearly|almost|probably)\s+", re.I)
_MARKS = re.compile(r"\*\*|`+|\\[()\[\]]|\$|\\(?:left|right|displaystyle|[,;!]|quad)(?![a-zA-Z])")
_STOP = str.maketrans(dict(zip("\u3002\uff0c\uff1a\uff1b\uff08\uff09\u201c\u201d\u2019", '.,:;()""\'', strict=True)))
"""Punctuation of Chinese, and curved quotes."""
_CUE = re.compile(
    r"\banswers?(?: ?\*\*)?(?:>| is| are| should be| would be| must be)? ?[:=]"
    r"|\banswers? (?:is|are|should be|would be|must be)\b"
    r"|\u7b54\u6848(?:\u662f|\u4e3a|\u5e94\u4e3a|:)?|\u9009\u62e9?|\b(?:choose|pick|select)\b:?",
    re.I,
)
"""What announces an answer, in English and Chinese."""
_REFUSAL = re.compile(
    r"\b(?:cannot|can ?not|can't|unable to|could not|couldn't) (?:be )?"
    r"(?:determine|answer|tell|see|help|process|assist|view)|\bI'm sorry\b|^sorry\b|Failed to obtain answer",
    re.I,
)
_EDGES = " \t\r\n.,;:!?\"'`*"


def undecorated(text: str) -> str:
    r"""The text without what only dresses it up: tags, code, bold, LaTeX's quotes, invisible and full-width characters.

    >>> undecorated(r"<answer>**\boxed{\text{blue}}**")
    'blue'
    """
    if len(text) > _LONGEST:  # an answer stands at the end, or at the beginning before an explanation
        text = f"{text[:_HEAD]}\n{text[_HEAD - _LONGEST :]}"
    for begin, end in _CODE:
        text = _without(text, begin, end)
    text = _TAGS.sub(" ", _INVISIBLE.sub("", text)).translate(_STOP)
    text = "".join(unicodedata.normalize("NFKC", one) if one >= "\uff00" or one == "\u00a0" else one for one in text)
    return _MARKS.sub(" ", _unwrapped(text)).strip()


def bare(text: str) -> str:
    """In one case, with single spaces, without hedges and without punctuation at its edges: for comparing words.

    >>> bare('"Dark  Blue".') == bare("dark blue")
    True
    """
    plain = " ".join(unicodedata.normalize("NFKC", undecorated(text)).casefold().split())
    return without_hedge(plain.strip(_EDGES))


def without_hedge(text: str) -> str:
    """The text without an "about" or "roughly" in front of it."""
    return _HEDGE.sub("", text)


def candidates(text: str) -> Iterator[str]:
    r"""What may be the answer, likeliest first: after the last "answer is", the whole, the first line, the last line.

    >>> list(candidates("Step 1: look.\nFinal answer: 5"))[0]
    '5'
    """
    plain = undecorated(text)
    if not plain:
        return
    ends = [cue.end() for cue in _CUE.finditer(plain)]
    if ends and plain[ends[-1] :].strip():
        rest = plain[ends[-1] :].strip()
        yield rest.splitlines()[0].strip()
        yield rest
    yield plain
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    if len(lines) > 1:
        yield lines[0]
        yield lines[-1]


def has_content(text: str) -> bool:
    """False for a reply with no letter and no digit in it, once code and tags are gone: there is no answer."""
    return any(one.isalnum() for one in undecorated(text))


def is_refusal(text: str) -> bool:
    """True for a reply that says it cannot answer.

    >>> is_refusal("I cannot determine the answer from the image."), is_refusal("It cannot fly: No")
    (True, False)
    """
    return len(text) < _HEAD and _REFUSAL.search(undecorated(text)) is not None


def _without(text: str, begin: str, end: str) -> str:
    """The text without everything between two marks; an unclosed part stays."""
    kept: list[str] = []
    place = 0
    while (start := text.find(begin, place)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        kept.append(text[place:start])
        place = stop + len(end)
    return " ".join([*kept, text[place:]]) if kept else text


def _unwrapped(text: str) -> str:
    """The text without commands that only set their argument in another type; their braces go with them."""
    kept: list[str] = []
    open_braces: list[bool] = []
    place = 0
    for mark in _WRAPPER.finditer(text):
        kept.append(text[place : mark.start()])
        place = mark.end()
        if mark[0] == "}":
            dropped = open_braces.pop() if open_braces else False
        else:
            dropped = len(mark[0]) > 2
            if mark[0][-1] == "{" and mark[0] != r"\{":
                open_braces.append(dropped)
        if not dropped:
            kept.append(mark[0])
    return "".join([*kept, text[place:]])
