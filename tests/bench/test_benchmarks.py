"""Every benchmark on rows of its own schema: prompts, answers, scores."""

from __future__ import annotations

import pytest

from codedance.bench import BENCHMARKS, Mode, get
from codedance.errors import DataError, UsageError
from codedance.schema import ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer
from tests.bench.examples import ROWS, table

ROW_COUNTS = {
    "countbench": {"test": 491},
    "pixmo_count": {"test": 540, "validation": 540},
    "vstar": {"test": 191},
    "hrbench_4k": {"hrbench_4k": 800},
    "hrbench_8k": {"hrbench_8k": 800},
    "chartqa": {"test": 2500},
    "mathvision": {"test": 3040, "testmini": 304},
    "mathvista": {"testmini": 1000},
    "wemath": {"testmini": 1740},
    "mathverse": {"vision_only": 788},
}
RIGHT = {
    "countbench": ("2", "3"),
    "pixmo_count": ("2", "3"),
    "vstar": ("A", "B"),
    "hrbench_4k": ("B", "A"),
    "hrbench_8k": ("B", "A"),
    "chartqa": ("10%", "11%"),
    "mathvision": (r"\frac{3}{2}", "C"),
    "mathvista": ("2.5", "B"),
    "wemath": ("C", "C"),
    "mathverse": ("60°", "B"),
}
"""Replies that every scorer calls right, to the first and the second example row."""


def test_the_benchmarks_are_the_ones_that_were_promised() -> None:
    assert {name: {part.name: part.rows for part in one.splits} for name, one in BENCHMARKS.items()} == ROW_COUNTS


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_plain_right_reply_is_right_and_another_wrong(name: str, mode: Mode) -> None:
    for index, reply in enumerate(RIGHT[name]):
        for row in (ROWS[name](index), table([ROWS[name](index)])[0]):
            assert get(name).score_text(reply, row, mode) == 1.0
            assert get(name).score_text("99", row, mode) == 0.0
            assert get(name).score_text("", row, mode) == 0.0
            assert get(name).score_text(None, row, mode) == 0.0


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_extraction_can_be_switched_on_and_off_in_both_modes(name: str) -> None:
    benchmark, row = get(name), ROWS[name](1)
    tagged = f"I first thought of 99.<answer>{RIGHT[name][1]}</answer>"
    assert benchmark.verdict(tagged, row, Mode.COMPAT).path == "raw"
    assert benchmark.verdict(tagged, row, Mode.STRICT).path == "tag"
    assert benchmark.score_text(tagged, row, Mode.COMPAT, raw=False) == 1.0
    assert benchmark.verdict(tagged, row, Mode.STRICT, raw=True).read == tagged


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_every_prompt_asks_the_row(name: str) -> None:
    benchmark = get(name)
    row = ROWS[name](1) | {"requirement": "Think first."}
    asked = [prompt.ask(row) for prompt in benchmark.prompts]
    assert all(asked)
    assert len({prompt.name for prompt in benchmark.prompts}) == len(asked)
    assert all(prompt.source for prompt in benchmark.prompts)


def test_the_caption_of_countbench_is_in_no_prompt() -> None:
    row = ROWS["countbench"](5)
    assert all(row["text"] not in prompt.ask(row) for prompt in get("countbench").prompts)


def test_options_reach_the_prompts_in_their_published_order() -> None:
    plain, official = (prompt.ask(ROWS["vstar"](0)) for prompt in get("vstar").prompts)
    assert plain.endswith("(A) rust\n(B) cream\n(C) navy\n(D) teal")
    assert official == ROWS["vstar"](0)["text"]


@pytest.mark.parametrize(
    ("name", "index", "kind"),
    [
        ("countbench", 0, NumberAnswer),
        ("vstar", 0, ChoiceAnswer),
        ("chartqa", 0, NumberAnswer),
        ("mathvision", 0, MathAnswer),
        ("mathvision", 1, ChoiceAnswer),
        ("mathvista", 0, NumberAnswer),
        ("mathvista", 1, ChoiceAnswer),
        ("wemath", 0, ChoiceAnswer),
        ("mathverse", 0, MathAnswer),
        ("mathverse", 1, ChoiceAnswer),
    ],
)
def test_reference_answers_become_answers_of_ours(name: str, index: int, kind: type) -> None:
    assert isinstance(get(name).answer(ROWS[name](index)), kind)


def test_several_accepted_texts_stay_alternatives() -> None:
    answer = get("chartqa").answer({"label": ["Yes", "Right"]})
    assert answer == TextAnswer(accepted=("Yes", "Right"))
    assert get("chartqa").score_text("right", {"label": ["Yes", "Right"]}) == 1.0


def test_a_choice_that_is_the_letter_of_another_is_told_apart() -> None:
    row = {"question_type": "multi_choice", "choices": ["B", "A"], "answer": "A", "answer_type": "text"}
    assert get("mathvista").score_text("(B)", row) == 1.0


def test_what_only_a_judge_can_decide_has_no_score() -> None:
    row = {"answer": "domain: [-4, 0)"}
    verdict = get("mathverse").verdict("from minus four up to zero", row, "strict")
    assert verdict.score is None
    assert verdict.asks_judge
    assert get("mathverse").verdict("domain: [-4, 0)", row, "compat").asks_judge is False


def test_a_row_without_its_answer_is_a_clear_error() -> None:
    for name in BENCHMARKS:
        with pytest.raises(DataError, match=r"the row has no|is none of|is not a count"):
            get(name).score_text("1", {"question": "?", "options": [], "answer": None}, "strict")


@pytest.mark.parametrize("name", ["vstar", "hrbench_4k", "mathvision", "mathvista", "wemath"])
def test_a_reference_outside_the_options_is_a_clear_error(name: str) -> None:
    row = {"question": "?", "A": "1", "B": "2", "choices": ["1", "2"], "options": ["1", "2"], "answer": "E"}
    with pytest.raises(DataError, match="is none of 2 options"):
        get(name).answer(row | {"question_type": "multi_choice"}) if name != "mathvision" else get(name).score_text(
            "1", row
        )


def test_names_that_are_not_there_are_told_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="there is no benchmark 'gqa'; choose countbench"):
        get("gqa")
    with pytest.raises(UsageError, match="choose compat or strict"):
        get("vstar").score_text("A", ROWS["vstar"](0), "lenient")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="choose test, testmini"):
        get("mathvision").split("train")
    with pytest.raises(UsageError, match="choose plain, official"):
        get("vstar").prompt("mine")
