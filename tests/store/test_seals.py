"""Any change to what a run recorded is found; what only looks like one is not; what cannot be found is not claimed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RunFolder, SealFile
from codedance.store.seals import SEALS, Seal, content_of
from codedance.store.verifying import FaultKind, VerifyReport, verify_run, verify_trajectory

Lines = list[bytes]


def trajectory(picture: Picture, number: int) -> Trajectory:
    task = Task(id=f"t/{number}", source="test", question=f"How many? ({number})", images=(picture.ref,))
    turns = tuple(Turn(text=f"<think>{number}.{turn}</think>", kept_characters=0) for turn in range(3))
    stop = StopReason.ANSWERED
    return Trajectory(id=f"t/{number}#0", task=task, model="m", turns=turns, answer=str(number), stop=stop)


@pytest.fixture
def run(tmp_path: Path, picture: Picture) -> Path:
    made = RunFolder.create(tmp_path / "run", Manifest(kind="ask", settings={"model": "m"}))
    for first in (0, 3):
        made.add_all([(trajectory(picture, first + n), {picture.ref.sha256: picture}) for n in range(3)])
    return made.folder


def edit(path: Path, change: Callable[[Lines], object]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    changed = change(lines)
    path.write_bytes(b"".join(changed if isinstance(changed, list) else lines))


def rewrite(folder: Path, number: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the values of one trajectory."""

    def one(lines: Lines) -> None:
        value = json.loads(lines[number])
        change(value)
        lines[number] = json.dumps(value).encode() + b"\n"

    edit(folder / "trajectories.jsonl", one)


def kinds(report: VerifyReport) -> dict[str, int]:
    return {kind.value: count for kind, count in report.counts.items()}


def test_what_was_recorded_is_intact_and_has_a_head(run: Path) -> None:
    report = verify_run(run)
    assert report.intact
    assert (report.trajectories, report.turns, report.sealed, report.pictures, report.late) == (6, 18, 6, 1, 0)
    assert verify_run(run, expected=report.head).expected_after == 6


def test_blank_lines_are_no_change_and_hide_none(run: Path) -> None:
    for name in ("seals.jsonl", "trajectories.jsonl"):
        edit(run / name, lambda lines: lines.insert(1, b"\n"))
    assert verify_run(run).intact
    rewrite(run, 3, lambda value: value["turns"][1].update(text="<think>other</think>"))
    report = verify_run(run)
    assert kinds(report) == {"changed": 1}
    assert "t/2#0: turn 2 has changed" in report.faults[0].text


