"""From the inputs of a plan to its figures: hours, machines, bytes, money, and what gives way first."""

from __future__ import annotations

import math
from dataclasses import replace

from codedance.cluster.plan.settings import PlanSettings, engine_of
from codedance.cluster.plan.simulation import Machines, Outcome, draw_episodes, simulate
from codedance.errors import UsageError
from codedance.schema import Record

__all__ = ["Forecast", "Totals", "forecast"]

_HOST_LOAD = 0.5
"""Share of a host's processors that a plan may fill on average: cells come in waves."""
_RELIEF = 16
"""How much more of something is given to see what it was worth."""
_GIGABYTE = 1e9
_MOST_TURNS = 2_000_000
"""About five minutes of one processor."""


class Totals(Record):
    """One pass over all questions."""

    steps: int
    hours: float
    gpu_hours: float
    processor_hours: float
    network_bytes: float
    """Over the driver's link."""
    stored_bytes: float
    """Records and pictures of every attempt."""
    stored_files: int
    cost: float
    """GPUs and sandbox hosts for those hours, and the store for one month."""


class Forecast(Record):
    """What is to be expected on so many GPUs."""

    gpus: int
    groups: int
    """Questions a step."""
    drivers: int
    """Processes that run the loop."""
    episodes: int
    """Of a step."""
    rollout_seconds: float
    tail_seconds: float
    """Of the rollouts, after nine of ten episodes had ended."""
    update_seconds: float
    sync_seconds: float
    parts: dict[str, float]
    """Seconds of a mean episode, queues included."""
    busy: dict[str, float]
    """Shares of the rollouts' seconds, see :class:`~codedance.cluster.plan.simulation.Outcome`."""
    rows: float
    """Mean rows of an engine."""
    tokens_per_second: float
    """Written by all engines together, over the rollouts."""
    network_bytes_per_second: float
    """Over the driver's link, mean of the rollouts."""
    processors_per_gpu: float
    """Of sandbox hosts, so that cells fill half of them on average."""
    hosts_wanted: int
    """Of the plan's kind of host, for the same."""
    sessions_bytes: float
    """Memory of all sessions, if every episode of a step has one open."""
    relief: dict[str, float]
    """Share of the rollouts' seconds that 16 times as much of one thing would save; engines become twice as fast."""
    totals: Totals

    @property
    def step_seconds(self) -> float:
        """Rollouts, update and exchange of weights, one after the other."""
        return self.rollout_seconds + self.update_seconds + self.sync_seconds

    @property
    def limit(self) -> str:
        """What most of the rollouts' time hangs on."""
        return max(self.relief, key=lambda name: self.relief[name]) if self.relief else ""


def forecast(settings: PlanSettings, gpus: int, *, groups: int | None = None, relief: bool = True) -> Forecast:
    """Simulate one step on so many GPUs, and count what a whole pass takes.

    Args:
        settings: all inputs.
        gpus: they write in turns with training; each engine takes ``engine.gpus`` of them.
        groups: questions a step, if not those of the settings.
        relief: simulate also what more of each thing would save (four more simulations).

    Raises:
        UsageError: fewer GPUs than one engine takes, or more turns than are simulated.
    """
    engine = engine_of(settings)
    engines = gpus // engine.gpus
    if engines < 1:
        raise UsageError(f"{gpus} GPUs: one engine takes {engine.gpus}")
    groups = min(groups or settings.training.groups, settings.work.questions)
    turns = groups * settings.work.attempts * settings.work.turns
    if turns > _MOST_TURNS:
        raise UsageError(f"{turns:,} turns in one step: at most {_MOST_TURNS:,} are simulated; take fewer questions")
    episodes = draw_episodes(settings.work, groups * settings.work.attempts, seed=settings.seed)
    machines = Machines(settings.driver, settings.hosts, engine, engines, settings.network)
    outcome = simulate(episodes, machines)
    saved = {
        name: 1.0 - simulate(episodes, relieved).seconds / outcome.seconds
        for name, relieved in (_relieved(machines) if relief else {}).items()
    }
    return _count(settings, outcome, gpus=gpus, groups=groups, relief=saved)


