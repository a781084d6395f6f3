"""Rollouts, simulated event by event: a driver, engines, sandbox hosts and a link, all of which have queues."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from random import Random

from codedance.cluster.plan.clock import Clock, Process, Shared, Station, Wait
from codedance.cluster.plan.settings import Driver, Engine, Hosts, Network, Work

__all__ = ["Episode", "Machines", "Outcome", "Part", "Turn", "draw_episodes", "simulate"]


class Part(StrEnum):
    """Where an episode's seconds go, waiting in that place's queue included."""

    DRIVER = "driver"
    NETWORK = "network"
    READING = "reading"
    """Until the engine has read the prompt."""
    WRITING = "writing"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply and, unless it is the last, one cell."""

    read_tokens: float
    """New ones."""
    written_tokens: float
    cell_seconds: float | None
    """Processor seconds; ``None``: no code."""
    shown_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Episode:
    """The turns of an attempt, as they were or as they are drawn."""

    question: int
    picture_bytes: float
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Machines:
    """What the episodes run on."""

    driver: Driver
    hosts: Hosts
    engine: Engine
    engines: int
    """Copies of the model."""
    network: Network


@dataclass(slots=True)
class Outcome:
    """What a simulation has shown."""

    seconds: float = 0.0
    """From the first episode's begin to the last one's end."""
    tail_seconds: float = 0.0
    """Of them, after nine of ten episodes had ended."""
    episodes: int = 0
    parts: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))
    """Seconds of a mean episode."""
    busy: dict[str, float] = field(default_factory=dict)
    """Share of the seconds: in which driver and network had work, in which a mean engine read, and in which it had
    something to write; and the share of the hosts' processors that cells took."""
    rows: float = 0.0
    """Mean rows of an engine while it had any."""
    sent_bytes: float = 0.0
    """Over the driver's link."""
    read_tokens: float = 0.0
    written_tokens: float = 0.0


