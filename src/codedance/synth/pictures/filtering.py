"""Weak to strong: how hard a question is, by what a weak model gets right at a glance, and whether its label holds.

The weak model answers several times without tools. What it gets right (by the rule's share: always) is easy. For the
rest the strong model answers on its own. If it comes to the label, the label is confirmed; if not, it is asked whether
the label is right: yes means that the label holds and the question is beyond it, no is a disagreement for a human.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import assert_never

import anyio

from codedance.errors import UsageError
from codedance.imaging import Picture
from codedance.models.asking import Answered, Asker, Party, Query, Unanswered, Usage
from codedance.protocol import AnswerAction, ChatMessage, Role, direct_prompt, opening, parse_reply
from codedance.protocol.closed import Accepted, read_choice
from codedance.rewards import matches
from codedance.schema import (
    Answer,
    ChoiceAnswer,
    MathAnswer,
    NumberAnswer,
    ProtocolInfo,
    Record,
    Task,
    Text,
    TextAnswer,
)
from codedance.synth.pictures.settings import FilterRule, HardBy, WeighSettings
from codedance.synth.pictures.wording import DIRECT_VERSION, prompt

__all__ = [
    "Label",
    "Stratum",
    "Weighed",
    "Weighing",
    "check_label",
    "check_rule",
    "label_text",
    "rule_text",
    "stratum",
    "weigh",
]

_STOP = ("</answer>",)
_DIRECT = f"direct@{DIRECT_VERSION}"


class Stratum(StrEnum):
    """How hard a question is."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Label(StrEnum):
    """What the strong model says about a reference answer."""

    CONFIRMED = "confirmed"
    """It comes to the same answer, or says that the reference is right."""
    DISPUTED = "disputed"
    """It comes to another answer and says that the reference is wrong."""
    UNCERTAIN = "uncertain"
    """It comes to another answer, or none, and cannot tell."""
    UNCHECKED = "unchecked"
    """It was not asked."""


