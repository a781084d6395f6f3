"""A generated set: balanced as stated, checked, and the same files whoever made it and however often it was killed."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from codedance.errors import StoreError
from codedance.rewards import matches
from codedance.schema import CodeFormat, ExecutionStatus
from codedance.store import RunFolder
from codedance.synth.card import count_cells, write_card
from codedance.synth.generate import Chunk, generate, read_chunks
from codedance.synth.plan import ALWAYS_CODE, SEEDS_PER_RUN, TRIES, GenerateSettings, counts, make_plan
from codedance.tasks.worlds import FAMILIES, HELD_OUT_SEEDS, Difficulty

CODEDANCE = [sys.executable, "-m", "codedance.cli.app", "data"]
SMALL = GenerateSettings(count=120, shares={"counting": 2, "search": 1}, slips=0.2)
OPTIONS = "--count 120 --family counting --family search --set shares.counting=2 --set shares.search=1 --set slips=0.2"

CHUNKS = 12
"""Of the set that these make."""


def files(folder: Path) -> dict[str, str]:
    """Hash of every file but the manifest, which holds the time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "small"
    generate(SMALL, folder, workers=2)
    return folder


def test_the_stated_table_adds_up_and_is_dealt_out_exactly() -> None:
    settings = GenerateSettings()
    table = counts(settings)
    assert sum(table.values()) == settings.count == 34_000
    plan = make_plan(settings)
    assert Counter((slot.family, slot.difficulty) for slot in plan) == Counter(table)
    easy = [slot for slot in plan if slot.difficulty is Difficulty.EASY and slot.family not in ALWAYS_CODE]
    assert sum(slot.mode == "direct" for slot in easy) / len(easy) == pytest.approx(settings.direct, abs=0.01)
    assert all(slot.mode != "direct" for slot in plan if slot.difficulty is Difficulty.HARD)
    assert all(slot.mode != "direct" for slot in plan if slot.family in ALWAYS_CODE)
    coded = [slot for slot in plan if slot.mode != "direct"]
    assert sum(slot.mode == "slip" for slot in coded) / len(coded) == pytest.approx(settings.slips, abs=0.01)
    calls = sum(slot.code_format is CodeFormat.TOOL_CALL for slot in coded) / len(coded)
    assert calls == pytest.approx(settings.tool_calls, abs=0.02)


def test_any_beginning_of_the_plan_is_balanced() -> None:
    plan = make_plan(GenerateSettings())
    whole = Counter(slot.family for slot in plan)
    begun = Counter(slot.family for slot in plan[:3400])
    for family in FAMILIES:
        assert begun[family] / 3400 == pytest.approx(whole[family] / len(plan), abs=0.01)


