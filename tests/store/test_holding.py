"""One process at a time trains into a folder, whichever command it is; a kill leaves nothing that keeps others out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.train.test_sft import stored
from tests.train.test_training import small
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.errors import StoreError
from codedance.rewards import RewardSettings
from codedance.store import Manifest
from codedance.store.holding import begin_run, check_free, check_place, held
from codedance.train.sft import SftSettings, train_sft
from codedance.train.sweep_points import constants_of

HOLD = """
import os, sys, time
from pathlib import Path
from codedance.store.holding import held
with held(Path(sys.argv[1])):
    child = os.fork() if "fork" in sys.argv else None
    if not child:  # a child says it itself: when it can, it has let go of what is not its own
        print(child if child is None else os.getpid(), flush=True)
    time.sleep(60)
"""
TAKEN = "another process is training into it; wait for its end, or choose another folder"


@contextmanager
def another_process(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that holds the folder, and what it says."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder), *more], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        try:
            yield one, one.stdout.readline()
        finally:
            one.kill()


def within(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("command", ["grpo", "sft", "nano", "ablation", "sweep"])
def test_no_command_trains_where_another_process_does(command: str, tmp_path: Path) -> None:
    data, out = stored(tmp_path / "data", 2), tmp_path / "out"
    point = f"{constants_of(RewardSettings()).name}-0"
    words, folder = {
        "grpo": ([], out),
        "sft": ([str(data)], out),
        "nano": (["--data", str(data)], out),
        "ablation": (["--variant", "outcome", "--variant", "bat", "--seed", "0"], out / "bat-0"),
        "sweep": (["--vary", "gamma=1,4", "--seed", "0"], out / point),
    }[command]
    with another_process(folder):
        before = within(tmp_path)
        refused = CliRunner().invoke(app, ["train", command, *words, "--out", str(out)])
        assert isinstance(refused.exception, StoreError), refused.output
        assert str(refused.exception) == f"{folder}: {TAKEN}"
        assert within(tmp_path) == before, "nothing is written before the folder is had"


def test_what_trains_holds_its_folder_itself(tmp_path: Path) -> None:
    data, (network, encoder) = stored(tmp_path / "data", 2), small()
    with another_process(tmp_path / "out"), pytest.raises(StoreError, match=TAKEN):
        train_sft(network, encoder, [data], settings=SftSettings(), folder=tmp_path / "out", start="mine")


def test_a_killed_process_leaves_no_lock_even_if_a_child_of_it_lives_on(tmp_path: Path) -> None:
    with another_process(tmp_path / "out", "fork") as (one, said):
        child = int(said)
        try:
            with pytest.raises(StoreError, match=TAKEN):
                check_free(tmp_path / "out")
            one.kill()
            one.wait(timeout=20)
            assert Path(f"/proc/{child}").exists()
            with held(tmp_path / "out"):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_whoever_holds_a_folder_may_hold_it_once_more_and_no_other_thread_may(tmp_path: Path) -> None:
    def other() -> None:
        with held(tmp_path / "out"):
            pass

    with ThreadPoolExecutor(1) as pool:
        with held(tmp_path / "out"), held(tmp_path / "elsewhere"):
            with held(tmp_path / "data" / ".." / "out"):
                check_free(tmp_path / "out")
            with pytest.raises(StoreError, match=TAKEN):
                pool.submit(other).result()
        pool.submit(other).result()


def test_a_folder_without_a_run_at_the_end_is_left_as_it_was(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    for folder in (tmp_path / "new" / "deep" / "run", mine):
        with held(folder):
            assert (folder / ".lock").exists()
    assert within(tmp_path) == {"mine", "mine/notes.txt"}


def test_a_run_begins_beside_its_lock_and_beside_nothing_else(tmp_path: Path) -> None:
    manifest = Manifest(kind="train", settings={"seed": 0})
    with held(tmp_path / "run"):
        begin_run(tmp_path / "run", manifest)
        begin_run(tmp_path / "run", manifest)
        with pytest.raises(StoreError, match="other settings"):
            begin_run(tmp_path / "run", Manifest(kind="train", settings={"seed": 1}))
    assert within(tmp_path / "run") == {".lock", "manifest.json"}
    (tmp_path / "notes.txt").write_text("mine")
    for folder, says in ((tmp_path, "is not empty and holds no run"), (tmp_path / "notes.txt", "is no folder")):
        with pytest.raises(StoreError, match=says):
            check_place(folder)
    with pytest.raises(StoreError, match="cannot be written"), held(tmp_path / "notes.txt" / "run"):
        pass
