"""How well the simulator of ``codedance plan`` tells the time of rollouts on this machine: measured beside simulated.

    python benchmarks/simulator_check.py [--rounds 3] [--episodes 48] [--concurrency 4 16 48]

Two kinds of runs, both through the one loop and the real sandbox. ``waiting``: a model that answers after a while,
as a server far away does, with two cells an episode; processor seconds of the loop, a session and a cell are taken
from runs of other episodes before. ``engine``: the embedded model; its step, its further rows and its reading are timed
with other scenes before, and all is told in processor seconds of this program, which is what its one thread would take
alone; cells run in other processes and are left out there.
The simulator gets these figures and how much was asked, written and run; it tells how long all of it takes with so many
episodes at once. Programs of others that want a processor are counted before and after each run and are part of the
input. Medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import anyio
import torch

from codedance.cluster.plan.settings import Driver, Engine, Hosts, Network
from codedance.cluster.plan.simulation import Episode, Machines, Turn, simulate
from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.imaging import Picture
from codedance.models.contract import Completion, Model
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.engine import LocalModel
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, Role, opening, protocol_info
from codedance.sandbox import LocalSandbox, Sandbox
from codedance.schema import Sampling, Task
from codedance.tasks.worlds import Difficulty, make_scene, scene_task

Job = tuple[Task, tuple[Picture, ...]]
CELL = """import time
begin = time.process_time()
import numpy as np
x = np.arange(200_000.0)
for _ in range({times}):
    x = np.sqrt(x * x + 1)
print(begin, time.process_time())"""
_STEPS = 24
FAR = Network(bytes_per_second=1e12, delay_seconds=0.0)


class Waiting:
    """Writes so many cells and then an answer, each after a while; what it waited is noted."""

    def __init__(self, cells: int, seconds: float, times: int) -> None:
        self.cells, self.seconds = cells, seconds
        self.code = f"<code>\n```python\n{CELL.format(times=times)}\n```\n</code>"
        self.random = random.Random(0)  # noqa: S311 - a benchmark

    def delay(self) -> float:
        """Seconds of the next reply."""
        return self.seconds * self.random.lognormvariate(-0.08, 0.4)

    @property
    def name(self) -> str:
        return "waiting"

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        await anyio.sleep(self.delay())
        seen = sum(message.role is Role.TOOL for message in messages)
        return Completion(self.code if seen < self.cells else "<answer>1</answer>")

    async def close(self) -> None:
        """Nothing."""


def jobs(count: int, first: int) -> list[Job]:
    """Scenes that differ."""
    kinds = (("search", Difficulty.HARD), ("counting", Difficulty.HARD), ("search", Difficulty.EASY))
    return [scene_task(make_scene(*kinds[number % 3], 10_000_000 + first + number)) for number in range(count)]


async def play(model: Model, sandbox: Sandbox, work: Sequence[Job], *, at_once: int) -> tuple[list[Rollout], float]:
    """All episodes, so many at once, and the seconds they took together."""
    queue, done = iter(work), []

    async def lane() -> None:
        for number, (task, pictures) in enumerate(queue):
            sampling = Sampling(temperature=0.0, max_tokens=200, seed=number)
            settings = EpisodeSettings(sampling=sampling)
            done.append(await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings))

    begin = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(min(at_once, len(work))):
            group.start_soon(lane)
    return done, time.perf_counter() - begin


async def others(seconds: float = 1.0) -> float:
    """Processes of others that want a processor, the mean over a while."""
    seen = []
    for _ in range(20):
        await anyio.sleep(seconds / 20)
        running = Path("/proc/loadavg").read_text().split()[3].partition("/")[0]
        seen.append(int(running) - 1)
    return statistics.mean(seen)


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor seconds."""

    episode: float
    turn: float
    session: float
    cell: float


async def costs(work: Sequence[Job], times: int) -> Costs:
    """The loop's from episodes with no cell and with three; the rest as the cells' own processes count it."""
    driver, cells = {}, []
    async with LocalSandbox() as sandbox:
        await play(Waiting(1, 0.005, 1), sandbox, work[:2], at_once=1)
        for count in (0, 3):
            begin = time.process_time()
            rollouts, _ = await play(Waiting(count, 0.005, times), sandbox, work, at_once=4)
            driver[count] = (time.process_time() - begin) / len(work)
            ran = [[turn.execution.stdout for turn in one.trajectory.turns if turn.execution] for one in rollouts]
            cells += [[tuple(map(float, text.split())) for text in some] for some in ran if some]
    turn = (driver[3] - driver[0]) / 3
    session = statistics.mean(some[0][0] for some in cells)
    return Costs(
        episode=max(0.0, driver[0] - turn),
        turn=turn,
        session=session,
        cell=statistics.mean(end - begin for some in cells for begin, end in some),
    )


def shape(rollout: Rollout, cell: float) -> Episode:
    """An episode as it was: tokens as the model counted them, cells at their mean cost."""
    turns, known = [], 0
    for turn in rollout.trajectory.turns:
        written, prompt = turn.completion_tokens or 0, turn.prompt_tokens or 0
        turns.append(Turn(max(0, prompt - known), written, cell if turn.execution is not None else None))
        known = prompt + written
    return Episode(0, 0.0, tuple(turns))


def machines(costs: Costs, engine: Engine, busy: float, processors: int) -> Machines:
    """What is here: the loop and the cells share its processors."""
    driver = Driver(episode_seconds=costs.episode, turn_seconds=costs.turn, shares_host=True)
    hosts = Hosts(processors=processors, busy=busy, session_seconds=costs.session, cell_seconds=0.0)
    return Machines(driver, hosts, engine, 1, FAR)


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    kind: str
    at_once: int
    measured: float
    simulated: float
    busy: float


