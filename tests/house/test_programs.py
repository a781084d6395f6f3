"""Programs on the pages that are no tutorials run, against real servers where they ask one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.house.pages import expected_in
from tests.house.warm import codedance
from tests.models.faulty_server import serve

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
PROGRAM = [sys.executable, "-m", "codedance.cli.app"]
WITH_PROGRAMS = sorted(
    path for path in (ROOT / "docs").glob("*.md") if "```python\n" in path.read_text(encoding="utf-8")
)


def programs(page: str) -> list[tuple[str, str]]:
    """Each program of a page, and what stands below it; a fence of four ticks may hold fences of three."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    below = r"(?:\n(?P<fence>`{3,})text\n(?P<printed>.*?)^(?P=fence)$)?"
    found = re.finditer(rf"^```python\n(?P<program>.*?)^```\n{below}", text, re.S | re.M)
    return [(one["program"], one["printed"] or "") for one in found]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def run(program: str, desk: Path, instead: Mapping[str, str]) -> str:
    for written, here in instead.items():
        assert written in program
        program = program.replace(written, here)
    (desk / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=desk, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """A server of ours as a program, and its address."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [*PROGRAM, *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip("/,")
        finally:
            process.terminate()


def test_every_page_with_a_program_is_here() -> None:
    named = {"loop.md", "rewards.md", "sandbox.md", "scoring.md", "serving.md", "training-rl.md"}
    found = {path.name for path in PAGES if "```python\n" in path.read_text(encoding="utf-8")}
    assert found <= named, "a program on a page needs a test below (the loop's page has its own)"


@pytest.mark.slow
def test_rewards_are_scored_from_a_run(desk: Path) -> None:
    ask = ["ask", "examples/shapes.png", "-q", "Count the blue objects.", "--out", "runs/counted"]
    assert codedance(*ask, folder=desk).returncode == 0
    ((program, _),) = programs("rewards.md")
    # Nobody knows the right answer to what a person asks: it is given here.
    source = 'trajectories = list(RunFolder.open("runs/counted").trajectories())'
    known = f"from codedance.schema import NumberAnswer\n{source}"
    truth = "[one.model_copy(update={'task': one.task.model_copy(update={'answer': NumberAnswer(value=14)})})"
    printed = run(
        program + "print(scores)\n", desk, {source: f"{known}\ntrajectories = {truth} for one in trajectories]"}
    )
    assert "correct=True" in printed
    assert "d -0.1820, 1 of 1 calls succeeded" in printed, "gamma 8, as the program sets it"


@pytest.mark.slow
def test_a_far_sandbox_is_a_sandbox(desk: Path) -> None:
    ((program, _),) = programs("sandbox.md")
    with served("sandbox", "serve") as address:
        assert run(program, desk, {"http://localhost:8123": address}) == "42\n"


@pytest.mark.slow
def test_a_judge_decides(desk: Path) -> None:
    program = programs("scoring.md")[1][0]
    row = {"question": "How many?", "answer": "7", "question_type": "free_form", "answer_type": "integer"}
    asked = f"\nimport anyio\nprint(anyio.run(decide, {row!r}, 'I think it must be seven or so.'))\n"
    with serve() as server:
        server.text = '{"answer": "seven"}'
        instead = {'load_model("server:judge")': f'load_model("server:judge", base_url="{server.url}")'}
        assert run(program + asked, desk, instead).strip() == "1.0"
        assert server.requests


@pytest.mark.slow
def test_openais_client_asks_and_streams(desk: Path) -> None:
    program, printed = programs("serving.md")[0]
    with served("serve") as address:
        found = run(program, desk, {"http://127.0.0.1:8080": address})
    assert printed
    assert expected_in(printed, found) is None, found


@pytest.mark.slow
def test_reinforcement_begins_from_a_program(desk: Path) -> None:
    ((program, _),) = programs("training-rl.md")
    run(program, desk, {"groups=4": "groups=2, attempts=2, exam_tasks=2", "steps=10": "steps=1"})
    assert (desk / "runs" / "mine" / "curve.jsonl").read_text().count("\n") >= 1
