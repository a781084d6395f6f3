"""What a plan is made from: the work, the machines, the prices; every number of it is a setting with its meaning."""

from __future__ import annotations

from pydantic import Field

from codedance.schema import Record

__all__ = [
    "Driver", "Engine", "Gpu", "Hosts", "Network", "PlanSettings", "PolicyModel", "Prices", "Training", "Work",
    "engine_of",
]  # fmt: skip


class Work(Record):
    """The questions, and what one attempt at one of them is made of."""

    questions: int = Field(default=63_000, ge=1)
    """Of one pass over the data."""
    attempts: int = Field(default=8, ge=1, le=1024)
    turns: int = Field(default=6, ge=1, le=64)
    """Replies of an episode; all but the last run code."""
    first_tokens: float = Field(default=1_500.0, gt=0)
    """Read before the first reply: instructions, question, picture (a picture of 28 n x 28 m pixels is n m tokens)."""
    observation_tokens: float = Field(default=350.0, ge=0)
    """Read before each further reply: what the code printed and showed."""
    written_tokens: float = Field(default=220.0, gt=0)
    """Of one reply, the mean."""
    written_spread: float = Field(default=0.6, ge=0.0, le=2.0)
    """Of the logarithm of the tokens of a reply (0: all the same)."""
    cell_seconds: float = Field(default=0.15, ge=0)
    """Processor seconds of one cell, the mean."""
    cell_spread: float = Field(default=1.0, ge=0.0, le=2.5)
    """Of the logarithm of a cell's seconds."""
    slow_cells: float = Field(default=0.002, ge=0.0, le=1.0)
    """Share of cells that run into the time limit."""
    limit_seconds: float = Field(default=20.0, gt=0)
    picture_bytes: float = Field(default=600_000.0, ge=0)
    """File of the question's picture."""
    shown_bytes: float = Field(default=120_000.0, ge=0)
    """Pictures that one cell shows, the mean over cells that show none included."""
    text_bytes: float = Field(default=3_000.0, ge=0)
    """Text of one turn in a record."""


class Driver(Record):
    """The program that runs the loop: one thread asks, parses and writes for all episodes."""

    processes: int = Field(default=1, ge=1, le=65_536)
    """How many share the episodes between them."""
    episode_seconds: float = Field(default=0.004, ge=0)
    """Processor seconds of an episode, its turns apart: opening, decoding pictures, scoring, writing."""
    turn_seconds: float = Field(default=0.0075, ge=0)
    """Of each turn: building and sending the request, parsing the reply, the observation."""
    shares_host: bool = False
    """It has no machine of its own but runs on the first sandbox host."""


class Hosts(Record):
    """Machines whose processors run the model's code."""

    count: int = Field(default=1, ge=1, le=65_536)
    processors: int = Field(default=96, ge=1)
    """Of each host."""
    busy: float = Field(default=0.0, ge=0)
    """Processes of others that want a processor on each host all the time."""
    session_seconds: float = Field(default=0.0025, ge=0)
    """Processor seconds to open and close a session."""
    cell_seconds: float = Field(default=0.0005, ge=0)
    """Processor seconds around each cell."""
    session_bytes: float = Field(default=6e6, ge=0)
    """Memory of a session that waits."""


class Engine(Record):
    """One copy of the model that writes."""

    gpus: int = Field(default=1, ge=1)
    """That one copy takes."""
    step_seconds: float = Field(default=0.012, gt=0)
    """Of a decoding step with one row."""
    row_seconds: float = Field(default=0.00006, ge=0)
    """That each further row adds to a step."""
    read_tokens_per_second: float = Field(default=20_000.0, gt=0)
    """Of new text and pictures; nothing is written meanwhile."""
    rows: int = Field(default=256, ge=1)
    """Written at once; further requests wait."""
    keeps: bool = True
    """What was read stays between the turns of an episode (prefix cache); else all is read again each turn."""


