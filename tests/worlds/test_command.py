"""``codedance worlds`` as a person or a program uses it: files, JSON, one clear line for each mistake."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from codedance.cli.app import main
from codedance.cli.worlds_baselines import _Cell, _cell, _Oracle, _print
from codedance.tasks.worlds import FAMILIES, Difficulty, make_scene
from codedance.tasks.worlds.baselines import Question
from codedance.tasks.worlds.blind import SOLVERS

CELLS = [(family, level.value) for level in Difficulty for family in FAMILIES]
"""All cells in the order in which they take turns."""
CODEDANCE = [sys.executable, "-m", "codedance.cli.app", "worlds"]


def worlds(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, which has loaded everything already."""
    printed, told = io.StringIO(), io.StringIO()
    code: object = None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setattr(sys, "argv", ["codedance", "worlds", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(arguments, int(str(code or 0)), printed.getvalue(), told.getvalue())


def worlds_apart(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [*CODEDANCE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def rendered(*arguments: str | Path) -> list[dict[str, Any]]:
    result = worlds("render", "--json", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    scenes: list[dict[str, Any]] = json.loads(result.stdout)
    return scenes


def test_pictures_are_written_and_described_as_json(tmp_path: Path) -> None:
    count = 2 * len(CELLS) + 2
    scenes = rendered("--out", tmp_path / "new" / "folder", "--count", str(count), "--seed", "3")
    assert len(scenes) == count
    assert {tuple(scene) for scene in scenes} == {("id", "images", "question", "answer", "family", "difficulty")}
    cells = Counter((scene["family"], scene["difficulty"]) for scene in scenes)
    assert list(cells) == CELLS
    assert set(cells.values()) == {2, 3}, "families and difficulties alternate evenly"
    names = [name for scene in scenes for name in scene["images"]]
    assert sorted(names) == sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    for scene in scenes:
        source, family, difficulty, seed = scene["id"].split("/")
        assert (source, family, difficulty) == ("worlds", scene["family"], scene["difficulty"])
        again = make_scene(family, Difficulty(difficulty), int(seed))
        assert (scene["question"], scene["answer"]) == (again.question, again.answer)
        with Image.open(tmp_path / "new" / "folder" / scene["images"][0]) as image:
            assert image.convert("RGB").tobytes() == again.image.tobytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_shares_no_scene(tmp_path: Path) -> None:
    first = rendered("--out", tmp_path / "a", "--count", "6", "--seed", "1")
    again = rendered("--out", tmp_path / "b", "--count", "6", "--seed", "1")
    other = rendered("--out", tmp_path / "c", "--count", "6", "--seed", "2")
    assert first == again
    for scene in first:
        name = scene["images"][0]
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert not {scene["id"] for scene in first} & {scene["id"] for scene in other}


def test_one_family_and_one_difficulty_can_be_asked_for(tmp_path: Path) -> None:
    search = rendered("--out", tmp_path, "--count", "4", "--family", "search")
    assert [scene["difficulty"] for scene in search] == ["easy", "hard", "easy", "hard"]
    assert {scene["family"] for scene in search} == {"search"}
    hard = rendered("--out", tmp_path, "--count", "2", "--difficulty", "hard")
    assert [scene["family"] for scene in hard] == list(FAMILIES[:2])


def test_without_json_a_table_is_printed(tmp_path: Path) -> None:
    result = worlds("render", "--out", tmp_path, "--count", "2", "--seed", "1")
    head, first, second = result.stdout.splitlines()
    assert head.split() == ["picture", "question", "answer"]
    scene = make_scene("counting", Difficulty.EASY, 1_000_000)
    assert first.startswith("counting-easy-1000000.png  ")
    assert scene.question in first
    assert first.endswith(f" {scene.answer}")
    assert second.startswith(f"{FAMILIES[1]}-easy-1000000.png  ")


def test_a_terminal_sees_a_bar_and_json_stays_alone_on_stdout(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*CODEDANCE, "render", "--out", str(tmp_path), "--count", "40", "--json"]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        assert process.stdout is not None
        printed = process.stdout.read()
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert len(json.loads(printed)) == 40
    assert b"scenes" in shown


def test_baselines_are_printed_for_every_cell() -> None:
    result = worlds("baselines", "--count", "5", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    rows = json.loads(result.stdout)
    assert [(row["family"], row["difficulty"]) for row in rows] == CELLS
    for row in rows:
        assert row["scenes"] == 5
        assert 1 / 5 <= row["constant_accuracy"] <= 1
        assert 0 <= row["blind_accuracy"] <= 1
        assert row["blind_solver"] in SOLVERS
        assert row["oracle"] is None
        assert row["flagged"] == (row["blind_accuracy"] > 0.7)
        assert "by_question" not in row


def test_a_table_says_the_same_as_the_json() -> None:
    cell = ("--family", "search", "--difficulty", "easy", "--count", "40", "--by-question")
    (row,) = json.loads(worlds("baselines", *cell, "--json", "--oracle", "3").stdout)
    head, line, *more = worlds("baselines", *cell).stdout.splitlines()
    assert re.split("  +", head) == ["family", "difficulty", "best constant", "image-blind", "oracle", "turns"]
    assert re.split("  +", line) == [
        "search",
        "easy",
        f"{row['constant_accuracy']:.3f} ({row['constant_answer']})",
        f"{row['blind_accuracy']:.3f} ({row['blind_solver']})",
        "-",
        "-",
    ]
    assert row["oracle"] == {"episodes": 3, "accuracy": 1.0, "turns_with_code": 1.0, "faults": []}
    assert [one["asks"] for one in row["by_question"]] == ["glyph", "shape"]
    assert sum(one["scenes"] for one in row["by_question"]) == 40
    shares = [one["scenes"] * one["blind_accuracy"] for one in row["by_question"]]
    assert sum(shares) / 40 == pytest.approx(row["blind_accuracy"])
    assert [re.split("  +", one)[:2] for one in more] == [
        [f"- {one['asks']}", f"{one['scenes']} scenes"] for one in row["by_question"]
    ]


def cell_of(answers: Callable[[int], str], oracle: float | None) -> _Cell:
    asked = [Question("How many are there?", answers(index)) for index in range(60)]
    shown = None if oracle is None else _Oracle(5, oracle, 1.5, ())
    return _cell(("charts", Difficulty.EASY), asked, 20, shown)


def test_a_cell_that_guessing_solves_is_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    fair = cell_of(lambda index: str(index % 5), 1.0)
    poor = cell_of(lambda index: str(index % 5), 0.45)
    solved = cell_of(lambda index: "3", None)
    assert fair.blind_accuracy == pytest.approx(0.2, abs=0.05)
    assert solved.blind_accuracy == 1.0
    assert (fair.flagged, poor.flagged, solved.flagged) == (False, True, True)
    _print([fair, poor, solved], by_question=False)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.endswith("!") for line in lines] == [False, True, True]


def test_several_processes_draw_the_same_scenes() -> None:
    cell = ("baselines", "--family", "counting", "--difficulty", "easy", "--count", "80", "--json")
    assert worlds_apart(*cell, "--jobs", "2").stdout == worlds(*cell, "--jobs", "1").stdout


def test_the_help_names_all_families() -> None:
    for command in ("render", "baselines", "show"):
        said = " ".join(re.sub(r"[│\n]", " ", worlds(command, "--help").stdout).split())
        assert ", ".join(FAMILIES) in said


def shown(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    result = worlds("show", "--json", *arguments)
    return result.returncode, json.loads(result.stdout), result.stderr


def test_a_scene_is_shown_as_a_picture_and_a_page(tmp_path: Path) -> None:
    scene = make_scene("search", Difficulty.HARD, 17)
    cell = ("--family", "search", "--difficulty", "hard", "--seed", "17")
    code, told, errors = shown(*cell, "--out", tmp_path / "new")
    assert (code, errors) == (0, "")
    assert (told["id"], told["question"], told["answer"]) == ("worlds/search/hard/17", scene.question, scene.answer)
    assert (told["answered"], told["turns"], told["fault"]) == (scene.answer, 2, None)
    with Image.open(told["picture"]) as image:
        assert image.convert("RGB").tobytes() == scene.image.tobytes()
    page = Path(told["trace"]).read_text()
    assert "ImageColor.getrgb" in re.sub(r"<[^>]*>", "", page)
    assert page.count("data:image/png;base64,") >= 2, "the picture and the crop"
    slip = worlds("show", *cell, "--out", tmp_path / "new", "--mode", "slip").stdout.splitlines()
    assert {f"question: {scene.question}", f"answered: {scene.answer}", "turns: 3", "fault: -"} <= set(slip)
    assert f"trace: {told['trace']}" not in slip


def test_an_easy_scene_is_shown_at_a_glance(tmp_path: Path) -> None:
    cell = ("--family", "search", "--difficulty", "easy", "--seed", "3", "--mode", "direct")
    code, told, _ = shown(*cell, "--out", tmp_path)
    assert (code, told["turns"]) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--family", "chess"], f"--family chess: there is no such family; choose one of {', '.join(FAMILIES)}"),
        (["--seed", "-1"], "--seed -1: choose a number from 0 to 1000000000000"),
        (
            ["--difficulty", "hard", "--mode", "direct"],
            "--mode direct: a hard scene cannot be answered at a glance; choose code or slip",
        ),
        (["--out", "/proc/self/worlds"], "--out /proc/self/worlds: cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_shown_is_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    options = {"--family": "search", "--difficulty": "easy", "--seed": "1", "--out": str(tmp_path / "out")}
    options |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    result = worlds("show", *(word for pair in options.items() for word in pair))
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"codedance: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--count", "0"], "--count 0: choose a number from 1 to 333333"),
        (["--count", "5", "--oracle", "6"], "--oracle 6: choose a number from 0 to 5, the count of scenes"),
        (["--oracle", "-1"], "--oracle -1: choose a number from 0 to 200, the count of scenes"),
        (["--seed", "-1"], "--seed -1: choose 0 or more"),
        (["--difficulty", "nasty"], "--difficulty nasty: there is no such difficulty; choose easy or hard"),
    ],
)
def test_a_wrong_option_of_the_baselines_is_one_line(arguments: list[str], line: str) -> None:
    result = worlds("baselines", *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"codedance: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--count", "0"], f"--count 0: choose a number from 1 to {len(CELLS)}000000"),
        (["--count", "-3"], f"--count -3: choose a number from 1 to {len(CELLS)}000000"),
        (["--seed", "-1"], "--seed -1: choose 0 or more"),
        (["--family", "chess"], f"--family chess: there is no such family; choose one of {', '.join(FAMILIES)}"),
        (["--difficulty", "nasty"], "--difficulty nasty: there is no such difficulty; choose easy or hard"),
    ],
)
def test_a_wrong_option_is_one_line_that_says_what_to_do(tmp_path: Path, arguments: list[str], line: str) -> None:
    result = worlds("render", "--out", tmp_path / "out", *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"codedance: {line}\n")
    assert not (tmp_path / "out").exists(), "nothing is written"


def test_a_folder_that_cannot_be_one_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out, reason in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "x", "lies below a file")):
        result = worlds("render", "--out", out)
        assert (result.returncode, result.stdout) == (2, "")
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1
    # Nobody, root included, can write below /proc.
    result = worlds("render", "--out", "/proc/self/worlds")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in result.stderr