async def waiting(arguments: argparse.Namespace, known: Costs) -> list[Result]:
    """Runs with the model that waits."""
    # A server far away with room for everybody: a reply takes as many steps of a second as were drawn.
    engine = Engine(step_seconds=1.0, row_seconds=0.0, read_tokens_per_second=1e12, rows=10_000)
    results = []
    for number, at_once in product(range(arguments.rounds), arguments.concurrency):
        work = jobs(arguments.episodes, 1000 * (number + 1))
        model = Waiting(2, arguments.seconds, arguments.times)
        async with LocalSandbox() as sandbox:
            async with sandbox.session() as session:
                await session.run("1")
            before = await others()
            _, measured = await play(model, sandbox, work, at_once=at_once)
            busy = (before + await others()) / 2
        drawn = Waiting(2, arguments.seconds, arguments.times)
        shapes = [
            Episode(0, 0.0, tuple(Turn(0.0, drawn.delay(), known.cell if place < 2 else None) for place in range(3)))
            for _ in work
        ]
        outcome = simulate(shapes, machines(known, engine, busy, os.cpu_count() or 1), concurrency=at_once)
        results.append(Result("waiting", at_once, measured, outcome.seconds, busy))
    return results


async def timed(model: Model, work: Sequence[Job], tokens: int) -> float:
    """Seconds in which the engine reads these prompts and writes so many tokens for each."""

    async def one(job: Job) -> None:
        await model.complete(opening(*job, protocol_info()), Sampling(temperature=1.0, max_tokens=tokens, seed=1))

    begin = time.process_time()
    async with anyio.create_task_group() as group:
        for job in work:
            group.start_soon(one, job)
    return time.process_time() - begin


async def engine_of(rows: int) -> Engine:
    """The embedded model's engine, timed alone: reading, a step of one row, and what a further row adds."""
    _, encoder = load_checkpoint(CHECKPOINT)
    read: dict[int, float] = {}
    wrote: dict[int, float] = {}
    for count in (1, rows):
        model = fresh(rows)
        await timed(model, jobs(count, 700), 2)  # warms up
        read[count] = await timed(model, jobs(count, 800), 1)
        wrote[count] = await timed(model, jobs(count, 900), _STEPS + 1) - read[count]
        await model.close()
    prompt = sum(
        len(encoder.encode(opening(task, pictures, protocol_info())).ids) for task, pictures in jobs(rows, 800)
    )
    step = wrote[1] / _STEPS
    return Engine(
        step_seconds=step,
        row_seconds=max(0.0, (wrote[rows] / _STEPS - step) / (rows - 1)),
        read_tokens_per_second=prompt / read[rows],
        rows=rows,
    )


async def engine(arguments: argparse.Namespace, known: Costs) -> list[Result]:
    """Runs with the embedded model."""
    results = []
    for number, at_once in product(range(arguments.rounds), arguments.engine_concurrency):
        work = jobs(arguments.engine_episodes, 2000 * (number + 1))
        alone = await engine_of(at_once)
        model = fresh(at_once)
        async with LocalSandbox() as sandbox:
            await play(model, sandbox, jobs(2, 600), at_once=1)
            begin = time.process_time()
            rollouts, _ = await play(model, sandbox, work, at_once=at_once)
            measured = time.process_time() - begin
        await model.close()
        # Cells run in other processes, whose seconds are not counted here.
        shapes = [shape(one, 0.0) for one in rollouts]
        outcome = simulate(shapes, machines(known, alone, 0.0, os.cpu_count() or 1), concurrency=at_once)
        results.append(Result("engine", at_once, measured, outcome.seconds, await others()))
    return results


def fresh(rows: int) -> LocalModel:
    """The embedded model with nothing in its cache."""
    network, encoder = load_checkpoint(CHECKPOINT)
    return LocalModel(network, encoder, name="nano", rows=rows)


def main() -> None:
    """Calibrate, run, simulate, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=48)
    parser.add_argument("--concurrency", type=int, nargs="*", default=[4, 16, 48])
    parser.add_argument("--seconds", type=float, default=0.4, help="mean wait of a reply")
    parser.add_argument("--times", type=int, default=60, help="how long a cell computes")
    parser.add_argument("--engine-episodes", type=int, default=24)
    parser.add_argument("--engine-concurrency", type=int, nargs="*", default=[4, 24])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    known = anyio.run(costs, jobs(12, 500), arguments.times)
    told = ", ".join(f"{name} {1e3 * getattr(known, name):.2f}" for name in known.__slots__)
    print(f"processor milliseconds: {told}")
    results = anyio.run(waiting, arguments, known) + anyio.run(engine, arguments, known)
    print("| runs | at once | measured, s | simulated, s | error | of single rounds | others busy |")
    print("|---|---|---|---|---|---|---|")
    for kind, at_once in dict.fromkeys((one.kind, one.at_once) for one in results):
        some = [one for one in results if (one.kind, one.at_once) == (kind, at_once)]
        measured = statistics.median(one.measured for one in some)
        simulated = statistics.median(one.simulated for one in some)
        errors = " ".join(f"{100 * (one.simulated / one.measured - 1):+.0f}" for one in some)
        busy = statistics.mean(one.busy for one in some)
        error = 100 * (statistics.median(one.simulated / one.measured for one in some) - 1)
        print(f"| {kind} | {at_once} | {measured:.2f} | {simulated:.2f} | {error:+.1f} % | {errors} | {busy:.1f} |")


if __name__ == "__main__":
    main()
