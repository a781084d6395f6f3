"""A run folder holds every finished trajectory, whatever moment it is killed at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RecordFile, RunFolder, count_unreadable, differing_settings, write_text


def trajectory(picture: Picture, name: str = "a", text: str = "<answer>1</answer>") -> Trajectory:
    task = Task(id=name, source="test", question="How many?", images=(picture.ref,))
    turn = Turn(text=text, kept_characters=len(text))
    return Trajectory(id=f"{name}#0", task=task, model="scripted", turns=(turn,), answer="1", stop=StopReason.ANSWERED)


def test_what_was_added_is_read_back_with_its_pictures(tmp_path: Path, picture: Picture) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    run.add(trajectory(picture), {picture.ref.sha256: picture})
    again = RunFolder.open(tmp_path / "run")
    (read,) = again.trajectories()
    assert read == trajectory(picture)
    assert again.load_pictures(read) == {picture.ref.sha256: picture}


@given(text=st.text())
def test_any_sampled_text_survives_the_disk(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("records") / "t.jsonl"
    task = Task(id="a", source="test", question=text)
    record = Trajectory(id="a", task=task, model="m", turns=(Turn(text=text, kept_characters=0),), stop="no_action")
    RecordFile(path, Trajectory).append(record)
    assert list(RecordFile(path, Trajectory)) == [record]


@pytest.mark.parametrize("rest", [b"{", b'{"schema_version": 1, "id"', b"\0" * 100, b"{}"])
def test_a_line_cut_off_by_a_kill_is_passed_over_and_healed(tmp_path: Path, picture: Picture, rest: bytes) -> None:
    path = tmp_path / "t.jsonl"
    RecordFile(path, Trajectory).append(trajectory(picture))
    with path.open("ab") as file:
        file.write(rest)
    assert len(list(RecordFile(path, Trajectory))) == 1
    RecordFile(path, Trajectory).append(trajectory(picture, "b"))
    assert [record.id for record in RecordFile(path, Trajectory)] == ["a#0", "b#0"]


def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, picture: Picture) -> None:
    path = tmp_path / "t.jsonl"
    RecordFile(path, Trajectory).append(trajectory(picture))
    with path.open("ab") as file:
        file.write(b'{"schema_version": 7}\n')
    with pytest.raises(StoreError, match="line 2: has schema version 7, this program reads 1; a newer CodeDance"):
        list(RecordFile(path, Trajectory))


@pytest.mark.parametrize("line", [b"garbage", b"\xff\xfe", b'{"schema_version": 1, "id": "a'])
def test_a_damaged_line_is_told_with_what_to_do(tmp_path: Path, picture: Picture, line: bytes) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(StoreError, match=r"t.jsonl, line 1: is no JSON \(damaged\?\); restore the file from a copy"):
        list(RecordFile(path, Trajectory))
    with pytest.raises(StoreError, match=r"its last line: is no JSON \(damaged\?\); make it again"):
        RecordFile(path, Trajectory, remedy="make it again").last()
    assert count_unreadable(path) == 1


def test_a_damaged_trajectory_can_be_taken_out_as_its_error_says(tmp_path: Path, picture: Picture) -> None:
    pictures = {picture.ref.sha256: picture}
    run = RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    run.add_all([(trajectory(picture, name), pictures) for name in "abc"])
    path = run.folder / "trajectories.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"garbage\n" + lines[2])
    with pytest.raises(
        StoreError, match=r"line 2: is no JSON .*delete this line and seals.jsonl: the run's own command"
    ):
        list(run.trajectories())
    path.write_bytes(lines[0] + lines[2])
    (run.folder / "seals.jsonl").unlink()
    RunFolder.create(run.folder, Manifest(kind="ask")).add(trajectory(picture, "b"), pictures)
    assert [one.id for one in run.trajectories()] == ["a#0", "c#0", "b#0"]


def test_a_changed_picture_is_noticed(tmp_path: Path, picture: Picture, make_picture: Callable[..., Picture]) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    run.add(trajectory(picture), {picture.ref.sha256: picture})
    run.pictures.path(picture.ref).write_bytes(make_picture().data)
    with pytest.raises(StoreError, match="hash differs"):
        run.load_pictures(trajectory(picture))


def test_a_trajectory_without_its_pictures_is_refused(tmp_path: Path, picture: Picture) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    with pytest.raises(StoreError, match="was not given"):
        run.add(trajectory(picture), {})
    assert list(run.trajectories()) == []


def test_several_are_stored_at_once_or_none_of_them(
    tmp_path: Path, picture: Picture, make_picture: Callable[..., Picture]
) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    other = make_picture()
    pairs = [(trajectory(one, name), one) for name, one in (("a", picture), ("b", other))]
    run.add_all([(one, {held.ref.sha256: held}) for one, held in pairs])
    run.add_all([])
    assert [one.id for one in run.trajectories()] == ["a#0", "b#0"]
    with pytest.raises(StoreError, match="was not given"):
        run.add_all([(pairs[0][0], {picture.ref.sha256: picture}), (pairs[1][0], {})])
    assert [one.id for one in run.trajectories()] == ["a#0", "b#0"]


def test_a_run_with_other_settings_is_not_mixed_up(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", Manifest(kind="eval", settings={"turns": 10}))
    RunFolder.create(tmp_path / "run", Manifest(kind="eval", settings={"turns": 10}))
    with pytest.raises(StoreError, match="turns"):
        RunFolder.create(tmp_path / "run", Manifest(kind="eval", settings={"turns": 6}))
    with pytest.raises(StoreError, match="kind 'eval'"):
        RunFolder.create(tmp_path / "run", Manifest(kind="ask"))


BOTH: JsonValue = ["worlds/counting/easy", "worlds/counting/hard"]
PROMPT = "You answer questions about pictures. " * 9


@pytest.mark.parametrize(
    ("made", "wanted", "told"),
    [
        ({"a": {"rows": 5, "sha": "a" * 64}}, {"a": {"rows": 6, "sha": "b" * 64}}, {"a.rows": "5, now 6"}),
        ({"a": {"sha": "a" * 64}}, {"a": {"sha": "b" * 64}}, {"a.sha": "aaaaaaaaaaaa..., now bbbbbbbbbbbb..."}),
        (
            {"a": f"{PROMPT}Look. {PROMPT}"},
            {"a": f"{PROMPT}Think. {PROMPT}"},
            {"a": "...t pictures. Look. You answer questions a..., now ...t pictures. Think. You answer questions ..."},
        ),
        ({"a": BOTH}, {"a": ["worlds/counting/easy"]}, {"a": "with worlds/counting/hard, now without"}),
        ({"a": BOTH}, {"a": ["worlds/counting/easy", "x"]}, {"a": "with worlds/counting/hard, now with x"}),
        ({"a": ["worlds/counting/easy"]}, {"a": BOTH}, {"a": "without worlds/counting/hard, now with"}),
        ({"a": BOTH}, {"a": ["worlds/counting/hard", "worlds/counting/easy"]}, {"a": "the same in another order"}),
        ({"a": {"of": BOTH}}, {"a": {"of": None}}, {"a.of": "given, now none"}),
        ({"a": 5}, {"a": "5"}, {"a": '5, now "5"'}),
        ({"a": "x\ny"}, {"a": "x"}, {"a": "x\\ny, now x"}),
    ],
)
def test_of_two_settings_that_part_is_told_which_differs(
    made: dict[str, JsonValue], wanted: dict[str, JsonValue], told: dict[str, str]
) -> None:
    assert differing_settings(made, wanted) == told


def test_settings_are_told_as_they_are_typed_where_they_can_be(tmp_path: Path) -> None:
    folder, flags = tmp_path / "run", {"rows.limit": "--limit", "budgets.": "--set budgets."}
    made: dict[str, JsonValue] = {"data": {"rows": 5}, "rows": {"limit": 5}, "budgets": {"turns": 1}}
    RunFolder.create(folder, Manifest(kind="eval", settings=made))
    other: dict[str, JsonValue] = {"data": {"rows": 6}, "rows": {"limit": 6}, "budgets": {"turns": 2}}
    with pytest.raises(StoreError, match=r"settings \(--set budgets.turns 1, now 2; --limit 5, now 6\); choose"):
        RunFolder.create(folder, Manifest(kind="eval", settings=other), flags=flags)
    with pytest.raises(StoreError, match=r"settings \(data.rows 5, now 6\); choose"):
        RunFolder.create(folder, Manifest(kind="eval", settings={**made, "data": {"rows": 6}}), flags=flags)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\n", r"manifest.json: is no JSON \(damaged\?\); restore it from a copy, or begin"),
        (b"", r"manifest.json: is no JSON \(damaged\?\)"),
        (b"[]", r"is no manifest of a run \(the whole: Input should be an object\)"),
        (b'{"kind": 3}', r"is no manifest of a run \(kind: Input should be a valid string\); restore"),
        (b'{"settings": [], "x": 1}', r"\(kind: Field required; 2 more faults\)"),
        (b'{"schema_version": 9, "type": "eval"}', "has schema version 9, this program reads 1; a newer CodeDance"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told_with_what_is_wrong(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(StoreError, match=said):
        RunFolder.open(tmp_path)
    with pytest.raises(StoreError, match=said):
        RunFolder.create(tmp_path, Manifest(kind="ask"))


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        RunFolder.create(tmp_path, Manifest(kind="ask"))
    with pytest.raises(StoreError, match="not a run folder"):
        RunFolder.open(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        RunFolder.create(tmp_path / "file.txt" / "run", Manifest(kind="ask"))


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", Manifest(kind="ask"))
    path = tmp_path / "run" / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(StoreError, match="schema version 99"):
        RunFolder.open(tmp_path / "run")


def test_a_file_is_replaced_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one")
    write_text(tmp_path / "a.txt", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "two"


WRITER = """
import sys
from pathlib import Path
from PIL import Image
from codedance.imaging import Picture
from codedance.schema import Task, Trajectory
from codedance.store import Manifest, RunFolder
run = RunFolder.create(Path(sys.argv[1]), Manifest(kind="ask"))
first = sum(1 for _ in run.trajectories())
for index in range(first, 100000):
    picture = Picture.from_image(Image.new("RGB", (4, 4), (index % 256, index // 256, 0)))
    task = Task(id=str(index), source="test", question="?" * 5000, images=(picture.ref,))
    run.add(Trajectory(id=str(index), task=task, model="m", stop="no_action"), {picture.ref.sha256: picture})
    print(index, flush=True)
"""


def test_a_writer_killed_again_and_again_loses_nothing_it_reported(tmp_path: Path) -> None:
    reported = -1
    for delay in (0.05, 0.11, 0.17):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "run")], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        line = writer.stdout.readline()
        time.sleep(delay)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split(b"\n")
        writer.stdout.close()
        writer.wait()
        reported = max(int(text) for text in [line, *rest[:-1]] if text.strip())
    run = RunFolder.open(tmp_path / "run")
    stored = list(run.trajectories())
    assert [int(one.id) for one in stored] == list(range(len(stored)))
    assert len(stored) > reported >= 3
    for one in stored:
        run.load_pictures(one)
