"""Closed answers: read whatever stands around them, never guessed, never raising."""

from __future__ import annotations

import json
import time
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedance.protocol.closed import (
    MAX_CHARACTERS,
    Accepted,
    Illegible,
    Unreadable,
    read_choice,
    read_record,
)
from codedance.schema import Record


class Word(StrEnum):
    RIGHT = "right"
    WRONG_ANSWER = "wrong_answer"
    BLIND = "blind"


class Place(Record):
    x: int
    y: float
    name: str | None = None


PROSE = st.text(st.characters(exclude_characters="{}[]<>", codec="utf-8"), max_size=60)
PLACES = st.builds(
    Place,
    x=st.integers(-(10**6), 10**6),
    y=st.floats(allow_nan=False, allow_infinity=False, width=32),
    name=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
)


@given(st.text())
def test_any_text_gives_a_typed_result(text: str) -> None:
    assert isinstance(read_choice(text, Word), Accepted | Unreadable)
    assert isinstance(read_record(text, Place), Accepted | Unreadable)


@given(st.lists(st.sampled_from([*'{}[]":,-.e019 \\\n`', "x", "y", "null", "<think>", "</think>"]), max_size=40))
def test_any_scrap_of_json_gives_a_typed_result(scraps: list[str]) -> None:
    text = "".join(scraps)
    assert isinstance(read_choice(text, Word), Accepted | Unreadable)
    assert isinstance(read_record(text, Place), Accepted | Unreadable)


@given(PLACES, PROSE, PROSE, st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```", "[{}]", "<answer>{}</answer>"]))
def test_prose_fences_and_arrays_around_an_object_do_not_matter(
    place: Place, before: str, after: str, form: str
) -> None:
    text = before + form.replace("{}", json.dumps(place.model_dump())) + after
    assert read_record(text, Place) == Accepted(place)


@given(PLACES, PLACES)
def test_an_answer_that_is_repeated_is_one_and_two_different_ones_are_none(one: Place, other: Place) -> None:
    text = f"{one.model_dump_json()} so again {other.model_dump_json()}"
    found = read_record(text, Place)
    assert found == Accepted(one) if one == other else isinstance(found, Unreadable)


@given(PLACES, st.data())
def test_an_answer_that_is_cut_off_is_never_another_answer(place: Place, data: st.DataObject) -> None:
    text = "It is here: " + json.dumps([place.model_dump()])
    cut = data.draw(st.integers(0, len(text)))
    assert isinstance(read_record(text[:cut], Place), Unreadable) or cut == len(text)


@given(PLACES)
def test_fields_that_nobody_asked_for_are_let_be(place: Place) -> None:
    assert read_record(json.dumps({"why": [1, {"x": 2}], **place.model_dump()}), Place) == Accepted(place)


@given(st.sampled_from(Word), PROSE.filter(lambda text: "\n" not in text))
def test_a_word_is_read_from_json_and_from_a_line_of_its_own(word: Word, why: str) -> None:
    assert read_choice(json.dumps({"why": why, "verdict": word.value}), Word) == Accepted(word)
    shown = word.value.replace("_", " ").title()
    for text in (
        word.value,
        f"**{shown}.**",
        f"Verdict: {shown}",
        f"```\n{word.value}\n```",
        f"<answer>{shown}</answer>",
    ):
        assert read_choice(text, Word) == Accepted(word), text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Illegible.EMPTY),
        (" \n\t", Illegible.EMPTY),
        ("It is not right.", Illegible.NO_ANSWER),
        ("right\nblind", Illegible.SEVERAL),
        ('{"verdict": "right"} no, {"verdict": "blind"}', Illegible.SEVERAL),
        ('{"verdict": "right", "verdict": "blind"}', Illegible.BROKEN),
        ('{"verdict": "rig', Illegible.BROKEN),
        ("{'verdict': 'right'}", Illegible.BROKEN),
        ('{"verdict": right}', Illegible.BROKEN),
        ('{"verdict": "maybe"}', Illegible.WRONG),
        ('{"verdict": true}', Illegible.WRONG),
        ("I'm sorry, but I can't help with that.", Illegible.REFUSED),
        ("I cannot assist with this picture.", Illegible.REFUSED),
        ("As an AI, I see no picture.", Illegible.REFUSED),
        ("<think>It is right", Illegible.CUT_OFF),
        ("right" * MAX_CHARACTERS, Illegible.TOO_LONG),
    ],
)
def test_what_cannot_be_read_has_a_reason(text: str, reason: Illegible) -> None:
    found = read_choice(text, Word)
    assert isinstance(found, Unreadable)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"x": 1}', Illegible.MISSING),
        ('{"x": "1", "y": 2}', Illegible.WRONG),
        ('{"x": true, "y": 2}', Illegible.WRONG),
        ('{"x": 1.5, "y": 2}', Illegible.WRONG),
        ('{"x": 1, "y": NaN}', Illegible.BROKEN),
        ('{"x": 1, "y": 1e999}', Illegible.BROKEN),
        ('{"x": 1, "y": 2, "name": "\\ud800"}', Illegible.WRONG),
        ('{"x": ' + "9" * 5000 + ', "y": 2}', Illegible.BROKEN),
        ('{"x": 1, "y": 2, "name": ' + "[" * 50_000, Illegible.BROKEN),
        ("[1, 2]", Illegible.NO_ANSWER),
        ("x is 1 and y is 2", Illegible.NO_ANSWER),
    ],
)
def test_a_record_with_a_wrong_field_is_unreadable(text: str, reason: Illegible) -> None:
    found = read_record(text, Place)
    assert isinstance(found, Unreadable)
    assert found.reason is reason


def test_what_was_thought_is_not_what_was_said() -> None:
    assert read_choice('<think>{"verdict": "blind"}?</think>{"verdict": "right"}', Word) == Accepted(Word.RIGHT)


@pytest.mark.parametrize("piece", ['{"', '[{"', "{", '{"a":', "{}", '{"x":1,"y":2}', "\n", "I'm so ", "answer:"])
def test_hostile_repetition_is_read_in_linear_time(piece: str) -> None:
    text = piece * (MAX_CHARACTERS // len(piece))
    begin = time.process_time()
    read_choice(text, Word)
    read_record(text, Place)
    assert time.process_time() - begin < 3
