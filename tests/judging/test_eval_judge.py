"""``codedance eval --judge``: beside the rules; killed, failing or absent, it costs no score and no second call."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bench.examples import ROWS, write_lines
from tests.judging.judge_server import JudgeServer, kind_of, serve_judge
from tests.leakage.test_audit import run

ROWS_ASKED = 8
REPLY = "from minus four up to zero"
QUICK = ("--set", "server.retries=0", "--set", "judge.concurrency=2")


def answer(asked: str) -> str:
    """Copies the reply; says of every second row that it is the same as the reference."""
    if kind_of(asked) == "extract":
        return json.dumps({"answer": REPLY})
    number = re.search(r"Row (\d+)", asked)
    return "same" if number is not None and int(number[1]) % 2 == 0 else "different"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    shown = ROWS["mathverse"](0)
    rows = []
    for number in range(ROWS_ASKED):
        asked = {"question": f"Row {number}: {shown['question']}", "question_for_eval": f"Row {number}: find it."}
        rows.append({**ROWS["mathverse"](number), **asked, "answer": "domain: [-4, 0)"})
    write_lines(tmp_path / "mathverse.jsonl", rows)
    (tmp_path / "script.json").write_text(json.dumps([f"<answer>{REPLY}</answer>"]))
    return tmp_path


def words(out: str = "run") -> list[str]:
    data = ["--data", "mathverse.jsonl", "--allow-partial", "--limit", str(ROWS_ASKED)]
    return ["eval", "mathverse", *data, "--mode", "direct", "--model", "scripted:script.json", "--out", out]


def judge(server: JudgeServer) -> list[str]:
    return ["--judge", "server:wise", "--base-url", server.url, *QUICK]


def verdicts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "judgements.jsonl").read_text().splitlines()]


def test_rules_and_judge_stand_side_by_side_and_nothing_is_asked_twice(desk: Path) -> None:
    with serve_judge(answer) as server:
        first = run(*words(), *judge(server), folder=desk)
        assert first.returncode == 0, first.stderr
        asked = len([kind for kind in server.kinds if kind != "hello"])
        scores = (desk / "run" / "scores.jsonl").read_bytes()
        told = json.loads(run(*words(), *judge(server), "--json", folder=desk).stdout)
        assert len([kind for kind in server.kinds if kind != "hello"]) == asked
    assert re.search(r"\| mathverse +\| 0.0 +\| 50.0 .* 4/8 .*\| 8 +\| 4 +\| 4 +\| 0 ", first.stdout)
    assert "server:wise, temperature 0, prompts system@1" in first.stdout
    assert (desk / "run" / "scores.jsonl").read_bytes() == scores, "scores by rule are not touched"
    (one,) = told["benchmarks"]
    assert one["scores"]["strict"]["overall"]["right"] == 0
    assert one["judged"]["scores"]["strict"]["overall"]["right"] == 4
    assert (one["judged"]["judge"]["judge"], one["judged"]["unasked"]) == ("server:wise", 0)
    assert [line["score"] for line in verdicts(desk / "run")] == [1.0, 0.0] * 4
    page = run("report", "run", "--out", "page", folder=desk)
    assert page.returncode == 0
    assert "server:wise" in (desk / "page" / "report.html").read_text()


def test_a_run_that_has_ended_may_be_given_to_a_judge_later_and_to_another(desk: Path) -> None:
    assert run(*words(), folder=desk).returncode == 0
    assert "judged" not in run("report", "run", folder=desk).stdout
    with serve_judge(answer) as server:
        assert run(*words(), *judge(server), folder=desk).returncode == 0
    with serve_judge(lambda asked: answer(asked).replace("different", "same")) as server:
        again = ["--judge", "server:kind", "--judge-base-url", server.url, *QUICK]
        assert run(*words(), *again, folder=desk).returncode == 0
    assert {line["judge"] for line in verdicts(desk / "run")} == {"server:kind"}
    assert [line["score"] for line in verdicts(desk / "run")] == [1.0] * 8


def test_a_judge_killed_in_its_work_goes_on_and_ends_with_the_same_bytes(desk: Path) -> None:
    def slow(asked: str) -> str:
        time.sleep(0.15 if kind_of(asked) != "hello" else 0)
        return answer(asked)

    with serve_judge(answer) as server:
        assert run(*words("whole"), *judge(server), folder=desk).returncode == 0
    expected = (desk / "whole" / "judgements.jsonl").read_bytes()
    with serve_judge(slow) as server:
        program = [sys.executable, "-m", "codedance.cli.app", *words("killed"), *judge(server)]
        process = subprocess.Popen(program, cwd=desk, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while server.kinds.count("compare") < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (desk / "killed" / "judgements.jsonl").exists(), "it must not have ended before it was killed"
        kept = (desk / "killed" / "scores.jsonl").read_bytes()
        result = run(*words("killed"), *judge(server), folder=desk)
        assert result.returncode == 0, result.stderr
        asked = len([kind for kind in server.kinds if kind != "hello"])
    assert (desk / "killed" / "judgements.jsonl").read_bytes() == expected
    assert (desk / "killed" / "scores.jsonl").read_bytes() == kept
    assert asked <= 2 * ROWS_ASKED + 2, "only what was in flight at the kill is asked again"


def test_a_judge_that_cannot_be_had_is_told_before_anything_is_asked(desk: Path) -> None:
    result = run(*words(), "--judge", "server:wise", "--judge-base-url", "http://127.0.0.1:9/v1", *QUICK, folder=desk)
    assert (result.returncode, result.stdout) == (4, "")
    assert "cannot be reached" in result.stderr
    assert not (desk / "run" / "trajectories.jsonl").exists()


def test_a_judge_that_fails_costs_no_score_and_is_asked_again_later(desk: Path) -> None:
    with serve_judge(answer) as server:
        server.always = "400 no"
        limited = ["--set", "judge.faults_in_a_row=3", "--set", "judge.attempts=1"]
        failed = run(*words(), *judge(server), *limited, folder=desk)
        assert failed.returncode == 4
        assert "the judge failed: server:wise: failed at 3 rows in a row" in failed.stderr
        assert "| mathverse " in failed.stdout, "the report by rules is printed"
        assert len((desk / "run" / "scores.jsonl").read_text().splitlines()) == ROWS_ASKED
        server.always = ""
        server.faults = ["400 no"]
        partly = run(*words(), *judge(server), "--set", "judge.attempts=1", folder=desk)
        assert partly.returncode == 4
        assert "1 rows are undecided because the judge's server failed" in partly.stderr
        assert re.search(r"undecided.*fault: server failed or unreachable|undecided.*fault", partly.stdout)
        assert run(*words(), *judge(server), folder=desk).returncode == 0
    assert [line["score"] for line in verdicts(desk / "run")] == [1.0, 0.0] * 4


def test_two_runs_are_compared_by_what_their_judges_decided(desk: Path) -> None:
    with serve_judge(answer) as server:
        assert run(*words("a"), *judge(server), folder=desk).returncode == 0
    assert run(*words("b"), folder=desk).returncode == 0
    refused = run("compare", "a", "b", "--judged", folder=desk)
    assert (refused.returncode, "b: no judge has decided anything" in refused.stderr) == (2, True)
    with serve_judge(lambda asked: answer(asked).replace("different", "same")) as server:
        other = ["--judge", "server:kind", "--judge-base-url", server.url, *QUICK]
        assert run(*words("b"), *other, folder=desk).returncode == 0
    told = run("compare", "a", "b", "--judged", folder=desk).stdout
    assert "what rules leave open decided by server:wise and server:kind" in told
    assert "judge: server:wise and server:kind" in told
    assert json.loads(run("compare", "a", "b", "--json", folder=desk).stdout)["cells"][0]["fixed"] == []
    (cell,) = json.loads(run("compare", "a", "b", "--judged", "--json", folder=desk).stdout)["cells"]
    assert len(cell["fixed"]) == 4


def test_edits_are_scored_by_pixels_and_never_by_a_judge(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(json.dumps(["<answer>1</answer>"]))
    asked = ["eval", "worlds/editing/easy", "--limit", "2", "--model", "scripted:script.json", "--out", "run"]
    with serve_judge(answer) as server:
        assert run(*asked, *judge(server), folder=tmp_path).returncode == 0
    assert set(server.kinds) <= {"hello"}
    assert verdicts(tmp_path / "run") == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--judge-base-url", "http://x/v1"], "go with --judge"),
        (["--judge-cache", "c.sqlite"], "go with --judge"),
        (["--judge", "nano", "--judge-base-url", "http://x/v1"], "goes with --judge server:NAME"),
        (
            ["--judge", "server:wise", "--judge-base-url", "localhost:8001"],
            "--judge-base-url localhost:8001: needs a scheme",
        ),
        (["--judge", "gpt"], "unknown model 'gpt'"),
        (["--judge", "server:m", "--set", "judge.atempts=2"], "there is no setting 'atempts'"),
    ],
)
def test_wrong_usage_is_told_in_one_line(more: list[str], message: str, desk: Path) -> None:
    result = run(*words(), *more, folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
