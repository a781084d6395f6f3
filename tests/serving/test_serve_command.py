"""``codedance serve`` as a program: what it prints, refuses, keeps and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from codedance.errors import StoreError, UsageError
from codedance.store import RunFolder
from tests.serving.house import reply

SERVE = [sys.executable, "-m", "codedance.cli.app", "serve"]


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "replies.json"
    path.write_text(json.dumps([reply("I count.", code="print(6 * 7)"), reply("So.", answer="42")]))
    return f"scripted:{path}"


def test_it_answers_keeps_every_episode_and_ends_cleanly(script: str, tmp_path: Path) -> None:
    temporary, run = tmp_path / "temporary", tmp_path / "run"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "CODEDANCE_API_TOKEN": "let me in"}
    command = [*SERVE, "--port", "0", "--model", f"counter={script}", "--save", str(run), "--set", "budgets.turns=5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1].rstrip("/")
        assert "models: counter" in process.stdout.readline()
        body = {"model": "counter", "messages": [{"role": "user", "content": "What is six times seven?"}]}
        url = f"{address}/v1/chat/completions"
        assert httpx.post(url, json=body).status_code == 401
        answer = httpx.post(url, json=body, headers={"Authorization": "Bearer let me in"}, timeout=100)
        assert answer.json()["choices"][0]["message"]["content"] == "42", answer.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM  # closed in order, not killed
    assert os.listdir(temporary) == []
    (stored,) = RunFolder.open(run).trajectories()
    assert (stored.answer, stored.budgets.turns) == ("42", 5)
    assert RunFolder.open(run).manifest().kind == "serve"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"host": "0.0.0.0"}, "CODEDANCE_API_TOKEN"),
        ({"host": "box.lan"}, "CODEDANCE_API_TOKEN"),
        ({"models": ["gpt"]}, "unknown model 'gpt'"),
        ({"models": ["nano", "nano"]}, "two models have the same name"),
        ({"models": ["scripted:nothing.json"]}, "nothing.json"),
        ({"base_url": "http://localhost:8000/v1"}, "--base-url goes with server:NAME"),
        ({"assignments": ["turns=1"]}, "no setting 'turns'"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_starts(
    arguments: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codedance.cli import serve

    monkeypatch.delenv("CODEDANCE_API_TOKEN", raising=False)
    with pytest.raises(UsageError, match=says):
        serve.serve(**{"port": 0, **arguments})  # type: ignore[arg-type]


def test_a_port_that_is_taken_is_said() -> None:
    from codedance.cli import serve

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="cannot listen at"):
        serve.serve(port=taken.getsockname()[1], models=["server:x"])


def test_a_folder_that_holds_something_else_is_not_written_to(tmp_path: Path) -> None:
    from codedance.cli import serve

    (tmp_path / "mine").write_text("x")
    with pytest.raises(StoreError, match="holds no run"):
        serve.serve(save=tmp_path, port=0)