def test_seeds_share_no_scene_and_those_from_ten_on_are_held_out() -> None:
    for seed in (0, 9, 10):
        settings = GenerateSettings(count=SEEDS_PER_RUN // TRIES, seed=seed, shares={"counting": 1}, hard=1)
        seeds = [slot.seed for slot in make_plan(settings)]
        assert min(seeds) == seed * SEEDS_PER_RUN
        assert max(seeds) + TRIES <= (seed + 1) * SEEDS_PER_RUN
        assert len(set(seeds)) == len(seeds)
        assert settings.held_out == (min(seeds) >= HELD_OUT_SEEDS)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"shares": {"chess": 1}}, "no family chess"),
        ({"shares": {"counting": 0}}, "one at least is more"),
        ({"shares": {"counting": -1, "search": 2}}, "weights are 0 or more"),
        ({"count": 0}, "greater than or equal to 1"),
        ({"count": 10**6}, "use several seeds"),
        ({"hard": 1.5}, "less than or equal to 1"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        GenerateSettings.model_validate(wrong)


def test_every_trajectory_is_right_and_its_cells_ran(made: Path) -> None:
    run = RunFolder.open(made)
    trajectories = list(run.trajectories())
    assert len(trajectories) == SMALL.count
    assert len({one.id for one in trajectories}) == SMALL.count
    for one in trajectories:
        assert one.task.answer is not None
        assert matches(one.answer, one.task.answer)
        assert set(run.load_pictures(one)) >= {ref.sha256 for ref in one.task.images}
        statuses = [turn.execution.status for turn in one.turns if turn.execution is not None]
        expected = {"direct": [], "code": [ExecutionStatus.OK], "slip": [ExecutionStatus.ERROR, ExecutionStatus.OK]}
        assert statuses == expected[str(one.task.meta["mode"])]
        assert (one.started_at, one.seconds) == (None, 0.0), "no clock: the same settings give the same file"


def test_the_cells_are_counted_as_the_plan_says(made: Path) -> None:
    cells = count_cells(RunFolder.open(made))
    assert {cell: one.trajectories for cell, one in cells.items()} == {
        (family, difficulty.value): count for (family, difficulty), count in counts(SMALL).items() if count
    }
    planned = Counter(slot.mode for slot in make_plan(SMALL))
    assert sum((one.modes for one in cells.values()), Counter()) == planned
    assert sum(one.failed for one in cells.values()) == planned["slip"]
    assert all(sum(one.categories.values()) == one.trajectories for one in cells.values())


def test_one_worker_makes_the_same_files(made: Path, tmp_path: Path) -> None:
    generate(SMALL, tmp_path / "again", workers=1)
    assert files(tmp_path / "again") == files(made)


def test_a_set_that_was_killed_and_damaged_at_its_end_goes_on_to_the_same_files(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    command = [*CODEDANCE, "generate", "--out", str(folder), "--workers", "2", *OPTIONS.split()]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            waited, before = time.monotonic(), len(list(read_chunks(folder)))
            while len(list(read_chunks(folder))) == before and one.poll() is None and time.monotonic() - waited < 60:
                time.sleep(0.05)
            children = {int(pid) for pid in _children(one.pid)}
            one.kill()
        waited = time.monotonic()
        while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() - waited < 20:
            time.sleep(0.05)
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "workers end with the main process"
    assert 0 < len(list(read_chunks(folder))) < CHUNKS
    with (folder / "trajectories.jsonl").open("ab") as file:
        file.write(b'{"schema_version": 1, "id": "half a li')
    left = next((folder / "pictures").iterdir()) / ".of-a-killed-writer.png.x1"
    left.write_bytes(b"half a picture")
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.startswith("120 trajectories in")
    assert files(folder) == files(made)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
def test_a_set_that_is_told_to_stop_ends_in_seconds_cleanly_and_keeps_what_it_has(
    number: signal.Signals, code: int, made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "stopped"
    command = [*CODEDANCE, "generate", "--out", str(folder), "--workers", "2", *OPTIONS.split()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as one:
        waited = time.monotonic()
        while not list(read_chunks(folder)) and one.poll() is None and time.monotonic() - waited < 60:
            time.sleep(0.05)
        children = {int(pid) for pid in _children(one.pid)}
        begin = time.monotonic()
        # Ctrl-C reaches every process of a terminal; who sends SIGTERM names one.
        os.killpg(one.pid, number) if number == signal.SIGINT else one.send_signal(number)
        _, said = one.communicate(timeout=60)
    assert time.monotonic() - begin < 8
    assert one.returncode == code
    assert "Traceback" not in said
    assert "leaked" not in said
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() - begin < 20:
        time.sleep(0.05)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert 0 < len(list(read_chunks(folder))) < CHUNKS
    generate(SMALL, folder, workers=2)
    assert files(folder) == files(made)


def test_half_a_minute_of_work_is_never_at_stake(made: Path) -> None:
    assert max(chunk.trajectories for chunk in read_chunks(made)) == 10


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_other_settings_do_not_go_on_in_the_same_folder(made: Path) -> None:
    with pytest.raises(StoreError, match="other settings"):
        generate(SMALL.model_copy(update={"seed": 3}), made)


def test_a_set_that_another_version_of_the_program_began_is_left_alone(made: Path, tmp_path: Path) -> None:
    manifest = (made / "manifest.json").read_text()
    folder = tmp_path / "older"
    folder.mkdir()
    (folder / "manifest.json").write_text(re.sub(r'"program": "\w+"', '"program": "0123456789abcdef"', manifest))
    with pytest.raises(StoreError, match="another version of this program"):
        generate(SMALL, folder)


def test_no_trajectory_has_more_than_four_turns_with_code(tmp_path: Path) -> None:
    generate(GenerateSettings(count=60, shares={"geometry": 1, "tables": 1}, slips=1, hard=1), tmp_path / "long")
    coded = [
        sum(turn.execution is not None for turn in one.turns)
        for one in RunFolder.open(tmp_path / "long").trajectories()
    ]
    assert len(coded) == 60
    assert max(coded) <= 4
    reasons = [one.reason for chunk in read_chunks(tmp_path / "long") for one in chunk.rejections]
    assert set(reasons) == {"5 turns with code"}


def test_a_set_shorter_than_its_record_is_damaged(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "short"
    folder.mkdir()
    for name in ("manifest.json", "chunks.jsonl"):
        (folder / name).write_bytes((made / name).read_bytes())
    (folder / "trajectories.jsonl").write_bytes(b"{}\n")
    with pytest.raises(StoreError, match="damaged"):
        generate(SMALL, folder)


def test_a_finished_set_is_not_made_again(made: Path) -> None:
    before, told = files(made), list[Chunk]()
    generate(SMALL, made, workers=1, listener=told.append)
    assert [chunk.number for chunk in told] == list(range(CHUNKS))
    assert files(made) == before


def test_the_card_tells_counts_guessing_and_shows_samples(made: Path, tmp_path: Path) -> None:
    page = write_card(made, tmp_path / "card", scenes=20)
    text = page.read_text()
    assert "# 120 executable trajectories" in text
    assert hashlib.sha256((made / "trajectories.jsonl").read_bytes()).hexdigest() in text
    rows = [line for line in text.splitlines() if line.startswith("| counting | hard |")]
    assert len(rows) == 2, "one row of counts, one of baselines"
    assert {path.name for path in (tmp_path / "card").iterdir()} == {
        "card.md",
        "samples-counting.png",
        "samples-search.png",
    }


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--family", "chess"], "--family chess: there is no such family; choose among counting"),
        (["--set", "hard=2"], "setting hard: Input should be less than or equal to 1"),
        (["--count", "300000"], "use several seeds"),
    ],
)
def test_a_wrong_option_is_one_line_and_writes_nothing(tmp_path: Path, arguments: list[str], line: str) -> None:
    command = [*CODEDANCE, "generate", "--out", str(tmp_path / "set"), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert line in result.stderr
    assert not (tmp_path / "set").exists()


def test_a_folder_that_is_no_set_has_no_card(tmp_path: Path) -> None:
    command = [*CODEDANCE, "card", str(tmp_path), "--out", str(tmp_path / "card")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "is not a run folder" in result.stderr


def test_one_process_at_a_time_makes_a_set(tmp_path: Path) -> None:
    settings = GenerateSettings(count=12, shares={"counting": 1.0})
    refused: list[str] = []

    def meddle(_chunk: Chunk) -> None:
        try:
            with ThreadPoolExecutor() as other:
                other.submit(generate, settings, tmp_path / "set", workers=1).result()
        except StoreError as error:
            refused.append(str(error))

    generate(settings, tmp_path / "set", workers=1, listener=meddle)
    assert len(refused) == 2
    assert all("another process is making this set; wait for its end" in one for one in refused)
    assert len(list(RunFolder.open(tmp_path / "set").trajectories())) == 12
