"""The index of runs: what it holds, how it follows runs that are written, killed, resumed and rewritten."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from codedance.errors import StoreError
from codedance.schema import StopReason, Trajectory
from codedance.viewer.runs.base import choose_place, open_for_reading
from codedance.viewer.runs.comparing import Change, compare
from codedance.viewer.runs.curves import read_curves
from codedance.viewer.runs.filters import Filter
from codedance.viewer.runs.indexing import RunIndex
from codedance.viewer.runs.reading import read_trajectory
from codedance.viewer.runs.rewarded import basis_of, reward_group, term_means
from codedance.viewer.runs.tables import (
    Row,
    count_facets,
    find_row,
    judged_of,
    list_groups,
    list_runs,
    run_number,
    table_page,
    tally,
)
from tests.viewer.written_runs import HOSTILE, attempt, mixed_attempts, write_run


def refreshed(root: Path) -> Path:
    """The index's file, brought up to date by an index of its own."""
    place = choose_place(root, root.parent / "caches")
    with RunIndex(root, place) as index:
        index.refresh()
    return place


def rows(place: Path, **query: str) -> list[Row]:
    with closing(open_for_reading(place)) as base:
        return table_page(base, Filter.read(query), run=run_number(base, query.get("run", "")))


def numbers(place: Path, **query: str) -> list[str]:
    return [one.name.removeprefix("made/").removesuffix("#0") for one in rows(place, **query)]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """The index of a run of six attempts."""
    write_run(tmp_path / "run", mixed_attempts())
    return refreshed(tmp_path / "run")


def test_every_filter_leaves_the_right_attempts(mixed: Path) -> None:
    wanted = {
        ("verdict", "right"): "0 2 5", ("verdict", "wrong"): "1", ("verdict", "no_answer"): "3",
        ("verdict", "error"): "4",
        ("code", "yes"): "1 2 3", ("code", "no"): "0 4 5", ("code", "failed"): "2", ("code", "clean"): "1 3",
        ("family", "counting"): "0 1", ("difficulty", "easy"): "0 3 4", ("stop", "no_action"): "3",
        ("turns_min", "3"): "2", ("turns_max", "1"): "0 4 5", ("tokens_min", "41"): "2", ("seconds_min", "4.5"): "4 5",
        ("category", "(none)"): "0 1 2 3 4 5", ("source", "nobody"): "", ("task", "made/3"): "3",
        ("code", "<strange>"): "0 1 2 3 4 5", ("turns_min", "-1e9"): "0 1 2 3 4 5",
    }  # fmt: skip
    assert {key: " ".join(numbers(mixed, **dict([key]))) for key in wanted} == wanted


def test_text_is_found_in_questions_thoughts_code_output_and_answers(mixed: Path) -> None:
    wanted = {
        "zebra": "5", "stripes": "5", "crop": "1 2", "code:crop": "1 2", "thought:crop": "",
        '"input_image.crop((0"': "1 2",
        "NameError": "2", "output:nameerror": "2", "answer:4": "1", "circles -crop": "0 3 4", "-circles": "5",
        "zeb": "5",
        "": "0 1 2 3 4 5", '"': "0 1 2 3 4 5", "AND (": "", "* NEAR( ^": "", "code:": "", "zebra OR crop": "",
    }  # fmt: skip
    assert {text: " ".join(numbers(mixed, q=text)) for text in wanted} == wanted


def test_a_table_is_sorted_and_paged(mixed: Path) -> None:
    assert numbers(mixed, sort="tokens", down="yes", size="2") == ["2", "1"]
    assert numbers(mixed, sort="tokens", down="yes", size="2", page="2") == ["3", "5"]
    assert numbers(mixed, page="99") == []
    with closing(open_for_reading(mixed)) as base:
        counted = tally(base, Filter(), run=None)
        assert (counted.count, counted.right, counted.wrong, counted.no_answer, counted.error) == (6, 3, 1, 1, 1)
        assert dict(count_facets(base, None)["family"]) == {"search": 4, "counting": 2}


