"""The run browser's server in a thread of the test's process, over a folder of runs."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from codedance.bench.reports.comparison import mcnemar
from codedance.imaging import Picture
from codedance.viewer.runs.app import create_app
from codedance.viewer.runs.base import choose_place
from codedance.viewer.runs.browse import Browse
from codedance.viewer.runs.guard import GuardSettings
from codedance.viewer.runs.indexing import RunIndex
from codedance.viewer.runs.watching import Watcher
from tests.viewer.written_runs import HOSTILE, attempt, mixed_attempts, write_run


@contextmanager
def serving(root: Path, guard: GuardSettings | None = None) -> Iterator[str]:
    """The address of a running server without its last slash."""
    place = choose_place(root, root.parent / "caches")
    with socket.create_server(("127.0.0.1", 0)) as listening, Watcher(RunIndex(root, place), pause=0.1) as watcher:
        app = create_app(Browse(root, place, watcher, mcnemar), guard or GuardSettings())
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def wait_for(address: str, path: str, text: str) -> None:
    """Ask for a page until it holds a text."""
    with httpx.Client() as client:
        for _ in range(300):
            if text in client.get(f"{address}/{path}").text:
                return
            time.sleep(0.1)
    raise AssertionError(f"{path} never held {text!r}")


def write_judged(folder: Path) -> None:
    """An evaluation of two attempts, one of which a judge decided in hostile words."""
    write_run(folder, [attempt(0), attempt(1)])
    asks = {"outcome": "needs_judge", "asks_judge": True}
    scores = [
        {"benchmark": "made", "key": "0", "trajectory": "made/0#0", "scores": {"strict": asks}},
        {"benchmark": "made", "key": "1", "trajectory": "made/1#0", "scores": {"strict": {"outcome": "wrong"}}},
    ]
    said = {"benchmark": "made", "key": "0", "attempt": 0, "judge": "server:judge", "score": 1.0, "read": HOSTILE}
    (folder / "scores.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in scores))
    (folder / "judgements.jsonl").write_text(json.dumps(said) + "\n")


def make_runs(root: Path, picture: Picture) -> None:
    """A folder of runs: one of every kind, a group, and one in which every text is hostile."""
    write_run(root / "mixed", mixed_attempts())
    better = [one.model_copy(update={"answer": "3"}) for one in mixed_attempts()[:3]]
    write_run(root / "better", better)
    write_judged(root / "judged")
    attempts = [
        attempt(0, task="group/1", index=index, said="3" if index % 2 else "5", code=["print(1)"], picture=picture)
        for index in range(8)
    ]
    write_run(root / "group", attempts, picture, kind="train")
    bad = attempt(
        0, task=f"t{HOSTILE}", said=HOSTILE, question=HOSTILE, thought=HOSTILE, output=HOSTILE, code=[HOSTILE],
        family=HOSTILE, difficulty=HOSTILE, category=HOSTILE,
    )  # fmt: skip
    other = bad.model_copy(update={"id": "other", "model": HOSTILE, "answer": None})
    write_run(root / "hostile <script>window.hit=1<", [bad, other])
    with (root / "hostile <script>window.hit=1<" / "trajectories.jsonl").open("a") as file:
        file.write('{"' + HOSTILE.replace('"', "") + '": 1}\n')
