"""What the run browser costs with many trajectories: the index, the first page, filters and search, beside the floor.

    python benchmarks/run_browser.py --count 100000

Makes a run of small trajectories without pictures in a temporary folder, reads its file once (the floor), then starts
the server as a process of its own and asks it over HTTP, as a browser would. Times are medians of several requests, by
the wall clock; ratios stand at the end: the index against parsing the file once, the first page against that (what a
page costs without an index) and against the server's smallest answer (what HTTP costs alone).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from codedance.schema import (
    Execution,
    GuestError,
    NumberAnswer,
    Observation,
    Sampling,
    StopReason,
    Task,
    TextPart,
    Trajectory,
    Turn,
)
from codedance.store import Manifest

PARSED, SMALLEST = "floor: parse it as JSON once, s", "floor: the server's smallest answer, s"
PAGES = (
    ("first page", "trajectories?run=."),
    ("filter: wrong, two turns or more", "trajectories?run=.&verdict=wrong&turns_min=2"),
    ("filter: code that failed", "trajectories?run=.&code=failed"),
    ("sorted by tokens", "trajectories?run=.&sort=tokens&down=yes"),
    ("search: a rare word", "trajectories?run=.&q=zebra"),
    ("search: a word in half of them", "trajectories?run=.&q=code:numpy"),
    ("search and filter", "trajectories?run=.&q=numpy+-zebra&verdict=right"),
    ("the last page", "trajectories?run=.&page={last}"),
    ("groups", "groups?run=."),
    ("a group of eight", "group?of=.&task=bench/7"),
    ("one trajectory", "trajectory?of=.&id=bench/7%231&at=57&run=."),
    ("plots", "plots?run=."),
)
SERVER = """
import sys
from pathlib import Path
from codedance.viewer.runs.serving import ServeSettings, serve_runs
root, caches = map(Path, sys.argv[1:])
serve_runs(root, ServeSettings(port=0), caches=caches, ready=lambda where: print(where, flush=True))
"""


def main() -> None:
    """Make the run, measure, print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="trajectories")
    parser.add_argument("--requests", type=int, default=7, help="requests of each page")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    options = parser.parse_args()
    figures: dict[str, float | int] = {}
    with tempfile.TemporaryDirectory(prefix="run-browser-") as name:
        root, caches = Path(name) / "run", Path(name) / "caches"
        make_run(root, options.count)
        path = root / "trajectories.jsonl"
        figures["trajectories"] = options.count
        figures["file, MiB"] = path.stat().st_size / 2**20
        figures["floor: read the file once, s"] = timed(lambda: read_once(path))
        figures[PARSED] = timed(lambda: parse_once(path))
        figures["load before"] = os.getloadavg()[0]
        measure(root, caches, options.requests, figures)
    add_ratios(figures)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:45} {value:>12,}" if isinstance(value, int) else f"{name:45} {value:>12.3f}")


