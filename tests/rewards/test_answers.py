"""Answer matching: what a careful reader calls right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedance.rewards import matches
from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer

OPTIONS = ChoiceAnswer(letter="B", options=("red", "blue", "a blue car"))


@pytest.mark.parametrize(
    ("text", "answer", "right"),
    [
        ("7", NumberAnswer(value=7), True),
        ("7.0", NumberAnswer(value=7), True),
        ("There are 7 circles.", NumberAnswer(value=7), True),
        ("Seven", NumberAnswer(value=7), True),
        ("1,234", NumberAnswer(value=1234), True),
        ("-3", NumberAnswer(value=-3), True),
        ("7 of 9", NumberAnswer(value=7), False),
        ("17", NumberAnswer(value=7), False),
        ("", NumberAnswer(value=0), False),
        ("3.14", NumberAnswer(value=3.14159, tolerance=0.01), True),
        ("3.2", NumberAnswer(value=3.14159, tolerance=0.01), False),
        ("1e999", NumberAnswer(value=7), False),
        ("B", OPTIONS, True),
        ("b.", OPTIONS, True),
        ("(B) blue", OPTIONS, True),
        ("Option B", OPTIONS, True),
        ("blue", OPTIONS, True),
        ("A blue car", OPTIONS, False),
        ("Blueish", OPTIONS, False),
        ("The answer is B", OPTIONS, True),
        ("A or B", OPTIONS, False),
        ("not A, but B", OPTIONS, True),
        ("a blue one is what I see", OPTIONS, True),
        ("A dog", ChoiceAnswer(letter="A", options=("cat", "dog", "bird")), False),
        ("A dog", ChoiceAnswer(letter="B", options=("cat", "dog", "bird")), True),
        ("I think it is C.", ChoiceAnswer(letter="C"), True),
        ("(d) 12 cm", ChoiceAnswer(letter="D"), True),
        ("a dog", ChoiceAnswer(letter="A"), False),
        ("I cannot tell", ChoiceAnswer(letter="I"), False),
        ("Triangle.", TextAnswer(accepted=("triangle",)), True),
        ("a triangle", TextAnswer(accepted=("triangle",)), False),
        ("\\boxed{\\dfrac{1}{2}}", MathAnswer(latex="\\frac{1}{2}"), True),
        ("$x + 1$", MathAnswer(latex="x+1"), True),
        ("0.50", MathAnswer(latex="0.5"), True),
        ("3\\,x", MathAnswer(latex="3x"), True),
        ("\\lefty", MathAnswer(latex="y"), False),
        ("2", MathAnswer(latex="3"), False),
    ],
)
def test_answers_are_judged_as_a_careful_reader_would(text: str, answer: Answer, right: bool) -> None:
    assert matches(text, answer) is right


def test_no_answer_is_never_right() -> None:
    assert not matches(None, TextAnswer(accepted=("",)))


@given(st.text(), st.sampled_from([NumberAnswer(value=7), OPTIONS, TextAnswer(accepted=("x",)), MathAnswer(latex="x")]))
def test_any_text_is_judged_without_an_exception(text: str, answer: Answer) -> None:
    assert matches(text, answer) in (True, False)