def test_values_are_sealed_and_not_spaces_or_the_order_of_names(run: Path) -> None:
    head = verify_run(run).head
    rewrite(run, 2, lambda value: value.update(sorted(value.items(), reverse=True)))
    report = verify_run(run)
    assert report.intact
    assert report.head == head


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: value["turns"][1].update(text="<think>other</think>"), "t/2#0: turn 2 has changed"),
        (lambda value: value["turns"][0].update(seconds=1.5), "t/2#0: turn 1 has changed"),
        (lambda value: value["turns"].pop(), "t/2#0: has 2 turns and was sealed with 3"),
        (lambda value: value["turns"].reverse(), "t/2#0: turn 1 has changed"),
        (lambda value: value.update(answer="3"), "t/2#0: how it ended (answer, stop, ...) has changed"),
        (lambda value: value.update(seconds=0.5), "t/2#0: how it ended (answer, stop, ...) has changed"),
        (lambda value: value["task"].update(question="?"), "t/2#0: what was set before its first turn"),
        (lambda value: value.update(model="better"), "t/2#0: what was set before its first turn"),
        (lambda value: value["budgets"].update(turns=9), "t/2#0: what was set before its first turn"),
    ],
)
def test_a_changed_value_is_found_and_placed(change: Callable[[dict[str, Any]], object], said: str, run: Path) -> None:
    rewrite(run, 2, change)
    report = verify_run(run)
    assert not report.intact
    assert kinds(report) == {"changed": 1}
    assert said in report.faults[0].text
    assert report.sealed == 5


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_value_anywhere_in_a_trajectory_changes_unseen(data: st.DataObject) -> None:
    picture = Picture.from_image(Image.new("RGB", (3, 2)))
    value = json.loads(trajectory(picture, 1).model_dump_json())
    before = content_of(json.dumps(value).encode())
    place: Any = value
    while True:
        names = sorted(place) if isinstance(place, dict) else range(len(place))
        name = data.draw(st.sampled_from(list(names)))
        if not isinstance(place[name], dict | list) or not place[name]:
            break
        place = place[name]
    if place is value and name == "turns":
        return
    new = data.draw(st.one_of(st.integers(), st.text(max_size=4), st.booleans(), st.none()))
    if type(new) is type(place[name]) and new == place[name]:
        return
    place[name] = new
    if isinstance(value["id"], str):
        assert content_of(json.dumps(value).encode()) != before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines.pop(2), {"removed": 1}),
        (lambda lines: lines.pop(), {"removed": 1}),
        (lambda lines: lines.insert(2, lines[0].replace(b"t/0", b"t/9")), {"added": 1}),
        (lambda lines: lines.insert(4, lines[1]), {"added": 1}),
        (lambda lines: lines.append(lines[0].replace(b"t/0", b"t/9")), {"unsealed": 1}),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], {"moved": 1}),
        (lambda lines: lines.__setitem__(2, b'{"id": "t/2#0", "turns": 3}\n'), {"removed": 1, "unreadable": 1}),
        (lambda lines: lines.__setitem__(2, b"{" * 100_000 + b"\n"), {"removed": 1, "unreadable": 1}),
        (lambda lines: lines.__setitem__(2, b'{"answer":"7",' + lines[2][1:]), {"removed": 1, "unreadable": 1}),
        (lambda lines: lines.clear(), {"removed": 6}),
    ],
)  # fmt: skip
def test_rows_that_are_gone_new_or_elsewhere_are_found(
    change: Callable[[Lines], object], expected: dict[str, int], run: Path
) -> None:
    edit(run / "trajectories.jsonl", change)
    report = verify_run(run)
    assert kinds(report) == expected
    assert not report.intact


def test_a_name_changed_along_with_its_content_is_a_row_gone_and_another_added(run: Path) -> None:
    rewrite(run, 2, lambda value: value.update(id="t/77#0"))
    assert kinds(verify_run(run)) == {"removed": 1, "added": 1}


def test_a_picture_that_was_swapped_or_removed_is_found(run: Path) -> None:
    (path,) = (run / "pictures").rglob("*.png")
    content = path.read_bytes()
    path.write_bytes(content + b"x")
    swapped = verify_run(run)
    path.unlink()
    gone = verify_run(run)
    assert kinds(swapped) == kinds(gone) == {"picture": 1}
    assert "other bytes" in swapped.faults[0].text
    assert "cannot be read" in gone.faults[0].text


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines.pop(2),
        lambda lines: lines.__setitem__(2, b"nonsense\n"),
        lambda lines: lines.__setitem__(2, lines[3]),
    ],
)
def test_seals_that_were_removed_or_changed_break_the_chain(change: Callable[[Lines], object], run: Path) -> None:
    edit(run / SEALS, change)
    assert FaultKind.SEALS in verify_run(run).counts


def test_other_settings_break_the_chain_and_another_time_does_not(run: Path) -> None:
    path = run / "manifest.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "created_at": "2020-01-01T00:00:00+00:00", "versions": {}}))
    assert verify_run(run).intact
    path.write_text(json.dumps({**value, "settings": {"model": "better"}}))
    report = verify_run(run)
    assert kinds(report) == {"seals": 1}
    assert "the run's settings or the first seal" in report.faults[0].text


