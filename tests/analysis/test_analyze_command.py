"""``codedance analyze`` as it is typed, and what is said of what cannot work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.errors import CodeDanceError
from tests.analysis.small_runs import corpus, search_attempt, training_run, write_run


def analyze(*words: str) -> Result:
    return CliRunner().invoke(app, ["analyze", *words])


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


@pytest.mark.parametrize("command", ["operations", "emergence", "faithfulness", "adaptivity"])
def test_every_report_is_written_with_its_figures_and_numbers(tmp_path: Path, command: str) -> None:
    rows = [search_attempt(1), search_attempt(2, hit=False)]
    run = write_run(tmp_path / "run", rows) if command == "faithfulness" else training_run(tmp_path / "rl")
    more = ["--sft", str(corpus(tmp_path / "sft"))] if command == "emergence" else []
    result = analyze(command, str(run), *more, "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / f"{command}.md").read_text(encoding="utf-8")
    figures = [line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert figures
    for figure in figures:
        assert (tmp_path / "out" / figure).read_bytes().startswith(b"<?xml")
    assert json.loads((tmp_path / "out" / f"{command}.json").read_text(encoding="utf-8"))
    printed = analyze(command, str(run), *more, "--json")
    assert json.loads(printed.output) == json.loads((tmp_path / "out" / f"{command}.json").read_text(encoding="utf-8"))


def test_the_same_run_gives_the_same_report(tmp_path: Path) -> None:
    run = training_run(tmp_path / "rl")
    for out in ("one", "two"):
        assert analyze("operations", str(run), "-o", str(tmp_path / out)).exit_code == 0
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["domains.svg", "operations.json", "operations.md", "operations.svg"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_labels_are_compared_on_both_halves() -> None:
    result = analyze("operations", "--labelled")
    assert "development: 67 sessions" in result.output
    assert "held out: 67 sessions" in result.output
    values = json.loads(analyze("operations", "--labelled", "--json").output)
    assert [one["part"] for one in values] == ["development", "held out"]


def test_a_file_of_code_is_read(tmp_path: Path) -> None:
    (tmp_path / "cell.py").write_text("input_image.crop((0, 0, 9, 9)).resize((90, 90))", encoding="utf-8")
    result = analyze("operations", "--code", str(tmp_path / "cell.py"))
    assert result.output.splitlines() == ["cell 0, line 1: crop", "cell 0, line 1: resize", "crop > resize"]


def test_a_set_is_written_without_an_operation(tmp_path: Path) -> None:
    source = corpus(tmp_path / "sft")
    result = analyze("holdout", str(source), "--operation", "crop", "-o", str(tmp_path / "out"))
    assert "kept 5, dropped 3 that use crop" in result.output
    assert "choose among" in said(analyze("holdout", str(source), "--operation", "cut", "-o", str(tmp_path / "x")))


def test_what_cannot_work_is_said(tmp_path: Path) -> None:
    assert "name one or more runs" in said(analyze("operations"))
    assert "name one or more runs" in said(analyze("operations", str(tmp_path), "--labelled"))
    assert "is not a run folder" in said(analyze("operations", str(tmp_path / "none")))
    assert "cannot be read" in said(analyze("operations", "--code", str(tmp_path / "none.py")))
    assert "not both" in said(analyze("faithfulness", "x", "--boxes", "a", "--vstar", "b"))
    assert "choose among" in said(analyze("feedback", "--family", "cats", "-o", str(tmp_path / "out")))
    assert "choose easy or hard" in said(analyze("feedback", "--difficulty", "tiny", "-o", str(tmp_path / "out")))
    run = training_run(tmp_path / "rl")
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert "cannot be written" in said(analyze("adaptivity", str(run), "-o", str(blocked)))