class _LabelWord(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    CANNOT_TELL = "cannot_tell"


class Weighing(Record):
    """What the two models made of one question."""

    stratum: Stratum
    label: Label
    rule: str
    """The rule that the stratum follows from, in words."""
    weak_right: int
    weak_attempts: int
    weak_answers: tuple[Text | None, ...]
    """In the order of the attempts; ``None`` where a reply held no answer, which counts as wrong."""
    strong_right: bool | None = None
    """Whether the strong model came to the label on its own; ``None`` if it was not asked."""
    strong_answer: Text | None = None
    strong_said: Text | None = None
    """What it said when it was asked whether the label is right."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A weighing with what it took; ``Unanswered`` if a model could not be asked."""

    result: Weighing | Unanswered
    usage: dict[Party, Usage]


@dataclass(slots=True)
class _Scales:
    """The calls about one question, counted."""

    asker: Asker
    settings: WeighSettings
    equivalent: Callable[[str, str], bool] | None
    usage: dict[Party, Usage] = field(default_factory=dict)

    async def same(self, answer: str | None, label: Answer) -> bool:
        """Whether an answer is the label."""
        if not isinstance(label, MathAnswer):
            return matches(answer, label)
        if self.equivalent is None:
            raise ValueError("a mathematical label needs algebra: give `equivalent`")
        return await anyio.to_thread.run_sync(partial(matches, answer, label, equivalent=self.equivalent))

    async def ask(self, query: Query) -> Answered | Unanswered:
        """Ask, again while there is no answer."""
        reply: Answered | Unanswered | None = None
        for _ in range(self.settings.readings):
            reply = await self.asker.ask(query)
            if isinstance(reply, Answered):
                self.usage[query.party] = self.usage.get(query.party, Usage()) + reply.usage
                break
        if reply is None:
            raise ValueError("a call is made at least once")
        return reply


async def weigh(
    task: Task,
    pictures: Sequence[Picture],
    *,
    label: Answer,
    asker: Asker,
    settings: WeighSettings,
    equivalent: Callable[[str, str], bool] | None = None,
) -> Weighed:
    """Weigh one question with the weak model of the asker, and with its strong one if there is one.

    Args:
        task: the question; only its text and pictures are shown to the models.
        pictures: the task's pictures, in order.
        label: the reference answer.
        asker: holds the models.
        settings: attempts, sampling and the rule.
        equivalent: how mathematical answers are compared; needed if the label is one.

    Raises:
        ValueError: the label is mathematical and ``equivalent`` was not given.
    """
    scales = _Scales(asker, settings, equivalent)
    messages = tuple(opening(task, pictures, ProtocolInfo(system_prompt=direct_prompt())))
    answers: list[str | None] = []
    for attempt in range(settings.attempts):
        seed = None if settings.weak.seed is None else settings.weak.seed + attempt
        sampling = settings.weak.model_copy(update={"seed": seed})
        reply = await scales.ask(Query(Party.WEAK, _DIRECT, messages, sampling, attempt, _STOP))
        if isinstance(reply, Unanswered):
            return Weighed(reply, scales.usage)
        answers.append(_answer(reply))
    right = sum([await scales.same(answer, label) for answer in answers])
    easy = right >= settings.rule.easy_share * len(answers)
    strong = _Strong(None, Label.UNCHECKED)
    if asker.has(Party.STRONG) and (settings.check_easy or not easy):
        checked = await _check(scales, messages, task.question, label=label)
        if isinstance(checked, Unanswered):
            return Weighed(checked, scales.usage)
        strong = checked
    weighing = Weighing(
        stratum=stratum(right, len(answers), settings.rule, strong_right=strong.right),
        label=strong.label,
        rule=rule_text(settings, strong=asker.has(Party.STRONG)),
        weak_right=right,
        weak_attempts=len(answers),
        weak_answers=tuple(answers),
        strong_right=strong.right,
        strong_answer=strong.answer,
        strong_said=strong.said,
    )
    return Weighed(weighing, scales.usage)


async def check_label(
    task: Task, pictures: Sequence[Picture], *, label: Answer, asker: Asker, settings: WeighSettings
) -> tuple[Label | Unanswered, dict[Party, Usage]]:
    """Only what the strong model says about a label (not a mathematical one), for runs without a weak model."""
    scales = _Scales(asker, settings, None)
    messages = tuple(opening(task, pictures, ProtocolInfo(system_prompt=direct_prompt())))
    checked = await _check(scales, messages, task.question, label=label)
    return (checked if isinstance(checked, Unanswered) else checked.label), scales.usage


def stratum(right: int, attempts: int, rule: FilterRule, *, strong_right: bool | None) -> Stratum:
    """How hard a question is by the rule.

    Args:
        right: right answers of the weak model.
        attempts: answers of the weak model.
        rule: shares, and who decides.
        strong_right: whether the strong model was right on its own; ``None`` if it was not asked.

    >>> [stratum(right, 4, FilterRule(), strong_right=None).value for right in (4, 3, 0)]
    ['easy', 'medium', 'hard']
    >>> [stratum(2, 4, FilterRule(), strong_right=strong).value for strong in (True, False)]
    ['medium', 'hard']
    """
    if right >= rule.easy_share * attempts:
        return Stratum.EASY
    weak_hard = right <= rule.hard_share * attempts
    strong_hard = weak_hard if strong_right is None else not strong_right
    match rule.hard_by or (HardBy.WEAK if strong_right is None else HardBy.STRONG):
        case HardBy.STRONG:
            hard = strong_hard
        case HardBy.WEAK:
            hard = weak_hard
        case HardBy.EITHER:
            hard = weak_hard or strong_hard
        case HardBy.BOTH:
            hard = weak_hard and strong_hard
        case unreachable:
            assert_never(unreachable)
    return Stratum.HARD if hard else Stratum.MEDIUM


def check_rule(settings: WeighSettings, *, strong: bool) -> None:
    """Raise :class:`UsageError` if the rule asks a strong model and none takes part."""
    if not strong and settings.rule.hard_by not in (None, HardBy.WEAK):
        raise UsageError(f"the rule hard_by={settings.rule.hard_by.value} needs a strong model: give --strong")


def rule_text(settings: WeighSettings, *, strong: bool) -> str:
    """The rule in words, for the record.

    >>> print(rule_text(WeighSettings(), strong=True))
    easy: the weak model is right in at least 4 of 4 direct answers; hard: not easy, and the strong model is wrong on its own; medium: the rest
    """  # noqa: E501 - one line is what it gives
    rule, tries = settings.rule, settings.attempts
    least = next(count for count in range(tries + 1) if count >= rule.easy_share * tries)
    most = max(count for count in range(tries + 1) if count <= rule.hard_share * tries)
    weak = f"the weak model is right in at most {most} of {tries}"
    alone = "the strong model is wrong on its own" if strong else weak
    words = {
        HardBy.STRONG: alone,
        HardBy.WEAK: weak,
        HardBy.EITHER: f"{weak} or {alone}" if strong else weak,
        HardBy.BOTH: f"{weak} and {alone}" if strong else weak,
    }
    hard = words[rule.hard_by or (HardBy.STRONG if strong else HardBy.WEAK)]
    easy = f"the weak model is right in at least {least} of {tries} direct answers"
    return f"easy: {easy}; hard: not easy, and {hard}; medium: the rest"


def label_text(answer: Answer) -> str:
    """A reference answer in the words of a person.

    >>> label_text(NumberAnswer(value=7)), label_text(NumberAnswer(value=0.25)), label_text(ChoiceAnswer(letter="B"))
    ('7', '0.25', 'B')
    """
    match answer:
        case NumberAnswer(value=value):
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case TextAnswer(accepted=accepted):
            return accepted[0]
        case ChoiceAnswer(letter=letter, options=options):
            return f"{letter}. {options[ord(letter) - ord('A')]}" if options else letter
        case MathAnswer(latex=latex):
            return latex
        case unreachable:
            assert_never(unreachable)


@dataclass(frozen=True, slots=True)
class _Strong:
    """What the strong model made of a label."""

    right: bool | None
    label: Label
    answer: str | None = None
    said: str | None = None


async def _check(
    scales: _Scales, messages: tuple[ChatMessage, ...], question: str, *, label: Answer
) -> _Strong | Unanswered:
    """Let the strong model answer, and judge the label if it comes to something else."""
    sampling = scales.settings.strong
    own = await scales.ask(Query(Party.STRONG, _DIRECT, messages, sampling, 0, _STOP))
    if isinstance(own, Unanswered):
        return own
    answer = _answer(own)
    if await scales.same(answer, label):
        return _Strong(True, Label.CONFIRMED, answer)
    asks = prompt("label_check")
    said = asks.render(question=question, answer=label_text(label))
    pictures = tuple(part for message in messages for part in message.pictures)
    judge = Query(
        Party.STRONG,
        asks.label,
        (ChatMessage(Role.SYSTEM, (prompt("system").text,)), ChatMessage(Role.USER, (*pictures, said))),
        sampling,
    )
    text: str | None = None
    for attempt in range(scales.settings.readings):
        if attempt:
            sampling = sampling.model_copy(update={"temperature": scales.settings.retry_temperature})
        reply = await scales.ask(replace(judge, sampling=sampling, attempt=attempt))
        if isinstance(reply, Unanswered):
            return reply
        text = reply.text
        verdict = read_choice(text, _LabelWord)
        if isinstance(verdict, Accepted):
            return _Strong(False, _LABELS[verdict.value], answer, text[:1_000])
    return _Strong(False, Label.UNCERTAIN, answer, text[:1_000] if text else None)


_LABELS = {
    _LabelWord.RIGHT: Label.CONFIRMED,
    _LabelWord.WRONG: Label.DISPUTED,
    _LabelWord.CANNOT_TELL: Label.UNCERTAIN,
}


def _answer(reply: Answered) -> str | None:
    """The answer of a direct reply; ``None`` if there is none, code included."""
    action = parse_reply(reply.text).action
    return action.text[:1_000] if isinstance(action, AnswerAction) else None
