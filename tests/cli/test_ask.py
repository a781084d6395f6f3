"""``codedance ask`` as a person or a program uses it: real processes, real files, exit codes, one clear line."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from PIL import Image

from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.schema import CodeFormat, StopReason, Trajectory
from codedance.store import RunFolder

CODEDANCE = [sys.executable, "-m", "codedance.cli.app"]


def ask(*arguments: str | Path, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    command = [*CODEDANCE, "ask", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def script(folder: Path, *replies: str) -> str:
    path = folder / "replies.json"
    path.write_text(json.dumps(replies))
    return f"scripted:{path}"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (30, 20), "red").save(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> str:
    code = CodeAction("print(input_image.size)\ninput_image.crop((0, 0, 5, 4))", CodeFormat.CODE)
    return script(tmp_path, render_reply("I look.", code), render_reply("It says so.", AnswerAction("30 x 20")))


def test_a_question_is_answered_with_a_trace_in_plain_text_and_a_run_folder(
    photo: Path, model: str, tmp_path: Path
) -> None:
    result = ask(photo, "-q", "How large?", "--model", model, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert "answer: 30 x 20" in result.stdout
    assert "thought: I look." in result.stdout
    assert "(30, 20)" in result.stdout
    assert f"question: How large?\n    [picture 30x20] {photo}\n" in result.stdout
    shown = re.search(r"\[picture 5x4\] (\S+)\n", result.stdout)
    assert shown is not None
    with Image.open(shown[1]) as picture:
        assert picture.size == (5, 4)
    assert "\x1b" not in result.stdout, "a piped run prints no control codes"
    (trajectory,) = RunFolder.open(tmp_path / "run").trajectories()
    assert trajectory.answer == "30 x 20"
    assert "30 x 20" in (tmp_path / "run" / "trace.html").read_text(encoding="utf-8")


def test_json_prints_the_trajectory_alone(photo: Path, model: str) -> None:
    result = ask(photo, "-q", "How large?", "--model", model, "--json")
    assert result.returncode == 0, result.stderr
    assert Trajectory.model_validate_json(result.stdout).answer == "30 x 20"
    assert result.stderr == ""


def test_quiet_prints_the_answer_alone(photo: Path, model: str, tmp_path: Path) -> None:
    result = ask(photo, "-q", "How large?", "--model", model, "--quiet", "--out", tmp_path / "run")
    assert (result.returncode, result.stdout, result.stderr) == (0, "30 x 20\n", "")
    silent = ask(photo, "-q", "?", "--model", script(tmp_path, "Hm.", "Hm."), "--quiet")
    assert (silent.returncode, silent.stdout) == (3, "")
    assert "neither code nor an answer" in silent.stderr


def test_asking_again_adds_to_the_same_folder(photo: Path, model: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert ask(photo, "-q", "How large?", "--model", model, "--out", tmp_path / "run").returncode == 0
    assert [one.attempt for one in RunFolder.open(tmp_path / "run").trajectories()] == [0, 1]


def test_an_episode_without_an_answer_exits_with_three(photo: Path, tmp_path: Path) -> None:
    result = ask(photo, "-q", "?", "--model", script(tmp_path, "Hm.", "Hm."), "--json")
    assert result.returncode == 3
    assert Trajectory.model_validate_json(result.stdout).stop is StopReason.NO_ACTION


def test_an_unreachable_server_exits_with_four_and_says_what_to_check(photo: Path) -> None:
    server = ("--model", "server:any", "--base-url", "http://127.0.0.1:9/v1")
    result = ask(photo, "-q", "?", *server, "--set", "budgets.seconds=60")
    assert result.returncode == 4
    assert "127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.stderr


def broken_files(folder: Path) -> dict[str, tuple[list[str | Path], str]]:
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not a picture")
    (folder / "settings.toml").write_text("budgets = 3")
    (folder / "full").mkdir()
    (folder / "full" / "file").write_text("x")
    photo = folder / "photo.png"
    question: list[str | Path] = ["-q", "?"]
    return {
        "missing": ([folder / "none.png", *question], "no such file"),
        "empty file": ([folder / "empty.png", *question], "empty"),
        "text": ([folder / "text.png", *question], "not a picture"),
        "folder": ([folder, *question], "folder"),
        "empty question": ([photo, "-q", "  "], "question is empty"),
        "no picture": (question, "IMAGE"),
        "no question": ([photo], "question"),
        "unknown model": ([photo, *question, "--model", "gpt"], "nano"),
        "missing script": ([photo, *question, "--model", "scripted:nothing.json"], "nothing.json"),
        "missing checkpoint": ([photo, *question, "--model", "hf:./nothing-here"], "nothing-here"),
        "folder without a checkpoint": ([photo, *question, "--model", f"hf:{folder}"], "no config.json"),
        "address without a scheme": (
            [photo, *question, "--model", "server:m", "--base-url", "localhost:8000", "--out", folder / "new"],
            "codedance: --base-url localhost:8000: needs a scheme: http://localhost:8000/v1\n",
        ),
        "port out of range": (
            [photo, *question, "--model", "server:m", "--base-url", "http://localhost:99999/v1"],
            "port from 1 to 65535",
        ),
        "json and quiet": ([photo, *question, "--json", "--quiet"], "choose one"),
        "no turns": ([photo, *question, "--max-turns", "0"], "max-turns"),
        "format": ([photo, *question, "--format", "xml"], "format"),
        "setting": ([photo, *question, "--set", "turns=1"], "no setting"),
        "settings file": ([photo, *question, "--config", folder / "settings.toml"], "budgets"),
        "foreign folder": ([photo, *question, "--out", folder / "full"], "not empty"),
        "file as folder": ([photo, *question, "--out", photo], "photo.png"),
    }


CASES = [
    "missing",
    "empty file",
    "text",
    "folder",
    "empty question",
    "no picture",
    "no question",
    "unknown model",
    "missing script",
    "missing checkpoint",
    "folder without a checkpoint",
    "address without a scheme",
    "port out of range",
    "json and quiet",
    "no turns",
    "format",
    "setting",
    "settings file",
    "foreign folder",
    "file as folder",
]


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gives_one_clear_message_and_no_traceback(case: str, photo: Path, tmp_path: Path) -> None:
    cases = broken_files(tmp_path)
    assert sorted(cases) == sorted(CASES)
    arguments, says = cases[case]
    result = ask(*arguments)
    assert result.returncode == 2, result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert result.stdout == ""
    assert not (tmp_path / "new").exists(), "a folder was made for nothing"


def test_in_a_terminal_the_loop_is_drawn_and_nothing_of_the_model_reaches_it_raw(photo: Path, tmp_path: Path) -> None:
    evil = render_reply("I \x1b]0;owned\x07 look.", AnswerAction("\x1b[2Jclear"))
    text = _in_a_terminal([*CODEDANCE, "ask", str(photo), "-q", "?", "--model", script(tmp_path, evil)])
    assert "\x1b[" in text, "a terminal gets colours"
    assert "\\x1b[2Jclear" in text
    assert "\x1b]0;" not in text
    assert not re.search(r"\x1b\[2J", text)


def test_a_terminal_without_colours_is_not_asked_for_its_attributes(photo: Path, model: str) -> None:
    command = [*CODEDANCE, "ask", str(photo), "-q", "?", "--model", model]
    assert "\x1b[c" in _in_a_terminal(command)
    assert "\x1b[c" not in _in_a_terminal(command, NO_COLOR="1")
    assert "\x1b[c" not in _in_a_terminal(command, TERM="dumb")


def _in_a_terminal(command: list[str], **more: str) -> str:
    """What a terminal of its own gets from a command that ends well."""
    leader, follower = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "TERM_PROGRAM")}
    environment = {**plain, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **more}
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment, preexec_fn=_own_terminal
    )
    os.close(follower)
    drawn = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            drawn += piece
        elif process.poll() is not None:
            break
    assert process.wait(timeout=10) == 0
    os.close(leader)
    return drawn.decode()


def _own_terminal() -> None:
    """Make the terminal at stdin the process's controlling one, which a program reaches as /dev/tty."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_help_names_the_exit_codes_and_an_example() -> None:
    result = ask("--help")
    assert result.returncode == 0
    for word in ("Exit codes", "server:", "--base-url", "--max-turns", "--format", "--out", "--json"):
        assert word in re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
