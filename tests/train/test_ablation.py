"""Several rewards and seeds from one policy: the runs, the table, and what cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.errors import CodeDanceError
from codedance.models.local.checkpoint import save_checkpoint
from codedance.store import Manifest, RecordFile, RunFolder
from codedance.train.ablation import ablation, ablation_table, read_runs
from codedance.train.curves import CURVE, Behaviour, CurveLine, read_curve
from tests.train.apprentice import apprentice, tasks_folder

QUICK = ("groups=2", "attempts=4", "exam_every=1", "exam_tasks=4", "episode.sampling.max_tokens=48")


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", *words])


def behaviour(hard: float, turns: float) -> Behaviour:
    return Behaviour(
        attempts=200, accuracy=(0.8 + hard) / 2, accuracy_easy=0.8, accuracy_hard=hard, turns=turns, turns_easy=turns,
        turns_hard=turns, tool_rate=0.5, tool_rate_easy=None, tool_rate_hard=0.5, execution_success=0.9, answered=1.0,
        length=30.0,
    )  # fmt: skip


def written(folder: Path, *, variant: str, seed: int, hard: tuple[float, ...]) -> Path:
    """A run whose hard exam went from the first number to the second."""
    RunFolder.create(folder, Manifest(kind="train", settings={"variant": variant, "seed": seed}))
    lines = [CurveLine(step=step, position=step, exam=behaviour(one, 2.0 - step)) for step, one in enumerate(hard)]
    for line in lines:
        RecordFile(folder / CURVE, CurveLine).append(line)
    return folder


def test_the_table_holds_each_rewards_mean_spread_and_change(tmp_path: Path) -> None:
    runs = [
        written(tmp_path / "a", variant="bat", seed=1, hard=(0.4, 0.7)),
        written(tmp_path / "b", variant="outcome", seed=0, hard=(0.4, 0.5)),
        written(tmp_path / "c", variant="bat", seed=0, hard=(0.4, 0.6)),
    ]
    found = ablation(read_runs(runs))
    assert [(row.variant, row.seeds) for row in found.rows] == [("bat", (0, 1)), ("outcome", (0,))]
    hard = found.rows[0].figures["exam/accuracy_hard"]
    assert (hard.mean, hard.low, hard.high) == pytest.approx((0.65, 0.6, 0.7))
    assert hard.change == pytest.approx(0.25)
    assert "exam/tool_rate_easy" not in found.rows[0].figures
    lines = ablation_table(found).splitlines()
    assert "| (start) | | 0 | 0.800 | 0.400 |" in lines[2]
    assert "| bat | 0, 1 | 1 | 0.800 | 0.650 (0.600-0.700) |" in lines[3]


def test_runs_that_began_differently_are_not_compared(tmp_path: Path) -> None:
    runs = [
        written(tmp_path / "a", variant="bat", seed=0, hard=(0.4, 0.7)),
        written(tmp_path / "b", variant="outcome", seed=0, hard=(0.5, 0.5)),
    ]
    result = invoke("table", *map(str, runs))
    assert isinstance(result.exception, CodeDanceError)
    assert "began with different policies" in str(result.exception)


def test_a_run_without_exams_or_of_another_kind_is_named(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "sft", Manifest(kind="train", settings={}))
    result = invoke("table", str(tmp_path / "sft"))
    assert "names no reward variant" in str(result.exception)
    short = written(tmp_path / "short", variant="bat", seed=0, hard=(0.4, 0.7))
    (short / CURVE).write_text(CurveLine(step=0, position=0).model_dump_json() + "\n")
    assert "has no exam before and after training" in str(invoke("table", str(short)).exception)


def test_every_reward_runs_from_one_policy_and_the_command_goes_on(tmp_path: Path) -> None:
    network, encoder = apprentice()
    save_checkpoint(network, encoder.tokenizer, tmp_path / "start")
    tasks_folder(tmp_path / "tasks")
    out = tmp_path / "ablation"
    words = ["ablation", "--out", str(out), "--model", str(tmp_path / "start"), "--tasks", str(tmp_path / "tasks")]
    words += [word for one in QUICK for word in ("--set", one)] + ["--variant", "outcome", "--variant", "bat"]
    first = invoke(*words, "--seed", "0", "--steps", "1")
    assert first.exit_code == 0, first.output
    begun = written(out / "deepeyes-0", variant="deepeyes", seed=0, hard=(0.4,))
    more = invoke(*words, "--seed", "0", "--seed", "1", "--steps", "2")
    assert more.exit_code == 0, more.output
    assert f"{begun}: has no exam after its start's yet; the table is without it" in more.output
    assert [line.step for line in read_curve(out / "outcome-0")] == [0, 1, 2]
    kept = json.loads((out / "ablation.json").read_text())
    assert {(row["variant"], *row["seeds"]) for row in kept["rows"]} == {("bat", 0, 1), ("outcome", 0, 1)}
    assert (out / "ablation.md").read_text() in more.output + "\n"
    assert (out / "curves.png").stat().st_size > 1000
    assert "none comes within --steps 2" in str(invoke(*words, "--steps", "2", "--set", "exam_every=3").exception)
    refused = invoke(*words, "--set", "exam_every=0")
    assert "an ablation compares exams" in str(refused.exception)
