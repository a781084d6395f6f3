"""``codedance train grpo`` and ``train plot`` as they are typed, and what is said of what cannot work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.cli.train_view import step_text
from codedance.errors import CodeDanceError
from codedance.models.local.checkpoint import save_checkpoint
from codedance.train.curves import CurveLine, read_curve
from tests.train.apprentice import apprentice, tasks_folder

QUICK = ("groups=2", "attempts=4", "exam_every=2", "exam_tasks=4", "episode.sampling.max_tokens=48")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and tasks."""
    folder = tmp_path_factory.mktemp("desk")
    network, encoder = apprentice()
    save_checkpoint(network, encoder.tokenizer, folder / "start")
    tasks_folder(folder / "tasks")
    return folder


def grpo(desk: Path, out: Path, *words: str) -> Result:
    sets = [word for one in QUICK for word in ("--set", one)]
    start = [] if "--model" in words else ["--model", str(desk / "start")]
    tasks = [] if "--tasks" in words else ["--tasks", str(desk / "tasks")]
    return CliRunner().invoke(app, ["train", "grpo", "--out", str(out), *start, *tasks, *sets, *words])


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


def test_a_rehearsal_says_what_a_run_takes_and_a_run_does_it(desk: Path, tmp_path: Path) -> None:
    rehearsed = grpo(desk, tmp_path / "run", "--dry-run", "--steps", "30")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert "30 steps of 8 attempts" in rehearsed.output
    assert "s a step" in rehearsed.output
    assert not (tmp_path / "run").exists()
    first = grpo(desk, tmp_path / "run", "--steps", "2", "--json")
    assert first.exit_code == 0, first.output
    lines = [CurveLine.model_validate_json(line) for line in first.output.splitlines()]
    assert [line.step for line in lines] == [0, 1, 2]
    again = grpo(desk, tmp_path / "run", "--steps", "3")
    assert "step 3  reward" in again.output
    assert "step 2 " not in again.output
    assert (tmp_path / "run" / "checkpoint" / "model.safetensors").exists()
    assert said(grpo(desk, tmp_path / "run", "--variant", "outcome")).endswith(
        "holds a run with other settings (variant bat, now outcome); choose another folder"
    )
    for name in ("curves.png", "both.svg"):
        runs, out = [str(tmp_path / "run")] * (1 + (name == "both.svg")), tmp_path / name
        drawn = CliRunner().invoke(app, ["train", "plot", *runs, "--out", str(out)])
        assert drawn.exit_code == 0, drawn.output
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 1000
    assert "<path" in (tmp_path / "both.svg").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "attempts=1"], "a group needs two or more"),
        (["--set", "attempt=4"], "there is no setting 'attempt' here"),
        (["--variant", "best"], "there is no reward variant 'best'"),
        (["--set", "worlds.shares.chess=1"], "there is no setting 'chess' here; there are charts, counting"),
        (["--set", "worlds.shares.counting=0", "--set", "worlds.shares.search=0"], "one at least is more"),
        (["--set", "episode.sampling.temperature=0"], "greedy attempts are all the same"),
        (["--model", "nowhere"], "nowhere: there is no such folder; give that of a checkpoint"),
        (["--tasks", "nowhere"], "nowhere: is not a run folder"),
        (["--device", "gpu"], "--device gpu: cannot be used here"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_what_cannot_work_is_said_before_anything_runs(
    words: list[str], message: str, desk: Path, tmp_path: Path
) -> None:
    assert message in said(grpo(desk, tmp_path / "run", *words))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test asks for in vain")
def test_a_device_that_is_not_there_is_named(desk: Path, tmp_path: Path) -> None:
    assert "--device cuda: cannot be used here" in said(grpo(desk, tmp_path / "run", "--device", "cuda"))


def test_a_picture_of_no_run_or_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    def plot(*words: str) -> str:
        return said(CliRunner().invoke(app, ["train", "plot", *words]))

    assert "holds no curve of a reinforcement-learning run" in plot(str(tmp_path))
    assert "ends with .png, .svg or .pdf" in plot(str(tmp_path), "--out", "curves.gif")
    (tmp_path / "curve.jsonl").write_text(json.dumps({"step": 1, "loss": 0.5}) + "\n")
    assert "curve.jsonl, line 1:" in plot(str(tmp_path))
    with pytest.raises(CodeDanceError):
        read_curve(tmp_path)


def test_a_step_in_one_line_leaves_out_what_is_absent() -> None:
    assert step_text(CurveLine(step=7, position=0)) == "step 7  "
