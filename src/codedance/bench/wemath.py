"""We-Math testmini: 525 problems of two or three steps, each asked whole and step by step (1,740 rows).

``compat`` is the official extraction: what follows the last "Answer", without ``<>:.`` and spaces, must begin with the
letter. What the four measures and the score are is in :mod:`codedance.bench.wemath_metrics`.
"""

from __future__ import annotations

import re

from codedance.bench.answers.options import row_options
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.bench.vstar import choice_answer, choice_strict, lettered_question
from codedance.bench.wemath_metrics import problem_of, wemath_metrics
from codedance.schema import Answer

__all__ = ["WEMATH"]

_DELETED = re.compile("[<>:.]")
_LETTERS = "ABCDEFGH"


def _compat(reply: str, row: Row) -> float:
    said = _DELETED.sub("", reply.rpartition("Answer")[2].strip()).strip()
    letter = said[:1]
    return float(letter != "" and letter in _LETTERS and letter == field_text(row, "answer"))


def _answer(row: Row) -> Answer:
    return choice_answer(row)


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    key = str(row.get("key") or "")
    if key:
        groups["steps"] = ("S1" if not key.endswith("multi") else f"S{key[:1]}",)
    if row.get("knowledge concept") and not key.endswith("multi"):
        groups["knowledge concept"] = (str(row["knowledge concept"]),)
    return groups


def _for_vlmevalkit(row: Row) -> str:
    options = "\n".join(f"{letter}. {text}" for letter, text in row_options(row).items())
    return f"Question: {field_text(row, 'question')}\nOptions:\n{options}"


def _with_requirement(row: Row) -> str:
    """The form of the answer that VLMEvalKit's table asks for; other copies of the data do not have it."""
    return f"{_for_vlmevalkit(row)}\n\n{field_text(row, 'requirement')}"


WEMATH = Benchmark(
    name="wemath",
    title="We-Math",
    metric="four-dimensional score, strict",
    splits=(
        Split(
            "testmini",
            1740,
            Hub("We-Math/We-Math", split="testmini"),
            counts=(("steps", "S1", 2 * 360 + 3 * 165), ("steps", "S2", 360), ("steps", "S3", 165)),
        ),
    ),
    columns=(("question",), ("answer",), ("option", "A"), ("ID",), ("key",)),
    keys=("ID", "key"),
    prompts=(
        Prompt("plain", "question and options", lettered_question),
        Prompt("vlmevalkit", "VLMEvalKit, WeMath", _for_vlmevalkit),
        Prompt("vlmevalkit-cot", "VLMEvalKit, WeMath_COT", _with_requirement),
    ),
    compat=_compat,
    strict=choice_strict,
    answer=_answer,
    groups=_groups,
    metrics=wemath_metrics,
    facts=("ID", "key"),
    cluster=lambda row: problem_of(row) if row.get("ID") is not None and row.get("key") else None,
)
"""The benchmark."""
