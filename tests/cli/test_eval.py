"""``codedance eval``, ``report`` and ``compare`` as a stranger uses them; and a run that is killed again and again."""

from __future__ import annotations

import io
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from tests.bench.examples import ROWS, wemath_rows, write_lines
from tests.bench.replying_server import ReplyingServer, answering, serve_replies

from codedance.cli.app import main


@pytest.fixture
def server() -> Iterator[ReplyingServer]:
    with serve_replies(answering(lambda question: "ABCD"[int(re.findall(r"\d+", question)[2]) % 3])) as server:
        yield server


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


def _vstar(folder: Path, count: int) -> Path:
    rows = [{**ROWS["vstar"](index), "text": f"Row {index}: {ROWS['vstar'](index)['text']}"} for index in range(count)]
    return write_lines(folder / "vstar.jsonl", rows)


def _script(folder: Path, *replies: str) -> str:
    (folder / "script.json").write_text(json.dumps(replies))
    return "scripted:script.json"


def _words(server: ReplyingServer, out: str, rows: int) -> list[str]:
    asked = ["eval", "vstar", "--data", "vstar.jsonl", "--limit", str(rows), "--mode", "schema", "--concurrency", "6"]
    return [*asked, "--model", "server:m", "--base-url", server.url, "--out", out]


def test_a_run_killed_five_times_ends_with_the_same_bytes_and_asks_nothing_twice(
    server: ReplyingServer, tmp_path: Path
) -> None:
    rows = 48
    _vstar(tmp_path, rows)
    whole = _run(*_words(server, "whole", rows), folder=tmp_path)
    assert whole.returncode == 0, whole.stderr
    expected = (tmp_path / "whole" / "scores.jsonl").read_bytes()
    assert len(expected.splitlines()) == rows
    # The faults of a server on top: they pass, and change nothing.
    server.seconds = 0.05
    chance = random.Random()
    program = [sys.executable, "-m", "codedance.cli.app", *_words(server, "killed", rows)]
    kept: list[int] = []
    for _ in range(5):
        begun = len(server.requests)
        server.faults = ["429", "hangup"]
        process = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wanted = begun + chance.randint(1, 20)
        deadline = time.monotonic() + 60
        while len(server.requests) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept.append(len(_trajectories(tmp_path / "killed")))
    assert kept == sorted(kept)
    assert kept[-1] < rows, "the run must not have ended before it was killed"
    server.seconds = 0.0
    before = len(server.requests)
    final = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert final.returncode == 0, final.stderr
    assert (tmp_path / "killed" / "scores.jsonl").read_bytes() == expected
    stored = Counter(_trajectories(tmp_path / "killed"))
    assert set(stored.values()) == {1}
    assert len(stored) == rows
    assert len(server.requests) - before <= 2 * (rows - kept[-1]) + 2, "what had ended was asked again"


def test_ctrl_c_says_that_the_run_is_kept_and_the_same_command_goes_on(server: ReplyingServer, tmp_path: Path) -> None:
    _vstar(tmp_path, 24)
    server.seconds = 0.2
    program = [sys.executable, "-m", "codedance.cli.app", *_words(server, "stopped", 24)]
    process = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not _trajectories(tmp_path / "stopped") and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "")
    assert told == "codedance: stopped; what is done is kept, the same command goes on\n"
    assert 0 < len(_trajectories(tmp_path / "stopped")) < 24
    server.seconds = 0.0
    assert _run(*_words(server, "stopped", 24), folder=tmp_path).returncode == 0


def _trajectories(run: Path) -> list[str]:
    path = run / "trajectories.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["id"] for line in lines]


