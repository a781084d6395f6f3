r"""MATH-Vision: 3,040 competition problems in 16 subjects and 5 levels; 1,532 have five options, the rest are free.

``compat`` is the official rule scorer (:mod:`codedance.bench.mathvision_rules`): the letter or the value of the right
option, numbers equal once rounded to 0.01. ``strict`` takes the option that is chosen, or an exactly equal value.
"""

from __future__ import annotations

from codedance.bench.answers.expressions import same_expression, says_expression
from codedance.bench.answers.literals import read_list
from codedance.bench.answers.options import row_options
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.bench.mathvision_rules import find_answer, official_equal
from codedance.errors import DataError
from codedance.rewards.choices import pick_option
from codedance.rewards.reading import candidates
from codedance.schema import Answer, ChoiceAnswer, MathAnswer

__all__ = ["MATHVISION", "free_answer", "option_with_value"]

_SOURCE = "MATH-V's own scripts"
_ORDER = (
    'Please solve the problem step by step and put your answer in one "\\boxed{}". If it is a multiple choice '
    'question, only one letter is allowed in the "\\boxed{}".'
)


def _options(row: Row) -> dict[str, str]:
    listed = read_list(row.get("options"))
    return {} if listed == [] else row_options(row)


def _compat(reply: str, row: Row) -> float:
    answer, gold, options = find_answer(reply), field_text(row, "answer"), _options(row)
    if options and gold not in options:
        raise DataError(f"the reference {gold[:40]!r} is none of {len(options)} options")
    return float(official_equal(gold, answer) or official_equal(options.get(gold, ""), answer))


def _strict(reply: str, row: Row) -> float:
    gold, options = field_text(row, "answer"), _options(row)
    if not options:
        return free_answer(reply, gold)
    return float((pick_option(reply, options) or option_with_value(reply, options)) == gold)


def free_answer(reply: str, gold: str) -> float:
    """1 if the reply states something equal to the reference; a reference that is a letter may also be chosen."""
    if len(gold.strip()) == 1 and gold.strip().isalpha():
        return float(pick_option(reply, dict.fromkeys("ABCDEF", "")) == gold.strip().upper())
    return float(says_expression(reply, gold) is True)


def option_with_value(reply: str, options: dict[str, str]) -> str | None:
    r"""The one option whose value the reply states.

    >>> option_with_value("0.5", {"A": r"$\frac{1}{2}$", "B": "2"})
    'A'
    """
    for candidate in candidates(reply):
        equal = [letter for letter, text in options.items() if same_expression(candidate, text)]
        if equal:
            return equal[0] if len(equal) == 1 else None
    return None


def _answer(row: Row) -> Answer:
    gold, options = field_text(row, "answer"), _options(row)
    if gold in options:
        return ChoiceAnswer(letter=gold, options=tuple(options.values()))
    return MathAnswer(latex=gold)


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {
        name: (str(row[name]),) for name in ("level", "subject") if row.get(name) is not None
    }
    if "category" in row and "subject" not in row:
        groups["subject"] = (str(row["category"]),)
    if "level" in groups and "subject" in groups:
        groups["subject, level"] = (f"{groups['subject'][0]}, {groups['level'][0]}",)
    return groups


def _question(row: Row) -> str:
    """The question without the marks of its pictures, with the options on lines of their own."""
    text = field_text(row, "question")
    for number in range(1, 10):
        text = text.replace(f"<image{number}>", "")
    options = _options(row)
    # Options that are nothing but their letters are in the picture.
    if not options or list(options.values()) == list(options):
        return text.strip()
    return "\n".join([text.strip(), *(f"({letter}) {option}" for letter, option in options.items())])


MATHVISION = Benchmark(
    name="mathvision",
    title="MATH-Vision",
    metric="accuracy",
    splits=(
        Split("test", 3040, Hub("MathLLMs/MathVision")),
        Split("testmini", 304, Hub("MathLLMs/MathVision", split="testmini")),
    ),
    columns=(("question",), ("answer",), ("options", "choices", "A")),
    keys=("id",),
    prompts=(
        Prompt("plain", "question and options", _question),
        Prompt("official", _SOURCE, lambda row: f"{_ORDER}\n{_question(row)}"),
        Prompt(
            "lmms-eval",
            "lmms-eval, mathvision",
            lambda row: (
                'Please solve the problem step by step and put your answer in one "\\boxed{}".\n' + _question(row)
            ),
        ),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
    groups=_groups,
)
"""The benchmark; ``testmini`` is a tenth of ``test``."""
