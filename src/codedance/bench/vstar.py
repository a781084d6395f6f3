"""V*Bench: attributes of small things and where they lie to each other, in photographs of high resolution.

The published ``test_questions.jsonl`` has the options already shuffled, with letters; the files beside the pictures
have the right one first. The shuffled order is what is asked; with the right option always first (as some harnesses
ask, to their advantage) the loader must be told so, and the rows say it. ``compat`` is VLMEvalKit's rule for options
with what it cannot infer counted as wrong.
"""

from __future__ import annotations

from codedance.bench.answers.options import infer_option, letter_of, row_options
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.errors import DataError
from codedance.rewards.choices import pick_option
from codedance.schema import Answer, ChoiceAnswer

__all__ = ["VSTAR", "choice_answer", "choice_compat", "choice_strict", "lettered_question"]


def _options_and_gold(row: Row) -> tuple[dict[str, str], str]:
    options = row_options(row)
    gold = letter_of(row, options)
    if gold is None:
        raise DataError(f"the reference {field_text(row, 'answer', 'label')[:40]!r} is none of {len(options)} options")
    return options, gold


def choice_compat(reply: str, row: Row) -> float:
    """VLMEvalKit's exact matching: 1 if its rules infer the right letter."""
    options, gold = _options_and_gold(row)
    return float(infer_option(reply, options) == gold)


def choice_strict(reply: str, row: Row) -> float:
    """1 if a careful person takes the reply to choose the right option, and only it."""
    options, gold = _options_and_gold(row)
    return float(pick_option(reply, options) == gold)


def choice_answer(row: Row) -> Answer:
    """The right letter with all options."""
    options, gold = _options_and_gold(row)
    return ChoiceAnswer(letter=gold, options=tuple(options.values()))


def lettered_question(row: Row, *, name: str = "question") -> str:
    """The question with its options on lines of their own."""
    lines = [f"{letter}. {text}" for letter, text in row_options(row).items()]
    return "\n".join([field_text(row, name), *lines])


def _question(row: Row) -> str:
    """The published text, which holds the options, without the order about the form; or question and options."""
    if row.get("text"):
        return str(row["text"]).partition("\nAnswer with the option")[0]
    return lettered_question(row)


VSTAR = Benchmark(
    name="vstar",
    title="V*Bench",
    metric="accuracy over all rows (not the mean of the two categories)",
    splits=(
        Split(
            "test",
            191,
            Hub("craigwu/vstar_bench", files="test_questions.jsonl"),
            counts=(("category", "direct_attributes", 115), ("category", "relative_position", 76)),
        ),
    ),
    columns=(("text", "question"), ("label", "answer"), ("category",)),
    keys=("category", "question_id"),
    prompts=(
        Prompt("plain", "the published text with its options", _question),
        Prompt(
            "official",
            "test_questions.jsonl of the data set",
            lambda row: f"{_question(row)}\nAnswer with the option's letter from the given choices directly.",
        ),
    ),
    compat=choice_compat,
    strict=choice_strict,
    answer=choice_answer,
    groups=lambda row: {"category": (str(row["category"]),)} if row.get("category") else {},
)
"""The benchmark: 115 rows of direct_attributes with four options, 76 of relative_position with two."""