def draw_episodes(work: Work, count: int, *, seed: int = 0) -> list[Episode]:
    """Episodes as the work describes them: lengths and times are log-normal around their means.

    >>> one, = draw_episodes(Work(turns=2, written_spread=0, cell_spread=0, slow_cells=0), 1)
    >>> [(turn.read_tokens, turn.written_tokens, turn.cell_seconds) for turn in one.turns]
    [(1500.0, 220.0, 0.15), (350.0, 220.0, None)]
    """
    rng = Random(seed)  # noqa: S311 - a simulation, the same every time

    def near(mean: float, spread: float) -> float:
        return mean * math.exp(spread * rng.gauss(0.0, 1.0) - spread * spread / 2) if spread else mean

    def cell() -> float:
        if rng.random() < work.slow_cells:
            return work.limit_seconds
        return min(work.limit_seconds, near(work.cell_seconds, work.cell_spread))

    def turn(index: int) -> Turn:
        code = index < work.turns - 1
        return Turn(
            read_tokens=work.observation_tokens if index else work.first_tokens,
            written_tokens=max(1.0, near(work.written_tokens, work.written_spread)),
            cell_seconds=cell() if code else None,
            shown_bytes=work.shown_bytes if code else 0.0,
        )

    return [
        Episode(number // work.attempts, work.picture_bytes, tuple(turn(index) for index in range(work.turns)))
        for number in range(count)
    ]


def simulate(episodes: Sequence[Episode], machines: Machines, *, concurrency: int | None = None) -> Outcome:
    """Run episodes to their ends.

    Args:
        episodes: in the order in which they begin.
        machines: what there is.
        concurrency: how many run at once; all of them if not said.
    """
    return _Run(machines).all(episodes, concurrency or len(episodes))


class _Writer:
    """An engine: it reads prompts one after the other; while it does not read, it writes for all its rows together."""

    def __init__(self, clock: Clock, engine: Engine) -> None:
        self._clock = clock
        self._engine = engine
        self.seats = Station(clock, engine.rows)
        self.reading = Station(clock, 1)
        self.writing = Shared(clock, lambda rows: 1.0 / (engine.step_seconds + engine.row_seconds * (rows - 1)))
        self._waiting = 0

    def read(self, tokens: float) -> Process:
        self._waiting += 1
        self.writing.pause(True)
        yield self.reading.serve(tokens / self._engine.read_tokens_per_second)
        self._waiting -= 1
        self.writing.pause(self._waiting > 0)


class _Run:
    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.clock = clock = Clock()
        self.drivers = [Station(clock, 1) for _ in range(machines.driver.processes)]
        self.link = Station(clock, 1)
        self.hosts = [Shared(clock, self._host_speed) for _ in range(machines.hosts.count)]
        self.writers = [_Writer(clock, machines.engine) for _ in range(machines.engines)]
        self.outcome = Outcome()
        self.ends: list[float] = []

    def all(self, episodes: Sequence[Episode], concurrency: int) -> Outcome:
        queue = iter(enumerate(episodes))

        def lane() -> Process:
            for number, episode in queue:
                yield from self._episode(number, episode)
                self.ends.append(self.clock.now)

        for _ in islice(range(concurrency), len(episodes)):
            self.clock.begin(lane())
        self.clock.run()
        return self._summary()

    def _host_speed(self, users: int) -> float:
        hosts = self.machines.hosts
        return min(1.0, hosts.processors / (users + hosts.busy))

    def _timed(self, part: Part, wait: Wait) -> Process:
        begin = self.clock.now
        yield wait
        self.outcome.parts[part] += self.clock.now - begin

    def _drive(self, number: int, seconds: float) -> Process:
        driver = self.drivers[number % len(self.drivers)]
        work: float | Wait = self.hosts[0].use(seconds) if self.machines.driver.shares_host else seconds
        yield from self._timed(Part.DRIVER, driver.serve(work))

    def _send(self, sent: float) -> Process:
        network = self.machines.network
        self.outcome.sent_bytes += sent
        yield from self._timed(Part.NETWORK, self.link.serve(sent / network.bytes_per_second))
        yield from self._timed(Part.NETWORK, self.clock.wait(network.delay_seconds))

    def _episode(self, number: int, episode: Episode) -> Process:
        settings, engine = self.machines.driver, self.machines.engine
        host = min(self.hosts, key=lambda one: one.users)
        # Attempts at a question stay together, as the spreading of conversations over servers has it.
        writer = self.writers[episode.question % len(self.writers)]
        pictures, context = episode.picture_bytes, 0.0
        opened = False
        yield from self._drive(number, settings.episode_seconds)
        for turn in episode.turns:
            yield from self._drive(number, settings.turn_seconds)
            # The whole conversation is sent each turn, its pictures in base64.
            yield from self._send(pictures * 4 / 3)
            read = turn.read_tokens if engine.keeps else context + turn.read_tokens
            context += turn.read_tokens + turn.written_tokens
            yield from self._ask(writer, read, turn.written_tokens)
            if turn.cell_seconds is not None:
                seconds = self.machines.hosts.cell_seconds + turn.cell_seconds
                if not opened:
                    opened = True
                    seconds += self.machines.hosts.session_seconds
                    yield from self._send(episode.picture_bytes)
                yield from self._timed(Part.SANDBOX, host.use(seconds))
                yield from self._send(turn.shown_bytes)
                pictures += turn.shown_bytes

    def _ask(self, writer: _Writer, read: float, written: float) -> Process:
        self.outcome.read_tokens += read
        self.outcome.written_tokens += written
        begin, has_read = self.clock.now, []

        def seated() -> Process:
            yield from writer.read(read)
            has_read.append(self.clock.now)
            yield writer.writing.use(written)

        yield writer.seats.serve(self.clock.through(seated()))
        self.outcome.parts[Part.READING] += has_read[0] - begin
        self.outcome.parts[Part.WRITING] += self.clock.now - has_read[0]

    def _summary(self) -> Outcome:
        outcome, ends = self.outcome, sorted(self.ends)
        outcome.episodes, outcome.seconds = len(ends), ends[-1]
        outcome.tail_seconds = ends[-1] - ends[int(0.9 * (len(ends) - 1))]
        outcome.parts = {part: seconds / len(ends) for part, seconds in outcome.parts.items()}
        whole, engines, hosts = outcome.seconds, self.writers, self.machines.hosts
        written = sum(one.writing.busy_seconds for one in engines)
        outcome.rows = sum(one.writing.user_seconds for one in engines) / written if written else 0.0
        outcome.busy = {
            "driver": sum(one.busy_seconds for one in self.drivers) / len(self.drivers) / whole,
            "network": self.link.busy_seconds / whole,
            "reading": sum(one.reading.busy_seconds for one in engines) / len(engines) / whole,
            "writing": written / len(engines) / whole,
            "sandbox": sum(one.worked for one in self.hosts) / (hosts.count * hosts.processors) / whole,
        }
        return outcome
