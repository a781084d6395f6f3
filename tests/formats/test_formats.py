"""What earlier versions wrote is read: runs of each kind, as they were stored, go through the commands of today.

``v1`` was written by version 0.1. A folder is never changed once it is here; a new schema gets a folder of its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.schema import SCHEMA_VERSION
from codedance.store import RunFolder
from codedance.synth.generate import read_chunks
from codedance.train.curves import read_curve
from codedance.viewer.runs.scored import read_scores

FORMATS = Path(__file__).parent
STORED = sorted(path.parent for path in FORMATS.glob("v*/**/trajectories.jsonl"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A copy: nothing may be written beside what was stored."""
    return shutil.copytree(FORMATS / "v1", tmp_path / "v1")


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def lost(stored: Any, read: Any, place: str = "") -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """What stood in a file and is not in what was read from it; new fields are no loss."""
    if isinstance(stored, dict):
        return [one for key in stored for one in lost(stored[key], (read or {}).get(key), f"{place}.{key}")]
    if isinstance(stored, list):
        pairs = zip(stored, [*(read or []), *[None] * len(stored)], strict=False)
        return [one for number, (old, new) in enumerate(pairs) for one in lost(old, new, f"{place}[{number}]")]
    return [] if stored == read else [f"{place}: {stored!r} became {read!r}"]


def test_every_schema_has_its_runs() -> None:
    assert {path.name for path in FORMATS.glob("v*")} == {f"v{number}" for number in range(1, SCHEMA_VERSION + 1)}
    assert len(STORED) == 4


@pytest.mark.parametrize("folder", STORED, ids=lambda path: str(path.relative_to(FORMATS)))
def test_trajectories_are_read_with_nothing_lost(folder: Path) -> None:
    stored = [json.loads(line) for line in (folder / "trajectories.jsonl").read_text().splitlines()]
    opened = RunFolder.open(folder)
    read = list(opened.trajectories())
    assert len(read) == len(stored) > 0
    for old, new in zip(stored, read, strict=True):
        assert lost(old, json.loads(new.model_dump_json())) == []
        assert opened.load_pictures(new)


@pytest.mark.parametrize("folder", STORED, ids=lambda path: str(path.relative_to(FORMATS)))
def test_they_are_still_what_was_sealed_and_can_be_looked_at(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "run")
    report = json.loads(run("verify", copy, "--json"))
    assert sum(one["sealed"] for one in report["runs"]) == len(list(RunFolder.open(folder).trajectories()))
    pages = json.loads(run("view", copy, "-o", tmp_path / "pages", "--json"))
    assert pages["missing"] == 0


def test_code_of_then_shows_the_same_today(written: Path) -> None:
    assert json.loads(run("replay", written / "ask", "--json"))["same"] is True


def test_an_evaluation_is_scored_and_reported(written: Path, tmp_path: Path) -> None:
    assert len(list(read_scores(written / "eval"))) == 2
    run("report", written / "eval", "--out", tmp_path / "report")
    assert "worlds/counting/easy" in (tmp_path / "report" / "report.md").read_text()


def test_curves_are_drawn_and_attempts_scored(written: Path, tmp_path: Path) -> None:
    assert [line.step for line in read_curve(written / "train")] == [0, 1]
    for name in ("train", "sft"):
        run("train", "plot", written / name, "--out", tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    assert "4 attempts" in run("reward", "explain", written / "train" / "rollouts" / "step-000001")


def test_a_generated_set_is_known_as_finished(written: Path) -> None:
    assert [chunk.number for chunk in read_chunks(written / "set")] == [0]
    assert "kept 4" in run("analyze", "holdout", written / "set", "--operation", "draw_grid", "--out", written / "less")
