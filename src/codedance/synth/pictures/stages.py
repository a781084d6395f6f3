"""The decisions of the pipeline: pure functions from a model's text, or from numbers alone, to a typed verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeVar, assert_never

from pydantic import Field

from codedance.protocol.closed import Accepted, Illegible, Rejected, Unreadable, Verdict, read_choice, read_record
from codedance.schema import Answer, ChoiceAnswer, NumberAnswer, Record, Text, TextAnswer
from codedance.synth.pictures.filtering import Stratum
from codedance.synth.pictures.settings import BoxRules, Coordinates
from codedance.synth.pictures.views import Box, clipped, mapped
from codedance.tasks.worlds import Category

__all__ = [
    "Draft",
    "Spot",
    "check_box",
    "check_question",
    "filter_image",
    "keep_box",
    "read_box",
    "read_question",
    "rule_difficulty",
]

_QUESTION_CHARACTERS = 800
_ANSWER_CHARACTERS = 100
_MOST_WORDINGS = 8
_FOREIGN = re.compile(r"</?(?:think|code|tool_call|tool_response|answer|image)>|```|<\|", re.I)
"""Signs of the protocol and of chat templates."""
_TOOLS = re.compile(r"\binput_image|\bbbox|\bpython\b|\bPIL\b")
_BOX = re.compile(r"[\[(]\s*\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?){3}\s*[\])]")
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_OPTION = re.compile(r"^[ \t]*\(?([A-Z])[.):][ \t]*(\S.*)$", re.M)
_LETTER = re.compile(r"\(?([A-Z])\)?(?:[.):\s].*)?", re.S)
_FREE = frozenset({"yes", "no", "true", "false", "none"})
"""Answers that a question may well hold as words."""
W = TypeVar("W", bound=StrEnum)


class Draft(Record):
    """A question with its answer."""

    category: Category
    question: Text
    answer: Answer


class Spot(Record):
    """Where in the picture the answer can be seen."""

    box: Box
    """In the picture's own pixels."""
    label: Text = ""
    """What is said to be there."""


class _ImageWord(StrEnum):
    RICH = "rich"
    PLAIN = "plain"
    BLURRED = "blurred"
    TEXT_ONLY = "text_only"
    UNSAFE = "unsafe"


class _QuestionWord(StrEnum):
    RIGHT = "right"
    WRONG_ANSWER = "wrong_answer"
    AMBIGUOUS = "ambiguous"
    NOT_VISIBLE = "not_visible"
    BLIND = "blind"


class _BoxWord(StrEnum):
    GOOD = "good"
    CUTS_OFF = "cuts_off"
    WRONG_OBJECT = "wrong_object"
    CONTRADICTS = "contradicts"
    TOO_LOOSE = "too_loose"


class _QuestionReply(Record):
    question: str
    kind: Literal["number", "text", "choice"]
    answer: str | int | float
    also: tuple[str, ...] | None = None


class _ImpossibleReply(Record):
    impossible: str


class _BoxReply(Record):
    bbox_2d: tuple[float, float, float, float] | None
    label: str | None = Field(default=None)


def filter_image(text: str) -> Verdict[None]:
    """Whether questions can be made of the picture.

    >>> filter_image('{"why": "A wall.", "verdict": "plain"}')
    Rejected(reason='plain', detail='')
    """
    return _passes(read_choice(text, _ImageWord), _ImageWord.RICH)


def check_question(text: str) -> Verdict[None]:
    """Whether question and answer hold."""
    return _passes(read_choice(text, _QuestionWord), _QuestionWord.RIGHT)


def check_box(text: str) -> Verdict[None]:
    """Whether the box holds what the question is about."""
    return _passes(read_choice(text, _BoxWord), _BoxWord.GOOD)


def rule_difficulty(text: str) -> Verdict[Stratum]:
    """How hard the teacher thinks the question is, where no weak model is there to tell."""
    return read_choice(text, Stratum)


def read_question(text: str, category: Category, *, asked: Sequence[str], tolerance: float = 0.0) -> Verdict[Draft]:
    """The question that was made.

    Args:
        text: the teacher's reply.
        category: the sort that was asked for.
        asked: questions about this picture that there are already.
        tolerance: share by which a number that is no whole one may differ.

    >>> reply = '{"question": "How many red cups are there?", "kind": "number", "answer": 7}'
    >>> read_question(reply, Category.VISUAL, asked=()).value.answer
    NumberAnswer(kind='number', value=7.0, tolerance=0.0)
    """
    reply, impossible = read_record(text, _QuestionReply), read_record(text, _ImpossibleReply)
    if isinstance(impossible, Accepted):
        if isinstance(reply, Accepted):
            return Unreadable(Illegible.SEVERAL, "a question, and that there is none")
        return Rejected("none possible", impossible.value.impossible[:200])
    if isinstance(reply, Unreadable):
        return reply
    said = reply.value
    question = said.question.strip()
    answer = _label(said, question, tolerance)
    if isinstance(answer, Unreadable):
        return answer
    fault = _question_fault(question, answer, asked)
    if fault is not None:
        return Rejected(fault, question[:200])
    return Accepted(Draft(category=category, question=question, answer=answer))


