"""Reports: numbers that can be trusted, from files that may hold anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from pathlib import Path

import pytest

from codedance.bench import expand
from codedance.bench.contract import Mode
from codedance.bench.data.loading import LoadSettings
from codedance.bench.evaluation import EvalRun, EvalSettings, Patience, evaluate, open_rows
from codedance.bench.reports import compare_runs, summarize
from codedance.bench.reports.blocks import Names, Paragraph, Table, to_markdown
from codedance.bench.reports.comparison import mcnemar
from codedance.bench.reports.content import comparison_blocks, report_blocks
from codedance.bench.reports.page import html_comparison, html_page
from codedance.bench.reports.published import PUBLISHED
from codedance.bench.reports.summary import pass_at
from codedance.bench.statistics import wilson
from codedance.episode import EpisodeSettings
from codedance.errors import DataError, ModelError
from codedance.models.scripted import ScriptedModel
from codedance.protocol import ChatMessage, protocol_info
from codedance.sandbox import NoSandbox
from codedance.schema import Budgets, ReasoningMode
from tests.bench.examples import ROWS, Row, write_lines

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert(1)</script> | ` \x1b[31m * \u202e"


async def made(
    folder: Path,
    rows: Sequence[Row],
    replies: Callable[[Sequence[ChatMessage]], str],
    *,
    name: str = "vstar",
    attempts: int = 1,
    turns: int = 10,
) -> Path:
    """A finished run over these rows."""
    folder.mkdir()
    data = write_lines(folder.parent / f"{folder.name}.jsonl", rows)
    episode = EpisodeSettings(protocol=protocol_info(mode=ReasoningMode.DIRECT), budgets=Budgets(turns=turns))
    settings = EvalSettings(episode=episode, rows=LoadSettings(allow_partial=True), attempts=attempts)
    benchmarks = expand([name])
    loaded = open_rows(benchmarks, settings.rows, data)
    patience = Patience(concurrency=1, unreadable_tries=1)
    with EvalRun(folder, benchmarks, loaded, settings=settings, model="m") as run:
        await evaluate(run, ScriptedModel(replies), NoSandbox(), patience=patience)
    return folder


def vstar(count: int) -> list[Row]:
    return [ROWS["vstar"](index) for index in range(count)]


def says(*letters: str) -> Callable[[Sequence[ChatMessage]], str]:
    """One after the other, from the beginning again at the end."""
    turn = iter(range(10**6))
    return lambda messages: f"<answer>{letters[next(turn) % len(letters)]}</answer>"


async def test_a_report_says_what_the_rows_say(tmp_path: Path) -> None:
    run = await made(tmp_path / "run", vstar(8), says("A"))
    report = summarize(run)
    (one,) = report.benchmarks
    strict = one.scores[Mode.STRICT].overall
    assert (strict.fraction, strict.interval, one.complete) == ("2/8", wilson(2, 8), False)
    assert (one.behaviour.turns, one.behaviour.tool_use, one.behaviour.execution_success) == (1.0, 0.0, None)
    assert one.behaviour.stops == {"answered": 8}
    text = to_markdown(report_blocks([report]))
    assert "| vstar     | 8    | 25.0     | 7.1 to 59.1 | 2/8 |" in text
    assert "8 of 191 rows" in text
    assert "| vstar     | CodeDance-7B  | 84.8 | CodeDance paper (arXiv 2512.17312)" in text
    assert "turns 10, tokens 20480, seconds 600.0" in text


async def test_paired_runs_tell_what_was_fixed_and_broken(tmp_path: Path) -> None:
    left = await made(tmp_path / "left", vstar(12), says("A", "B", "C", "C"))
    right = await made(tmp_path / "right", vstar(16), says("A", "D", "C", "D"), turns=4)
    comparison = compare_runs(left, right)
    (cell,) = comparison.cells
    assert (cell.rows, cell.only_left, cell.only_right) == (12, 0, 4)
    assert cell.fixed == tuple(f"direct_attributes/{index}" for index in (3, 7, 11))
    assert cell.broken == tuple(f"direct_attributes/{index}" for index in (1, 5, 9))
    assert (cell.difference, cell.p_value) == (0.0, 1.0)
    assert cell.interval is not None
    assert cell.interval[0] < 0 < cell.interval[1]
    assert any("turns 10 and 4" in one for one in comparison.unlike)
    assert any("not the same rows (12 and 16)" in one for one in comparison.unlike)
    names = [block.names for block in comparison_blocks(comparison) if isinstance(block, Names)]
    assert names == [cell.fixed, cell.broken]


async def test_rows_that_depend_on_each_other_are_drawn_together_and_not_tested_one_by_one(tmp_path: Path) -> None:
    rows = [ROWS["hrbench_4k"](index) for index in range(16)]
    left = await made(tmp_path / "left", rows, says("A"), name="hrbench_4k")
    right = await made(tmp_path / "right", rows, says("B"), name="hrbench_4k")
    (cell,) = compare_runs(left, right, scoring=Mode.COMPAT).cells
    assert cell.p_value is None
    assert cell.interval == (0.0, 0.0), "each question has every letter right once, so no draw differs"


async def test_several_attempts_are_compared_by_their_share(tmp_path: Path) -> None:
    left = await made(tmp_path / "left", vstar(4), says("A", "A", "B", "A"), attempts=4)
    right = await made(tmp_path / "right", vstar(4), says("A", "A", "A", "A"), attempts=4)
    (cell,) = compare_runs(left, right).cells
    assert (cell.fixed, cell.broken, cell.p_value) == (("direct_attributes/0",), ("direct_attributes/1",), None)
    assert cell.difference == pytest.approx(0.0)


async def test_runs_without_a_common_row_cannot_be_compared(tmp_path: Path) -> None:
    left = await made(tmp_path / "left", vstar(2), says("A"))
    right = await made(tmp_path / "right", [ROWS["chartqa"](0)], says("A"), name="chartqa")
    with pytest.raises(DataError, match="no row in common"):
        compare_runs(left, right)


async def test_what_servers_and_files_say_is_text_on_the_page(tmp_path: Path) -> None:
    def fails(messages: Sequence[ChatMessage]) -> str:
        raise ModelError(HOSTILE)

    rows = [{**one, "category": HOSTILE if one["question_id"] % 2 else "other"} for one in vstar(4)]
    run = await made(tmp_path / "run", rows, fails)
    report = summarize(run)
    page = html_page([report])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search("[\x1b\u202e]", page)
    text = to_markdown(report_blocks([report]))
    assert "<script" not in text
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| vstar")}
    assert bars == {13, 5, 4}, "no cell may break a row of a table: scores, reported numbers, what failed"
    assert "<script" not in html_comparison(compare_runs(run, run))


def test_markdown_keeps_tables_whole() -> None:
    text = to_markdown([Table(("a",), (("x|y\nz",),)), Paragraph("2 < 3 * 4")])
    assert text == "| a      |\n|--------|\n| x\\|y z |\n\n2 &lt; 3 \\* 4\n"


@pytest.mark.parametrize(
    ("fixed", "broken", "p"), [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (10, 2, 0.03857421875), (2, 10, 0.03857421875)]
)
def test_the_exact_test_of_pairs(fixed: int, broken: int, p: float) -> None:
    assert mcnemar(fixed, broken) == p


@pytest.mark.parametrize(("fixed", "broken"), [(700, 600), (1400, 1500), (3000, 1)])
def test_the_exact_test_takes_any_number_of_pairs(fixed: int, broken: int) -> None:
    tail = sum(comb(fixed + broken, count) for count in range(min(fixed, broken) + 1))
    expected = min(Fraction(1), Fraction(2 * tail, 2 ** (fixed + broken)))
    assert mcnemar(fixed, broken) == pytest.approx(float(expected), rel=1e-9, abs=1e-300)


def test_one_of_k_attempts_agrees_with_drawing_them() -> None:
    results = [True, False, False, True, False]
    for k in (1, 2, 3, 5):
        drawn = [any(results[index] for index in chosen) for chosen in combinations(range(5), k)]
        assert pass_at(k, [(5, 2)]) == pytest.approx(sum(drawn) / len(drawn))
    assert pass_at(6, [(5, 2)]) is None


def test_reported_numbers_have_their_source_and_are_percentages() -> None:
    assert all(one.source and 0 < one.percent < 100 for one in PUBLISHED)
    assert {one.benchmark for one in PUBLISHED if one.model == "CodeDance-7B"} == {
        *("countbench", "pixmo_count", "vstar", "hrbench_4k", "chartqa", "mathvision", "mathvista", "wemath")
    }
