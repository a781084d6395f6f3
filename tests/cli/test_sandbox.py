"""``codedance sandbox`` as a person or a program uses it."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

import anyio
import pytest
from PIL import Image
from tests.leakage.test_audit import run

from codedance.errors import SandboxError
from codedance.sandbox import LocalSandbox
from codedance.sandbox.abuses import ABUSES
from codedance.sandbox.audit import soak
from codedance.sandbox.bench import _throughput
from codedance.schema import Execution, ExecutionStatus

SANDBOX = [sys.executable, "-m", "codedance.cli.app", "sandbox"]


def sandbox(*arguments: str | Path, stdin: str = "", temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*SANDBOX, *map(str, arguments)]
    env = {**os.environ, "TMPDIR": str(temporary)} if temporary is not None else None
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, input=stdin, env=env)


def executions(result: subprocess.CompletedProcess[str]) -> list[Execution]:
    return [Execution.model_validate_json(line) for line in result.stdout.splitlines()]


def test_cells_of_one_session_run_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 6")
    result = sandbox("run", tmp_path / "a.py", "-", "-c", "x * 7", "--json", stdin="x += 1")
    assert result.returncode == 0, result.stderr
    assert [one.value for one in executions(result)] == [None, None, "49"]


def test_each_execution_is_one_line_of_json() -> None:
    result = sandbox("run", "-c", "print('a\\nb')", "-c", "1/0", "--json")
    assert result.returncode == 1
    assert [one.status for one in executions(result)] == [ExecutionStatus.OK, ExecutionStatus.ERROR]
    assert json.loads(result.stdout.splitlines()[0])["stdout"] == "a\nb\n"


@pytest.mark.parametrize("tier", ["a", "b"])
def test_a_limit_and_a_tier_are_set_from_the_command_line(tier: str) -> None:
    result = sandbox("run", "-c", "while True: pass", "--set", "wall_seconds=0.5", "--tier", tier, "--json")
    assert result.returncode == 1
    assert executions(result)[0].status is ExecutionStatus.TIMEOUT


def test_pictures_go_in_and_come_out(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "in.png")
    code = "input_image.crop((0, 0, 7, 5))"
    result = sandbox("run", "-c", code, "--image", tmp_path / "in.png", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "[picture 7x5]" in result.stdout
    with Image.open(tmp_path / "out" / "cell-1-1.png") as image:
        assert image.size == (7, 5)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no code"),
        (["nothing.py"], "nothing.py"),
        (["-c", "1", "--set", "seconds=4"], "wall_seconds"),
        (["-c", "1", "--set", "wall_seconds=-1"], "wall_seconds"),
        (["-c", "1", "--image", "nothing.png"], "no such file"),
        (["-c", "1", "--tier", "z"], "tier"),
    ],
)
def test_bad_input_gives_one_clear_message(arguments: list[str], says: str) -> None:
    result = sandbox("run", *arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_doctor_says_what_this_machine_offers() -> None:
    result = sandbox("doctor")
    assert result.returncode == 0
    assert "tier b" in result.stdout
    assert "used by default" in result.stdout


def test_the_doctor_says_what_is_used_and_what_is_missing() -> None:
    result = sandbox("doctor", "--json")
    facts = json.loads(result.stdout)
    assert facts["used"] == "b"
    assert set(facts["tiers"]) == {"a", "b", "limits-only"}
    assert "used by default   tier b" in sandbox("doctor").stdout


def test_the_libraries_are_listed_for_a_prompt() -> None:
    assert "numpy" in sandbox("libraries").stdout


def test_the_audit_prints_every_finding_and_the_soak() -> None:
    # A folder of its own: the soak counts files, and other tests have sandboxes at the same time.
    with tempfile.TemporaryDirectory(prefix="audit") as own:
        result = sandbox("audit", "--soak", "20", "--at-once", "4", "--json", temporary=Path(own))
    assert result.returncode == 0, result.stdout
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(line["problem"] is None for line in lines[:-1])
    assert lines[-1]["clean"] is True
    assert lines[-1]["soak"]["honest_correct"] == 18


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("audit", "--tier", "limits-only"), "isolates nothing"),
        (("bench", "--tier", "limits-only"), "no walls"),
        (("serve", "--host", "0.0.0.0"), "CODEDANCE_SANDBOX_TOKEN"),
        (("serve", "--host", "203.0.113.1"), "CODEDANCE_SANDBOX_TOKEN"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], says: str) -> None:
    result = sandbox(*arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("arguments", "part"), [([], "_attack"), (["--soak", "9"], "_honest")])
def test_a_sandbox_that_fails_under_attack_is_one_line_and_code_four(
    arguments: list[str], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, warm = 0, inspect.signature(soak).parameters["at_once"].default  # those are opened one after the other

    async def failing(*values: object) -> bool:
        nonlocal asked
        asked += 1
        if asked > warm or part == "_attack":
            raise SandboxError("no process can be had")
        return True

    monkeypatch.setattr(f"codedance.sandbox.audit.{part}", failing)
    monkeypatch.setattr("codedance.sandbox.abuses.ABUSES", ABUSES[:2])
    result = run("sandbox", "audit", *arguments, folder=tmp_path)
    assert (result.returncode, result.stdout, result.stderr.strip()) == (4, "", "codedance: no process can be had")


def test_sessions_that_fail_side_by_side_fail_as_one() -> None:
    class Failing:
        def session(self) -> None:
            raise SandboxError("no process can be had")

    with pytest.raises(SandboxError, match="no process"):
        anyio.run(_throughput, cast(LocalSandbox, Failing()), 3)


def test_a_tool_that_cannot_be_isolated_is_one_line_and_code_four() -> None:
    program = (
        "import sys\nfrom codedance.cli.app import main\nfrom codedance.errors import TierUnavailableError\n"
        "from codedance.sandbox import local\ndef refuse(tier):\n    raise TierUnavailableError('no walls here')\n"
        "local.available_tier = refuse\nsys.argv = ['codedance', 'sandbox', 'mcp']\nmain()"
    )
    words = [sys.executable, "-c", program]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert (result.returncode, result.stdout, result.stderr) == (4, "", "codedance: no walls here\n")
