"""``codedance synth`` against a real server that speaks OpenAI's protocol: good days, bad days, sudden ends."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codedance.schema import StopReason
from codedance.store import RunFolder
from codedance.synth.pictures.report import SynthReport
from tests.synth.conftest import Command
from tests.synth.teacher import Teacher, scenes, write_scenes
from tests.synth.teacher_server import TeacherServer, serve_teacher

PROGRAM = [sys.executable, "-m", "codedance.cli.app"]
LARGE = scenes(3, large=True)
SMALL = scenes(4)
SIMPLE = ["--set", "questions=1", "--set", 'mix={"visual": 1, "computation": 0, "editing": 0}']
WIDE = ["--set", "box.largest_share=0.9"]


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    with serve_teacher(Teacher({**SMALL, **LARGE})) as server:
        yield server


def words(server: TeacherServer, photos: Path, out: Path, *more: str) -> list[str]:
    return ["synth", str(photos), "--teacher", "server:teacher", "--base-url", server.url, "--out", str(out), *more]


def timeless(run: Path) -> dict[str, Any]:
    """Trajectories by id without what time it was and how long it took."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if key not in ("seconds", "started_at")}
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {one.id: plain(one.model_dump(mode="json")) for one in RunFolder.open(run).trajectories()}


def test_a_server_with_bad_moments_still_gives_checked_trajectories(
    server: TeacherServer, tmp_path: Path, codedance: Command
) -> None:
    photos = write_scenes(tmp_path / "photos", LARGE)
    mended = ["429", "500 overloaded", "hangup"]
    server.faults = [*mended, "half", "html", "nothing", "huge", "422 no", "429", "400 context length"]
    parties = ["--weak", "server:weak", "--strong", "server:strong", "--set", "concurrency=1"]
    command = words(server, photos, tmp_path / "out", *parties, *SIMPLE, *WIDE, "--set", "attempts.readings=7")
    result = codedance(*command)
    assert (result.code, result.error) == (0, "")
    assert "kept 3: 1 with code, 2 direct answers" in result.output
    report = SynthReport.model_validate_json((tmp_path / "out" / "report.json").read_text())
    met = {reason for row in report.stages for reasons in row.reasons.values() for reason in reasons}
    assert met == {"reply is no completion", "context full"}, "429, 500 and a lost connection are mended unseen"
    calls = {party.value: usage.calls for party, usage in report.usage.items()}
    assert calls == {"teacher": 19, "weak": 12, "strong": 1}
    run = RunFolder.open(tmp_path / "out")
    for trajectory in run.trajectories():
        name = str(trajectory.task.meta["picture"])
        assert (trajectory.stop, trajectory.answer) == (StopReason.ANSWERED, LARGE[name].answer)
        assert trajectory.model == "server:teacher"
        record: Any = trajectory.task.meta["filter"]
        assert (record["weak_right"], record["label"]) == ((0, "confirmed") if "hard" in name else (4, "unchecked"))
        assert len(run.load_pictures(trajectory)) == len(trajectory.turns)
    for page in ("report.md", "report.html"):
        assert "reply is no completion" in (tmp_path / "out" / page).read_text()
    asked = server.count
    again = codedance(*command, "--json")
    assert server.count == asked, "a finished run asks nothing"
    assert SynthReport.model_validate_json(again.output) == report


def test_a_server_that_stalls_costs_the_pictures_and_nothing_else(
    server: TeacherServer, tmp_path: Path, codedance: Command
) -> None:
    photos = write_scenes(tmp_path / "photos", dict(list(SMALL.items())[:3]))
    server.always = {"box": "slow 6"}
    patience = ["--set", "seconds_per_call=2", "--set", "attempts.readings=1"]
    command = words(server, photos, tmp_path / "out", *SIMPLE, *WIDE)
    result = codedance(*command, *patience)
    assert result.code == 0
    assert "3 stages ended in a fault" in result.output
    report = SynthReport.model_validate_json((tmp_path / "out" / "report.json").read_text())
    (reasons,) = [row.reasons for row in report.stages if row.reasons]
    assert {outcome.value: why for outcome, why in reasons.items()} == {"fault": {"no answer in time": 3}}
    server.always = {}
    assert "kept 3:" in codedance(*command, *patience[2:], "--retry-faults").output


