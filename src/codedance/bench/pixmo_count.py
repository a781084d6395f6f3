"""PixMo-Count: how many of the named objects are there (2 to 10, checked by people).

The data set holds addresses of pictures. They rot, so that published numbers rest on different rows: a picture that
cannot be had is an error here unless a part of the rows was asked for, and the rows that count are recorded by name.
``compat`` is lmms-eval's: the first run of digits in the reply against the reference's.
"""

from __future__ import annotations

import re

from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.bench.countbench import count_is_stated, reference_count
from codedance.schema import Answer, NumberAnswer

__all__ = ["PIXMO_COUNT"]

_DIGITS = re.compile(r"\d+")


def _first_digits(text: str) -> str:
    found = _DIGITS.search(text)
    return found[0] if found else text


def _compat(reply: str, row: Row) -> float:
    return float(_first_digits(reply.strip()) == _first_digits(field_text(row, "answer", "count").strip()))


def _strict(reply: str, row: Row) -> float:
    return count_is_stated(reply, reference_count(row, "answer", "count"))


def _answer(row: Row) -> Answer:
    return NumberAnswer(value=reference_count(row, "answer", "count"))


def _question(row: Row) -> str:
    """The row's own question, as the repackaged sets have it, or one made of its label."""
    if row.get("question"):
        return str(row["question"]).replace("<image>", "").strip()
    return f"How many {field_text(row, 'label')} are there?"


PIXMO_COUNT = Benchmark(
    name="pixmo_count",
    title="PixMo-Count",
    metric="accuracy",
    splits=(
        Split("test", 540, Hub("allenai/pixmo-count")),
        Split("validation", 540, Hub("allenai/pixmo-count", split="validation")),
    ),
    columns=(("label", "question"), ("count", "answer")),
    keys=("image_sha256", "label"),
    prompts=(
        Prompt("plain", "the question made of the label", _question),
        Prompt("lmms-eval", "lmms-eval, pixmo_count", lambda row: f"{_question(row)}\nAnswer with a single number."),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
)
"""The benchmark."""
