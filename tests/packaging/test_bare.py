"""The wheel in environments of its own: with its core only, and with one extra at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaging.bare import Bare, make_bare
from tests.packaging.conftest import ROOT, Archives

from codedance import __version__

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # Several import PyTorch.
ROOMS = {
    "guest": ("synth.generate", "synth.card"),
    "serve": ("serving", "sandbox.service.api", "viewer.runs.app"),
    "mcp": ("sandbox.service.mcp_server",),
    "local": ("models.hf_generate", "models.local", "models.sampling"),
    "train": ("train", "study"),
}
"""Modules that cannot be imported without an extra, and the extra that they are for; every other module must be."""
IMPORTER = """
import importlib, pkgutil, sys

def names(name):
    yield name
    module = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        yield found.name

for room in sys.argv[1:]:
    for name in names(room):
        if ".guest" in name or name.endswith("__main__"):
            continue  # importing them runs them
        try:
            importlib.import_module(name)
        except ImportError:
            print(name)
"""
"""Imports rooms with all that is in them, and prints what could not be imported."""
RUNNER = """
import json, os, shlex, sys, tempfile
from codedance.cli import app

app.build(list(app.COMMANDS))  # what all commands import, once
said = {}
for command in json.load(sys.stdin):
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as told:
        child = os.fork()
        if not child:
            os.dup2(printed.fileno(), 1)
            os.dup2(told.fileno(), 2)
            sys.argv[1:] = shlex.split(command)
            try:
                app.main()
            except SystemExit as end:
                code = end.code or 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
                code = 1
            else:
                code = 0
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        told.seek(0)
        said[command] = code, printed.read().decode(), told.read().decode()
json.dump(said, sys.stdout)
"""
"""Runs commands one after the other, each in a fork: the program's modules are read once, not thirty times."""
LACKING = {
    "ask examples/cards.png -q What?": ("the nano model", "local"),
    "ask examples/cards.png -q What? --model hf:checkpoint": ("hf: models", "local"),
    "ask examples/cards.png -q What? --model scripted:replies.json": ("the sandbox", "guest"),
    "sandbox run -c 6*7": ("the sandbox", "guest"),
    "data generate --out data/made --count 2": ("this command (it uses cv2)", "guest"),
    "data card data/worlds --out data/card": ("this command (it uses cv2)", "guest"),
    "plan --gpus 8 --out plan": ("the figures of a plan", "guest"),
    "analyze operations data/worlds --out found": ("drawing figures", "guest"),
    "sandbox serve": ("the sandbox service", "serve"),
    "serve --model scripted:replies.json": ("codedance serve", "serve"),
    "view runs": ("the run browser", "serve"),
    "sandbox mcp": ("the MCP server", "mcp"),
    "data check data/worlds": ("looking for duplicates", "data"),
    "export trl data/worlds --out data/trl": ("writing parquet for `datasets`", "data"),
    "eval mathvista --data rows.parquet --model scripted:replies.json --out runs/rows": (
        "reading parquet files",
        "data",
    ),
    "eval worlds/search --model server:one --ray local --out runs/ray": ("--ray", "ray"),
    "train nano --out runs/nano": ("training", "train"),
    "train grpo --out runs/grpo --dry-run": ("training", "train"),
    "reproduce --out runs/study": ("training", "train"),
}
"""Commands, and what the one line says that they print where nothing but the core is installed."""
WORKING = [
    "--help",
    "ask --help",
    "reward explain examples/attempts.json",
    "benchmarks",
    "worlds render --out pictures --count 2 --seed 1",
    "launch --list",
    "launch verl verl-rl-7b-2x8 --dry-run",
    "verify data/worlds",
    "view data/worlds --out site",
    "export swift data/worlds --out data/swift",
    "analyze operations data/worlds",
]


Said = dict[str, tuple[int, str, str]]
"""Exit code, standard output and standard error of commands."""


class Environments:
    """Environments with chosen extras, each made when it is first asked for."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self._wheel, self._folder = wheel, folder
        self._made: dict[str, Bare] = {}

    def __getitem__(self, extra: str) -> Bare:
        if extra not in self._made:
            extras = [extra] if extra else []
            self._made[extra] = make_bare(self._wheel, self._folder / (extra or "core"), extras=extras)
        return self._made[extra]


@pytest.fixture(scope="module")
def environments(archives: Archives, tmp_path_factory: pytest.TempPathFactory) -> Environments:
    return Environments(archives.wheel, tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="module")
def core(environments: Environments) -> Bare:
    return environments[""]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "replies.json").write_text('["<answer>2</answer>"]')
    (folder / "rows.parquet").write_bytes(b"PAR1")
    (folder / "runs").mkdir()
    made = "data generate --out data/worlds --count 4 --workers 1 --family counting"
    program = [sys.executable, "-m", "codedance.cli.app", *made.split()]
    subprocess.run(program, cwd=folder, check=True, capture_output=True, timeout=150)
    return folder


@pytest.fixture(scope="module")
def said(core: Bare, desk: Path) -> Said:
    """What the commands of this page say with the core alone."""
    found: Said = json.loads(_python(core, RUNNER, desk, text=json.dumps([*WORKING, *LACKING])))
    return found


def _python(bare: Bare, program: str, desk: Path, *arguments: str, text: str = "") -> str:
    command = [str(bare.python), "-I", "-W", "error", "-c", program, *arguments]
    return subprocess.check_output(command, cwd=desk, env={"TERM": "dumb", "PATH": "/usr/bin"}, input=text, text=True)


def _is_of(module: str, extra: str) -> bool:
    return any(f"{module}.".startswith(f"codedance.{room}.") for room in ROOMS[extra])


def _pip_check(bare: Bare) -> None:
    program = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(bare.python), "check"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout


def test_the_core_alone_has_all_that_its_metadata_ask_for(core: Bare) -> None:
    _pip_check(core)


def test_the_core_alone_imports_every_room_that_needs_no_extra(core: Bare, desk: Path) -> None:
    missing = _python(core, IMPORTER, desk, "codedance").split()
    assert [module for module in missing if not any(_is_of(module, extra) for extra in ROOMS)] == []
    assert all(any(_is_of(module, extra) for module in missing) for extra in ROOMS)


@pytest.mark.parametrize("extra", ROOMS)
def test_an_extra_alone_brings_what_its_rooms_import(extra: str, environments: Environments, desk: Path) -> None:
    bare = environments[extra]
    _pip_check(bare)
    assert _python(bare, IMPORTER, desk, *(f"codedance.{room}" for room in ROOMS[extra])) == ""


def test_the_console_script_runs(core: Bare, desk: Path) -> None:
    printed = subprocess.check_output([str(core.program), "--version"], cwd=desk, text=True, timeout=100)
    assert printed == f"codedance {__version__}\n"


def test_with_the_extra_of_the_sandbox_alone_code_runs(environments: Environments, desk: Path) -> None:
    program = [str(environments["guest"].program), "sandbox", "run", "-c", "x = 6", "-c", "x * 7"]
    printed = subprocess.check_output(program, cwd=desk, text=True, timeout=150)
    assert "42" in printed


@pytest.mark.parametrize("command", WORKING)
def test_a_command_works_with_the_core_alone(command: str, said: Said) -> None:
    code, _, told = said[command]
    assert code == 0, told


@pytest.mark.parametrize("command", LACKING)
def test_a_command_without_its_extra_says_which_one_in_one_line(command: str, said: Said) -> None:
    what, extra = LACKING[command]
    code, _, told = said[command]
    assert told.strip() == f"codedance: {what} needs the extra '{extra}': pip install 'codedance[{extra}]'"
    assert code == 4
