"""Results leave for VLMEvalKit and Inspect as these programs read them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from codedance.bench import get
from codedance.bench.interop.vlmevalkit import FAILED_SENTENCE, vlmevalkit_row
from codedance.imaging import Picture
from codedance.schema import Failure, FailureKind, StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RunFolder
from tests.leakage.test_audit import run

PICTURE = Picture.from_image(Image.new("RGB", (8, 6), "red"))
HOSTILE = "=SUM(A1)\tx\ny\x00\ud800"


def vstar(number: int) -> dict[str, Any]:
    """A row as VLMEvalKit's table has it."""
    row = {"index": str(number), "question": "What colour?", "A": "red", "B": "blue", "answer": "B"}
    return row | {"category": "direct_attributes", "question_id": number}


def trajectory(number: int, answer: str | None, *, name: str = "vstar", **more: Any) -> Trajectory:  # noqa: ANN401
    text = f"<think>Look.</think>\n<answer>{answer}</answer>" if answer is not None else "Hm."
    task = Task(
        id=f"{name}/{number}",
        source=name,
        question="What colour?\nA. red\nB. blue",
        images=(PICTURE.ref,),
        meta={"row": vstar(number)},
    )
    made = {"turns": (Turn(text=text, kept_characters=len(text)),), "answer": answer, "stop": StopReason.ANSWERED}
    made |= {"stop": StopReason.NO_ACTION} if answer is None else {}
    return Trajectory.model_validate(
        {"id": f"{name}/{number}#0", "task": task, "model": "server:m", "started_at": "2026-11-26T00:00:00+00:00"}
        | made
        | more
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    failure = Failure(kind=FailureKind.MODEL, type="X", message="gone")
    made = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    for one in (
        trajectory(10, "B"),
        trajectory(2, "A"),
        trajectory(3, HOSTILE),
        trajectory(4, None),
        trajectory(5, None, turns=(), stop=StopReason.MODEL_FAILED, failure=failure),
    ):
        made.add(one, {PICTURE.ref.sha256: PICTURE})
    return tmp_path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_has_the_columns_and_the_order_of_vlmevalkit(desk: Path) -> None:
    said = run("export", "vlmevalkit", "run", "--out", "m_VStarBench.tsv", folder=desk)
    assert said.stdout == "5 rows of vstar, 1 without a reply: m_VStarBench.tsv\n"
    rows = table(desk / "m_VStarBench.tsv")
    assert [row["index"] for row in rows] == ["2", "3", "4", "5", "10"]
    assert list(rows[0]) == ["index", "question", "A", "B", "category", "question_id", "answer", "prediction"]
    assert [row["prediction"] for row in rows] == ["A", "=SUM(A1)\tx\ny\x00?", "Hm.", FAILED_SENTENCE, "B"]
    scored = [get("vstar").score_text(row["prediction"], row, "compat") for row in rows]
    assert scored == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_whole_replies_are_written_where_they_are_asked_for(desk: Path) -> None:
    run("export", "vlmevalkit", "run", "--whole", "--out", "whole.tsv", folder=desk)
    assert table(desk / "whole.tsv")[4]["prediction"] == "<think>Look.</think>\n<answer>B</answer>"


def test_the_sheet_holds_text_and_no_formula(desk: Path) -> None:
    import openpyxl

    assert run("export", "vlmevalkit", "run", "--out", "m.xlsx", "--json", folder=desk).stdout.startswith('{"rows":5')
    sheet = openpyxl.load_workbook(desk / "m.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("index", "question", "A", "B", "category", "question_id", "answer", "prediction")
    assert rows[1][0] == 2
    assert sheet.cell(3, 8).data_type == "s"
    assert rows[2][7].startswith("=SUM(A1)")


def test_cells_that_a_sheet_cannot_hold_are_cut_and_counted(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    made.add(trajectory(1, "x" * 40_000), {PICTURE.ref.sha256: PICTURE})
    assert "1 cells cut" in run("export", "vlmevalkit", "run", "--out", "m.xlsx", folder=tmp_path).stdout


def test_rows_of_the_hub_get_the_usual_columns() -> None:
    row = vlmevalkit_row({"question": "Which?", "option": "A. 12;B. 120;", "answer": "B", "image_path": "x.png"}, 3)
    assert row == {"index": 3, "question": "Which?", "A": "12", "B": "120", "answer": "B", "option": "A. 12;B. 120;"}


def test_a_log_of_inspect_tells_scores_messages_and_stops(desk: Path) -> None:
    said = run("export", "inspect", "run", "--out", "log.json", folder=desk)
    assert said.stdout == "5 samples of vstar, 1 right: log.json\n"
    log = json.loads((desk / "log.json").read_text(encoding="utf-8"))
    assert (log["version"], log["status"], log["eval"]["model"]) == (2, "success", "server:m")
    assert [one["id"] for one in log["samples"]] == ["10", "2", "3", "4", "5"]
    assert [one["scores"]["strict"]["value"] for one in log["samples"]] == ["C", "I", "I", "I", "I"]
    first = log["samples"][0]
    assert [one["role"] for one in first["messages"]] == ["system", "user", "assistant"]
    assert "[picture " in first["messages"][1]["content"]
    assert len({name["id"] for name in first["messages"]} | {first["uuid"]}) == 4
    assert log["results"]["scores"][1]["metrics"]["accuracy"]["value"] == pytest.approx(0.2)


def test_the_head_of_a_log_is_whole_before_its_samples(desk: Path) -> None:
    """Who reads heads alone stops after the statistics, and wants a plan before."""
    run("export", "inspect", "run", "--out", "log.json", folder=desk)
    names = list(json.loads((desk / "log.json").read_text(encoding="utf-8")))
    assert names == ["version", "status", "eval", "plan", "results", "stats", "samples"]


def test_the_reference_of_a_world_is_a_text(tmp_path: Path) -> None:
    answer = {"kind": "number", "value": 3.0, "tolerance": 0.0}
    row = {"question": "How many?", "answer": answer, "category": "counting", "difficulty": "easy", "seed": 1}
    made = trajectory(1, "3", name="worlds/counting/easy")
    task = made.task.model_dump() | {"meta": {"row": row}, "answer": answer}
    folder = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    folder.add(made.model_copy(update={"task": Task.model_validate(task)}), {PICTURE.ref.sha256: PICTURE})
    assert run("export", "inspect", "run", "--out", "log.json", folder=tmp_path).returncode == 0
    (sample,) = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))["samples"]
    assert sample["target"] == "3"


def test_inspect_itself_reads_the_log(desk: Path) -> None:
    reader = pytest.importorskip("inspect_ai.log")
    run("export", "inspect", "run", "--out", "log.json", folder=desk)
    log = reader.read_eval_log(str(desk / "log.json"))
    assert len(log.samples) == 5
    assert log.samples[0].scores["strict"].value == "C"
    assert reader.read_eval_log(str(desk / "log.json"), header_only=True).results.total_samples == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("vlmevalkit", "run", "--out", "m.csv"), "choose a name that ends in .xlsx or .tsv"),
        (("inspect", "run", "--out", "log.eval"), "choose a name that ends in .json"),
        (("vlmevalkit", "run", "run", "--out", "m.tsv"), "vlmevalkit: name one run folder, not 2"),
        (("vlmevalkit", "run", "--benchmark", "chartqa", "--out", "m.tsv"), "--benchmark chartqa: run holds vstar"),
        (("vlmevalkit", "run", "--attempt", "3", "--out", "m.tsv"), "holds no attempt 3 at rows of vstar"),
        (("vlmevalkit", "nowhere", "--out", "m.tsv"), "nowhere: is not a run folder"),
        (("vlmevalkit", "bare", "--out", "m.tsv"), "bare: holds no rows of a benchmark"),
        (("vlmevalkit", "two", "--out", "m.tsv"), "two: holds chartqa, vstar; name one with --benchmark"),
        (("vlmevalkit", "run", "--out", "file/m.tsv"), "m.tsv: cannot be written"),
        (("xlsx", "run", "--out", "m.tsv"), "choose swift, trl, verl, hf, vlmevalkit, inspect"),
    ],
)
def test_bad_input_is_one_line_and_code_two(words: tuple[str, ...], message: str, desk: Path) -> None:
    RunFolder.create(desk / "bare", Manifest(kind="eval"))
    two = RunFolder.create(desk / "two", Manifest(kind="eval"))
    for name in ("vstar", "chartqa"):
        two.add(trajectory(1, "B", name=name), {PICTURE.ref.sha256: PICTURE})
    (desk / "file").write_text("")
    result = run("export", *words, folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
