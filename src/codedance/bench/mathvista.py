r"""MathVista testmini: 1,000 questions about figures, of five kinds of answer.

``compat`` is VLMEvalKit's rule stage alone: its rules for options, and ``int()`` or ``float()`` of the whole reply
compared exactly. A reference of zero is never accepted there (the stage returns the number itself and asks whether it
is true), lists never are. Its full protocol, and the official one, send what rules do not settle to a judge model, so
that this score is a lower bound; the rows concerned are counted in every report. ``strict`` compares as the question
asks: the chosen option, the exact integer, the number rounded to the precision asked for, the list.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from codedance.bench.answers.literals import read_list
from codedance.bench.answers.options import infer_option, row_options
from codedance.bench.answers.quantities import read_quantity, stated_quantity
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.errors import DataError
from codedance.rewards.choices import pick_option
from codedance.rewards.reading import candidates
from codedance.schema import Answer, ChoiceAnswer, NumberAnswer, TextAnswer

__all__ = ["MATHVISTA"]

_LONGEST_NUMBER = 4300
_UNIT = re.compile(r"\]\s(?!or\b)[a-z]{1,3}\d?$")
_METADATA = ("source", "category", "task", "context", "grade")


def _choices(row: Row) -> dict[str, str]:
    return row_options({name: row[name] for name in ("choices", *"ABCDEFGHIJ") if name in row})


def _gold_letter(row: Row, options: dict[str, str]) -> str:
    """The letter of the option that is the answer; the answer is its text, and its letter in tables that say so."""
    gold = field_text(row, "answer", "answer_option")
    letters = [letter for letter, text in options.items() if text == gold]
    if letters:
        return letters[0]
    for name in ("answer_option", "answer"):
        if str(row.get(name)) in options:
            return str(row[name])
    raise DataError(f"the reference {gold[:40]!r} is none of {len(options)} options")


def _is_choice(row: Row) -> bool:
    kind = row.get("question_type")
    return kind == "multi_choice" if kind is not None else bool(_choices(row))


def _compat(reply: str, row: Row) -> float:
    if _is_choice(row):
        options = _choices(row)
        return float(infer_option(reply, options) == _gold_letter(row, options))
    gold = field_text(row, "answer")
    kind = str(row.get("answer_type"))
    if kind not in ("integer", "float") or len(reply) > _LONGEST_NUMBER:
        return 0.0
    read = int if kind == "integer" else float
    try:
        said, known = read(reply), read(gold)
    except ValueError:
        return 0.0
    return float(said == known and bool(said))


def _strict(reply: str, row: Row) -> float:
    if _is_choice(row):
        options = _choices(row)
        return float(pick_option(reply, options) == _gold_letter(row, options))
    gold = field_text(row, "answer")
    listed = read_list(gold)
    if listed is not None:
        return float(any(_same_list(candidate, listed) for candidate in candidates(reply)))
    known, said = read_quantity(gold), stated_quantity(reply)
    if known is None or said is None:
        return 0.0
    digits = _precision(row)
    if str(row.get("answer_type")) == "float" and digits is not None:
        return float(_rounded(said.value, digits) == _rounded(known.value, digits))
    return float(said.value == known.value)


def _precision(row: Row) -> int | None:
    """Decimals that the question asks for."""
    value = row.get("precision")
    if isinstance(value, str | int | float) and str(value).strip() not in ("", "nan", "None"):
        return int(float(value))
    return None


def _rounded(value: Fraction, digits: int) -> int:
    """In units of the last decimal, halves away from zero."""
    whole = math.floor(abs(value) * Fraction(10) ** digits + Fraction(1, 2))
    return whole if value >= 0 else -whole


def _same_list(text: str, known: list[object]) -> bool:
    text = _UNIT.sub("]", text.strip(" .\"'"))
    begin = text.find("[")
    if begin >= 0 and not text.endswith("]"):
        return False
    parts = text[begin + 1 :].rstrip("]").split(",")
    if len(parts) != len(known):
        return False
    for part, reference in zip(parts, known, strict=True):
        said, right = read_quantity(part.strip(" '\"")), read_quantity(str(reference))
        if said is None or right is None or said.value != right.value:
            return False
    return True


def _answer(row: Row) -> Answer:
    if _is_choice(row):
        options = _choices(row)
        return ChoiceAnswer(letter=_gold_letter(row, options), options=tuple(options.values()))
    gold = field_text(row, "answer")
    known = read_quantity(gold)
    if known is None:
        return TextAnswer(accepted=(gold,))
    digits = _precision(row)
    is_float = str(row.get("answer_type")) == "float" and digits is not None
    return NumberAnswer(value=float(known.value), tolerance=0.5 * 10.0 ** -(digits or 0) if is_float else 0.0)


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    """The nine breakdowns of the official report: metadata may be a column of its own, or columns side by side."""
    nested = row.get("metadata")
    facts = {**row, **(nested if isinstance(nested, dict) else {})}
    groups: dict[str, tuple[str, ...]] = {
        name: (str(facts[name]),)
        for name in (*_METADATA, "language", "question_type", "answer_type")
        if facts.get(name) not in (None, "")
    }
    skills = facts.get("skills")
    listed = read_list(skills)
    if listed or skills:
        groups["skills"] = tuple(str(one) for one in (listed or [skills]))
    return groups


def _question(row: Row) -> str:
    unit = f" (Unit: {row['unit']})" if row.get("unit") else ""
    lines = [field_text(row, "question") + unit]
    options = _choices(row) if _is_choice(row) else {}
    return "\n".join([*lines, *(f"({letter}) {text}" for letter, text in options.items())])


def _query(row: Row) -> str:
    """The data set's own ``query``: hint, question, unit, choices."""
    return str(row.get("query") or "") or _question(row)


MATHVISTA = Benchmark(
    name="mathvista",
    title="MathVista",
    metric="accuracy",
    splits=(Split("testmini", 1000, Hub("AI4Math/MathVista", split="testmini")),),
    columns=(("question",), ("answer",), ("question_type",), ("answer_type",), ("choices", "A"), ("precision",)),
    keys=("pid",),
    prompts=(
        Prompt("plain", "question, unit and choices", _question),
        Prompt("official", "the data set's column query", _query),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
    groups=_groups,
    judged=True,
)
"""The benchmark: the part whose answers are public."""
