"""Several constants of BAT from one policy: the points, the runs, the table, the picture, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.errors import CodeDanceError, DataError, UsageError
from codedance.models.local.checkpoint import save_checkpoint
from codedance.rewards import RewardSettings
from codedance.store import Manifest, RecordFile, RunFolder
from codedance.train.ablation import read_runs
from codedance.train.curves import CURVE, CurveLine, figures, read_curve
from codedance.train.grpo_settings import GrpoSettings
from codedance.train.sweep import slice_of, sweep, sweep_table
from codedance.train.sweep_plot import draw_sweep
from codedance.train.sweep_points import Constant, bounds_of, constants_of, levels_of, points_of
from tests.train.apprentice import apprentice, tasks_folder
from tests.train.test_ablation import behaviour

QUICK = ("groups=2", "attempts=4", "exam_every=1", "exam_tasks=4", "episode.sampling.max_tokens=48", "save_every=1")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and tasks."""
    folder = tmp_path_factory.mktemp("desk")
    network, encoder = apprentice()
    save_checkpoint(network, encoder.tokenizer, folder / "start")
    tasks_folder(folder / "tasks")
    return folder


def words(desk: Path, out: Path, *more: str) -> list[str]:
    sets = [word for one in QUICK for word in ("--set", one)]
    return ["train", "sweep", "--out", str(out), "--model", str(desk / "start"), "--tasks", str(desk / "tasks"), *sets,
            *more]  # fmt: skip


def invoke(desk: Path, out: Path, *more: str) -> Result:
    return CliRunner().invoke(app, words(desk, out, *more))


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


def written(folder: Path, reward: RewardSettings, *, seed: int = 0, hard: float = 0.6, groups: int = 8) -> Path:
    """A run whose exam on hard tasks went from 0.4 to this."""
    chosen = GrpoSettings(reward=reward, seed=seed, groups=groups)
    RunFolder.create(folder, Manifest(kind="train", settings={**chosen.identity, "source": {"seed": seed}}))
    for step, one in enumerate((0.4, hard)):
        done = behaviour(one, 2.0 - step)
        line = CurveLine(step=step, position=step, exam=done, batch=done if step else None)
        RecordFile(folder / CURVE, CurveLine).append(line)
    return folder


def test_each_constant_is_changed_alone_or_all_are_combined() -> None:
    levels = levels_of(["gamma=4, 8", "curve=sigmoid,tanh"])
    alone = points_of(RewardSettings(), levels)
    assert [constants_of(one).name for one in alone] == ["paper", "gamma=8", "curve=tanh"]
    combined = points_of(RewardSettings(), levels, product=True)
    names = [constants_of(one).name for one in combined]
    assert names == ["paper", "curve=tanh", "gamma=8", "gamma=8,curve=tanh"]
    assert len(points_of(RewardSettings(), levels_of([]))) == 18


def test_other_constants_of_the_base_stay_and_are_named() -> None:
    base = RewardSettings(delta=0.4, silent_is_failure=False)
    points = points_of(base, levels_of(["lambda=0"]))
    assert [constants_of(one).name for one in points] == ["delta=0.4", "delta=0.4,lambda=0"]
    assert not any(one.silent_is_failure for one in points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gama=1", "with a name out of gamma, delta, beta, lambda, curve"),
        ("gamma", "write NAME=VALUE,VALUE"),
        ("gamma=,", "write NAME=VALUE,VALUE"),
        ("beta=2", "--vary beta: Input should be less than or equal to 1"),
        ("lambda=nan", "--vary lambda"),
        ("gamma=steep", "--vary gamma: Input should be a valid number"),
        ("curve=cosine", "--vary curve: Input should be 'sigmoid' or 'tanh'"),
    ],
)
def test_a_value_that_cannot_be_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        points_of(RewardSettings(), levels_of([text]))
    assert message in str(raised.value)


def test_a_constant_is_named_once() -> None:
    with pytest.raises(UsageError, match="gamma is named twice"):
        levels_of(["gamma=1", "gamma=2"])


def test_the_bounds_of_tanh_are_those_of_a_sigmoid_with_twice_the_gamma() -> None:
    tanh, sigmoid = points_of(RewardSettings(gamma=3), levels_of(["curve=tanh"]))[1], RewardSettings(gamma=6)
    ours, theirs = (bounds_of(constants_of(one), turns=6) for one in (tanh, sigmoid))
    assert ours.model_dump() == pytest.approx(theirs.model_dump())
    assert bounds_of(constants_of(RewardSettings(beta=0)), turns=6).lowest_return == -0.5
    assert bounds_of(constants_of(RewardSettings(beta=1)), turns=6).lowest_return == -3


