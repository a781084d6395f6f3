r"""The official reader of LaTeX, without latex2sympy2 and eval: values as they were seen there."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedance.bench.answers.latex_value import NoValueError, latex_value
from codedance.bench.mathvision_rules import clean_answer, find_answer, official_equal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5)", 5),
        ("5}", 5),
        ("5 rows", 5),
        ("5 triangles", 5),
        ("5gcd(4,6)", 5),
        ("5_2", 5),
        ("5'", 5),
        (r"5\right", 5),
        (r"5)\degree", 5),
        ("1.5.2", 0.3),
        ("1,000", 1000),
        ("1 000", 0),
        ("5,0005", 25000),
        ("1:2", 0.5),
        ("6/2(3)", 1.0),
        ("6/2*3", 9.0),
        (r"5/2\sqrt{3}", 1.44),
        (r"1\frac{1}{2}", 0.5),
        ("2^3^2", 64),
        ("2^10", 1024),
        ("-2^2", -4),
        ("5!^{2}", 120),
        (r"\sin30", -0.99),
        (r"\sin2*3", -0.28),
        (r"\sin(2)^2", 0.83),
        (r"\sin^{-1}(1)", 1.57),
        (r"\sin^{0}(2)", 0.91),
        (r"\log100", 2.0),
        (r"\log_{2}8", 3.0),
        (r"\ln_{2}8", 3.0),
        ("e^2", 7.39),
        ("e^0", 1),
        (r"\sqrt[3]{8}", 2.0),
        (r"\binom{5}{2}", 10),
        (r"{5\choose2}", 10),
        (r"5\over2", 2.5),
        (r"5\%", 0.05),
        (r"\lfloor2.5\rfloor", 2),
        (r"\gcd(4,6)", 2),
        (r"\operatorname{floor}(2.5)", 2),
        ("(5)_{2}", 20.0),
        (r"2\tau", 12.57),
        ("x=5", 5),
        ("a_{1}=y=5", 5),
        ("5<6", 1),
        ("1<2<3", 1),
        ("5--3", 8),
    ],
)
def test_a_text_has_the_official_value(text: str, value: float) -> None:
    assert round(latex_value(text), 2) == value


NO_VALUE = [
    *[
        "",
        "5+",
        "(5",
        "5^",
        "5^-1",
        "5,",
        "5;",
        "5(",
        "5|",
        "|5|",
        "5°",
        "50%",
        "(1,2)",
        "[1,2]",
        "x",
        "e",
        "5e3",
        "2**3",
    ],
    *[
        r"\frac12",
        r"\sqrt2",
        r"\ln2",
        r"\infty",
        r"5\mathrm{cm}",
        r"\left(5)",
        r"\sqrt{-4}",
        "(-8)^{1/3}",
        "1/0",
        "5=5",
    ],
    *[r"\max(1,2)", r"\cot(1)", r"\lceil5\rceil", r"\sum_{k=1}^{3}k", "(0.5)!", r"\log_28", "x<5", r"5^\frac{1}{2}"],
    *["10^{10^{10}}", "9^{9^{9}}", "999999!", "1" * 5000, "(" * 300 + "1", "{" * 1500, r"\binom{99999}{49999}"],
]


@pytest.mark.parametrize("text", NO_VALUE, ids=lambda text: text[:20])
def test_what_eval_cannot_work_out_or_not_in_time_has_no_value(text: str) -> None:
    with pytest.raises(NoValueError):
        latex_value(text)


@given(st.text(alphabet="0123456789.,+-*/^_!(){}[]|:=<> ex\\fracsqtpi%'", max_size=40))
def test_any_text_has_a_value_or_none(text: str) -> None:
    try:
        value = latex_value(text)
    except NoValueError:
        return
    assert isinstance(value, int | float)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("so the correct answer is D.", "d"),
        ("B\n\nExplanation: it is.", "b"),
        ("(B) B\nbecause", "b"),
        ("The final answer is 12. It follows.", "12"),
        ("the area is 12.5.", "12.5"),
        (r"\boxed{1} no, \boxed{2}", "2"),
        (r"Hence $\boxed{\text{(C)}}$", "c"),
        (r"x \approx 3.14", "3.14"),
        ("7/3", r"\frac{7}{3}"),
        ("0.5", r"\frac{1}{2}"),
        (".25", "0.25"),
        (r"3\sqrt2", r"3\sqrt{2}"),
        (r"\frac12\sqrt3", r"\frac{1}{2}\sqrt{3}"),
        (r"45^\circ", "45"),
        ("12 units", "12"),
        ("Answer: B", "answer:b"),
        ("", ""),
    ],
)
def test_the_answer_is_found_and_cleaned_as_officially(reply: str, answer: str) -> None:
    assert find_answer(reply) == answer


def test_a_fraction_without_its_parts_stays() -> None:
    assert clean_answer(r"\sqrt{2}\frac") == r"\sqrt{2}\frac"
    assert clean_answer("7/3/2") == "7/3/2"
    assert clean_answer("07/3") == "07/3"


@pytest.mark.parametrize(
    ("reference", "answer", "equal"),
    [
        ("5", "5.0049", True),
        ("5", "5.01", False),
        (r"\pi", "3.14", True),
        ("(3,-4)", "(3.0,-4)", True),
        ("(3,-4)", r"(\frac{6}{2},-4)", False),
        ("(a,1)", "(a,1.001)", False),
        ("[1.5,2]", "[3/2,2]", True),
        ("", "", False),
        ("A", "a", True),
        (r"\frac{1}{2}", "0.5", True),
        ("1+x", "x+1", False),
    ],
)
def test_answers_are_equal_as_officially(reference: str, answer: str, equal: bool) -> None:
    assert official_equal(reference, answer) is equal


def test_rounding_is_pythons() -> None:
    assert round(latex_value("2.675"), 2) == 2.67
    assert math.isclose(latex_value(r"\frac{\sqrt{130}}{13}"), 0.877, rel_tol=1e-3)