def _relieved(machines: Machines) -> dict[str, Machines]:
    driver, hosts, network, engine = machines.driver, machines.hosts, machines.network, machines.engine
    wide = {"bytes_per_second": network.bytes_per_second * _RELIEF, "delay_seconds": network.delay_seconds / _RELIEF}
    quick = {
        "step_seconds": engine.step_seconds / 2,
        "row_seconds": engine.row_seconds / 2,
        "read_tokens_per_second": engine.read_tokens_per_second * 2,
    }
    many = {"processors": hosts.processors * _RELIEF}
    return {
        "driver": replace(machines, driver=driver.model_copy(update={"processes": driver.processes * _RELIEF})),
        "network": replace(machines, network=network.model_copy(update=wide)),
        "sandbox": replace(machines, hosts=hosts.model_copy(update=many)),
        "engines": replace(machines, engine=engine.model_copy(update=quick)),
    }


def _count(settings: PlanSettings, outcome: Outcome, *, gpus: int, groups: int, relief: dict[str, float]) -> Forecast:
    hosts, training = settings.hosts, settings.training
    cell_seconds = outcome.busy["sandbox"] * hosts.count * hosts.processors * outcome.seconds
    update = _update_seconds(settings, outcome, gpus)
    step = outcome.seconds + update + training.sync_seconds
    processors = cell_seconds / outcome.seconds / _HOST_LOAD
    return Forecast(
        gpus=gpus,
        groups=groups,
        drivers=settings.driver.processes,
        episodes=outcome.episodes,
        rollout_seconds=outcome.seconds,
        tail_seconds=outcome.tail_seconds,
        update_seconds=update,
        sync_seconds=training.sync_seconds,
        parts={part.value: seconds for part, seconds in outcome.parts.items()},
        busy=outcome.busy,
        rows=outcome.rows,
        tokens_per_second=outcome.written_tokens / outcome.seconds,
        network_bytes_per_second=outcome.sent_bytes / outcome.seconds,
        processors_per_gpu=processors / gpus,
        hosts_wanted=max(1, math.ceil(processors / hosts.processors)),
        sessions_bytes=outcome.episodes * hosts.session_bytes,
        relief=relief,
        totals=_totals(settings, outcome, gpus=gpus, groups=groups, step_seconds=step),
    )


def _update_seconds(settings: PlanSettings, outcome: Outcome, gpus: int) -> float:
    """Every token of every attempt, read or written, goes through the model ``passes`` times."""
    tokens = outcome.written_tokens + outcome.read_tokens
    products = 2 * settings.model.parameters * settings.training.passes * tokens
    return products / (gpus * settings.gpu.flops * settings.gpu.train_share)


def _totals(settings: PlanSettings, outcome: Outcome, *, gpus: int, groups: int, step_seconds: float) -> Totals:
    work, prices, hosts = settings.work, settings.prices, settings.hosts
    steps = math.ceil(work.questions / groups)
    hours = steps * step_seconds / 3600
    attempts = work.questions * work.attempts
    pictures = _pictures(work.turns, work.shown_bytes)
    stored = work.questions * work.picture_bytes + attempts * (
        (work.turns - 1) * work.shown_bytes + work.turns * work.text_bytes
    )
    processors = hosts.count * hosts.processors
    cost = hours * (gpus * prices.gpu_hour + processors * prices.processor_hour)
    return Totals(
        steps=steps,
        hours=hours,
        gpu_hours=hours * gpus,
        processor_hours=hours * processors,
        network_bytes=attempts * outcome.sent_bytes / outcome.episodes,
        stored_bytes=stored,
        stored_files=work.questions + attempts * pictures,
        cost=cost + stored / _GIGABYTE * prices.gigabyte_month,
    )


def _pictures(turns: int, shown_bytes: float) -> int:
    return turns - 1 if shown_bytes > 0 else 0