def test_the_table_holds_points_with_their_seeds_bounds_and_failures(tmp_path: Path) -> None:
    folders = [
        written(tmp_path / "a", RewardSettings(gamma=16), seed=0, hard=0.6),
        written(tmp_path / "b", RewardSettings(), seed=1, hard=0.6),
        written(tmp_path / "c", RewardSettings(), seed=0, hard=0.8),
        written(tmp_path / "d", RewardSettings(gamma=1, delta=0), seed=0),
    ]
    found = sweep(read_runs(folders))
    assert [(one.name, one.seeds) for one in found.points] == [
        ("paper", (0, 1)), ("gamma=1,delta=0", (0,)), ("gamma=16", (0,))
    ]  # fmt: skip
    accuracy = found.points[0].figures["exam/accuracy"]
    assert (accuracy.low, accuracy.high) == pytest.approx((0.7, 0.8))
    assert accuracy.values == pytest.approx((0.8, 0.7))
    assert [one.name for one in slice_of(found, Constant.GAMMA)] == ["paper", "gamma=16"]
    lines = sweep_table(found).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| 4 | 0.2 | 0.2 | 0.2 | sigmoid | 0, 1 | 1 | 0.750 (0.700-0.800) | 1.000 | 0.100 |" in lines[3]
    assert lines[3].endswith("| 0.681 to -0.081 | 0.847 | -0.625 |")
    assert "| never |" in lines[4]
    draw_sweep(found, tmp_path / "sweep.svg")
    assert "<path" in (tmp_path / "sweep.svg").read_text()


def test_runs_that_differ_in_more_than_constants_are_not_put_together(tmp_path: Path) -> None:
    folders = [written(tmp_path / "a", RewardSettings()), written(tmp_path / "b", RewardSettings(gamma=8), groups=4)]
    with pytest.raises(DataError, match=r"in more than constants and seed \(groups\)"):
        sweep(read_runs(folders))
    other = written(tmp_path / "c", RewardSettings(gamma=8, silent_is_failure=False))
    with pytest.raises(DataError, match=r"\(reward\)"):
        sweep(read_runs([folders[0], other]))


def test_a_plan_writes_nothing_and_a_sweep_does_it_and_goes_on(desk: Path, tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    small = ("--vary", "gamma=4,16", "--seed", "0", "--steps", "1")
    planned = invoke(desk, out, *small, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "2 runs of 1 steps, 2 of them not done, 2 steps left" in planned.output
    assert "s a step" in planned.output
    assert not out.exists()
    first = invoke(desk, out, *small)
    assert first.exit_code == 0, first.output
    before = (out / "paper-0" / "curve.jsonl").read_bytes()
    more = invoke(desk, out, "--vary", "gamma=4", "--vary", "lambda=0", "--product", "--seed", "0", "--steps", "1")
    assert more.exit_code == 0, more.output
    assert (out / "paper-0" / "curve.jsonl").read_bytes() == before, "what is there is not made again"
    kept = json.loads((out / "sweep.json").read_text())
    assert [one["name"] for one in kept["points"]] == ["paper", "lambda=0", "gamma=16"]
    assert (out / "sweep.md").read_text() in more.output + "\n"
    with Image.open(out / "sweep.png") as picture:
        assert picture.width > 500
    assert "gamma=16-0" in invoke(desk, out, *small, "--dry-run").output
    assert "0 of them not done" in invoke(desk, out, *small, "--dry-run").output


@pytest.mark.slow
def test_a_sweep_that_was_killed_ends_as_one_that_was_not(desk: Path, tmp_path: Path) -> None:
    small = ("--vary", "beta=0.2,0.9", "--seed", "0", "--steps", "2")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with subprocess.Popen(
        [sys.executable, "-m", "codedance.cli.app", *words(desk, killed, *small)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 100
        while not (killed / "beta=0.9-0" / "curve.jsonl").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    for out in (killed, whole):
        assert invoke(desk, out, *small).exit_code == 0
    for name in ("paper-0", "beta=0.9-0"):
        ours, theirs = read_curve(killed / name), read_curve(whole / name)
        for mine, other in zip(ours, theirs, strict=True):
            pairs = [{key: one for key, one in figures(line).items() if "speed" not in key} for line in (mine, other)]
            assert pairs[0] == pytest.approx(pairs[1], abs=1e-5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "exam_every=0"], "a sweep compares exams"),
        (["--set", "exam_every=20"], "exam_every=20: none comes within --steps 1"),
        (["--set", "variant=outcome"], "the constants of a sweep are those of bat"),
        (["--seed", "-1"], "--seed -1: choose 0 or more"),
        (["--table"], "holds no run that has come to an exam"),
        (["--model", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_work_is_said(more: list[str], message: str, desk: Path, tmp_path: Path) -> None:
    assert message in said(invoke(desk, tmp_path / "sweep", "--steps", "1", *more))
