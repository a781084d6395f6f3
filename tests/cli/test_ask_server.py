"""``codedance ask --model server:...`` against servers that answer, refuse and fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.models.faulty_server import FaultyServer, serve

from codedance.schema import StopReason, Trajectory


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (30, 20), "red").save(path)
    return path


def ask(server: FaultyServer, photo: Path, *more: str, key: str = "sk-test") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codedance.cli.app", "ask", str(photo), "-q", "How many?"]
    command += ["--model", "server:m", "--base-url", server.url, *more]
    environment = {**os.environ, "CODEDANCE_API_KEY": key}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_a_server_answers_and_the_key_is_sent_but_never_stored(
    server: FaultyServer, photo: Path, tmp_path: Path
) -> None:
    result = ask(server, photo, "--json", "--out", str(tmp_path / "run"))
    assert result.returncode == 0, result.stderr
    assert Trajectory.model_validate_json(result.stdout).answer == "7"
    assert server.keys == ["Bearer sk-test"]
    for path in (tmp_path / "run").rglob("*"):
        assert path.is_dir() or b"sk-test" not in path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("401 bad key", "CODEDANCE_API_KEY"),
        ("404 no such model", "no model 'm'"),
        ("html", "/v1"),
        ("400 maximum context length is 5", "context"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(server: FaultyServer, photo: Path, fault: str, says: str) -> None:
    server.faults = [fault]
    result = ask(server, photo)
    assert result.returncode == (3 if "context" in says else 4)
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert line.startswith("codedance: ")
    assert says in line
    assert "sk-test" not in result.stderr + result.stdout


def test_with_native_tool_calls_code_runs_and_its_output_goes_back(server: FaultyServer, photo: Path) -> None:
    call = {"id": "c", "type": "function"}
    function = {"name": "execute_python_code", "arguments": json.dumps({"code": "print(input_image.size)"})}
    server.text, server.message = "", {"tool_calls": [{**call, "function": function}]}
    result = ask(server, photo, "--format", "tool-call", "--max-turns", "2", "--json")
    assert result.returncode == 3
    trajectory = Trajectory.model_validate_json(result.stdout)
    assert trajectory.stop is StopReason.MAX_TURNS
    assert [turn.execution.stdout for turn in trajectory.turns if turn.execution] == ["(30, 20)\n"] * 2
    assert server.requests[1]["messages"][-1] == {
        "role": "tool",
        "tool_call_id": server.requests[1]["messages"][-2]["tool_calls"][0]["id"],
        "content": "(30, 20)",
    }
