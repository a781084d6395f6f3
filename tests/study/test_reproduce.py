"""``codedance reproduce`` at its smallest scale: what it leaves, that it goes on after a kill, and what it refuses.

Nothing here depends on what a policy of two steps happens to answer.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.errors import CodeDanceError
from codedance.store import RunFolder
from codedance.study.claims import CLAIMS, Verdict
from codedance.study.evidence import Evidence
from codedance.study.steps import Step, done, forget
from codedance.train.curves import figures, read_curve

PROGRAM = [sys.executable, "-m", "codedance.cli.app", "reproduce", "--scale", "smoke", "--out"]
RUNS = ("bat-0", "bat-no-turn-0", "deepeyes-0", "outcome-0")


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["reproduce", *words])


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "whole"
    result = invoke("--scale", "smoke", "--out", str(folder))
    assert result.exit_code == 0, result.output
    assert f"report: {folder / 'report' / 'report.html'}" in result.output
    return folder


def values(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text())
    return found


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_study_leaves_data_policies_evaluations_analyses_and_a_report(study: Path) -> None:
    assert all(done(study, step) is not None for step in Step)
    assert len(list(RunFolder.open(study / "data").trajectories())) == 24
    assert sorted(one.name for one in (study / "grpo").iterdir() if one.is_dir()) == sorted(RUNS)
    for name in ("start", *RUNS):
        assert len(list(RunFolder.open(study / "evaluation" / name).trajectories())) == 4
    assert sorted(one.name for one in (study / "scaling").iterdir()) == ["small-all-0", "tiny-12-0"]
    scaled = Evidence.model_validate_json((study / "analysis" / "evidence.json").read_text()).scaled
    assert [(one.size, one.trajectories, len(one.policy.rows)) for one in scaled] == [
        ("tiny", 12, 4), ("tiny", 24, 4), ("small", 24, 4),
    ]  # fmt: skip
    for name in ("operations", "emergence-bat-0", "adaptivity", "faithfulness"):
        assert list((study / "analysis" / name).glob("*.md"))
    assert {row["variant"] for row in json.loads((study / "grpo" / "ablation.json").read_text())["rows"]} == {
        "outcome", "deepeyes", "bat-no-turn", "bat",
    }  # fmt: skip
    report = values(study)
    assert [one["id"] for one in report["claims"]] == [one.id for one in CLAIMS]
    assert {one["finding"]["verdict"] for one in report["claims"]} <= set(Verdict)
    text, page = ((study / "report" / name).read_text() for name in ("report.md", "report.html"))
    for name in ("claims.svg", "accuracy.svg", "turns.svg", "training.svg", "scaling-data.svg", "scaling-size.svg"):
        assert f"]({name})" in text
        assert (study / "report" / name).stat().st_size > 1000
    assert all(one.says in page.replace("&#39;", "'") for one in CLAIMS)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_study_that_is_there_is_not_made_again(study: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in _files(study)}
    result = invoke("--scale", "smoke", "--out", str(study))
    assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in _files(study)} == before
    assert "sft         done" in invoke("--scale", "smoke", "--out", str(study), "--dry-run").output
    assert invoke("--scale", "smoke", "--out", str(study), "--from", "report").exit_code == 0
    changed = {path.parent.name for path in _files(study) if path.stat().st_mtime_ns != before[path]}
    assert changed == {"report", "steps"}


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_study_that_was_killed_goes_on_to_the_same_end(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    shutil.copytree(study, folder, ignore=shutil.ignore_patterns("grpo", "evaluation", "scaling", "analysis", "report"))
    forget(folder, Step.GRPO)
    taught = done(folder, Step.SFT)
    with subprocess.Popen([*PROGRAM, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 240
        while not (folder / "grpo" / "deepeyes-0" / "curve.jsonl").exists():
            assert process.poll() is None, (process.stderr or sys.stderr).read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert done(folder, Step.GRPO) is None
    result = invoke("--scale", "smoke", "--out", str(folder))
    assert result.exit_code == 0, result.output
    assert done(folder, Step.SFT) == taught, "what was done is not done again"
    for name in RUNS:
        ours, theirs = (read_curve(one / "grpo" / name) for one in (folder, study))
        for mine, other in zip(ours, theirs, strict=True):
            # Attempts share batches as they come, so the last digits of a product may differ.
            assert _lasting(figures(mine)) == pytest.approx(_lasting(figures(other)), abs=1e-5)
    policies = [
        Evidence.model_validate_json((one / "analysis" / "evidence.json").read_text()) for one in (folder, study)
    ]
    assert policies[0].policies == policies[1].policies
    assert _said(folder) == _said(study)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "seeds=[]"], "name one seed or more"),
        (["--set", 'variants=["best"]'], "name rewards once each"),
        (["--set", "families=[\"chess\"]"], "name families once each"),
        (["--set", "families=[]"], "name one family or more"),
        (["--set", "scaling.families=[\"chess\"]"], "name families once each"),
        (["--set", "grpo.exam_every=0"], "must be above 0"),
        (["--set", "data.seed=10"], "what follows is held out"),
        (["--set", "sft.size=huge"], "size huge: there is none"),
        (["--set", "rows=0"], "setting rows"),
        (["--set", "scaling.trajectories=[24, 12]"], "the smallest first"),
        (["--set", "scaling.trajectories=[50]"], "50 are more than data.count=24"),
        (["--set", "scaling.sizes=[\"huge\"]"], "size huge: there is none"),
        (["--set", "scaling.seeds=[]"], "name one or more, from 0 on"),
        (["--only", "data", "--from", "data"], "choose one"),
        (["--only", "report"], "step report takes from data and grpo and analysis"),
        (['--only', 'scaling'], "step scaling takes from data and sft and evaluation"),
        (["--data", "nowhere"], "nowhere: is not a run folder"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_work_is_said(words: list[str], message: str, tmp_path: Path) -> None:
    assert message in said(invoke("--scale", "smoke", "--out", str(tmp_path / "study"), *words))


def test_a_plan_writes_nothing_and_tells_the_hours(tmp_path: Path) -> None:
    result = invoke("--scale", "nano", "--out", str(tmp_path / "study"), "--dry-run", "--set", "seeds=[0,1,2]")
    assert result.exit_code == 0, result.output
    assert "4 rewards x 3 seeds, 240 steps" in result.output
    assert "hours on two cores" in result.output
    assert not (tmp_path / "study").exists()


def test_a_study_with_other_settings_is_refused(tmp_path: Path) -> None:
    folder = str(tmp_path / "study")
    assert "nowhere" in said(invoke("--scale", "smoke", "--out", folder, "--data", "nowhere"))
    message = said(invoke("--scale", "smoke", "--out", folder, "--data", "nowhere", "--set", "steps=2"))
    assert message.endswith("holds a run with other settings (steps 1, now 2); choose another folder")


def _said(folder: Path) -> list[tuple[str, str, str]]:
    claims = values(folder)["claims"]
    return [(one["id"], one["finding"]["verdict"], one["finding"]["ours"]) for one in claims]


def _lasting(found: dict[str, float]) -> dict[str, float]:
    """Without what depends on how busy the machine is."""
    return {name: value for name, value in found.items() if not name.startswith("speed/")}


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in names if name != ".lock")