def test_one_trajectory_is_read_by_its_place(mixed: Path) -> None:
    row = rows(mixed)[5]
    assert read_trajectory(mixed.parents[1], row) == mixed_attempts()[5]


def test_rows_appear_when_their_line_is_complete(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts()[:2])
    place = choose_place(run, tmp_path)
    with RunIndex(run, place) as index, (run / "trajectories.jsonl").open("ab") as file:
        assert index.refresh()
        assert not index.refresh()
        line = mixed_attempts()[2].model_dump_json().encode() + b"\n"
        file.write(line[:100])
        file.flush()
        index.refresh()
        assert len(rows(place)) == 2
        file.write(line[100:])
        file.flush()
        assert index.refresh()
        assert [one.name for one in rows(place)][2:] == ["made/2#0"]


@pytest.mark.parametrize("length", [2, 3, 8], ids=["shorter", "as long", "longer"])
def test_a_run_that_is_written_anew_is_indexed_anew(tmp_path: Path, length: int) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts()[:3])
    place = choose_place(run, tmp_path)
    with RunIndex(run, place) as index:
        index.refresh()
        other = [attempt(number, said="7", question="What is new here?") for number in range(100, 100 + length)]
        (run / "trajectories.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in other))
        index.refresh()
        assert numbers(place, q="new") == [str(number) for number in range(100, 100 + length)]
        assert numbers(place, q="circles") == []


def test_a_run_cut_back_by_its_writer_loses_what_was_cut(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts())
    place = choose_place(run, tmp_path)
    with RunIndex(run, place) as index:
        index.refresh()
        lines = (run / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
        os.truncate(run / "trajectories.jsonl", sum(map(len, lines[:2])))
        index.refresh()
        assert numbers(place) == ["0", "1"]


def test_runs_come_and_go(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    write_run(root / "a", mixed_attempts()[:1])
    place = choose_place(root, tmp_path)
    with RunIndex(root, place) as index:
        index.refresh()
        write_run(root / "deep" / "b", mixed_attempts()[1:3])
        index.refresh()
        with closing(open_for_reading(place)) as base:
            assert [(one.name, one.tally.count) for one in list_runs(base)] == [("a", 1), ("deep/b", 2)]
        (root / "a").rename(tmp_path / "elsewhere")
        index.refresh()
        assert {one.run for one in rows(place)} == {"deep/b"}


def test_lines_that_cannot_be_read_are_told_and_passed_over(tmp_path: Path) -> None:
    run = tmp_path / "run"
    good = mixed_attempts()[0].model_dump_json()
    write_run(run, [])
    lines = [
        "{",
        good,
        "[" * 100_000,
        "null",
        "",
        '{"schema_version": 9}',
        "\x00\xff",
        good.replace("made/0", "made/9"),
    ]
    (run / "trajectories.jsonl").write_text("\n".join(lines) + "\n")
    place = refreshed(run)
    assert numbers(place) == ["0", "9"]
    with closing(open_for_reading(place)) as base:
        told = base.execute("SELECT number FROM bad_lines ORDER BY number").fetchall()
        assert [one[0] for one in told] == [1, 3, 4, 6, 7]
        assert list_runs(base)[0].bad == 5


def test_strange_values_are_held(tmp_path: Path) -> None:
    odd = [
        attempt(0, said=HOSTILE, question=HOSTILE, thought=HOSTILE, output=HOSTILE, family=HOSTILE, code=[HOSTILE]),
        attempt(1, question="\ud800 alone", family=True, difficulty=10**30, category=["list"], row={"category": "C"}),
        attempt(2, index=10**30, question="x" * 300_000, said="\x00"),
    ]
    write_run(tmp_path / "run", odd)
    place = refreshed(tmp_path / "run")
    found = rows(place)
    assert [one.question[:5] for one in found] == ["<scri", "? alo", "xxxxx"]
    assert found[1].category == "C"
    assert [one.name for one in rows(place, family=HOSTILE.strip())] == ["made/0#0"]
    assert read_trajectory(tmp_path / "run", found[2]).attempt == 10**30


def test_the_attempt_that_did_not_fail_counts(tmp_path: Path) -> None:
    failed = attempt(0, said=None, stop=StopReason.MODEL_FAILED)
    write_run(tmp_path / "run", [failed, attempt(0), failed])
    place = refreshed(tmp_path / "run")
    assert [one.verdict.value for one in rows(place)] == ["right"]
    assert [one.replaced for one in rows(place, replaced="yes")] == [True, False, True]


def test_scores_of_an_evaluation_decide_and_rules_do_without_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts()[:2])
    place = choose_place(run, tmp_path)
    scores = [
        {"trajectory": "made/1#0", "scores": {"strict": {"outcome": "right"}}, "groups": {"category": ["attributes"]}},
        {"trajectory": None, "scores": {}, "more": 1},
        {"trajectory": "made/0#0", "scores": {"compat": {"outcome": "right"}, "strict": {"outcome": "needs_judge"}}},
    ]
    with RunIndex(run, place) as index:
        index.refresh()
        assert [one.verdict.value for one in rows(place)] == ["right", "wrong"]
        (run / "scores.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in scores) + "broken\n")
        index.refresh()
        assert [(one.verdict.value, one.category) for one in rows(place)] == [("unscored", ""), ("right", "attributes")]
        with closing(open_for_reading(place)) as base:
            assert list_runs(base)[0].unasked == 1
        (run / "scores.jsonl").unlink()
        index.refresh()
        assert [one.verdict.value for one in rows(place)] == ["right", "wrong"]


def test_what_a_judge_decided_is_told_apart_from_what_rules_decided(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts()[:4])
    place = choose_place(run, tmp_path)
    asks = {"strict": {"outcome": "needs_judge", "asks_judge": True}}
    scores = [
        {"benchmark": "b", "key": "0", "trajectory": "made/0#0", "scores": asks},
        {"benchmark": "b", "key": "1", "trajectory": "made/1#0", "scores": asks, "judged": {"judge": "forged"}},
        {"benchmark": "b", "key": "2", "trajectory": "made/2#0", "scores": {"strict": {"outcome": "right"}}},
        {"benchmark": "b", "key": "3", "trajectory": "made/3#0", "scores": {
            "strict": {"outcome": "no_answer", "asks_judge": True}}},
    ]  # fmt: skip
    said = {"benchmark": "b", "attempt": 0, "judge": "server:j", "prompts": {}}
    judgements = [
        {**said, "key": "0", "score": 0.0, "read": "four\x00"},
        {**said, "key": "1", "score": None, "undecided": "cannot tell"},
        {**said, "key": "2", "score": 0.0},
        {**said, "key": "3", "score": 1.0},
        {**said, "key": "nowhere", "score": 1.0},
    ]
    (run / "scores.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in scores))
    with RunIndex(run, place) as index:
        index.refresh()
        assert [one.decided for one in rows(place)] == ["rules"] * 4
        (run / "judgements.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in judgements) + "broken\n")
        index.refresh()
        found = [(one.decided, one.verdict.value) for one in rows(place)]
        assert found == [("judge", "wrong"), ("judge", "unscored"), ("rules", "right"), ("rules", "no_answer")]
        assert numbers(place, decided="judge") == ["0", "1"]
        with closing(open_for_reading(place)) as base:
            words = [str(judged_of(base, one)) for one in rows(place)]
        assert (
            words[0]
            == "judge server:j: wrong; it read \u2018four\\u0000\u2019 in the reply. The rules alone say: needs judge."
        )
        assert words[1] == "judge server:j: left open (cannot tell). The rules alone say: needs judge."
        assert words[2:] == ["None", "None"]
        (run / "judgements.jsonl").unlink()
        index.refresh()
        assert [one.decided for one in rows(place)] == ["rules"] * 4
        with closing(open_for_reading(place)) as base:
            assert base.execute("SELECT count(*) FROM judged").fetchone() == (0,)


def test_an_index_killed_in_the_middle_is_finished_by_the_next(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, [])
    body = "".join(f"{attempt(number, code=['print(1)']).model_dump_json()}\n" for number in range(300))
    text = "".join(body.replace("made/", f"made/{part}-") for part in range(10))
    (run / "trajectories.jsonl").write_text(text)
    place = choose_place(run, tmp_path)
    program = (
        "import sys; from pathlib import Path; from codedance.viewer.runs.indexing import RunIndex\n"
        "told = lambda progress: print(progress.trajectories, flush=True)\n"
        "with RunIndex(Path(sys.argv[1]), Path(sys.argv[2])) as index: index.refresh(told)"
    )
    with subprocess.Popen([sys.executable, "-c", program, run, place], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.stdout.readline()
        killed.send_signal(signal.SIGKILL)
    with closing(open_for_reading(place)) as base:
        before = tally(base, Filter(), run=None).count
    assert 0 < before < 3000
    refreshed(run)
    with closing(open_for_reading(place)) as base:
        assert tally(base, Filter(), run=None).count == 3000
        assert base.execute("SELECT count(DISTINCT name) FROM trajectories").fetchone() == (3000,)
        assert tally(base, Filter(q="print"), run=None).count == 3000


def test_a_damaged_index_is_made_anew(mixed: Path) -> None:
    run = mixed.parents[1]
    content = bytearray(mixed.read_bytes())
    content[0:40] = b"garbage" * 5 + b"12345"
    mixed.write_bytes(content)
    refreshed(run)
    assert len(rows(mixed)) == 6
    with closing(sqlite3.connect(mixed)) as base:
        base.execute("PRAGMA user_version = 99")
    refreshed(run)
    assert len(rows(mixed)) == 6


def test_only_one_process_writes_and_another_takes_over(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, mixed_attempts()[:1])
    place = choose_place(run, tmp_path)
    with RunIndex(run, place) as second:
        second.close()
        with RunIndex(run, place) as first:
            first.refresh()
            write_run(run, mixed_attempts()[1:2])
            assert not second.refresh()
            assert len(rows(place)) == 1
        assert second.refresh()
        assert len(rows(place)) == 2


def test_a_run_that_cannot_be_written_is_indexed_in_the_cache(tmp_path: Path) -> None:
    run, caches = tmp_path / "run", tmp_path / "caches"
    write_run(run, mixed_attempts())
    (run / ".codedance-index").write_text("not a folder")
    place = choose_place(run, caches)
    assert place.is_relative_to(caches)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="no index can be written there"):
        choose_place(run, tmp_path / "file")


def test_what_is_no_folder_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such folder"):
        refreshed_missing(tmp_path / "nowhere", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        refreshed_missing(tmp_path / "file", tmp_path)


def refreshed_missing(root: Path, tmp_path: Path) -> None:
    with RunIndex(root, tmp_path / "index" / "index.sqlite") as index:
        index.refresh()


def test_a_group_is_rewarded_with_the_training_runs_settings(tmp_path: Path) -> None:
    root = tmp_path / "grpo"
    group = [attempt(0, task="t", index=index, said=said, code=["1"] * calls) for index, (said, calls) in
             enumerate((("3", 1), ("3", 0), ("4", 1), ("5", 0)))]  # fmt: skip
    write_run(root / "rollouts" / "step-000002", group, kind="train")
    (root / "manifest.json").write_text(
        json.dumps({"kind": "train", "settings": {"variant": "bat", "reward": {"gamma": 0.0}}})
    )
    (root / "curve.jsonl").write_text(
        '{"step": 0}\n{"step": 1, "batch": {"accuracy": 0.5}}\nnonsense\n{"step": 2, "batch": {"accuracy": 0.75}}\n'
    )
    place = refreshed(root)
    with closing(open_for_reading(place)) as base:
        name = "rollouts/step-000002"
        number = run_number(base, name)
        assert number is not None
        basis = basis_of(base, name)
        found, rewards = reward_group(base, number, "t", basis=basis)
        assert (found.accuracy, found.d) == (0.5, 0.3)
        assert rewards["t#0"].reward == pytest.approx(1.45)
        means = term_means(base, number, basis=basis)
        assert means is not None
        assert (means.attempts, means.groups, means.terms["accuracy"]) == (4, 1, 0.5)
        assert basis_of(base, name, variant="deepeyes").variant.name == "deepeyes"
        lines, count, mixed_groups = list_groups(base, Filter(), run=None)
        assert (len(lines), count, mixed_groups) == (1, 1, 1)
    assert read_curves(root)[0].points == ((1.0, 0.5), (2.0, 0.75))


def test_two_runs_are_compared_task_by_task(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    left = [attempt(n, said=said) for n, said in enumerate(("3", "3", "4", "4", None))]
    right = [attempt(n, said=said) for n, said in enumerate(("3", "4", "3", "5"))]
    write_run(root / "left", [*left, attempt(8, said=None, stop=StopReason.MODEL_FAILED)])
    write_run(root / "right", [*right, attempt(7), attempt(8)])
    place = refreshed(root)
    with closing(open_for_reading(place)) as base:
        sides = run_number(base, "left"), run_number(base, "right")
        assert sides[0] is not None
        assert sides[1] is not None
        found = compare(
            base, sides[0], sides[1], show=None, page=1, size=50, paired=lambda fixed, broken: fixed / 10 + broken
        )
        one = compare(base, sides[0], sides[1], show=Change.FIXED, page=1, size=50)
    assert {kind.value: count for kind, count in found.counts.items() if count} == {
        "fixed": 2, "broken": 1, "same, right": 1, "same, wrong": 1, "only left": 1, "only right": 1,
    }  # fmt: skip
    assert (found.compared, found.left_accuracy, found.right_accuracy) == (5, 0.4, 0.6)
    assert found.p_value == pytest.approx(1.2)
    assert [row.task for row in one.rows] == ["made/2", "made/8"]
    assert one.p_value is None


def test_a_moved_trajectory_is_noticed(mixed: Path) -> None:
    run = mixed.parents[1]
    with closing(open_for_reading(mixed)) as base:
        row = find_row(base, ".", "made/1#0")
        with pytest.raises(StoreError, match="no trajectory"):
            find_row(base, ".", "made/77#0")
    lines = (run / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
    (run / "trajectories.jsonl").write_bytes(b"".join(reversed(lines)))
    with pytest.raises(StoreError, match="written anew"):
        read_trajectory(run, row)


def test_a_long_file_is_indexed_in_bounded_memory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, [])
    line = attempt(0, output="many words " * 20_000).model_dump_json()
    with (run / "trajectories.jsonl").open("w") as file:
        for number in range(300):
            file.write(line.replace("made/0", f"made/{number}") + "\n")
        file.write("x" * (70 << 20) + "\n")
    program = (
        "import resource, sys; from pathlib import Path; from codedance.viewer.runs.indexing import RunIndex\n"
        "begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with RunIndex(Path(sys.argv[1]), Path(sys.argv[2])) as index: index.refresh()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin)"
    )
    place = choose_place(run, tmp_path)
    grown = int(subprocess.check_output([sys.executable, "-c", program, run, place]))
    assert grown < 160 << 10
    with closing(open_for_reading(place)) as base:
        assert list_runs(base)[0].tally.count == 300
        assert base.execute("SELECT reason FROM bad_lines").fetchone()[0].startswith("is longer than may be read")


def test_filters_survive_their_address() -> None:
    chosen = Filter.read(
        {"q": 'a "b" -c', "run": "x/y", "tokens_min": "1000000", "sort": "turns", "down": "yes", "page": "3"}
    )
    assert chosen.tokens_min == 1_000_000
    assert Filter.read(dict(parse_qsl(chosen.query()))) == chosen


def test_indexing_takes_less_than_a_millisecond_each(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [])
    lines: list[Trajectory] = [attempt(number, code=["print(1)"]) for number in range(50)]
    body = "".join(f"{one.model_dump_json()}\n" for one in lines)
    (tmp_path / "run" / "trajectories.jsonl").write_text(
        "".join(body.replace("made/", f"made/{part}-") for part in range(40))
    )
    begin = time.process_time()
    refreshed(tmp_path / "run")
    assert time.process_time() - begin < 2.0
