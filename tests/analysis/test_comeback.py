"""Whether an operation that was held out comes back in training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from codedance.analysis.attempts import read_attempts
from codedance.analysis.comeback import comeback_figures, comeback_of, comeback_sections
from codedance.analysis.operations import Operation
from codedance.analysis.tables import section_text
from codedance.cli.app import app
from codedance.errors import CodeDanceError, DataError
from tests.analysis.small_runs import corpus, training_run


def comeback(*words: str) -> Result:
    return CliRunner().invoke(app, ["analyze", "comeback", *words])


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


def test_an_operation_is_followed_over_the_steps(tmp_path: Path) -> None:
    attempts = list(read_attempts(training_run(tmp_path / "rl")))
    found = comeback_of(attempts, {Operation.DRAW_GRID}, run="rl")
    assert found.first_step == 2
    assert [(one.first, one.last, one.used.right, one.used.count) for one in found.by_step] == [
        (1, 1, 0, 4), (2, 2, 2, 4),
    ]  # fmt: skip
    early, late = found.parts
    assert (early.success, early.right_with) == (None, None)
    assert late.success is not None
    assert (late.success.right, late.success.count) == (1, 2), "one of the two failed"
    assert late.right_with is not None
    assert late.right is not None
    assert (late.right_with.right, late.right_with.count, late.right.right, late.right.count) == (2, 2, 2, 4)
    assert late.coded.right == 4
    text = section_text(comeback_sections([found]))
    assert "| rl  | 1 to 1" in text
    assert "step 2" in text
    assert comeback_figures([found])["comeback.svg"]().startswith(b"<?xml")


def test_what_is_never_done_is_said_and_other_domains_are_passed_over(tmp_path: Path) -> None:
    attempts = list(read_attempts(training_run(tmp_path / "rl")))
    never = comeback_of(attempts, {Operation.SOLVE}, run="rl", domains=["counting"])
    assert never.first_step is None
    assert "never" in section_text(comeback_sections([never]))
    with pytest.raises(DataError, match="keeps no attempts of training steps in search; train with"):
        comeback_of(attempts, {Operation.CROP}, run="rl", domains=["search"])
    with pytest.raises(DataError, match="keeps no attempts of training steps"):
        comeback_of(read_attempts(corpus(tmp_path / "sft")), {Operation.CROP}, run="sft")


def test_the_command_sets_runs_beside_each_other(tmp_path: Path) -> None:
    one, other = training_run(tmp_path / "held-out"), training_run(tmp_path / "control")
    result = comeback(
        str(one), str(other), "--operation", "draw_grid", "--operation", "solve", "-o", str(tmp_path / "o")
    )
    assert result.exit_code == 0, result.output
    page = (tmp_path / "o" / "comeback.md").read_text()
    assert "Does draw_grid or solve come back?" in page
    assert "held-out" in page
    assert "control" in page
    values = json.loads(comeback(str(one), "--operation", "crop", "--domain", "counting", "--json").output)
    assert [part["used"]["right"] for part in values[0]["by_step"]] == [4, 2]
    assert "choose among" in said(comeback(str(one), "--operation", "cut"))
