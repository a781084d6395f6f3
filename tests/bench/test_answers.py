"""Finding and reading answers: extraction, options, numbers, expressions."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codedance.bench import BENCHMARKS, AnswerPath, Mode, extract
from codedance.bench.answers.expressions import same_expression
from codedance.bench.answers.extract import LONGEST_TEXT
from codedance.bench.answers.formulas import UnreadableError, formula_values
from codedance.bench.answers.literals import read_list
from codedance.bench.answers.options import infer_option, letter_of, row_options
from codedance.bench.answers.quantities import read_quantity, stated_quantity
from codedance.rewards.choices import pick_option
from codedance.rewards.reading import is_refusal, undecorated
from tests.bench.examples import ROWS

COLOURS = {"A": "blue", "B": "light blue", "C": "navy", "D": "tan"}


@pytest.mark.parametrize(
    ("reply", "text", "path"),
    [
        ("<answer> 8 </answer>", "8", AnswerPath.TAG),
        ("<ANSWER>8</ANSWER>", "8", AnswerPath.TAG),
        ("<answer>7</answer> no, <answer>8</answer>", "8", AnswerPath.TAG),
        ("<answer>8</answer> and <answer>9", "8", AnswerPath.TAG),
        ("9</answer><answer>8</answer>", "8", AnswerPath.TAG),
        ("<answer></answer>", "", AnswerPath.TAG),
        (r"<answer>8</answer> \boxed{9}", "8", AnswerPath.TAG),
        (r"\boxed{7} then \boxed{\frac{1}{2}}", r"\frac{1}{2}", AnswerPath.BOXED),
        (r"\boxed{7} then \boxed{8", "7", AnswerPath.BOXED),
        (r"\boxed{\{1,2\}}", r"\{1,2\}", AnswerPath.BOXED),
        (r"}} \boxed{8}", "8", AnswerPath.BOXED),
        (r"\boxed{\boxed{8}}", r"\boxed{8}", AnswerPath.BOXED),
        ("<answer>8", "<answer>8", AnswerPath.TEXT),
        (" 8 ", "8", AnswerPath.TEXT),
        ("", "", AnswerPath.TEXT),
    ],
)
def test_the_answer_is_the_last_that_is_whole(reply: str, text: str, path: AnswerPath) -> None:
    found = extract(reply)
    assert (found.text, found.path) == (text, path)


def test_an_answer_before_a_megabyte_of_noise_is_not_looked_for() -> None:
    assert extract("<answer>8</answer>" + "x" * LONGEST_TEXT).path is AnswerPath.TEXT


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        ("the answer is (C)", "C"),
        ("Option D", "D"),
        ("B. light blue", "B"),
        ("A or B", None),
        ("b", None),
        ("navy", "C"),
        ("light blue", None),
        ("A B C", None),
        ("B is what I would choose here", None),
        ("The correct answer is **C**. It is darker than all of the others by far", "C"),
        ("the answer is tan, and nothing else fits to what there is", None),
        ("Cannot determine the answer", "Z"),
        ("Z", "Z"),
        ("Failed to obtain answer via API: B", "A"),
        ("", None),
    ],
)
def test_options_are_inferred_as_vlmevalkit_does(reply: str, letter: str | None) -> None:
    expected = None if reply.startswith("Failed") else letter
    assert infer_option(reply, COLOURS) == expected


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("b", "B"),
        ("**B**", "B"),
        ("light blue", "B"),
        ("Light blue.", "B"),
        ("The answer is light blue", "B"),
        ("not navy but tan", "D"),
        ("I choose C", "C"),
        ("A nice picture, so the answer is D", "D"),
        ("It's B, not A.", "B"),
        ("C is wrong, so D", "D"),
        ("A or B", None),
        ("navy and tan", None),
        ("I cannot determine it", None),
        ("E", None),
        ("", None),
    ],
)
def test_options_are_picked_as_a_careful_person_does(reply: str, letter: str | None) -> None:
    assert pick_option(reply, COLOURS) == letter


def test_an_option_may_say_that_nothing_can_be_determined() -> None:
    options = {"A": "12", "B": "Cannot be determined"}
    assert pick_option("Cannot be determined", options) == "B"
    assert pick_option("I cannot determine the answer from the image.", options) is None


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"choices": {"A": "x", "B": "y"}}, {"A": "x", "B": "y"}),
        ({"choices": ["x", "y"]}, {"A": "x", "B": "y"}),
        ({"options": "['x', 'y']"}, {"A": "x", "B": "y"}),
        ({"A": "x", "B": float("nan"), "C": ""}, {"A": "x"}),
        ({"options": []}, {}),
        ({"choices": None}, {}),
    ],
)
def test_options_are_found_in_every_spelling(row: dict[str, object], options: dict[str, str]) -> None:
    assert row_options(row) == options


def test_the_right_option_is_a_letter_or_its_text() -> None:
    assert letter_of({"answer": "B"}, {"A": "x", "B": "y"}) == "B"
    assert letter_of({"label": "A"}, {"A": "x", "B": "y"}) == "A"
    assert letter_of({"answer": "y"}, {"A": "x", "B": "y"}) == "B"
    assert letter_of({"answer": "z"}, {"A": "x", "B": "y"}) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1,234.5", Fraction(2469, 2)), ("-3", Fraction(-3)), ("€5", Fraction(5)), ("3/4", Fraction(3, 4))],
        *[("twenty-one", Fraction(21)), ("7 cups", None), ("1_000", None), ("1/0", None), ("", None), ("9" * 99, None)],
    ],
)
def test_a_number_is_read_whole_or_not_at_all(text: str, value: Fraction | None) -> None:
    found = read_quantity(text)
    assert (found.value if found else None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("about 7 cups", 7), ("a total of 9", 9), ("5 in total, 2 red", 5), ("In 2004 there were 3", 3)],
        *[("3 to 5", None), ("not 4", None), ("7 and more", None), ("I cannot tell, 4", None), ("", None)],
        ("two left, two right", 2),
    ],
)
def test_a_count_is_what_a_reply_states(text: str, value: int | None) -> None:
    found = stated_quantity(text, counting=True)
    assert (found.value if found else None) == value


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (r"\frac{1}{2}", "0.5", True),
        (r"\sqrt[3]{8}", "2", True),
        (r"2\sqrt{3}", r"\sqrt{12}", True),
        (r"\sin^2 x + \cos^2 x", "1", True),
        ("(a+b)^2", "a^2+2ab+b^2", True),
        ("y = x + 1", "x+1=y", True),
        ("y=x+1", "y=x+2", False),
        ("60°", "60", True),
        ("12 cm^2", "12", True),
        ("1,000", "1000", True),
        ("1, 2", "2, 1", True),
        ("(1, 2)", "(2, 1)", False),
        ("(1,2)", "1,2", False),
        ("3.1416", r"\pi", False),
        ("|-3|", "3", True),
        (r"\log_2 8", "3", True),
        (r"x_1 + x_{1}", "2x_1", True),
        ("1/0", "1", None),
        ("hello there", "1", None),
        ("10^{10^{10}}", "1", None),
        ("(" * 500, "1", None),
        ("9" * 5000, "1", None),
    ],
)
def test_expressions_are_the_same_if_their_values_are(left: str, right: str, same: bool | None) -> None:
    assert same_expression(left, right) is same


@pytest.mark.parametrize("text", ["", "2 +", "(2", "2)", r"\frac{1}", r"\unknown", "@", "x_", "171!", "nan", "a" * 3])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises((UnreadableError, ArithmeticError)):
        formula_values(text)


def test_lists_are_read_without_running_anything() -> None:
    assert read_list("[__import__('os')]") is None
    assert read_list("[" * 5000 + "]" * 5000) is None
    assert read_list("[1, " * 10_000) is None
    assert read_list("{'a': 1}") is None


def test_decoration_is_taken_off_and_refusals_are_seen() -> None:
    assert undecorated("<code>print(7)</code> **`B`**\u200b") == "B"
    assert undecorated("```python\nprint(7)\n```\n8") == "8"
    assert is_refusal("Sorry, I can't help with that.")
    assert not is_refusal("It can tell: 7")


NOISE = st.lists(
    st.sampled_from(
        ["<answer>", "</answer>", "\\boxed{", "}", "{", "(", ")", "7", "B", "answer is ", "Answer: ", "1,", "-"]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(NOISE, st.sampled_from(sorted(BENCHMARKS)), st.sampled_from(["compat", "strict"]), st.booleans(), st.booleans())
def test_any_reply_gets_a_score(reply: str, name: str, mode: str, raw: bool, odd: bool) -> None:
    verdict = BENCHMARKS[name].verdict(reply, ROWS[name](int(odd)), Mode(mode), raw=raw)
    assert verdict.score in (0.0, 1.0, None)


@pytest.mark.parametrize(
    "unit", ["1", "}", "\\boxed{", "1,000,", "is ", "not ", "(", "\u200b", "A ", "<code>", "\\text{"]
)
@pytest.mark.parametrize("name", ["countbench", "vstar", "mathvision", "mathvista", "mathverse"])
def test_time_grows_with_the_length_of_a_reply_and_no_faster(name: str, unit: str) -> None:
    reply = (unit * 100_000)[:100_000]
    begin = time.process_time()
    for mode in ("compat", "strict"):
        BENCHMARKS[name].score_text(reply, ROWS[name](1), Mode(mode))
    # Some 50 ms; anything quadratic takes much longer.
    assert time.process_time() - begin < 3
