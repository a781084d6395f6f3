r"""MathVerse, vision-only: 788 problems whose text is drawn into the picture.

The official protocol has two stages of a judge model, extraction and comparison; the only rule in it is that equal
texts are right, which is ``compat``. ``strict`` decides what can be decided by rule, letters and expressions, and
leaves the rest (``None``) to a judge.
"""

from __future__ import annotations

import json
import re

from codedance.bench.answers.expressions import says_expression
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.rewards.choices import pick_option
from codedance.rewards.reading import bare, candidates, has_content, is_refusal
from codedance.schema import Answer, ChoiceAnswer, MathAnswer

__all__ = ["MATHVERSE"]

_CHOICES = re.compile(r"(?:^|\n)\s*\(?([A-F])\)?\s?[:.)]\s?([^\n]*)")
_LETTERS = "ABCDEF"


def _compat(reply: str, row: Row) -> float:
    return float(reply.strip() == field_text(row, "answer").strip())


def _options(row: Row) -> dict[str, str]:
    """Options as the question's text lists them; without a text, the letters alone."""
    text = str(row.get("question_for_eval") or row.get("question") or "")
    _, found, after = text.partition("Choices:")
    options = dict(_CHOICES.findall(after)) if found else {}
    return options or dict.fromkeys(_LETTERS, "")


def _strict(reply: str, row: Row) -> float | None:
    gold = field_text(row, "answer").strip()
    if any(bare(candidate) == bare(gold) for candidate in candidates(reply) if bare(gold)):
        return 1.0
    if gold in _LETTERS:
        return float(pick_option(reply, _options(row)) == gold)
    if not has_content(reply) or is_refusal(reply):
        return 0.0
    said = says_expression(reply, gold)
    if said is None:
        # A reply of a word or two that is not the reference is wrong; sentences need a reader.
        return 0.0 if len(reply.split()) < 3 else None
    return float(said)


def _answer(row: Row) -> Answer:
    gold = field_text(row, "answer").strip()
    options = _options(row)
    if gold in options:
        return ChoiceAnswer(letter=gold, options=tuple(options.values()) if any(options.values()) else ())
    return MathAnswer(latex=gold)


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    nested = row.get("metadata")
    if isinstance(nested, str):
        try:
            nested = json.loads(nested.replace("'", '"')) if len(nested) < 10_000 else {}
        except ValueError:
            nested = {}
    facts = {**row, **(nested if isinstance(nested, dict) else {})}
    names = ("question_type", "subject", "subfield")
    return {name: (str(facts[name]),) for name in names if facts.get(name) not in (None, "")}


def _question(row: Row) -> str:
    """The question is in the picture; the row's own text says so, or orders to read it there."""
    return str(row.get("question") or "") or "Answer the question in the picture."


MATHVERSE = Benchmark(
    name="mathverse",
    title="MathVerse, vision-only",
    metric="accuracy",
    splits=(Split("vision_only", 788, Hub("AI4Math/MathVerse", config="testmini", split="testmini")),),
    columns=(("answer",), ("question_type",)),
    keys=("sample_index",),
    prompts=(
        Prompt("plain", "the row's own text", _question),
        Prompt("cot", "the data set's column query_cot", lambda row: str(row.get("query_cot") or "") or _question(row)),
        Prompt(
            "direct", "the data set's column query_wo", lambda row: str(row.get("query_wo") or "") or _question(row)
        ),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
    groups=_groups,
    keep=lambda row: row.get("problem_version") in (None, "Vision Only"),
    judged=True,
)
"""The benchmark: the version of each problem that shows everything in the picture."""