def read_box(text: str, *, shown: tuple[int, int], size: tuple[int, int], rules: BoxRules) -> Verdict[Spot]:
    """The box that was given, in the picture's own pixels; it may still reach beyond the picture.

    Args:
        text: the teacher's reply.
        shown: width and height of the picture as it was shown.
        size: width and height of the picture itself.
        rules: in which units boxes are given.

    >>> read_box('{"bbox_2d": [10, 20, 30, 40]}', shown=(100, 100), size=(200, 300), rules=BoxRules()).value.box
    (20, 60, 60, 120)
    """
    reply = read_record(text, _BoxReply)
    if isinstance(reply, Unreadable):
        return reply
    corners = reply.value.bbox_2d
    if corners is None:
        return Rejected("nothing to box")
    if max(abs(one) for one in corners) > 1e6:
        return Unreadable(Illegible.WRONG, "coordinates beyond any picture")
    if corners[0] >= corners[2] or corners[1] >= corners[3]:
        return Rejected("no area", str(list(corners)))
    units = shown if rules.coordinates is Coordinates.PIXELS else (1000, 1000)
    box = mapped(corners, (size[0] / units[0], size[1] / units[1]))
    if clipped(box, *size) is None:
        return Rejected("outside the picture", str(list(box)))
    return Accepted(Spot(box=box, label=(reply.value.label or "").strip()[:200]))


def keep_box(spot: Spot, *, size: tuple[int, int], rules: BoxRules) -> Verdict[Spot]:
    """The rule filter: neither giant nor tiny, and within the picture (a hair's breadth beyond is cut off).

    >>> keep_box(Spot(box=(0, 0, 90, 90)), size=(100, 100), rules=BoxRules()).reason
    'giant box'
    """
    width, height = size
    left, top, right, bottom = spot.box
    reach = max(-left / width, -top / height, right / width - 1, bottom / height - 1)
    box = clipped(spot.box, width, height)
    if box is None or reach > rules.overshoot:
        return Rejected("outside the picture", str(list(spot.box)))
    across, down = box[2] - box[0], box[3] - box[1]
    share = across * down / (width * height)
    if share > rules.largest_share:
        return Rejected("giant box", f"{share:.1%} of the picture")
    if share < rules.smallest_share or min(across, down) < rules.smallest_side:
        return Rejected("tiny box", f"{across}x{down} pixels")
    return Accepted(spot.model_copy(update={"box": box}))


def _passes(read: Accepted[W] | Unreadable, good: W) -> Verdict[None]:
    if isinstance(read, Unreadable):
        return read
    return Accepted(None) if read.value is good else Rejected(read.value.value.replace("_", " "))


def _label(said: _QuestionReply, question: str, tolerance: float) -> Answer | Unreadable:
    """The reference answer, typed as the reply says."""
    text = str(said.answer).strip()
    if not text or len(text) > _ANSWER_CHARACTERS:
        return Unreadable(Illegible.WRONG, f"an answer of {len(text)} characters")
    match said.kind:
        case "number":
            if _NUMBER.fullmatch(text) is None or len(text) > 20:
                return Unreadable(Illegible.WRONG, f"no number: {text}")
            value = float(text.replace(",", ""))
            return NumberAnswer(value=value, tolerance=0.0 if value.is_integer() else abs(value) * tolerance)
        case "choice":
            letters = [match[1] for match in _OPTION.finditer(question)]
            wanted = [chr(ord("A") + index) for index in range(len(letters))]
            chosen = _LETTER.fullmatch(text)
            if len(letters) < 2 or letters != wanted or chosen is None or chosen[1] not in letters:
                return Unreadable(Illegible.WRONG, "options and letter do not fit")
            return ChoiceAnswer(letter=chosen[1])
        case "text":
            wordings = [one.strip() for one in (text, *(said.also or ())) if one.strip()]
            short = [one for one in wordings if len(one) <= _ANSWER_CHARACTERS]
            return TextAnswer(accepted=tuple(dict.fromkeys(short))[:_MOST_WORDINGS])
        case unreachable:
            assert_never(unreachable)


def _question_fault(question: str, answer: Answer, asked: Sequence[str]) -> str | None:
    if not 8 <= len(question) <= _QUESTION_CHARACTERS:
        return "question too short" if len(question) < 8 else "question too long"
    accepted = answer.accepted if isinstance(answer, TextAnswer) else ()
    if any(_FOREIGN.search(one) for one in (question, *accepted)):
        return "signs of the protocol"
    if _TOOLS.search(question):
        return "speaks of tools"
    if _BOX.search(question):
        return "holds a box"
    if _plain(question) in {_plain(one) for one in asked}:
        return "asked before"
    if _gives_away(question, answer):
        return "holds its answer"
    return None


def _gives_away(question: str, answer: Answer) -> bool:
    """True if the answer's own words are in the question and are no alternative that it offers."""
    if isinstance(answer, NumberAnswer):
        # Small whole numbers name things ("bar 2", "the 3 cups") as often as they answer.
        if answer.value.is_integer() and abs(answer.value) < 10:
            return False
        numbers = {float(one.replace(",", "")) for one in _NUMBER.findall(question)}
        return answer.value in numbers and not re.search(r"\bor\b", question)
    if not isinstance(answer, TextAnswer) or re.search(r"\bor\b|^[ \t]*\(?[A-Z][.):]", question, re.M):
        return False
    words = f" {_plain(question)} "
    return any(f" {_plain(one)} " in words for one in answer.accepted if _plain(one) not in _FREE and len(one) > 1)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