class Gpu(Record):
    """A GPU, for an estimate of an engine that was not measured."""

    memory_bytes: float = Field(default=80e9, gt=0)
    bandwidth: float = Field(default=3.35e12, gt=0)
    """Bytes a second from its memory, as its maker says (H100 SXM)."""
    flops: float = Field(default=989e12, gt=0)
    """Of dense bfloat16 products, as its maker says."""
    bandwidth_share: float = Field(default=0.6, gt=0, le=1)
    """Of the bandwidth that decoding reaches."""
    read_share: float = Field(default=0.35, gt=0, le=1)
    """Of the products that reading reaches."""
    train_share: float = Field(default=0.3, gt=0, le=1)
    """Of the products that training reaches, communication included."""


class PolicyModel(Record):
    """The model that is trained, for the same estimate; the defaults are Qwen2.5-VL-7B's."""

    parameters: float = Field(default=8.3e9, gt=0)
    cache_bytes_per_token: float = Field(default=57_344.0, gt=0)
    """Keys and values: 28 layers, 4 heads of 128, two of two bytes."""
    overhead_seconds: float = Field(default=0.004, ge=0)
    """Of a step, beyond reading the weights: launching kernels, sampling, the scheduler."""


class Network(Record):
    """Between the driver and everything else."""

    bytes_per_second: float = Field(default=3e9, gt=0)
    """Of the driver's own link, both directions together (25 gigabit a second)."""
    delay_seconds: float = Field(default=0.0005, ge=0)
    """Of one message and its answer."""


class Training(Record):
    """Of reinforcement learning, beside the rollouts."""

    groups: int = Field(default=256, ge=1, le=65_536)
    """Questions a step."""
    sync_seconds: float = Field(default=15.0, ge=0)
    """Of a step: new weights to the engines, waking and sleeping them."""
    passes: float = Field(default=4.0, gt=0)
    """Forward passes that the update of a token costs: old log-probabilities 1, forward and backward 3."""


class Prices(Record):
    """What things cost; the sums are no better than these."""

    gpu_hour: float = Field(default=2.50, ge=0)
    processor_hour: float = Field(default=0.04, ge=0)
    """Of a virtual processor with 4 GB of memory."""
    gigabyte_month: float = Field(default=0.02, ge=0)
    currency: str = "USD"


class PlanSettings(Record):
    """All inputs of a plan."""

    work: Work = Work()
    driver: Driver = Driver()
    hosts: Hosts = Hosts()
    engine: Engine | None = None
    """Measured; else estimated from ``gpu`` and ``model``."""
    gpu: Gpu = Gpu()
    model: PolicyModel = PolicyModel()
    network: Network = Network()
    training: Training = Training()
    prices: Prices = Prices()
    seed: int = 0


def engine_of(settings: PlanSettings) -> Engine:
    """The engine of a plan: the measured one, or an estimate from bytes and products.

    A decoding step reads every weight once and each row's keys and values once; reading a token costs two products for
    each parameter. As many rows are written at once as their caches have room beside the weights.

    >>> engine = engine_of(PlanSettings())
    >>> round(1e3 * engine.step_seconds, 1), round(engine.read_tokens_per_second), engine.rows
    (12.3, 20852, 196)
    """
    if settings.engine is not None:
        return settings.engine
    gpu, model, work = settings.gpu, settings.model, settings.work
    speed = gpu.bandwidth * gpu.bandwidth_share
    context = work.first_tokens + (work.turns - 1) / 2 * (work.observation_tokens + work.written_tokens)
    longest = work.first_tokens + work.turns * (work.observation_tokens + work.written_tokens)
    room = 0.9 * gpu.memory_bytes - 2 * model.parameters
    rows = max(1, min(256, int(room / (longest * model.cache_bytes_per_token))))
    return Engine(
        step_seconds=2 * model.parameters / speed + model.overhead_seconds,
        row_seconds=context * model.cache_bytes_per_token / speed,
        read_tokens_per_second=gpu.flops * gpu.read_share / (2 * model.parameters),
        rows=rows,
    )
