"""CountBench: how many of the named objects are there (2 to 10).

There is no one official scorer. ``compat`` is VLMEvalKit's: the reference's digits occur somewhere in the reply, so
that 17 is right for 7. The column ``text`` is the caption that CountBench's rows were chosen by, and states the count:
no prompt here shows it.
"""

from __future__ import annotations

from codedance.bench.answers.quantities import read_quantity, stated_quantity
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.errors import DataError
from codedance.schema import Answer, NumberAnswer

__all__ = ["COUNTBENCH", "count_is_stated", "reference_count"]


def reference_count(row: Row, *names: str) -> int:
    """The row's count; raises :class:`DataError` if it is no whole number."""
    text = field_text(row, *names)
    quantity = read_quantity(text)
    if quantity is None or quantity.value.denominator != 1:
        raise DataError(f"the reference {text[:40]!r} is not a count")
    return int(quantity.value)


def count_is_stated(reply: str, count: int) -> float:
    """1 if the reply states this one number.

    >>> count_is_stated("so 16 in total", 16), count_is_stated("7-8", 7)
    (1.0, 0.0)
    """
    stated = stated_quantity(reply, counting=True)
    return float(stated is not None and stated.value == count)


def _compat(reply: str, row: Row) -> float:
    return float(field_text(row, "answer", "number") in reply)


def _strict(reply: str, row: Row) -> float:
    return count_is_stated(reply, reference_count(row, "answer", "number"))


def _answer(row: Row) -> Answer:
    return NumberAnswer(value=reference_count(row, "answer", "number"))


def _question(row: Row) -> str:
    return field_text(row, "question")


COUNTBENCH = Benchmark(
    name="countbench",
    title="CountBench",
    metric="accuracy",
    splits=(Split("test", 491, Hub("vikhyatk/CountBenchQA")),),
    columns=(("question",), ("number", "answer")),
    keys=("index",),
    prompts=(
        Prompt("plain", "the question alone", _question),
        Prompt(
            "vlmevalkit",
            "VLMEvalKit, CountBenchQA",
            lambda row: (
                f"{_question(row)} Note that: answer with a number directly e.g. 3. Do not include any additional text."
            ),
        ),
        Prompt(
            "lmms-eval",
            "lmms-eval, countbench",
            lambda row: (
                "Look at the image carefully and count the objects. Answer with just a number, "
                f"without any additional text. {_question(row)}"
            ),
        ),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
)
"""The benchmark."""
