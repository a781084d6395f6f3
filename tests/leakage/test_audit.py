"""``codedance audit`` as a reviewer uses it: planted rows are found, others are clean, scores are told on both."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from codedance.cli.app import main
from codedance.imaging import Picture
from codedance.schema import NumberAnswer, Task
from codedance.store import Manifest, RunFolder
from tests.bench.examples import base64_picture, write_lines, write_parquet
from tests.similarity.planted import CHANGES, world_picture

COMPANIES = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heath")
HOSTILE = "Which year? <script>alert(1)</script> | `x` \x1b[31m\u202e [a](http://b)"


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, which has loaded everything already."""
    printed, told = io.StringIO(), io.StringIO()
    code: object = None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setattr(sys, "argv", ["codedance", *words])
        patch.chdir(folder)
        try:
            main()
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(words, int(str(code or 0)), printed.getvalue(), told.getvalue())


def picture(number: int) -> Image.Image:
    return world_picture(("charts", "tables", "geometry")[number % 3], 500 + number)


def question(number: int) -> str:
    """Nine words; no eight of them in a row are those of another row."""
    return f"In {2000 + number} what was the share of {COMPANIES[number % 8]} {number}?"


def row(number: int, image: bytes | None = None, asked: str | None = None) -> dict[str, Any]:
    """A row of ChartQA."""
    data = Picture.from_image(picture(number)).data if image is None else image
    return {
        "image": {"bytes": data, "path": None},
        "query": asked or question(number),
        "label": [str(number)],
        "human_or_machine": number % 2,
    }


