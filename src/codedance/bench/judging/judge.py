"""Asking a judge about one reply: which option, which answer, the same as the reference or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, assert_never

from pydantic import Field

from codedance.bench.answers.options import row_options
from codedance.bench.answers.quantities import read_quantity
from codedance.bench.contract import Benchmark, Mode, Row
from codedance.bench.judging.judgement import Judgement, Undecided
from codedance.errors import ModelUnreachableError
from codedance.models.asking import Answered, Asker, CachedReply, Party, Query, Unanswered, Usage
from codedance.models.contract import Model
from codedance.protocol import ChatMessage, Role
from codedance.protocol.closed import Accepted, Illegible, Unreadable, read_choice, read_record
from codedance.protocol.prompt_file import PromptFile, read_prompt
from codedance.rewards.reading import bare
from codedance.schema import (
    Answer,
    ChoiceAnswer,
    FinishReason,
    MathAnswer,
    NumberAnswer,
    Record,
    Sampling,
    TextAnswer,
)
from codedance.store import RecordCache

__all__ = ["Judge", "JudgeSettings", "prompt_versions", "reference_text"]

T = TypeVar("T")

_PACKAGE = "codedance.bench.judging"
_PROMPTS = ("system", "option", "extract", "compare", "again")
_HEAD, _TAIL = 2_000, 8_000
"""Characters of a long reply that the judge sees: its beginning, and its end, where answers stand."""
_LETTERS = "ABCDEF"
_ELSEWHERE = "it does not stand in the reply"
_QUESTIONS = ("question_for_eval", "question", "query", "text")


class JudgeSettings(Record):
    """How a judge is asked."""

    attempts: int = Field(default=3, ge=1, le=10)
    """Calls for one closed answer while it cannot be read."""
    max_tokens: int = Field(default=2048, ge=16)
    seconds: float = Field(default=180.0, gt=0)
    """Limit of one call, its retries included."""
    concurrency: int = Field(default=16, ge=1, le=1024)
    """Rows that are judged at once."""
    faults_in_a_row: int = Field(default=20, ge=1)
    """After so many rows in a row whose calls failed, the work ends; what was decided is kept."""


class _Same(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    """A closed answer that was read."""

    value: T
    usage: Usage


class _Found(Record):
    """The answer that a judge copied."""

    answer: str | int | float | None


def prompt_versions() -> dict[str, int]:
    """Version of every prompt, for records.

    >>> sorted(prompt_versions())
    ['again', 'compare', 'extract', 'option', 'system']
    """
    return {name: _prompt(name).version for name in _PROMPTS}


class Judge:
    """A model that decides about replies, at temperature 0, its answers kept; a context manager.

    The judge never sees a picture and is never asked to solve anything. A choice question: which option does the reply
    choose? Any other: which answer does it give? That is compared by the strict rules, and where they cannot decide,
    the judge is asked whether it says the same as the reference.

    Args:
        model: who judges.
        cache: file with the answers that are there already; entries depend on model, prompt and texts.
        settings: patience.
    """

    def __init__(self, model: Model, cache: Path, settings: JudgeSettings | None = None) -> None:
        self.settings = settings or JudgeSettings()
        self.name = model.name
        """The model's specification."""
        self.calls = 0
        """Calls about rows that went out so far."""
        self._cache = RecordCache(cache, CachedReply)
        self._faults = 0
        self._asker = Asker(
            {Party.JUDGE: model}, self._cache, seconds=self.settings.seconds, listener=lambda party: self._count()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cache.close()

    async def greet(self) -> None:
        """Ask for one word, so that a wrong name, key or address is told first.

        Raises:
            ModelError: the judge cannot be reached.
        """
        before = self.calls
        await self._asker.greet()
        self.calls = before

    async def decide(self, benchmark: Benchmark, row: Row, prediction: str) -> Judgement:
        """Score one reply that rules leave open.

        Args:
            benchmark: whose row it is.
            row: with the benchmark's columns.
            prediction: the reply.

        Raises:
            DataError: the row lacks its answer.
            ModelUnreachableError: the judge has failed too often in a row.
            StoreError: the cache cannot be used.
        """
        answer = benchmark.answer(row)
        decided = await (
            self._option(row, answer, prediction)
            if isinstance(answer, ChoiceAnswer)
            else self._value(benchmark, row, answer, prediction)
        )
        self._faults = self._faults + 1 if decided.undecided is Undecided.FAULT else 0
        if self._faults >= self.settings.faults_in_a_row:
            raise ModelUnreachableError(
                f"{self.name}: failed at {self._faults} rows in a row ({decided.detail}); what it decided is kept, "
                "run the same command again"
            )
        return decided

    def _count(self) -> None:
        self.calls += 1

    async def _option(self, row: Row, answer: ChoiceAnswer, prediction: str) -> Judgement:
        options = _options(row, answer)
        words: Any = StrEnum("words", {letter: letter.lower() for letter in options} | {"NONE": "none"})  # type: ignore[misc]
        asked = _prompt("option").render(
            question=_question(row),
            options="\n".join(f"{letter}. {text or '(see the picture)'}" for letter, text in options.items()),
            reply=_shown(prediction),
            words="\n".join(f"- {letter}: the reply chooses {letter}." for letter in options),
            listed=", ".join(options),
        )
        found = await self._ask("option", asked, lambda text: read_choice(text, words))
        if not isinstance(found, _Read):
            return found
        letter = None if found.value == "none" else str(found.value).upper()
        return Judgement(float(letter == answer.letter), letter, usage=found.usage)

    async def _value(self, benchmark: Benchmark, row: Row, answer: Answer, prediction: str) -> Judgement:
        asked = _prompt("extract").render(question=_question(row), form=_form(answer), reply=_shown(prediction))
        found = await self._ask("extract", asked, lambda text: _copied(text, prediction))
        if not isinstance(found, _Read):
            return found
        if found.value is None:
            return Judgement(0.0, usage=found.usage)
        said = str(found.value)
        score = benchmark.score_text(said, row, Mode.STRICT)
        if score == 1 or (score is not None and isinstance(answer, NumberAnswer)):
            return Judgement(score, said, usage=found.usage)
        return await self._compare(row, answer, said, found.usage)

    async def _compare(self, row: Row, answer: Answer, said: str, usage: Usage) -> Judgement:
        asked = _prompt("compare").render(question=_question(row), reference=reference_text(answer), answer=said)
        found = await self._ask("compare", asked, lambda text: read_choice(text, _Same))
        if not isinstance(found, _Read):
            return Judgement(None, said, found.undecided, found.detail, usage + found.usage)
        if found.value is _Same.CANNOT_TELL:
            return Judgement(None, said, Undecided.CANNOT_TELL, "", usage + found.usage)
        return Judgement(float(found.value is _Same.SAME), said, usage=usage + found.usage)

    async def _ask(self, name: str, text: str, read: Callable[[str], Accepted[T] | Unreadable]) -> _Read[T] | Judgement:
        """Ask until the answer can be read; what cannot be read or had is an undecided judgement."""
        system = ChatMessage(Role.SYSTEM, (_prompt("system").text,))
        conversation = [system, ChatMessage(Role.USER, (text,))]
        usage = Usage()
        why, detail = Undecided.FAULT, ""
        for attempt in range(self.settings.attempts):
            label = f"{_prompt('system').label}+{_prompt(name).label}"
            sampling = Sampling(temperature=0.0, max_tokens=self.settings.max_tokens)
            reply = await self._asker.ask(Query(Party.JUDGE, label, tuple(conversation), sampling, attempt))
            if isinstance(reply, Unanswered):
                why, detail = Undecided.FAULT, f"{reply.fault.value}: {reply.detail}"
                continue
            usage += reply.usage
            verdict = _verdict(reply, read)
            if isinstance(verdict, Accepted):
                return _Read(verdict.value, usage)
            why = Undecided.NOT_IN_REPLY if verdict.detail == _ELSEWHERE else Undecided.UNREADABLE
            detail = verdict.reason.value
            again = ChatMessage(Role.USER, (_prompt("again").render(reason=verdict.detail or detail),))
            # At temperature 0 the same words would get the same answer: the second time it is told what was wrong.
            conversation = [*conversation[:2], ChatMessage(Role.ASSISTANT, (reply.text[:_HEAD],)), again]
        return Judgement(None, None, why, detail, usage)


def _prompt(name: str) -> PromptFile:
    return read_prompt(_PACKAGE, name)


def _verdict(reply: Answered, read: Callable[[str], Accepted[T] | Unreadable]) -> Accepted[T] | Unreadable:
    verdict = read(reply.text)
    if isinstance(verdict, Unreadable) and reply.finish is FinishReason.LENGTH:
        return Unreadable(Illegible.CUT_OFF, "it met the token limit")
    return verdict


def _copied(text: str, prediction: str) -> Accepted[str | None] | Unreadable:
    """The answer that was copied, if it stands in the reply: a judge that solves the question itself is not heard."""
    found = read_record(text, _Found)
    if isinstance(found, Unreadable):
        return found
    said = found.value.answer
    if said is None or not str(said).strip():
        return Accepted(None)
    if not _stands_in(str(said), prediction):
        return Unreadable(Illegible.WRONG, _ELSEWHERE)
    return Accepted(str(said))


def _stands_in(said: str, reply: str) -> bool:
    """True if the reply holds these words, or a number of this value.

    >>> _stands_in("12", "There are twelve of them."), _stands_in("13", "There are twelve of them.")
    (True, False)
    """
    if _tight(said) in _tight(reply):
        return True
    number = read_quantity(said)
    if number is None:
        return False
    values = (read_quantity(word.strip(".,;:!?()[]*_$\\{}\"'")) for word in reply[-_TAIL:].split())
    return any(value is not None and value.value == number.value for value in values)


def _tight(text: str) -> str:
    return "".join(bare(text).split())


def _options(row: Row, answer: ChoiceAnswer) -> dict[str, str]:
    if answer.options:
        return {chr(ord("A") + place): text for place, text in enumerate(answer.options)}
    found = row_options(row)
    return found if answer.letter in found else dict.fromkeys(sorted({*_LETTERS, answer.letter}), "")


def _question(row: Row) -> str:
    return next((str(row[name]) for name in _QUESTIONS if row.get(name)), "(it stands in the picture)")[:_TAIL]


def _shown(reply: str) -> str:
    """The reply without its middle if it is very long; the lines that mark its ends cannot be forged."""
    text = reply if len(reply) <= _HEAD + _TAIL else f"{reply[:_HEAD]}\n[...]\n{reply[-_TAIL:]}"
    return "\n".join(line if line.strip("= ") or "=" not in line else "-" for line in text.splitlines())


def _form(answer: Answer) -> str:
    match answer:
        case NumberAnswer(value=value):
            return "a whole number" if value.is_integer() else "a number with decimals"
        case TextAnswer():
            return "a word, a short text or a list"
        case MathAnswer():
            return "a number, an expression or a short text"
        case ChoiceAnswer():
            return "one of the options"
        case unreachable:
            assert_never(unreachable)


def reference_text(answer: Answer) -> str:
    """A reference as people and judges are shown it.

    >>> reference_text(TextAnswer(accepted=("red", "crimson")))
    'red or crimson'
    """
    match answer:
        case NumberAnswer(value=value):
            return f"{value:g}"
        case TextAnswer(accepted=accepted):
            return " or ".join(accepted)
        case MathAnswer(latex=latex):
            return latex
        case ChoiceAnswer(letter=letter):
            return letter
        case unreachable:
            assert_never(unreachable)
