"""What cannot be trained is said at once: before PyTorch is loaded, before data are read, before a bar is shown."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codedance.cli import train_bar, train_view
from codedance.cli.app import app
from codedance.cli.train_bar import training_bar
from codedance.cli.train_view import training_view
from codedance.errors import DataError
from codedance.schema import StopReason
from codedance.store import Manifest, RunFolder
from tests.train.test_sft import answered, stored

ASKED = """
import json, sys
from typer.testing import CliRunner
from codedance.cli.app import app
for words in json.load(sys.stdin):
    result = CliRunner().invoke(app, ["train", *words])
    print(json.dumps([f"{result.output}{result.exception}", "torch" in sys.modules]))
"""


def silent(folder: Path, count: int) -> Path:
    """A run none of whose trajectories ended with an answer."""
    run = RunFolder.create(folder, Manifest(kind="ask"))
    for number in range(count):
        one = answered(f"Number {number}?", "1")
        run.add(one.model_copy(update={"answer": None, "stop": StopReason.MAX_TURNS}), {})
    return folder


def test_what_cannot_work_is_refused_without_pytorch(tmp_path: Path) -> None:
    data, out = str(stored(tmp_path / "data", 2)), str(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    RunFolder.create(tmp_path / "empty", Manifest(kind="ask"))
    taught = tmp_path / "taught"
    RunFolder.create(taught, Manifest(kind="train", settings={"batch": 3, "runs": []}))
    fine = ["--seed", "0", "--out", out]
    cases: list[tuple[list[str], str]] = [
        (["sft", "nothere", "--out", out], "nothere: is not a run folder"),
        (["sft", data, "--out", out, "--set", "train.steps=0"], "greater than or equal to 1"),
        (["sft", data, "--out", out, "--set", "bach=2"], "there is no setting 'bach' here"),
        (["sft", data, "--out", out, "--model", "nowhere"], "nowhere: there is no such folder"),
        (["sft", str(tmp_path / "empty"), "--out", out], "empty: holds no trajectory"),
        (["sft", data, "--out", str(taught)], "was made with other settings (batch 3, now 8"),
        (["sft", data, "--out", data], "holds a run of kind 'synth'; choose another folder"),
        (["nano", "--data", data, "--out", out, "--set", "size=huge"], "size huge: there is none"),
        (["nano", "--data", "nothere", "--out", out], "nothere: is not a run folder"),
        (["nano", "--data", data, "--out", str(taught)], "a run of another command of codedance train"),
        (["grpo", "--out", out, "--set", "attempts=1"], "a group needs two or more"),
        (["grpo", "--out", out, "--tasks", "nothere"], "nothere: is not a run folder"),
        (["grpo", "--out", str(taught)], "a run of another command of codedance train"),
        (["grpo", "--out", str(tmp_path)], "is not empty and holds no run"),
        (["ablation", *fine, "--steps", "2"], "none comes within --steps 2"),
        (["ablation", *fine, "--model", "nowhere"], "nowhere: there is no such folder"),
        (["sweep", *fine, "--set", "exam_every=0"], "a sweep compares exams"),
        (["sweep", *fine, "--tasks", "nothere"], "nothere: is not a run folder"),
    ]
    ran = subprocess.run(
        [sys.executable, "-c", ASKED], input=json.dumps([words for words, _ in cases]), text=True, capture_output=True,
        check=True, timeout=120,
    )  # fmt: skip
    for (words, says), line in zip(cases, ran.stdout.splitlines(), strict=True):
        said, loaded = json.loads(line)
        assert says in said, words
        assert "\n" not in said, words
        assert not loaded, words
    assert not Path(out).exists()


def test_no_answer_to_learn_from_is_said_with_the_way_out(tmp_path: Path) -> None:
    run = silent(tmp_path / "run", 3)

    def sft(*more: str) -> BaseException | None:
        return CliRunner().invoke(app, ["train", "sft", str(run), "--out", str(tmp_path / "out"), *more]).exception

    refused = sft()
    assert isinstance(refused, DataError)
    assert str(refused) == (
        f"{run}: of 3 trajectories none ended with an answer, and only answered ones are learnt from; "
        "name other runs, or take the others too with --set answered_only=false"
    )
    assert not (tmp_path / "out").exists()
    assert sft("--set", "answered_only=false", "--set", "train.steps=1", "--set", "batch=1") is None


def test_a_bar_begins_with_the_training_and_not_with_the_reading(tmp_path: Path) -> None:
    def terminal(*words: str) -> str:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "codedance.cli.app", "train", "sft", *words, "--out", str(tmp_path / "out")]
        with subprocess.Popen(command, stderr=theirs, env={**os.environ, "TERM": "xterm"}) as one:
            os.close(theirs)
            said = b""
            try:
                while part := os.read(ours, 65536):
                    said += part
            except OSError:  # how a terminal ends
                pass
            assert one.wait(timeout=60) in (0, 2)
        os.close(ours)
        return said.decode(errors="replace")

    refused = terminal(str(silent(tmp_path / "silent", 2)))
    assert "reading" in refused
    assert "training" not in refused
    assert "none ended with an answer" in refused
    taught = terminal(str(stored(tmp_path / "run", 2)), "--set", "train.steps=1", "--set", "batch=1")
    assert "training" in taught
    assert "1/1" in taught


def test_a_pipe_is_told_now_and_then_how_far_a_run_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sft(steps: int) -> list[str]:
        words = ["train", "sft", run, "--out", str(tmp_path / f"out{steps}"), "--set", f"train.steps={steps}"]
        result = CliRunner().invoke(app, [*words, "--set", "batch=1", "--set", "train.workers=0"])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    run = str(stored(tmp_path / "run", 2))
    lines = sft(4)
    assert lines[:2] == [f"reading {run}", "training: 4 steps"]
    assert [line.partition(":")[0] for line in lines[2:-1]] == ["step 1 of 4", "step 4 of 4"]
    assert "left" in lines[2]
    assert "loss" in lines[2]
    monkeypatch.setattr(train_bar, "_TELL_EVERY", 0.0)
    assert [line.partition(":")[0] for line in sft(2)[2:-1]] == ["step 1 of 2", "step 2 of 2"]


def test_a_pipe_is_told_where_training_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with training_bar(9, before="reading") as bar:
        bar.begin(4)
    assert capsys.readouterr().err == "reading\ntraining: 9 steps, going on after step 4\n"


def test_a_pipe_is_told_what_a_long_step_of_grpo_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with training_view("bat", steps=2, as_json=False) as view:
        view.doing("step 1: attempt 1 of 64")
        monkeypatch.setattr(train_view, "_TELL_EVERY", 0.0)
        view.doing("step 1: attempt 2 of 64")
    with training_view("bat", steps=2, as_json=True) as view:
        view.doing("nothing else than JSON")
    assert capsys.readouterr().err == "step 1: attempt 2 of 64\n"
