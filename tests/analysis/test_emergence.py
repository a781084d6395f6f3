"""What a run does beyond its supervised set is counted, placed in time, and compared at the same tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from codedance.analysis.attempts import read_attempts
from codedance.analysis.emergence import Emergence, corpus_of, emergence_of
from codedance.analysis.emergence_report import emergence_sections
from codedance.analysis.holdout import hold_out, uses
from codedance.analysis.operations import Operation
from codedance.analysis.tables import section_text
from codedance.analysis.usage import usage_of
from codedance.errors import DataError, StoreError
from codedance.store import RunFolder
from tests.analysis.small_runs import CROP, GRID, attempt, code_turn, corpus, plain_task, training_run, write_run


@pytest.fixture
def found(tmp_path: Path) -> Emergence:
    taught = corpus_of(read_attempts(corpus(tmp_path / "sft")))
    return emergence_of(taught, list(read_attempts(training_run(tmp_path / "rl"))), names=("sft", "rl"))


def test_what_the_corpus_never_does_is_new_from_its_first_step_on(found: Emergence) -> None:
    new = {one.name: one for one in found.habits if one.new}
    assert set(new) == {"draw_grid"}
    grid = new["draw_grid"]
    assert grid.first_step == 2
    assert [use.share.right for use in grid.by_step] == [0, 2]
    assert (grid.in_run.right, grid.in_run.count) == (2, 8)
    assert grid.success is not None
    assert (grid.success.right, grid.success.count) == (1, 2)
    assert grid.examples == ("t2#0", "t2#1")


def test_accuracy_with_and_without_is_compared_at_the_same_task(found: Emergence) -> None:
    grid = next(one for one in found.habits if one.name == "draw_grid")
    assert grid.accuracy_with is not None
    assert grid.accuracy_with.value == 1.0
    assert grid.accuracy_without is not None
    assert grid.accuracy_without.value == 0.0
    assert grid.lift is not None
    assert (grid.lift.mean, grid.lift.groups) == (1.0, 1)


def test_an_operation_that_is_used_in_another_domain_has_moved(found: Emergence) -> None:
    moved = {(one.operation, one.domain): one for one in found.moved}
    assert moved["crop", "counting"].learned_in == {"search": 3}
    assert moved["draw_grid", "counting"].learned_in == {}
    assert ("crop", "search") not in moved


def test_novelty_rises_where_something_new_is_done(found: Emergence) -> None:
    first, second = found.novelty
    assert first.surprise_bits is not None
    assert second.surprise_bits is not None
    assert second.surprise_bits > first.surprise_bits
    assert second.new_sets is not None
    assert (second.new_sets.right, second.new_sets.count) == (2, 4)


def test_what_is_lost_is_named_and_the_report_says_all(found: Emergence) -> None:
    assert found.lost == ("compute",)
    text = section_text(emergence_sections(found))
    assert "draw_grid" in text
    assert "search 3" in text


def test_a_run_is_compared_with_itself_without_anything_new(tmp_path: Path) -> None:
    attempts = list(read_attempts(corpus(tmp_path / "sft")))
    same = emergence_of(corpus_of(attempts), attempts)
    assert not any(one.new for one in same.habits)
    assert same.moved == ()
    assert same.novelty[0].new_sets is not None
    assert same.novelty[0].new_sets.right == 0


def test_a_set_is_written_without_an_operation(tmp_path: Path) -> None:
    source = corpus(tmp_path / "sft")
    kept = hold_out(source, tmp_path / "out", {Operation.CROP})
    assert (kept.kept, kept.dropped, kept.dropped_by_domain) == (5, 3, {"search": 3})
    run = RunFolder.open(tmp_path / "out")
    trajectories = list(run.trajectories())
    assert not any(uses(one, {Operation.CROP}) for one in trajectories)
    assert all(run.load_pictures(one) for one in trajectories)
    assert run.manifest().settings["held_out"] == ["crop"]


def test_an_operation_can_be_held_out_of_one_domain_only(tmp_path: Path) -> None:
    rows = []
    for number, family in enumerate(("search", "search", "counting")):
        task, picture = plain_task(f"q{number}", family=family)
        rows.append((attempt(task, 0, code_turn(CROP)), [picture]))
    source = write_run(tmp_path / "sft", rows)
    kept = hold_out(source, tmp_path / "out", {Operation.CROP}, domains=["search"])
    assert (kept.domains, kept.dropped_by_domain, kept.kept_by_domain) == (("search",), {"search": 2}, {"counting": 1})
    (left,) = RunFolder.open(tmp_path / "out").trajectories()
    assert uses(left, {Operation.CROP})
    with pytest.raises(StoreError, match="domains"):
        hold_out(source, tmp_path / "out", {Operation.CROP}, domains=["counting"])
    with pytest.raises(DataError, match="has nothing of cats; it has counting, search"):
        hold_out(source, tmp_path / "cats", {Operation.CROP}, domains=["cats"])


def test_holding_out_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    source = corpus(tmp_path / "sft")
    hold_out(source, tmp_path / "whole", {Operation.CROP})
    hold_out(source, tmp_path / "cut", {Operation.CROP})
    file = tmp_path / "cut" / "trajectories.jsonl"
    file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 2])
    (tmp_path / "cut" / "seals.jsonl").unlink(missing_ok=True)
    assert hold_out(source, tmp_path / "cut", {Operation.CROP}).kept == 5
    assert file.read_bytes() == (tmp_path / "whole" / "trajectories.jsonl").read_bytes()
    with pytest.raises(StoreError, match="held_out"):
        hold_out(source, tmp_path / "cut", {Operation.COMPUTE})


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    task, picture = plain_task("only")
    source = write_run(tmp_path / "sft", [(attempt(task, 0, code_turn(CROP)), [picture])])
    with pytest.raises(DataError, match="nothing is left"):
        hold_out(source, tmp_path / "out", {Operation.CROP})


def test_a_run_without_attempts_says_what_to_do(tmp_path: Path) -> None:
    empty = write_run(tmp_path / "rl", [], kind="train")
    with pytest.raises(DataError, match="keep_rollouts_every"):
        list(read_attempts(empty))


def test_usage_counts_attempts_cells_and_domains(tmp_path: Path) -> None:
    usage = usage_of(read_attempts(training_run(tmp_path / "rl")))
    rows = {one.operation: one for one in usage.operations}
    assert usage.attempts == 8
    assert (rows[Operation.CROP].attempts, rows[Operation.CROP].per_thousand) == (6, 750.0)
    assert rows[Operation.DRAW_GRID].domains == {"counting": 2}
    assert rows[Operation.DRAW_GRID].lift is not None
    assert usage.accuracy is not None
    assert (usage.accuracy.right, usage.accuracy.count) == (2, 8)


def test_code_that_is_no_python_is_counted_and_uses_nothing(tmp_path: Path) -> None:
    task, picture = plain_task("broken")
    run = write_run(tmp_path / "run", [(attempt(task, 0, code_turn("print(")), [picture])])
    usage = usage_of(read_attempts(run))
    assert (usage.unreadable, usage.operations) == (1, ())
    assert not uses(attempt(task, 0, code_turn("print(")), {Operation.CROP})
    assert uses(attempt(task, 0, code_turn(GRID)), {Operation.DRAW_GRID})
