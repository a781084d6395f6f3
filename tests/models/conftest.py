"""Every kind of model, over the same embedded checkpoint where it has one; a real server among them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codedance.models import Model, ScriptedModel, load_model
from codedance.models.nano import CHECKPOINT
from codedance.models.server import ServerModel

START_SECONDS = 110


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """URL of ``transformers serve``, an independent implementation, with the embedded checkpoint."""
    port = free_port()
    program = Path(sys.executable).with_name("transformers")
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent / "serve_environment"),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": "/nonexistent",
        "OMP_NUM_THREADS": "1",
    }
    command = [str(program), "serve", str(CHECKPOINT), "--port", str(port), "--host", "127.0.0.1", "--device", "cpu"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.3)
        else:
            server.kill()
            raise AssertionError(f"the server did not start: {server.communicate()[0].decode()[-2000:]}")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.communicate()


@pytest.fixture(scope="module", params=["scripted", "nano", "hf", "server"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Model]:
    """One model of each kind."""
    made: Model
    match request.param:
        case "scripted":
            code = "<think>I look.</think>\n<code>\n```python\nprint(1)\n```\n</code>"
            made = ScriptedModel([code, "<think>I see.</think>\n<answer>7</answer>", "<answer>8</answer>"])
        case "nano":
            made = load_model("nano")
        case "hf":
            made = load_model(f"hf:{CHECKPOINT}")
        case _:
            made = ServerModel(str(CHECKPOINT), base_url=request.getfixturevalue("served"))
    yield made
    await made.close()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A copy of the embedded checkpoint that a test may damage."""
    return Path(shutil.copytree(CHECKPOINT, tmp_path / "checkpoint"))
