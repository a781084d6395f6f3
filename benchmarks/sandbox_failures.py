"""How cells of a model end, by category, on real trajectories.

    python benchmarks/sandbox_failures.py --episodes 100         # the embedded model, greedy and sampled hot
    python benchmarks/sandbox_failures.py RUN...                 # trajectories of run folders

A hot model writes broken code, which a trained one does not: the two together show what a trainer meets on its way.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import anyio

from codedance.episode import EpisodeSettings, run_episode
from codedance.models import load_model
from codedance.rewards.intervals import wilson
from codedance.sandbox import LocalSandbox
from codedance.schema import ExecutionStatus, Sampling, Trajectory
from codedance.store import RunFolder
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, make_scene, scene_task


def tell(name: str, trajectories: Iterable[Trajectory]) -> None:
    """Print the categories of all cells, and what errors they raised."""
    statuses: Counter[ExecutionStatus] = Counter()
    errors: Counter[str] = Counter()
    episodes = 0
    for trajectory in trajectories:
        episodes += 1
        for turn in trajectory.turns:
            if turn.execution is not None:
                statuses[turn.execution.status] += 1
                if turn.execution.error is not None:
                    errors[turn.execution.error.type] += 1
    total = sum(statuses.values())
    print(f"{name}: {episodes} episodes, {total} cells")
    for status in ExecutionStatus:
        count = statuses[status]
        if total:
            low, high = wilson(count, total)
            print(f"  {status.value:8} {count:6}  {count / total:6.3f}  ({low:.3f}-{high:.3f})")
    if errors:
        print("  errors:", ", ".join(f"{kind} {count}" for kind, count in errors.most_common(8)))


async def embedded(episodes: int, temperature: float) -> list[Trajectory]:
    """Trajectories of the embedded model on held-out scenes."""
    settings = EpisodeSettings(sampling=Sampling(temperature=temperature, seed=0))
    model = load_model("nano")
    found = []
    async with LocalSandbox(limits=settings.limits) as sandbox:
        for number in range(episodes):
            family = ("counting", "search")[number % 2]
            scene = make_scene(family, Difficulty.HARD, seed=HELD_OUT_SEEDS + 500_000 + number)
            task, pictures = scene_task(scene)
            rollout = await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings, attempt=number)
            found.append(rollout.trajectory)
    return found


def main() -> None:
    """Read the arguments and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--episodes", type=int, default=100)
    arguments = parser.parse_args()
    for run in arguments.runs:
        tell(str(run), RunFolder.open(run).trajectories())
    if not arguments.runs:
        for temperature in (0.0, 1.0, 2.0):
            tell(f"nano, temperature {temperature:g}", anyio.run(embedded, arguments.episodes, temperature))


if __name__ == "__main__":
    main()
