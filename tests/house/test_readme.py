"""What the README says is run: every command of it, and its program."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.house.warm import codedance
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.models.nano import CHECKPOINT

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [
    line.split("#")[0].strip()
    for kind, block in BLOCKS
    if kind == "sh"
    for line in block.splitlines()
    if line.startswith("codedance ")
]
SMALLER = {
    "train nano": "--set episodes=36 --set size=tiny --set longest=2000 --set looks_first=1 --set train.steps=2 "
    "--set train.workers=0",
    "train sft": "--set train.steps=2",
    "worlds baselines": "--count 5",
    "eval worlds": "--limit 2",
    "data generate": "--count 36 --workers 1",
    "data card": "--scenes 20",
    "sandbox bench": "--rounds 5",
    "sandbox audit": "--at-once 6",
}
"""Hours of work in the README are minutes here: the same commands with fewer steps, or more at the same time."""
SAYS = {
    "sandbox bench": ("bare fork", "pooled session", "warm cell", "sessions in flight", "private", "3840 x 2160"),
    "sandbox audit": ("TCP connect", "write site-packages"),
}
"""What a command prints, whatever the machine."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's commands name."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(CHECKPOINT, folder / "checkpoint")
    Image.new("RGB", (40, 30), "red").save(folder / "photo.jpg")
    (folder / "cells.py").write_text("print(input_image.size)")
    ask = ["ask", "examples/shapes.png", "-q", "Count the blue objects.", "--out", "runs/made"]
    assert codedance(*ask, folder=folder).returncode == 0
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_does_what_it_says(command: str, desk: Path) -> None:
    words = shlex.split(command)[1:]
    more = next((extra for name, extra in SMALLER.items() if command.startswith(f"codedance {name}")), "")
    words = ["runs/made" if word in ("RUN", "RUN...") else word for word in words]
    if "evaluate" in words:
        words[words.index("300")] = "3"
    result = codedance(*words, *shlex.split(more), folder=desk)
    # No server runs here: the command must say so. The others must succeed, or the model may find no answer to a photo.
    allowed = {4} if "server:" in command else {0, 3} if "photo.jpg" in command else {0}
    assert result.returncode in allowed, result.stderr
    assert "Traceback" not in result.stderr
    for said in SAYS.get(" ".join(words[:2]), ()):
        assert said in result.stdout


def test_the_program_of_the_readme_prints_what_it_says(tmp_path: Path) -> None:
    (program,) = [block for kind, block in BLOCKS if kind == "python"]
    path = tmp_path / "program.py"
    path.write_text(program)
    printed = subprocess.check_output([sys.executable, str(path)], cwd=ROOT, text=True, timeout=100)
    assert f"```text\n{printed}```" in README


def test_the_badges_say_what_the_project_says() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "badges.py"), "--check"]
    assert subprocess.run(program, capture_output=True, text=True, timeout=60, check=False).stderr == ""
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert len(shown) >= 6
    assert all((ROOT / path).is_file() for path in shown), "pictures of the front page lie in the repository"


def test_the_readme_names_the_commands_that_ci_runs() -> None:
    assert "make demo" in README
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    targets = set(re.findall(r"make (\w[\w-]*)", README))
    assert targets <= set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))


PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_program_of_a_page_exists(page: Path) -> None:
    blocks = re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    helped: set[tuple[str, ...]] = set()
    for kind, block in blocks:
        if kind == "python":
            compile(block, page.name, "exec")
        for line in block.splitlines() if kind == "sh" else ():
            words = shlex.split(line.split("#")[0])
            if "codedance" in words:
                words = words[words.index("codedance") + 1 :]
                depth = 2 if words[0] in ("sandbox", "worlds", "train", "data", "reward", "analyze") else 1
                flags = [word for word in words if word.startswith("--")]
                said = _help(tuple(words[:depth]))
                assert all(flag in said for flag in flags), line
                helped.add(tuple(words[:depth]))
    assert helped or page.name == "log.md"


@functools.cache
def _help(command: tuple[str, ...]) -> str:
    """In this process: a new interpreter for each of some sixty commands would take minutes."""
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0, result.output
    return result.output
