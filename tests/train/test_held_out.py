"""Exams on held-out scenes while the nano recipe is taught, and the curves of supervised learning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.errors import CodeDanceError, ModelError, ModelReplyError, SandboxError, StoreError, UsageError
from codedance.models import ScriptedModel
from codedance.protocol import ChatMessage
from codedance.sandbox import LocalSandbox
from codedance.schema import ReasoningMode
from codedance.synth.generate import generate
from codedance.synth.plan import GenerateSettings
from codedance.tasks.worlds import Difficulty
from codedance.train.evaluate import evaluate_cell
from codedance.train.held_out import EXAMS, ExamCell, ExamLine, add_exam, exam_cells, examine, read_exams
from codedance.train.lesson_curves import is_supervised, lesson_curve, lesson_panels
from codedance.train.nano import NanoRecipe
from codedance.train.trainer import Step

TINY = """
size = "tiny"
vocabulary = 800
longest = 2000
looks_first = 1
parts = 1
families = {counting = 1}
mix = {episode = 2, see-counts = 1, look-counts = 1}
train = {steps = 4, workers = 0}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "small"
    generate(GenerateSettings(count=20, shares={"counting": 1.0}), folder, workers=1)
    return folder


def train(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", *words])


def nano(made: Path, out: Path, *words: str) -> Result:
    config = out.with_suffix(".toml")
    config.write_text(TINY, encoding="utf-8")
    return train("nano", "--data", str(made), "--out", str(out), "--config", str(config), *words)


def said(result: Result) -> str:
    assert isinstance(result.exception, CodeDanceError), result.output
    return str(result.exception)


def line(step: int, cell: str = "counting/hard/code", *, right: int = 1) -> ExamLine:
    return ExamLine(step=step, cell=cell, count=4, right=right, cells=2, cells_ok=1, direct=2)


def test_a_recipe_is_examined_in_what_it_teaches_and_no_more() -> None:
    names = [cell.name for cell in exam_cells(NanoRecipe())]
    assert names[:2] == ["counting/easy/code", "counting/hard/code"]
    assert names[-2:] == ["counting/easy/direct", "scenes/easy/direct"]
    assert exam_cells(NanoRecipe())[-3].asks == ("count",), "charts: only what the recipe teaches of them"
    looks = NanoRecipe(mix={"look-counts": 1}, looks_first=0)
    assert exam_cells(looks) == ()


@pytest.mark.anyio
async def test_an_exam_counts_right_answers_code_and_direct_ones() -> None:
    cells = [
        ExamCell(family="counting", difficulty=Difficulty.HARD),
        ExamCell(family="counting", difficulty=Difficulty.EASY, mode=ReasoningMode.DIRECT),
    ]
    written = "<think>One.</think>\n<code>\n```python\n1/0\n```\n</code>"
    model = ScriptedModel([written, *["<think>I guess.</think>\n<answer>3</answer>"] * 8])
    ticks: list[int] = []
    async with LocalSandbox() as sandbox:
        lines = await examine(model, sandbox, cells, step=7, count=2, tick=lambda: ticks.append(1))
        with pytest.raises(UsageError, match="does not ask for dances"):
            await examine(model, sandbox, [cells[0].model_copy(update={"asks": ("dances",)})], step=7, count=1)
    assert [one.cell for one in lines] == ["counting/hard/code", "counting/easy/direct"]
    assert [(one.step, one.count) for one in lines] == [(7, 2), (7, 2)]
    assert (lines[0].cells, lines[0].cells_ok, lines[0].direct) == (2, 0, 0), "both wrote it"
    assert (lines[1].cells, lines[1].direct) == (0, 2)
    assert len(ticks) == 2


def test_an_exam_that_is_made_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    assert read_exams(tmp_path) == []
    for step in (200, 400, 600):
        add_exam(tmp_path, [line(step), line(step, "search/hard/code")])
    add_exam(tmp_path, [line(400, right=3)])
    assert [(one.step, one.right) for one in read_exams(tmp_path)] == [(200, 1), (200, 1), (400, 3)]
    (tmp_path / EXAMS).write_text('{"step": 1}\n')
    with pytest.raises(StoreError, match="line 1"):
        read_exams(tmp_path)


@pytest.mark.slow
def test_exams_change_nothing_in_training_and_are_drawn(made: Path, tmp_path: Path) -> None:
    plain, examined = tmp_path / "plain", tmp_path / "examined"
    assert nano(made, plain, "--exam-every", "0").exit_code == 0
    result = nano(made, examined, "--exam-every", "2", "--exam-scenes", "1")
    assert result.exit_code == 0, result.output
    weights = [torch.load(run / "checkpoint.pt", weights_only=False)["network"] for run in (plain, examined)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not (plain / EXAMS).exists()
    assert sorted({one.step for one in read_exams(examined)}) == [2, 4]
    assert "exam after step 2: counting/easy/code" in result.output
    assert is_supervised(examined)
    panels = lesson_panels([lesson_curve(examined)])
    assert "exam: counting, direct, easy" in [panel.title for panel in panels]
    drawn = train("plot", str(plain), str(examined), "--out", str(tmp_path / "curves.svg"))
    assert drawn.exit_code == 0, drawn.output
    assert "exam: counting, code, hard (dashed: easy)" in (tmp_path / "curves.svg").read_text()


@pytest.mark.slow
def test_an_exam_that_cannot_be_held_does_not_end_the_teaching(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise SandboxError("no sandbox can be had here")

    monkeypatch.setattr("codedance.sandbox.LocalSandbox", refused)
    result = nano(made, tmp_path / "run", "--exam-every", "2", "--exam-scenes", "1")
    assert result.exit_code == 0, result.output
    assert "no exam after step 4: no sandbox can be had here" in result.output
    assert (tmp_path / "run" / "checkpoint" / "model.safetensors").exists()
    assert read_exams(tmp_path / "run") == []


def test_a_curve_has_losses_by_kind_speed_and_exams(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("read", "read_accuracy", "cell", "cell_accuracy", "point", "point_accuracy"))
    looked = Step(step=1, loss=2, text=0, accuracy=0, kinds={"look-counts": 0.0}, tokens=50, seconds=0.5, **nothing)
    wrote = looked.model_copy(update={"step": 2, "text": 0.5, "kinds": {"counting/hard/code": 0.25}})
    (tmp_path / "curve.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in (looked, wrote)))
    add_exam(tmp_path, [line(2)])
    first, second = lesson_curve(tmp_path)
    assert dict(first[1]) == {"speed": 100}
    assert second[1]["loss/counting/hard/code"] == 0.25
    assert (second[1]["exam/counting/hard/code"], second[1]["ran/counting/hard/code"]) == (0.25, 0.5)


def test_runs_that_cannot_be_drawn_together_are_refused(tmp_path: Path) -> None:
    taught, rewarded = tmp_path / "taught", tmp_path / "rewarded"
    for run, row in ((taught, {"step": 1, "kinds": {}}), (rewarded, {"step": 1})):
        run.mkdir()
        (run / "curve.jsonl").write_text(json.dumps(row) + "\n")
    assert "draw them apart" in said(train("plot", str(taught), str(rewarded)))
    assert "curve.jsonl" in said(train("plot", str(taught)))
    (taught / "curve.jsonl").write_bytes(b"\xff\n")
    assert not is_supervised(taught)
    assert "holds no curve" in said(train("plot", str(tmp_path / "none")))


@pytest.mark.anyio
async def test_what_the_model_failed_at_is_left_out_and_no_wrong_answer() -> None:
    asked: list[int] = []

    def reply(messages: Sequence[ChatMessage]) -> str:
        asked.append(len(messages))
        if len(asked) == 1:
            raise ModelReplyError("the server hung up")
        return "<think>I guess.</think>\n<answer>3</answer>"

    async with LocalSandbox() as sandbox:
        cell: dict[str, Any] = {"family": "counting", "difficulty": Difficulty.EASY, "first_seed": 5}
        report = await evaluate_cell(ScriptedModel(reply), sandbox, count=3, in_flight=1, **cell)
        assert (report.count, report.failed, report.answered) == (2, 1, 2)
        (line,) = await examine(
            ScriptedModel(reply), sandbox, [ExamCell(family="counting", difficulty=Difficulty.EASY)], step=1, count=2
        )
        assert line.count == 2
        with pytest.raises(ModelError, match=r"none of 2 episodes could be held: the model failed: .*script"):
            await evaluate_cell(ScriptedModel([]), sandbox, count=2, **cell)