def train(folder: Path, items: list[tuple[str, Image.Image]]) -> None:
    """A run folder with tasks."""
    made = RunFolder.create(folder, Manifest(kind="tasks"))
    for number, (asked, image) in enumerate(items):
        one = Picture.from_image(image)
        task = Task(id=f"t/{number}", source="t", question=asked, images=(one.ref,), answer=NumberAnswer(value=number))
        made.add_task(task, {one.ref.sha256: one})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight rows, four of them in the training set: identical, recompressed, cut and reworded, only the picture."""
    folder = tmp_path_factory.mktemp("desk")
    write_parquet(folder / "chartqa.parquet", [row(number) for number in range(8)])
    jpeg, cut = CHANGES["half and JPEG 50"], CHANGES["10 % cut off"]
    train(
        folder / "train",
        [
            (question(0).upper(), picture(0)),
            (question(1), jpeg(picture(1), Random(1))),
            ("Please tell. " + question(2), cut(picture(2), Random(4))),
            ("Describe what you see.", picture(3)),
            *((f"What is in field {number}?", picture(number)) for number in range(40, 50)),
        ],
    )
    replies = [
        {
            "prediction": str(number) if number != 5 else "99",
            "row": {name: value for name, value in row(number).items() if name != "image"},
        }
        for number in range(8)
    ]
    write_lines(folder / "replies.jsonl", [*replies[:7], replies[7] | {"prediction": None, "error": "timed out"}])
    return folder


ARGUMENTS = ("--against", "chartqa", "--data", "chartqa.parquet", "--allow-partial")


@pytest.fixture(scope="module")
def audited(desk: Path) -> subprocess.CompletedProcess[str]:
    return run("audit", "train", *ARGUMENTS, "--scored", "replies.jsonl", "--out", "audits", "--json", folder=desk)


def grades(path: Path) -> dict[str, str]:
    lines = (path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    return {one["key"]: one["grade"] for one in map(json.loads, lines)}


def test_every_row_has_its_grade_and_leaks_give_code_one(desk: Path, audited: subprocess.CompletedProcess[str]) -> None:
    assert (audited.returncode, audited.stderr) == (1, "")
    expected = ["identical", "near", "near", "suspicious", *["clean"] * 4]
    assert grades(desk / "audits") == {str(number): grade for number, grade in enumerate(expected)}
    report = json.loads(audited.stdout)
    assert report == json.loads((desk / "audits" / "audit.json").read_text())
    assert report["grades"] == {"identical": 1, "near": 2, "suspicious": 1, "unreadable": 0, "clean": 4}
    assert (report["train"]["rows"], report["against"]["rows"], report["data"]["rows"]) == (14, 8, 8)
    assert [one["key"] for one in report["flagged"]] == ["0", "1", "2", "3"]


def test_the_evidence_names_both_parts_and_the_training_item(
    desk: Path, audited: subprocess.CompletedProcess[str]
) -> None:
    first, second, third, fourth = json.loads(audited.stdout)["flagged"]
    assert (first["picture"], first["question"], first["train"]) == ("pixels", "same", "t/0")
    assert (second["picture"], second["question"], second["train"]) == ("hash", "same", "t/1")
    assert (third["picture"], third["question"]) == ("aligned", "ngram")
    assert third["likeness"] > 0.93
    assert (third["answer"], third["train_answer"]) == ("2", "2")
    assert (fourth["picture"], fourth["question"]) == ("pixels", None)


def test_scores_are_told_on_all_rows_and_on_the_clean_ones(
    audited: subprocess.CompletedProcess[str],
) -> None:
    scores = {one["subset"]: one["tally"] for one in json.loads(audited.stdout)["scores"]}
    told = {name: (one["right"], one["rows"], one["errors"]) for name, one in scores.items()}
    assert told == {"all": (6, 8, 1), "without identical and near": (3, 5, 1), "clean": (2, 4, 1)}


def test_the_page_shows_the_pairs_and_loads_nothing(desk: Path, audited: subprocess.CompletedProcess[str]) -> None:
    page = (desk / "audits" / "audit.html").read_text(encoding="utf-8")
    assert page.count("<article>") == 4
    assert page.count("data:image/jpeg;base64,") == 8
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    text = (desk / "audits" / "audit.md").read_text(encoding="utf-8")
    assert "3 of 8 rows of chartqa are in the training set; 1 more are suspicious." in text
    assert "| clean | 50.0 (15.0-85.0) | 2/4 | 1 | 0 |" in text


def test_the_same_audit_gives_the_same_rows(desk: Path, audited: subprocess.CompletedProcess[str]) -> None:
    run("audit", "train", *ARGUMENTS, "--out", "again", "--jobs", "3", folder=desk)
    assert (desk / "again" / "rows.jsonl").read_bytes() == (desk / "audits" / "rows.jsonl").read_bytes()


def test_people_get_the_page_of_markdown(desk: Path) -> None:
    said = run("audit", "train", *ARGUMENTS, "--out", "told", "--pairs", "1", folder=desk)
    assert said.stdout == (desk / "told" / "audit.md").read_text(encoding="utf-8") + "\n"
    assert "3 more are in rows.jsonl" in (desk / "told" / "audit.html").read_text(encoding="utf-8")


def test_a_training_set_without_the_rows_gives_code_zero(desk: Path, tmp_path: Path) -> None:
    train(tmp_path / "other", [(f"What is in field {number}?", picture(number)) for number in range(60, 66)])
    result = run("audit", str(tmp_path / "other"), *ARGUMENTS, "--out", str(tmp_path / "out"), folder=desk)
    assert result.returncode == 0, result.stdout
    assert set(grades(tmp_path / "out").values()) == {"clean"}


@pytest.mark.parametrize("form", ["swift", "trl", "verl"])
def test_exported_sets_are_read_as_they_are(form: str, desk: Path, tmp_path: Path) -> None:
    run("export", form, "train", "--out", str(tmp_path / form), folder=desk)
    result = run("audit", str(tmp_path / form), *ARGUMENTS, "--out", str(tmp_path / "out"), "--json", folder=desk)
    assert result.returncode == 1, result.stderr
    assert json.loads(result.stdout)["grades"]["near"] == 2


def test_plain_tables_are_training_sets_too(desk: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", [row(6), row(7, asked="Another one?"), row(70)])
    with (tmp_path / "train.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerows([("index", "question", "answer", "image"), (0, question(11), "1", base64_picture())])
    for name, expected in (("train.parquet", ["identical", "suspicious"]), ("train.tsv", ["clean", "clean"])):
        result = run("audit", str(tmp_path / name), *ARGUMENTS, "--out", str(tmp_path / name[-3:]), folder=desk)
        assert result.stderr == ""
        found = grades(tmp_path / name[-3:])
        assert [found["6"], found["7"]] == expected


def test_a_run_is_audited_against_another(desk: Path, tmp_path: Path) -> None:
    train(tmp_path / "held-out", [(question(0), picture(0)), ("Which?", picture(80))])
    result = run("audit", "train", "--against", str(tmp_path / "held-out"), "--out", str(tmp_path / "o"), folder=desk)
    assert result.returncode == 1
    assert grades(tmp_path / "o") == {"t/0": "identical", "t/1": "clean"}


def test_a_row_whose_picture_cannot_be_read_is_not_clean(desk: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "rows.parquet", [row(5), row(6, image=b"\x89PNG broken")])
    words = ("--against", "chartqa", "--data", str(tmp_path / "rows.parquet"), "--out", str(tmp_path / "out"), "--json")
    strict = run("audit", "train", *words, folder=desk)
    assert "2 rows, but chartqa test has 2500" in strict.stderr
    result = json.loads(run("audit", "train", *words, "--allow-partial", folder=desk).stdout)
    # --allow-partial leaves such rows out where an evaluation is made; an audit must tell of them.
    assert (result["grades"]["unreadable"], result["grades"]["clean"]) == (1, 1)
    assert result["flagged"][0]["note"] == "its picture could not be read"


def test_unreadable_training_rows_are_counted_and_named(desk: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", [row(0), row(1, image=b"GIF89a")])
    words = ("audit", str(tmp_path / "train.parquet"), *ARGUMENTS, "--out", str(tmp_path / "out"), "--json")
    side = json.loads(run(*words, folder=desk).stdout)["train"]
    assert (side["rows"], side["items"], side["unreadable"]) == (2, 1, 1)
    assert side["faults"][0].startswith("row 1: ")


def test_what_data_say_cannot_become_markup(tmp_path: Path) -> None:
    write_parquet(tmp_path / "chartqa.parquet", [row(0, asked=HOSTILE)])
    train(tmp_path / "train", [(HOSTILE, picture(0))])
    result = run("audit", "train", *ARGUMENTS, "--out", "out", folder=tmp_path)
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert result.returncode == 1
    assert "<script" not in page + result.stdout
    assert "\x1b" not in page + result.stdout
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere", *ARGUMENTS), "nowhere: there is no such file or folder"),
        (("train", "--against", "gqa"), "--against gqa: is no path and no benchmark (countbench"),
        (("train", "--against", "train", "--data", "chartqa.parquet"), "--data goes with the name of a benchmark"),
        (("train", "--against", "train", "--scored", "replies.jsonl"), "--scored goes with the name of a benchmark"),
        (("train", *ARGUMENTS, "--scored", "replies.jsonl", "--mode", "lenient"), "--mode lenient: choose"),
        (("train", *ARGUMENTS, "--scored", "train"), "train: is no run folder of an evaluation"),
        (("train", *ARGUMENTS, "--scored", "gone.jsonl"), "gone.jsonl: cannot be read"),
        (("train", "--against", "vstar", "--data", "chartqa.parquet"), "vstar needs the columns"),
        (("empty", *ARGUMENTS), "empty: holds no file that ends with"),
        (("hollow", *ARGUMENTS), "hollow: holds nothing to compare"),
        (("columns.jsonl", *ARGUMENTS), "columns.jsonl, row 1: no question in the columns question, query"),
        (("broken.parquet", *ARGUMENTS), "broken.parquet: is no parquet file, or is cut off"),
        (("unreadable.jsonl", *ARGUMENTS), "unreadable.jsonl: none of 1 records could be read (first: row 0"),
    ],
)
def test_bad_input_is_one_line_and_code_two(words: tuple[str, ...], message: str, desk: Path) -> None:
    (desk / "empty").mkdir(exist_ok=True)
    RunFolder.create(desk / "hollow", Manifest(kind="tasks"))
    (desk / "columns.jsonl").write_text('{"a": 1}\n')
    (desk / "broken.parquet").write_bytes(b"PAR1 and no more")
    (desk / "unreadable.jsonl").write_text('{"question": "Which?", "image": "gone.png"}\n')
    result = run("audit", *words, "--out", "bad", folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_scores_of_rows_that_were_not_audited_are_refused(desk: Path, tmp_path: Path) -> None:
    rows = [{"prediction": "1", "row": {"index": number, "query": "?", "label": ["1"]}} for number in range(90, 92)]
    write_lines(tmp_path / "other.jsonl", rows)
    words = ("audit", "train", *ARGUMENTS, "--scored", str(tmp_path / "other.jsonl"), "--out", str(tmp_path / "o"))
    assert "none of its 2 rows (first: '90') is a row of the audit" in run(*words, folder=desk).stderr


def test_a_folder_that_cannot_be_written_is_told(desk: Path) -> None:
    (desk / "taken").write_text("")
    result = run("audit", "train", *ARGUMENTS, "--out", "taken", folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert "taken: cannot be written" in result.stderr