def test_who_rewrites_everything_is_found_only_by_a_head_kept_elsewhere(run: Path, picture: Picture) -> None:
    """What seals do not protect from, stated as a test."""
    head = verify_run(run).head
    rewrite(run, 2, lambda value: value.update(answer="3"))
    (run / SEALS).unlink()
    assert not verify_run(run).intact, "no seals: nothing vouches for it"
    SealFile(run).settle()
    forged = verify_run(run)
    assert forged.intact
    assert forged.late == 6
    found = verify_run(run, expected=head)
    assert kinds(found) == {"head": 1}


def test_a_head_of_earlier_is_still_one_of_a_run_that_went_on(run: Path, picture: Picture) -> None:
    head = verify_run(run).head
    RunFolder.open(run).add(trajectory(picture, 9), {picture.ref.sha256: picture})
    report = verify_run(run, expected=head)
    assert report.intact
    assert report.expected_after == 6
    edit(run / "trajectories.jsonl", lambda lines: lines[:3])
    edit(run / SEALS, lambda lines: lines[:3])
    cut = verify_run(run, expected=head)
    assert kinds(cut) == {"head": 1}, "rows and seals cut off together are found by the head alone"


def test_a_run_without_seals_is_sealed_by_who_goes_on_and_says_so(run: Path, picture: Picture) -> None:
    (run / SEALS).unlink()
    RunFolder.open(run).add(trajectory(picture, 9), {picture.ref.sha256: picture})
    report = verify_run(run)
    assert report.intact
    assert (report.late, report.sealed) == (6, 7)


def test_a_writer_does_not_go_on_where_rows_were_removed(run: Path, picture: Picture) -> None:
    edit(run / "trajectories.jsonl", lambda lines: lines[:4])
    with pytest.raises(StoreError, match="shorter than seals"):
        RunFolder.open(run).add(trajectory(picture, 9), {picture.ref.sha256: picture})
    assert len((run / "trajectories.jsonl").read_bytes().splitlines()) == 4


def test_rows_that_are_made_again_lose_their_seals(run: Path, picture: Picture) -> None:
    seals = [Seal.model_validate_json(line) for line in (run / SEALS).read_bytes().splitlines()]
    before = (run / SEALS).read_bytes()
    lines = (run / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
    (run / "trajectories.jsonl").write_bytes(b"".join(lines[:4]))
    writer = SealFile(run)
    writer.cut(seals[3].end)
    writer.settle()
    (run / "trajectories.jsonl").write_bytes(b"".join(lines))
    writer.extend()
    assert (run / SEALS).read_bytes() == before


def test_one_trajectory_in_a_file_is_held_against_its_hash(run: Path, tmp_path: Path) -> None:
    line = (run / "trajectories.jsonl").read_bytes().splitlines()[0]
    first = verify_trajectory(tmp_path / "t.json", line, pictures=run / "pictures", expected=None)
    assert (first.intact, first.pictures, first.seals) == (False, 1, False)
    again = verify_trajectory(tmp_path / "t.json", line + b"\n", pictures=None, expected=first.head)
    assert again.intact
    other = verify_trajectory(tmp_path / "t.json", line.replace(b"t/0", b"t/1"), pictures=None, expected=first.head)
    assert kinds(other) == {"head": 1}


WRITER = """
import sys
from pathlib import Path
from codedance.schema import Task, Trajectory
from codedance.store import Manifest, RunFolder
run = RunFolder.create(Path(sys.argv[1]), Manifest(kind="ask"))
for number in range(sum(1 for _ in run.trajectories()), 1_000_000):
    task = Task(id=str(number), source="test", question="?")
    run.add(Trajectory(id=f"{number}#0", task=task, model="m", stop="no_action"), {})
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_what_the_next_start_seals(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(8):
                process.stdout.readline()
            time.sleep(int.from_bytes(os.urandom(1)) / 40_000)
            process.send_signal(signal.SIGKILL)
        assert set(verify_run(folder).counts) <= {FaultKind.UNSEALED}
    run = RunFolder.open(folder)
    run.add(Trajectory(id="last", task=Task(id="l", source="t", question="?"), model="m", stop="no_action"), {})
    report = verify_run(folder)
    assert report.intact
    assert report.sealed == report.trajectories
    assert report.late <= 3
