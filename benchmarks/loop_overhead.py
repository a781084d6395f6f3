"""What the loop costs per turn, beside the same cells run without it, interleaved in one process.

    python benchmarks/loop_overhead.py [--episodes 30] [--turns 8]

The model is scripted and answers at once, so everything that is not the sandbox is ours: parsing, budgets, records,
building the context, telling the listener. Figures are medians in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time

import anyio
from PIL import Image

from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.sandbox import LocalSandbox
from codedance.schema import Budgets, CodeFormat, StopReason, Task

CELL = "x = sum(range(100))\nprint(x)"


def replies(turns: int) -> list[str]:
    """Code in all turns but the last, then the answer."""
    code = render_reply("Add them up.", CodeAction(CELL, CodeFormat.CODE))
    return [code] * (turns - 1) + [render_reply("It printed the sum.", AnswerAction("4950"))]


async def with_loop(sandbox: LocalSandbox, picture: Picture, turns: int) -> tuple[float, float]:
    """Milliseconds of one episode, and those of them that its cells took."""
    task = Task(id="bench", source="bench", question="What is the sum?", images=(picture.ref,))
    settings = EpisodeSettings(budgets=Budgets(turns=turns))
    begin = time.perf_counter()
    rollout = await run_episode(
        task, [picture], model=ScriptedModel(replies(turns)), sandbox=sandbox, settings=settings
    )
    total = time.perf_counter() - begin
    if rollout.trajectory.stop is not StopReason.ANSWERED:
        raise SystemExit(f"the episode ended as {rollout.trajectory.stop}")
    cells = sum(turn.execution.seconds for turn in rollout.trajectory.turns if turn.execution)
    return total * 1e3, cells * 1e3


async def without_loop(sandbox: LocalSandbox, picture: Picture, turns: int) -> float:
    """Milliseconds of the same cells in a bare session."""
    begin = time.perf_counter()
    async with sandbox.session([picture]) as session:
        for _ in range(turns - 1):
            await session.run(CELL)
    return (time.perf_counter() - begin) * 1e3


async def measure(episodes: int, turns: int) -> None:
    """Run both in turn and print the table."""
    picture = Picture.from_image(Image.new("RGB", (448, 448), "white"))
    loop: list[float] = []
    cells: list[float] = []
    bare: list[float] = []
    async with LocalSandbox() as sandbox:
        for episode in range(episodes + 3):
            total, inside = await with_loop(sandbox, picture, turns)
            alone = await without_loop(sandbox, picture, turns)
            if episode >= 3:  # the first ones warm caches
                loop.append(total)
                cells.append(inside)
                bare.append(alone)
    ratios = [one / other for one, other in zip(loop, bare, strict=True)]
    print(f"episodes {episodes}, turns {turns}, medians in ms")
    print(f"  episode through the loop        {statistics.median(loop):8.2f}")
    print(f"  same cells in a bare session    {statistics.median(bare):8.2f}")
    print(f"  ratio, pair by pair             {statistics.median(ratios):8.2f}")
    overhead = statistics.median((one - other) / turns for one, other in zip(loop, bare, strict=True))
    print(f"  loop's own time per turn        {overhead:8.3f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--episodes", type=int, default=30)
    parser.add_argument("--turns", type=int, default=8)
    arguments = parser.parse_args()
    anyio.run(measure, arguments.episodes, arguments.turns)


if __name__ == "__main__":
    main()
