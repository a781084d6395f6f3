"""``codedance score`` and ``codedance benchmarks`` as a stranger uses them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from codedance.bench import BENCHMARKS
from codedance.cli.app import main

ROW = {"A": "red", "B": "blue", "answer": "B", "category": "direct_attributes", "question_id": 1}


def _run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, which has loaded everything already."""
    printed, told = io.StringIO(), io.StringIO()
    code: object = None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setattr(sys, "argv", ["codedance", *words])
        patch.chdir(folder)
        try:
            main()
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(words, int(str(code or 0)), printed.getvalue(), told.getvalue())


def _write(folder: Path, *lines: object) -> None:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    (folder / "replies.jsonl").write_text(text, encoding="utf-8")


def test_scores_come_in_the_order_of_the_lines_with_the_report(tmp_path: Path) -> None:
    judged = {"prediction": "from minus four to zero", "row": {"answer": "domain: [-4, 0)"}}
    _write(
        tmp_path, {"prediction": "12", "row": {"answer": "12"}}, judged, {"prediction": None, "row": {"answer": "1"}}
    )
    result = _run("score", "mathverse", "--predictions", "replies.jsonl", "--mode", "strict", "--json", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["scores"] == [1.0, None, 0.0]
    assert (report["overall"]["right"], report["overall"]["rows"], report["overall"]["errors"]) == (1, 3, 1)
    assert report["partial"] is True
    assert result.stderr == ""


def test_compat_sees_the_raw_reply_unless_extraction_is_asked_for(tmp_path: Path) -> None:
    _write(tmp_path, {"prediction": "<answer>B</answer>", "row": ROW})
    words = ("score", "vstar", "--predictions", "replies.jsonl", "--json")
    for more, score in (((), 0.0), (("--raw",), 0.0), (("--extract",), 1.0), (("--mode", "strict"), 1.0)):
        assert json.loads(_run(*words, *more, folder=tmp_path).stdout)["scores"] == [score]


def test_people_get_a_table_with_everything_that_counts(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {"prediction": "B", "row": ROW},
        {"prediction": "A", "row": ROW | {"question_id": 2}},
        {"prediction": "", "row": ROW | {"question_id": 3, "category": "relative_position"}},
        {"error": "timed out", "prediction": None, "row": ROW | {"question_id": 4}},
    )
    said = _run("score", "vstar", "--predictions", "replies.jsonl", folder=tmp_path).stdout
    assert "vstar test, compat: 25.0 (1/4; 95 % 4.6-69.9)" in said
    assert "partial: 4 rows; the whole split has 191" in said
    assert "no answer 1, errors 1 (both count as wrong)" in said
    assert "direct_attributes  33.3      6.1-79.2  1/3" in said


def test_a_refused_measure_is_told(tmp_path: Path) -> None:
    row = {"ID": 1, "key": "2steps_1", "option": "A. 1;B. 2;", "answer": "B", "knowledge concept": "Perimeters"}
    _write(tmp_path, {"prediction": "Answer: B", "row": row})
    said = _run("score", "wemath", "--predictions", "replies.jsonl", folder=tmp_path).stdout
    assert "100.0 (1/1" in said
    assert "not computed: problem 2steps/1 lacks rows" in said


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], "line 1: is not JSON"),
        (
            [{"prediction": "B", "row": ROW}, "", {"prediction": "B"}],
            'line 3: is not an object with "prediction" and "row"',
        ),
        ([{"prediction": ["B"], "row": ROW}], 'line 1: "prediction" is list, not a text'),
        ([{"prediction": "B", "row": "B"}], 'line 1: "row" is str, not an object'),
        ([{"prediction": "B", "row": {"A": "red"}}], "line 1: the row has no 'answer' or 'label'"),
        ([{"prediction": "B", "row": ROW | {"answer": "E"}}], "line 1: the reference 'E' is none of 2 options"),
        (["[" * 100_000], "line 1: is not JSON"),
        ([7] * 9, 'line 5: is not an object with "prediction" and "row"; and 4 more'),
        ([], "holds no lines"),
    ],
)
def test_lines_that_cannot_be_used_are_named_and_nothing_is_printed(
    lines: list[Any], message: str, tmp_path: Path
) -> None:
    _write(tmp_path, *lines)
    result = _run("score", "vstar", "--predictions", "replies.jsonl", "--json", folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("score", "gqa", "--predictions", "x"), "there is no benchmark 'gqa'"),
        (("score", "vstar", "--predictions", "nowhere.jsonl"), "nowhere.jsonl: cannot be read (No such file"),
        (("score", "vstar", "--predictions", "."), "cannot be read (Is a directory)"),
        (("score", "vstar", "--predictions", "x", "--mode", "lenient"), "--mode lenient: choose compat or strict"),
        (("score", "vstar", "--predictions", "x", "--split", "dev"), "vstar has no split 'dev'; choose test"),
        (("score", "vstar", "--predictions", "x", "--nodes", "y"), "only wemath has knowledge nodes"),
        (("score", "wemath", "--predictions", "x", "--nodes", "y"), "y: there is no such file"),
    ],
)
def test_wrong_usage_is_one_line_and_code_two(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = _run(*words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_reply_cannot_move_the_cursor(tmp_path: Path) -> None:
    _write(tmp_path, {"prediction": "B", "row": ROW | {"category": "\x1b[31mred"}})
    assert "\x1b" not in _run("score", "vstar", "--predictions", "replies.jsonl", folder=tmp_path).stdout


def test_the_program_scores_from_a_shell(tmp_path: Path) -> None:
    _write(tmp_path, {"prediction": "B", "row": ROW})
    program = [sys.executable, "-m", "codedance.cli.app", "score", "vstar", "--predictions", "replies.jsonl", "--json"]
    printed = subprocess.check_output(program, cwd=tmp_path, text=True, timeout=60)
    assert json.loads(printed)["scores"] == [1.0]


def test_the_benchmarks_are_listed(tmp_path: Path) -> None:
    said = _run("benchmarks", folder=tmp_path).stdout
    assert all(name in said for name in BENCHMARKS)
    listed = json.loads(_run("benchmarks", "--json", folder=tmp_path).stdout)
    assert [one["name"] for one in listed][: len(BENCHMARKS)] == list(BENCHMARKS)
    assert listed[-1]["name"].startswith("worlds/")
    assert {"name": "test", "rows": 191, "hub": "craigwu/vstar_bench", "config": None} in listed[2]["splits"]
