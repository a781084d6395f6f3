"""How fast trajectories are made, beside the same code cells run bare in one process.

    python benchmarks/data_generation.py [--count 400] [--workers 2]

Both in one run: first the set is made (scenes drawn, episodes run in the loop, cells in the sandbox, outcomes checked,
pictures encoded, files written), then every cell of it is executed once more by ``exec`` in one process, with nothing
around it.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from codedance.schema import Trajectory
from codedance.store import RunFolder
from codedance.synth.generate import generate
from codedance.synth.plan import GenerateSettings


def run_bare(code: str, names: dict[str, object]) -> None:
    """One cell as a notebook would run it, its output thrown away; exceptions end it as they would there."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        body = ast.parse(code).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)  # noqa: S102 - our own oracle's code
        if isinstance(last, ast.Expr):
            eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307 - likewise


def bare_seconds(run: RunFolder) -> tuple[float, int]:
    """Seconds that all cells take bare, and how many there are; decoding the input picture is not counted."""
    seconds, cells = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for trajectory in run.trajectories():
            picture = run.load_pictures(trajectory)[trajectory.task.images[0].sha256].to_image()
            picture.save("input_image.jpg")
            names: dict[str, object] = {"input_image": picture, "display": lambda *shown: None}
            for turn in trajectory.turns:
                if turn.code is not None:
                    begin = time.perf_counter()
                    run_bare(turn.code, names)
                    seconds += time.perf_counter() - begin
                    cells += 1
        os.chdir("/")
    return seconds, cells


def describe(trajectories: list[Trajectory]) -> str:
    """Families and how many trajectories of each."""
    families = Counter(str(one.task.meta["family"]) for one in trajectories)
    return ", ".join(f"{name} {count}" for name, count in sorted(families.items()))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    import cv2  # noqa: F401 - imports are not what is measured
    import matplotlib.pyplot as plt  # noqa: F401
    import numpy as np  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        settings = GenerateSettings(count=arguments.count, seed=arguments.seed)
        begin = time.perf_counter()
        generate(settings, Path(folder) / "set", workers=arguments.workers)
        made = time.perf_counter() - begin
        run = RunFolder.open(Path(folder) / "set")
        trajectories = list(run.trajectories())
        bare, cells = bare_seconds(run)
    count = len(trajectories)
    print(describe(trajectories))
    print(f"{count} trajectories with {cells} cells; load {os.getloadavg()[0]:.1f}")
    minutes = 34_000 * made / count / 60
    print(f"made with {arguments.workers} workers: {made:.1f} s, {count / made:.1f}/s (34,000: {minutes:.0f} min)")
    print(f"cells alone, bare, one process:  {bare:.1f} s, {count / bare:.1f} a second")
    print(f"ratio of rates (made : bare) {bare / made:.2f}; per worker {bare / made / arguments.workers:.2f}")


if __name__ == "__main__":
    main()
