r"""Closed answers of a model, read strictly: one word of several, or one JSON object with given fields.

Pure, linear in the text's length, never raising, and never guessing. Prose and code fences around an answer do not
matter; two different answers, a cut-off one or a broken one are unreadable, so that the caller may ask again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from pydantic import JsonValue, ValidationError

from codedance.schema import Record
from codedance.schema.faults import first_fault

__all__ = [
    "MAX_CHARACTERS",
    "Accepted",
    "Illegible",
    "Rejected",
    "Unreadable",
    "Verdict",
    "read_choice",
    "read_record",
]

MAX_CHARACTERS = 200_000
"""A longer answer to a closed question is none."""

T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound=Record)
W = TypeVar("W", bound=StrEnum)


class Illegible(StrEnum):
    """Why an answer could not be read."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    CUT_OFF = "cut off"
    """The token limit came first, or a thought was never closed."""
    REFUSED = "refused"
    """No answer, and words of refusal."""
    NO_ANSWER = "no answer"
    """Nothing that has the form asked for."""
    BROKEN = "broken JSON"
    SEVERAL = "several answers"
    """Different ones: none is taken."""
    MISSING = "missing field"
    WRONG = "wrong value"
    """The form is right and a value is of another kind, or none of the words."""


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T_co]):
    """The answer was read, and the item goes on."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer was read, and the item ends here."""

    reason: str
    """A few fixed words, to be counted."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The answer could not be read: asking again may help."""

    reason: Illegible
    detail: str = ""


Verdict: TypeAlias = Accepted[T_co] | Rejected | Unreadable
"""What a stage makes of one answer."""

_REFUSAL = re.compile(
    r"\bi(?:'|\u2019| a)?m (?:very |so )?(?:sorry|unable|not able)|\bas an ai\b|\bcan(?:no|'|\u2019)t (?:help|assist)"
    r"|\bi (?:can(?:no|'|\u2019)t|can not|won(?:'|\u2019)t|must decline)",
    re.I,
)
_REFUSAL_WITHIN = 2_000
_OBJECT = re.compile(r"\{(?=\s*[\"'}])|\[(?=\s*\{)")
"""Where JSON begins that can hold an object; other brackets are prose."""
_MARKUP = " \t*_`\"'.,:;!()[]<>#|-"
_LABEL = re.compile(r"^[\W_]*(?:answer|verdict|final answer)[\W_]*[:=][\W_]*", re.I)
_TAGS = re.compile(r"</?answer>", re.I)


def read_choice(text: str, words: type[W], *, field: str = "verdict") -> Accepted[W] | Unreadable:
    r"""The one word of the enumeration that the answer gives: as JSON in this field, or on a line of its own.

    >>> class Size(StrEnum):
    ...     SMALL = "small"
    ...     VERY_LARGE = "very_large"
    >>> read_choice('I think: ```json\n{"why": "Tall.", "verdict": "Very large"}\n```', Size).value.name
    'VERY_LARGE'
    >>> read_choice("**small**", Size).value.name
    'SMALL'
    >>> read_choice("It is not small.", Size)
    Unreadable(reason=<Illegible.NO_ANSWER: 'no answer'>, detail='')
    """
    said = _spoken(text)
    if isinstance(said, Unreadable):
        return said
    found: set[W] = set()
    try:
        objects = [one for one in _objects(said) if field in one]
    except _BrokenError as broken:
        return Unreadable(Illegible.BROKEN, str(broken))
    for one in objects:
        word = _word(one[field], words)
        if word is None:
            return Unreadable(Illegible.WRONG, _short(one[field]))
        found.add(word)
    if not objects:
        found.update(word for line in said.splitlines() if (word := _word(_LABEL.sub("", line), words)) is not None)
    if len(found) == 1:
        return Accepted(found.pop())
    return Unreadable(Illegible.SEVERAL, ", ".join(sorted(found))) if found else _nothing(said)


def read_record(text: str, record: type[R]) -> Accepted[R] | Unreadable:
    """The one JSON object that has all fields of the record that have no default; fields it does not know are let be.

    Values are taken in strict mode: a number in quotes is no number.

    >>> class Point(Record):
    ...     x: int
    ...     y: int
    >>> read_record('Here: {"x": 1, "y": 2, "why": "there"}.', Point).value
    Point(x=1, y=2)
    >>> read_record('{"x": 1, "y": 2} or {"x": 3, "y": 2}', Point).reason.value
    'several answers'
    >>> read_record('{"x": 1, "y"', Point).reason.value
    'broken JSON'
    """
    said = _spoken(text)
    if isinstance(said, Unreadable):
        return said
    needed = [name for name, one in record.model_fields.items() if one.is_required()]
    lacking: set[str] = set()
    found: list[R] = []
    try:
        for one in _objects(said):
            missing = [name for name in needed if name not in one]
            if missing:
                lacking.update(missing)
                continue
            known = {name: value for name, value in one.items() if name in record.model_fields}
            # Through JSON once more: strict mode then takes arrays for tuples, and nothing else for anything else.
            value = record.model_validate_json(json.dumps(known), strict=True)
            if value not in found:
                found.append(value)
    except _BrokenError as broken:
        return Unreadable(Illegible.BROKEN, str(broken))
    except RecursionError:
        return Unreadable(Illegible.WRONG, "nested too deeply")
    except ValidationError as error:
        return Unreadable(Illegible.WRONG, _short(str(first_fault(error))))
    if len(found) == 1:
        return Accepted(found[0])
    if found:
        return Unreadable(Illegible.SEVERAL, f"{len(found)} different ones")
    return Unreadable(Illegible.MISSING, _short(", ".join(sorted(lacking)))) if lacking else _nothing(said)


class _BrokenError(Exception):
    """JSON that begins like an object and does not end like one."""


def _spoken(text: str) -> str | Unreadable:
    """What was said after thinking."""
    if len(text) > MAX_CHARACTERS:
        return Unreadable(Illegible.TOO_LONG, f"{len(text)} characters")
    end = text.rfind("</think>")
    said = text[end + len("</think>") :] if end >= 0 else text
    if "<think>" in said:
        return Unreadable(Illegible.CUT_OFF, "the thought is not closed")
    return said if said.strip() else Unreadable(Illegible.EMPTY)


def _objects(text: str) -> Iterator[dict[str, JsonValue]]:
    """Every JSON object of the text, those directly in arrays too; raises at the first broken one."""
    position = 0
    while (opener := _OBJECT.search(text, position)) is not None:
        try:
            value, position = _DECODER.raw_decode(text, opener.start())
        except ValueError as error:
            raise _BrokenError(_short(str(error))) from None
        except RecursionError:
            raise _BrokenError("nested too deeply") from None
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a field is given twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:20]} is no value")
    return value


# Line breaks within strings are common and leave no doubt.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, strict=False)


def _word(value: JsonValue, words: type[W]) -> W | None:
    if not isinstance(value, str) or len(value) > 200:
        return None
    plain = re.sub(r"[\s_-]+", "_", _TAGS.sub("", value).strip(_MARKUP).lower())
    return next((word for word in words if word.value == plain), None)


def _nothing(said: str) -> Unreadable:
    refused = _REFUSAL.search(said[:_REFUSAL_WITHIN]) is not None
    return Unreadable(Illegible.REFUSED if refused else Illegible.NO_ANSWER, _short(said) if refused else "")


def _short(value: object) -> str:
    line = " ".join(str(value)[:1_000].split())
    return line if len(line) <= 120 else f"{line[:119]}…"
