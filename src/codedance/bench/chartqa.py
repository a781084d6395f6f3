"""ChartQA: questions about charts, scored by relaxed accuracy, over questions of people and of a machine.

Relaxed accuracy (Methani et al., 2020; pix2struct's code, which VLMEvalKit, lmms-eval and Molmo share): a number may be
up to 5 % off, inclusive; anything else must be equal but for case. A trailing percent sign divides by a hundred; a
reference of zero counts as text; what ``float()`` does not take (commas, units, a full stop) is text. VLMEvalKit strips
the reply and takes a reference that spells a Python list as alternatives.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from codedance.bench.answers.literals import read_list
from codedance.bench.answers.quantities import Quantity, read_quantity, stated_quantity
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.errors import DataError
from codedance.rewards.reading import bare, candidates, without_hedge
from codedance.schema import Answer, NumberAnswer, TextAnswer

__all__ = ["CHARTQA"]

_TOLERANCE = Fraction(1, 20)
_LONGEST_NUMBER = 10_000
_ORIGINS = {"0": "human", "1": "augmented", "human_test": "human", "augmented_test": "augmented"} | {
    "human": "human",
    "machine": "augmented",
    "augmented": "augmented",
    "test_human": "human",
    "test_augmented": "augmented",
}
_ORIGIN_COLUMNS = ("type", "human_or_machine", "split")


def _references(row: Row) -> list[str]:
    """All texts that are right; those of the hub's rows are a list already."""
    listed = read_list(row.get("answer") or row.get("label"))
    if listed is not None:
        if not listed:
            raise DataError("the row's list of answers is empty")
        return [str(one) for one in listed]
    return [field_text(row, "answer", "label")]


def _compat(reply: str, row: Row) -> float:
    reply = reply.strip()
    return float(any(_relaxed(reply, reference) for reference in _references(row)))


def _relaxed(reply: str, reference: str) -> bool:
    said, known = _float(reply), _float(reference)
    if said is not None and known:
        return abs(said - known) / abs(known) <= float(_TOLERANCE)
    return reply.lower() == reference.lower()


def _float(text: str) -> float | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def _strict(reply: str, row: Row) -> float:
    if read_list(row.get("answer")) is not None and isinstance(row.get("answer"), str):
        return float(_lists_agree(reply, row))
    return float(any(_says(reply, reference) for reference in _references(row)))


def _says(reply: str, reference: str) -> bool:
    known = read_quantity(reference)
    if known is not None:
        said = stated_quantity(reply)
        return said is not None and _is_close(said, known)
    return bare(reference) in {bare(candidate) for candidate in candidates(reply)}


def _is_close(said: Quantity, known: Quantity) -> bool:
    """Within 5 %, exactly; a percent sign on one side only may be a unit left out or a share written as a decimal."""
    pairs = [(said.value, known.value)]
    if said.percent != known.percent:
        pairs.append((said.value / (100 if said.percent else 1), known.value / (100 if known.percent else 1)))
    return any(abs(left - right) <= _TOLERANCE * abs(right) for left, right in pairs)


def _lists_agree(reply: str, row: Row) -> bool:
    """A reference of several parts: all of them, in any order."""
    known = Counter(bare(part) for part in _references(row))
    for candidate in candidates(reply):
        parts = without_hedge(candidate).strip(" .\"'()[]").split(",")
        if Counter(bare(part) for part in parts) == known:
            return True
    return False


def _answer(row: Row) -> Answer:
    references = _references(row)
    known = read_quantity(references[0])
    if len(references) == 1 and known is not None:
        value = float(known.value)
        return NumberAnswer(value=value, tolerance=abs(value) * float(_TOLERANCE))
    return TextAnswer(accepted=tuple(references))


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    values = [_ORIGINS.get(str(row[name])) for name in _ORIGIN_COLUMNS if row.get(name) is not None]
    known = [value for value in values if value is not None]
    return {"type": (known[0],)} if known else {}


def _question(row: Row) -> str:
    return field_text(row, "question", "query")


CHARTQA = Benchmark(
    name="chartqa",
    title="ChartQA",
    metric="relaxed accuracy",
    splits=(
        Split(
            "test",
            2500,
            Hub("HuggingFaceM4/ChartQA"),
            counts=(("type", "human", 1250), ("type", "augmented", 1250)),
        ),
    ),
    columns=(("question", "query"), ("answer", "label")),
    keys=("index",),
    prompts=(
        Prompt("plain", "the question alone", _question),
        Prompt(
            "vlmevalkit",
            "VLMEvalKit, ChartQA_TEST",
            lambda row: f"{_question(row)}\nAnswer the question using a single word or phrase.",
        ),
        Prompt(
            "qwen",
            "Qwen's own prompt in VLMEvalKit",
            lambda row: f"{_question(row)}\nPlease try to answer the question with short words or phrases if possible.",
        ),
        Prompt(
            "lmms-eval", "lmms-eval, chartqa", lambda row: f"{_question(row)}\nAnswer the question with a single word."
        ),
    ),
    compat=_compat,
    strict=_strict,
    answer=_answer,
    groups=_groups,
)
"""The benchmark: 1,250 questions of people, 1,250 made by a machine."""
