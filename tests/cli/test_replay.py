"""``codedance replay`` and ``codedance verify`` as a stranger uses them, on what the other commands wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image
from tests.leakage.test_audit import run

from codedance.cli.recorded import Offsets, offsets
from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, CodeAction, protocol_info, render_reply
from codedance.sandbox import LocalSandbox, NoSandbox
from codedance.schema import CodeFormat, ReasoningMode, Task
from codedance.store import Manifest, RunFolder

PICTURE = Picture.from_image(Image.linear_gradient("L").resize((40, 30)).convert("RGB"))
CELLS = ("x = 3\nprint(input_image.size)\ninput_image.crop((0, 0, 9, 7))", "1 / 0", "print(x)")


def record(folder: Path, *episodes: Sequence[str]) -> Path:
    """A run with one trajectory for each sequence of cells."""

    async def play() -> None:
        made = RunFolder.create(folder, Manifest(kind="ask"))
        async with LocalSandbox() as sandbox:
            for number, cells in enumerate(episodes):
                replies = [render_reply("look", CodeAction(cell, CodeFormat.CODE)) for cell in cells]
                model = ScriptedModel([*replies, render_reply("done", AnswerAction("1"))])
                task = Task(id=f"t/{number}", source="test", question="?", images=(PICTURE.ref,))
                rollout = await run_episode(task, [PICTURE], model=model, sandbox=sandbox)
                made.add(rollout.trajectory, rollout.pictures)

    anyio.run(play)
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("made") / "run", CELLS, ["print(2)"], [])


@pytest.fixture
def desk(tmp_path: Path, recorded: Path) -> Path:
    for path in recorded.rglob("*"):
        if path.is_file():
            copy = tmp_path / "run" / path.relative_to(recorded)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return tmp_path


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "trajectories.jsonl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_run_that_repeats_is_told_with_its_rate_and_code_zero(desk: Path) -> None:
    result = run("replay", "run", "--workers", "2", "--out", "cells.jsonl", folder=desk)
    assert result.returncode == 0, result.stderr
    assert "run: 2 trajectories, 4 cells in " in result.stdout
    assert "trajectories a second\n1 other has nothing to run\n100.00% of the cells show exactly" in result.stdout
    assert "ended this time as: ok 3, error 1" in result.stdout
    kept = [json.loads(line) for line in (desk / "cells.jsonl").read_text().splitlines()]
    assert [(one["id"], len(one["verdicts"])) for one in kept] == [("t/0#0", 3), ("t/1#0", 1)]


def test_another_text_is_told_with_both_sides_and_code_one(desk: Path) -> None:
    change(desk / "run", '"stdout":"2\\n"', '"stdout":"5\\n"')
    result = run("replay", "run", folder=desk)
    assert result.returncode == 1
    assert "1 trajectory differs without a reason, 0 could not run:" in result.stdout
    assert "t/1#0, turn 1, stdout: was '5\\n', is '2\\n'" in result.stdout
    told: dict[str, Any] = json.loads(run("replay", "run", "--json", folder=desk).stdout)
    assert (told["same"], told["runs"][0]["different"], told["runs"][0]["cells"]["different"]) == (False, 1, 1)


def test_other_pixels_are_told(desk: Path) -> None:
    (line,) = [one for one in (desk / "run" / "trajectories.jsonl").read_text().splitlines() if '"t/0#0"' in one]
    shown = json.loads(line)["turns"][0]["execution"]["images"][0]["image"]["sha256"]
    other = Picture.from_image(Image.new("RGB", (9, 7), "navy"))
    RunFolder(desk / "run").pictures.add(other)
    change(desk / "run", shown, other.ref.sha256)
    result = run("replay", "run", folder=desk)
    assert result.returncode == 1
    assert "t/0#0, turn 1, pixels (63 of 63 pixels differ, by up to" in result.stdout


def test_what_must_differ_is_explained_and_counts_only_if_it_must_be_exact(tmp_path: Path) -> None:
    clock, place = "import time\nprint(time.time())", "import tempfile\nprint(tempfile.mkdtemp())"
    record(tmp_path / "run", [clock], [place], ["print(id(object))"], ["print(object())"])
    result = run("replay", "run", folder=tmp_path)
    assert result.returncode == 0, result.stdout
    assert "stdout, explained: the code reads the clock (1)" in result.stdout
    assert "stdout, explained: paths of temporary files (1)" in result.stdout
    assert run("replay", "run", "--exact", folder=tmp_path).returncode == 1


def test_lines_that_another_program_wrote_anew_run_too(desk: Path) -> None:
    path = desk / "run" / "trajectories.jsonl"
    path.write_text("".join(f"{json.dumps(json.loads(line))}\n" for line in path.read_text().splitlines()))
    assert "run: 2 trajectories, 4 cells in " in run("replay", "run", folder=desk).stdout
    assert "run: 1 trajectory, 1 cell in" in run("replay", "run", "--id", "t/1#0", folder=desk).stdout


@pytest.mark.parametrize(
    ("number", "made", "said"),
    [
        (1, lambda line: "garbage", "line 2 is no JSON (damaged?)"),
        (2, lambda line: "garbage", "line 3 is no JSON (damaged?)"),
        (1, lambda line: line[: len(line) // 2], "line 2 is no JSON (damaged?)"),
        (1, lambda line: line.replace('"stop":', '"stopped":'), "line 2 is no trajectory (stop: Field required)"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_is_not_all_well(
    number: int, made: Callable[[str], str], said: str, desk: Path
) -> None:
    path = desk / "run" / "trajectories.jsonl"
    lines = path.read_text().splitlines()
    lines[number] = made(lines[number])
    path.write_text("".join(f"{line}\n" for line in lines))
    result = run("replay", "run", folder=desk)
    assert result.returncode == 1, result.stdout
    assert f"0 could not run, 1 line cannot be read:\n  {said}\n" in result.stdout
    told = json.loads(run("replay", "run", "--json", "--limit", "1", folder=desk).stdout)
    assert (told["same"], told["runs"][0]["unreadable"]) == (False, 1)
    assert run("replay", "run", "--id", "t/0#0", folder=desk).returncode == 0
    verified = run("verify", "run", folder=desk)
    assert (verified.returncode, f"unreadable: {said[:6]}: " in verified.stdout) == (1, True)


def test_a_run_without_trajectories_among_others_is_passed_over(desk: Path) -> None:
    RunFolder.create(desk / "begun", Manifest(kind="ask"))
    (desk / "begun" / "trajectories.jsonl").touch()
    result = run("replay", ".", folder=desk)
    assert result.returncode == 0, result.stderr
    assert "run: 2 trajectories, 4 cells" in result.stdout


def test_a_sample_and_a_single_trajectory_can_be_chosen(desk: Path) -> None:
    assert "1 of 2 trajectories (seed 3)" in run("replay", "run", "--limit", "1", "--seed", "3", folder=desk).stdout
    one = run("replay", "run", "--id", "t/1#0", folder=desk)
    assert "run: 1 trajectory, 1 cell in" in one.stdout
    assert "holds no trajectory 't/9'" in run("replay", "run", "--id", "t/9", folder=desk).stderr


def test_other_libraries_than_it_was_recorded_with_are_named(desk: Path) -> None:
    path = desk / "run" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "versions": {**manifest["versions"], "numpy": "1.0", "old": "2"}}))
    assert "recorded with numpy 1.0 (now " in (said := run("replay", "run", folder=desk).stdout)
    assert "old 2 (now not installed)" in said


def test_parts_that_the_harness_cut_out_are_cut_out_again(tmp_path: Path) -> None:
    call = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [4, 4, 20, 16]}}
    text = f"<think>closer</think><tool_call>{json.dumps(call)}</tool_call>"
    second = text.replace("[4, 4, 20, 16]", "[1, 1, 9, 9]").replace('"arguments": {', '"arguments": {"image": 2, ')
    model = ScriptedModel([text, second, "<think>so</think><answer>1</answer>"])
    task = Task(id="z", source="test", question="?", images=(PICTURE.ref,))
    settings = EpisodeSettings(protocol=protocol_info(mode=ReasoningMode.SCHEMA))

    async def play() -> None:
        rollout = await run_episode(task, [PICTURE], model=model, sandbox=NoSandbox(), settings=settings)
        RunFolder.create(tmp_path / "run", Manifest(kind="ask")).add(rollout.trajectory, rollout.pictures)

    anyio.run(play)
    result = run("replay", "run", folder=tmp_path)
    assert result.returncode == 0
    assert "run: 1 trajectory, 2 cells" in result.stdout
    assert "cells: same 2" in result.stdout


def test_a_trajectory_that_was_printed_is_replayed_and_verified_with_the_pictures_of_its_run(desk: Path) -> None:
    line = (desk / "run" / "trajectories.jsonl").read_text().splitlines()[0]
    (desk / "trace.json").write_text(json.dumps(json.loads(line), indent=1))
    again = run("replay", "trace.json", "--pictures", "run/pictures", folder=desk)
    assert (again.returncode, "trace.json: 1 trajectory, 3 cells" in again.stdout) == (0, True)
    told = json.loads(run("verify", "trace.json", "--pictures", "run/pictures", "--json", folder=desk).stdout)
    assert (told["intact"], told["runs"][0]["pictures"]) == (False, 2)
    head = told["runs"][0]["head"]
    assert run("verify", "trace.json", "--pictures", "run/pictures", "--head", head, folder=desk).returncode == 0
    without = run("replay", "trace.json", folder=desk)
    assert (without.returncode, "t/0#0 could not run" in without.stdout) == (1, True)


def test_what_was_recorded_is_verified_and_its_head_printed(desk: Path) -> None:
    result = run("verify", "run", folder=desk)
    assert result.returncode == 0, result.stdout
    first, head = result.stdout.splitlines()
    assert first == "run: is what was recorded (3 trajectories, 7 turns, 2 pictures)"
    assert run("verify", "run/trajectories.jsonl", "--head", head.split()[1], folder=desk).returncode == 0
    change(desk / "run", '"stdout":"2\\n"', '"stdout":"5\\n"')
    changed = run("verify", "run", folder=desk)
    assert changed.returncode == 1
    assert "run: is NOT what was recorded (3 trajectories, 7 turns, 2 pictures): changed 1" in changed.stdout
    assert "changed: t/1#0: turn 1 has changed" in changed.stdout


def test_a_folder_of_runs_is_verified_and_replayed_run_by_run(desk: Path) -> None:
    (desk / "run").rename(desk / "one")
    record(desk / "two", ["print(2)"])
    change(desk / "two", '"stdout":"2\\n"', '"stdout":"5\\n"')
    said = run("verify", ".", folder=desk)
    assert said.returncode == 1
    assert "one: is what was recorded" in said.stdout
    assert "two: is NOT what was recorded" in said.stdout
    assert run("replay", ".", folder=desk).returncode == 1
    assert "--head: is of one run" in run("verify", ".", "--head", "0" * 64, folder=desk).stderr


def test_a_run_without_seals_is_vouched_for_by_a_head_alone(desk: Path) -> None:
    head = json.loads(run("verify", "run", "--json", folder=desk).stdout)["runs"][0]["head"]
    (desk / "run" / "seals.jsonl").unlink()
    alone = run("verify", "run", folder=desk)
    assert (alone.returncode, "nothing vouches for them" in alone.stdout) == (1, True)
    assert run("verify", "run", "--head", head, folder=desk).returncode == 0


HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\u202e"


def test_what_models_and_files_say_moves_no_cursor(tmp_path: Path) -> None:
    folder = record(tmp_path / "run", ["print('2')"])
    change(folder, '"stdout":"2\\n"', f'"stdout":{json.dumps(HOSTILE)}')
    change(folder, '"id":"t/0#0"', f'"id":{json.dumps(HOSTILE)}')
    for command in ("replay", "verify"):
        said = run(command, "run", folder=tmp_path)
        assert said.returncode == 1
        assert not set(said.stdout + said.stderr) & set("\x1b\x07\u202e")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["replay", "nowhere"], "nowhere: there is no such folder"),
        (["verify", "nowhere"], "nowhere: there is no such folder"),
        (["replay", "empty"], "empty: holds no run with trajectories"),
        (["verify", "empty"], "empty: holds no run with trajectories"),
        (["verify", "run", "--head", "abc"], "a head is 64 hexadecimal digits"),
        (["verify", "run", "--pictures", "run/pictures"], "--pictures goes with a file of one trajectory"),
        (["replay", "many.jsonl"], "holds several trajectories; name their run folder"),
        (["replay", "run", "--out", "note.txt/x"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_code_two(words: list[str], message: str, desk: Path) -> None:
    (desk / "empty").mkdir()
    (desk / "note.txt").write_text("hello")
    (desk / "many.jsonl").write_bytes((desk / "run" / "trajectories.jsonl").read_bytes())
    result = run(*words, folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_run_that_vanishes_before_it_runs_again_is_one_line_and_code_two(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanishing(folder: Path, name: str | None) -> Offsets:
        found = offsets(folder, name)
        (folder / "trajectories.jsonl").unlink()
        return found

    monkeypatch.setattr("codedance.cli.recorded.offsets", vanishing)
    result = run("replay", "run", folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith("run/trajectories.jsonl: cannot be read (No such file or directory)\n")
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_no_trajectory_is_told(desk: Path) -> None:
    (desk / "note.txt").write_text("hello")
    replayed, verified = run("replay", "note.txt", folder=desk), run("verify", "note.txt", folder=desk)
    assert (replayed.returncode, "the file is no JSON (damaged?)" in replayed.stdout) == (1, True)
    assert (verified.returncode, "unreadable: the file" in verified.stdout) == (1, True)