def measure(root: Path, caches: Path, requests: int, figures: dict[str, float | int]) -> None:
    """Start the server, wait for its index, ask for pages."""
    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(root), str(caches)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            port = int(address.rstrip("/").rpartition(":")[2])
            count = int(figures["trajectories"])
            early = None
            while True:
                words = json.loads(ask(port, "state"))["words"]
                if early is None and "so far" in words:
                    early = timed(lambda: ask(port, "trajectories?run=."))
                if words == "up to date":
                    break
                time.sleep(0.25)
            seconds = time.monotonic() - begin
            figures["index, s"] = seconds
            figures["index, trajectories/s"] = count / seconds
            figures["index, CPU s"] = cpu_seconds(server.pid)
            figures["memory of the server after it, MiB"] = peak_memory(server.pid)
            figures["index on disk, MiB"] = (
                sum(one.stat().st_size for one in (root / ".codedance-index").iterdir()) / 2**20
            )
            if early is not None:
                figures["a page while it is made, s"] = early
            figures[SMALLEST] = median(timed(lambda: ask(port, "state")) for _ in range(requests))
            for name, path in PAGES:
                where = path.format(last=-(-count // 50))
                figures[f"{name}, s"] = median(timed(lambda where=where: ask(port, where)) for _ in range(requests))
            figures["memory of the server at the end, MiB"] = peak_memory(server.pid)
        finally:
            server.terminate()
    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(root), str(caches)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().strip().rstrip("/").rpartition(":")[2])
            figures["started again: until it listens, s"] = time.monotonic() - begin
            figures["started again: its first answer, s"] = timed(lambda: ask(port, "trajectories?run=."))
        finally:
            server.terminate()


def add_ratios(figures: dict[str, float | int]) -> None:
    """Put what was measured beside its floors."""
    page = figures["first page, s"]
    figures["ratio: index / parsing the file once"] = figures["index, s"] / figures[PARSED]
    figures["ratio: index / reading the file once"] = figures["index, s"] / figures["floor: read the file once, s"]
    figures["ratio: first page / parsing the file once"] = page / figures[PARSED]
    figures["ratio: first page / smallest answer"] = page / figures[SMALLEST]


def ask(port: int, path: str) -> str:
    """A page's text; anything but success ends the program."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:300]}")
        return text
    finally:
        connection.close()


def make_run(root: Path, count: int) -> None:
    """Groups of eight attempts of one to four turns; some have code that failed, one in a thousand a rare word."""
    chance = random.Random(0)  # noqa: S311 - reproducible, no secret
    Manifest(kind="eval").write(root)
    with (root / "trajectories.jsonl").open("w", encoding="utf-8") as file:
        for number, line in enumerate(records(chance)):
            if number == count:
                return
            file.write(line)


def records(chance: random.Random) -> Iterator[str]:
    """Endless lines, made from a few records of the real types by putting other names and numbers into them."""
    patterns = [pattern(turns, failed=failed).model_dump_json() for turns in (1, 2, 3, 4) for failed in (False, True)]
    number = 0
    while True:
        task, attempt = divmod(number, 8)
        line = chance.choices(patterns, weights=(30, 2, 30, 5, 20, 4, 8, 1))[0]
        word = "zebra" if number % 1000 == 3 else chance.choice(("circle", "square", "triangle", "bar", "cell", "line"))
        values = {
            "%TASK%": f"bench/{task}", "%ATTEMPT%": str(attempt), "%WORD%": word, "%N%": str(chance.randrange(1000)),
            "%ANSWER%": str(chance.choice((3, 3, 4, 5))), "%FAMILY%": chance.choice(("charts", "search", "tables")),
            "123456": str(chance.randrange(8, 400)), "777777": str(attempt), "888888.0": f"{chance.random() * 20:.3f}",
        }  # fmt: skip
        for name, value in values.items():
            line = line.replace(name, value)
        yield f"{line}\n"
        number += 1


def pattern(turns: int, *, failed: bool) -> Trajectory:
    """A trajectory with places for what differs."""
    code = (
        "import numpy as np\nprint(np.array(input_image).sum() + %N%)" if turns % 2 == 0 else "print(input_image.size)"
    )
    error = GuestError(type="NameError", message="name 'x' is not defined", traceback="NameError") if failed else None
    execution = Execution(status="error" if failed else "ok", stdout="%N%\n", error=error, seconds=0.01)
    steps = [
        Turn(
            text=f"<think>I look at the %WORD% once more.</think><code>\n```python\n{code}\n```\n</code>",
            kept_characters=80, code=code, execution=execution, completion_tokens=123456, seconds=0.4,
            observation=Observation(parts=(TextPart(text="%N%"),)),
        )
        for _ in range(turns - 1)
    ]  # fmt: skip
    last = Turn(text="<think>So.</think><answer>%ANSWER%</answer>", kept_characters=40, completion_tokens=123456)
    return Trajectory(
        id="%TASK%#%ATTEMPT%",
        task=Task(
            id="%TASK%", source="bench", question="How many things like the %WORD% are there near number %N%?",
            answer=NumberAnswer(value=3), meta={"family": "%FAMILY%", "difficulty": "hard"},
        ),
        attempt=777777, model="bench", sampling=Sampling(), turns=(*steps, last), answer="%ANSWER%",
        stop=StopReason.ANSWERED, seconds=888888.0,
    )  # fmt: skip


def read_once(path: Path) -> None:
    """The least that anything could cost that looks at all of it."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def parse_once(path: Path) -> None:
    """What anything costs that has no index."""
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def timed(do: object) -> float:
    """Seconds of a call."""
    assert callable(do)
    begin = time.perf_counter()
    do()
    return time.perf_counter() - begin


def peak_memory(process: int) -> float:
    """Largest resident memory of a process so far, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the server has ended")


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