def test_modes_are_compared_row_by_row_with_reports_to_read(tmp_path: Path) -> None:
    _vstar(tmp_path, 12)
    common = ["--data", "vstar.jsonl", "--limit", "12"]
    first = _run("eval", "vstar", *common, "--model", _script(tmp_path, "<answer>A</answer>"), "--mode", "direct",
                 "--out", "a", folder=tmp_path)  # fmt: skip
    assert first.returncode == 0, first.stderr
    assert "| vstar     | 12   | 25.0" in first.stdout
    program = "<code>\n```python\nprint('B')\n```\n</code>"
    second = _run("eval", "vstar", *common, "--model", _script(tmp_path, program), "--mode", "program", "--out", "b",
                  "--max-turns", "4", "--set", "protocol.system_prompt=Be brief.", folder=tmp_path)  # fmt: skip
    assert second.returncode == 0, second.stderr
    told = _run("compare", "a", "b", "--out", "page", "--json", folder=tmp_path)
    (cell,) = json.loads(told.stdout)["cells"]
    assert (cell["rows"], len(cell["fixed"]), len(cell["broken"]), cell["p_value"]) == (12, 3, 3, 1.0)
    text = (tmp_path / "page" / "comparison.md").read_text()
    assert "mode: direct and program" in text
    assert "unequal budgets: turns 10 and 4" in text
    assert _run("report", "a", "b", "--out", "page", folder=tmp_path).stdout == "report: page/report.html\n"
    page = (tmp_path / "page" / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "CodeDance-7B: 84.8 (CodeDance paper" in page
    assert not re.search(r"<script|src=|href=|url\(|https?:", page), "the page must load nothing"
    report = json.loads((tmp_path / "page" / "report.json").read_text())
    assert report[0]["settings"]["episode"]["budgets"]["turns"] == 10
    assert [one["prompt"] for one in report] == ["direct@1", ""]
    assert report[1]["benchmarks"][0]["behaviour"]["stops"] == {"answered": 12}


def test_an_incomplete_wemath_has_no_score_and_says_why(tmp_path: Path) -> None:
    write_lines(tmp_path / "wemath.jsonl", wemath_rows()[:30])
    model = _script(tmp_path, "<answer>C</answer>")
    told = _run("eval", "wemath", "--data", "wemath.jsonl", "--limit", "30", "--model", model, "--mode", "direct",
                "--out", "run", folder=tmp_path)  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "its own measure is not computed: 10 of 525 problems: the score of a part is not the score" in told.stdout
    assert "30 of 1740 rows" in told.stdout
    assert (
        "| wemath    | scripted:script.json (direct) | not computed |" in _run("report", "run", folder=tmp_path).stdout
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["eval", "nothing", "--out", "r"], "there is no benchmark 'nothing'"),
        (["eval", "vstar", "--data", "gone", "--out", "r"], "there is no such file or folder"),
        (["eval", "worlds/search", "--model", "what", "--out", "r"], "unknown model 'what'"),
        (["eval", "worlds/search", "--prompt", "odd", "--out", "r"], "has no prompt 'odd'"),
        (["eval", "worlds/search", "--format", "tool-call", "--mode", "direct", "--model", "server:m", "--out", "r"],
         "goes with --mode code"),
        (["eval", "worlds/search", "--mode", "direct", "--ray", "auto", "--out", "r"],
         "--ray: --mode direct runs no code; take it out"),
        (["eval", "worlds/search", "--mode", "schema", "--sandbox", "http://localhost:9", "--out", "r"],
         "--sandbox: --mode schema runs no code; take it out"),
        (["eval", "worlds/search", "--sandbox", "http://localhost:9", "--ray", "auto", "--out", "r"], "choose one"),
        (["eval", "worlds/search", "--set", "budgets.turn=1", "--out", "r"], "there is no setting 'turn'"),
        (["report", "r"], "is not a run folder"),
        (["compare", "r", "q"], "is not a run folder"),
        (["compare", "r", "q", "--scoring", "kind"], "choose compat or strict"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    result = _run(*words, folder=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_other_settings_are_told_as_the_flags_that_differ(tmp_path: Path) -> None:
    words = ["--model", _script(tmp_path, "<answer>1</answer>"), "--out", "r"]
    begin = ["eval", "worlds/search/easy", "worlds/search/hard", "--limit", "1", "--mode", "direct"]
    assert _run(*begin, *words, folder=tmp_path).returncode == 0
    other = ["eval", "worlds/search/easy", "--limit", "2", "--mode", "schema", "--set", "sampling.top_p=0.5"]
    told = _run(*other, *words, folder=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        "codedance: r: holds a run with other settings (NAME... with worlds/search/hard, now without; --mode direct, "
        "now schema; --set sampling.top_p 1.0, now 0.5; --limit 1, now 2); choose another folder\n"
    )


def test_damaged_files_of_a_run_are_told_and_scores_are_made_again(tmp_path: Path) -> None:
    words = ["eval", "worlds/search/easy", "--limit", "3", "--mode", "direct", "--out", "r"]
    words += ["--model", _script(tmp_path, "<answer>1</answer>")]
    assert _run(*words, folder=tmp_path).returncode == 0
    scores, trajectories = tmp_path / "r" / "scores.jsonl", tmp_path / "r" / "trajectories.jsonl"
    good = scores.read_bytes()
    scores.write_bytes(good.replace(good.splitlines()[1], b"garbage"))
    told = _run("report", "r", folder=tmp_path)
    assert told.returncode == 2
    assert "r/scores.jsonl, line 2: is no JSON (damaged?); give the run's own command again" in told.stderr
    assert _run(*words, folder=tmp_path).returncode == 0
    assert scores.read_bytes() == good
    lines = trajectories.read_bytes().splitlines(keepends=True)
    trajectories.write_bytes(lines[0] + b"garbage\n" + lines[2][:-9])
    told = _run("report", "r", folder=tmp_path)
    assert told.returncode == 0
    assert "r/trajectories.jsonl: 1 line is no JSON (damaged?); codedance verify r tells which\n" in told.stderr
    assert "its last line is cut off and passed over, but seals.jsonl says that it was stored whole" in told.stderr
    assert told.stderr == _run("compare", "r", "r", folder=tmp_path).stderr, "once"


def test_a_server_that_is_not_there_is_told_with_its_exit_code(tmp_path: Path) -> None:
    words = ["eval", "worlds/search/easy", "--limit", "2", "--model", "server:m", "--base-url", "http://127.0.0.1:9/v1"]
    result = _run(*words, "--mode", "direct", "--set", "server.retries=0", "--out", "r", folder=tmp_path)
    assert result.returncode == 4
    assert "2 episodes failed; start the same command again" in result.stderr
    assert "cannot be reached" in _run("report", "r", folder=tmp_path).stdout


def test_a_run_of_another_kind_is_not_taken_for_an_evaluation(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "manifest.json").write_text('{"kind": "synth"}')
    assert "not an evaluation" in _run("report", "r", folder=tmp_path).stderr
    assert "holds a run of kind 'synth'" in _run("eval", "worlds/search", "--out", "r", folder=tmp_path).stderr