@pytest.mark.slow
def test_killed_again_and_again_a_run_ends_as_if_it_had_not_been(
    server: TeacherServer, tmp_path: Path, codedance: Command
) -> None:
    photos = write_scenes(tmp_path / "photos", SMALL)
    (photos / "broken.png").write_bytes(b"no picture")
    server.teacher.plain, server.teacher.wrong_first = {"small-03-search-easy.png"}, {"small-01-search-hard.png"}
    speed = ["--set", "concurrency=2", "--weak", "server:weak", "--set", "difficulty.attempts=2"]
    assert codedance(*words(server, photos, tmp_path / "whole", *SIMPLE, *speed)).code == 0
    once = set(server.seen)
    server.seen.clear()
    server.delay_seconds = 0.03
    chance = random.Random(7)
    command = words(server, photos, tmp_path / "out", *SIMPLE, *speed)
    kills = 3
    for _ in range(kills):
        enough = server.count + chance.randint(2, 12)
        with subprocess.Popen([*PROGRAM, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 60
            while server.count < enough and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            assert process.poll() is None, process.communicate()[1]
            process.send_signal(signal.SIGKILL)
    server.delay_seconds = 0
    assert codedance(*command).code == 0
    assert timeless(tmp_path / "out") == timeless(tmp_path / "whole")
    for page in ("report.json", "report.md", "report.html"):
        assert (tmp_path / "out" / page).read_text() == (tmp_path / "whole" / page).read_text(), page
    assert (set(server.seen) - once, once - set(server.seen)) == (set(), set()), "the very same questions, no more"
    repeated = sum(server.seen.values()) - len(once)
    assert repeated <= kills * (2 + 2), "only what was under way, and the two greetings, are asked again"


def test_a_terminal_sees_a_bar_with_running_pass_rates(server: TeacherServer, tmp_path: Path) -> None:
    photos = write_scenes(tmp_path / "photos", dict(list(SMALL.items())[:1]))
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(ours, shown))
    reader.start()
    command = [*PROGRAM, *words(server, photos, tmp_path / "out", *SIMPLE, *WIDE, "--json")]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        assert process.stdout is not None
        printed = process.stdout.read()
    reader.join()
    os.close(ours)
    text = b"".join(shown).decode()
    assert json.loads(printed)["kept"] == 1, "JSON stays alone on standard output"
    assert "pictures" in text
    assert re.search(r"kept \d.*image 100%.*question 100%", text)


def _drain(terminal: int, shown: list[bytes]) -> None:
    """Read what a terminal is shown until its other end is closed."""
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:
            return
        if not piece:
            return
        shown.append(piece)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--set", "questions=0"], "setting questions"),
        (["--set", "mix.visual=0", "--set", "mix.computation=0", "--set", "mix.editing=0"], "at least one share"),
        (["--set", "box.size=3"], "no setting 'size'"),
        (["--weak-base-url", "http://localhost:1/v1"], "--weak-base-url goes with --weak server:NAME"),
        (["--weak", "server:w", "--weak-base-url", "localhost:1"], "--weak-base-url localhost:1: needs a scheme"),
        (["--weak", "nano", "--set", "difficulty.rule.hard_by=strong"], "give --strong"),
        (["--strong", "gpt"], "unknown model 'gpt'"),
    ],
)
def test_a_wrong_option_is_one_line(
    server: TeacherServer, tmp_path: Path, codedance: Command, more: list[str], says: str
) -> None:
    photos = write_scenes(tmp_path / "photos", dict(list(SMALL.items())[:1]))
    result = codedance(*words(server, photos, tmp_path / "out", *more))
    assert (result.code, result.output, result.error.count("\n")) == (2, "", 1), result.error
    assert says in result.error
    assert server.count == 0


def test_pictures_and_servers_that_are_not_there_are_one_line(
    server: TeacherServer, tmp_path: Path, codedance: Command
) -> None:
    photos = write_scenes(tmp_path / "photos", dict(list(SMALL.items())[:1]))
    for given, says in ((tmp_path / "nowhere", "no such file or folder"), (tmp_path, "photos")):
        result = codedance(*words(server, given, tmp_path / "out1"))
        assert result.code == (2 if says.startswith("no") else 0)
        assert says in result.error + result.output or result.code == 0
    (tmp_path / "file").write_text("x")
    result = codedance(*words(server, photos, tmp_path / "file"))
    assert (result.code, result.error.count("\n")) == (2, 1)
    server.always = {"hello": "404 no such model"}
    result = codedance(*words(server, photos, tmp_path / "out2"))
    assert (result.code, result.error.count("\n")) == (4, 1)
    assert "no model 'teacher'" in result.error
    server.always = {"hello": "html"}
    result = codedance(*words(server, photos, tmp_path / "out2"))
    assert (result.code, result.error.count("\n")) == (4, 1)
    assert "/v1" in result.error
