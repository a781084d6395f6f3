"""``codedance worlds`` as a person or a program uses it: files, JSON, one clear line for each mistake."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from codedance.tasks.worlds import Difficulty, make_scene

CODEDANCE = [sys.executable, "-m", "codedance.cli.app", "worlds"]


def worlds(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*CODEDANCE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def rendered(*arguments: str | Path) -> list[dict[str, Any]]:
    result = worlds("render", "--json", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    scenes: list[dict[str, Any]] = json.loads(result.stdout)
    return scenes


def test_pictures_are_written_and_described_as_json(tmp_path: Path) -> None:
    scenes = rendered("--out", tmp_path / "new" / "folder", "--count", "10", "--seed", "3")
    assert len(scenes) == 10
    assert {tuple(scene) for scene in scenes} == {("id", "images", "question", "answer", "family", "difficulty")}
    cells = Counter((scene["family"], scene["difficulty"]) for scene in scenes)
    assert len(cells) == 4
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
    assert [scene["family"] for scene in hard] == ["counting", "search"]


def test_without_json_a_table_is_printed(tmp_path: Path) -> None:
    result = worlds("render", "--out", tmp_path, "--count", "2", "--seed", "1")
    head, first, second = result.stdout.splitlines()
    assert head.split() == ["picture", "question", "answer"]
    scene = make_scene("counting", Difficulty.EASY, 1_000_000)
    assert first.startswith("counting-easy-1000000.png  ")
    assert scene.question in first
    assert first.endswith(f" {scene.answer}")
    assert second.startswith("search-easy-1000000.png  ")


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
    result = worlds("baselines", "--count", "20", "--json")
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [(row["family"], row["difficulty"]) for row in rows] == [
        ("counting", "easy"),
        ("search", "easy"),
        ("counting", "hard"),
        ("search", "hard"),
    ]
    for row in rows:
        assert row["scenes"] == 20
        assert 1 / 20 <= row["constant_accuracy"] <= 1
        assert 0 <= row["question_only_accuracy"] <= 1
    table = worlds("baselines", "--count", "20").stdout.splitlines()
    assert len(table) == 5
    assert f"{rows[0]['constant_accuracy']:.3f} ({rows[0]['constant_answer']})" in table[1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--count", "0"], "--count 0: choose a number from 1 to 4000000"),
        (["--count", "-3"], "--count -3: choose a number from 1 to 4000000"),
        (["--seed", "-1"], "--seed -1: choose 0 or more"),
        (["--family", "chess"], "--family chess: there is no such family; choose counting or search"),
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
