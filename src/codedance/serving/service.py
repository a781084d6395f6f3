"""What the server does for a request, without HTTP: read it, run its episodes, keep their traces."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from codedance.episode import EpisodeSettings, Event, Rollout, run_episode
from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.protocol import relabelled
from codedance.sandbox.contract import Sandbox
from codedance.schema import ProtocolInfo, Task
from codedance.serving.conversation import read_conversation
from codedance.serving.images import PictureReader
from codedance.serving.queue import EpisodeQueue
from codedance.serving.refusals import RefusalError
from codedance.serving.requests import ChatRequest, read_request, wanted_settings
from codedance.serving.settings import ServedModel, ServingSettings
from codedance.serving.traces import TraceShelf

__all__ = ["Asked", "Choice", "Metrics", "Service"]


class Metrics:
    """What Prometheus is told."""

    def __init__(self, queue: EpisodeQueue, shelf: TraceShelf) -> None:
        self.registry = CollectorRegistry()
        names: dict[str, Any] = {"registry": self.registry, "namespace": "codedance_serve"}
        self.episodes = Counter("episodes", "Episodes that ended, by why", ["stop"], **names)
        self.seconds = Histogram(
            "episode_seconds",
            "Wall-clock seconds of episodes",
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600),
            **names,
        )
        self.cancelled = Counter("cancelled", "Episodes whose client had gone", **names)
        self.tokens = Counter("sampled_tokens", "Tokens that models wrote", **names)
        gauges: list[tuple[str, str, Callable[[], float]]] = [
            ("running", "Episodes that run now", lambda: queue.running),
            ("admitted", "Episodes that run or wait", lambda: queue.admitted),
            ("refused", "Requests refused for want of room", lambda: queue.refused),
            ("traces", "Traces kept in memory", lambda: len(shelf)),
            ("trace_bytes", "Bytes of traces kept in memory", lambda: shelf.size),
        ]
        for name, words, value in gauges:
            Gauge(name, words, **names).set_function(value)

    def count(self, rollout: Rollout) -> None:
        """Count an episode that ended."""
        self.episodes.labels(rollout.trajectory.stop.value).inc()
        self.seconds.observe(rollout.trajectory.seconds)
        self.tokens.inc(sum(turn.completion_tokens or 0 for turn in rollout.trajectory.turns))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been understood."""

    request: ChatRequest
    served: ServedModel
    question: str
    pictures: tuple[Picture, ...]
    settings: tuple[EpisodeSettings, ...]
    """One for each answer that is wanted."""
    name: str = field(default_factory=lambda: secrets.token_hex(12))
    """Of the completion; nobody can guess it."""
    created: int = field(default_factory=lambda: int(time.time()))
    """Seconds since 1970."""

    @property
    def choices(self) -> int:
        """How many answers are wanted."""
        return len(self.settings)

    def trace(self, choice: int) -> str:
        """Name of an answer's trace."""
        return f"{self.name}-{choice}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, with the episode behind it."""

    index: int
    trace: str
    rollout: Rollout


class Service:
    """Models, a sandbox, a queue and a shelf of traces.

    Args:
        models: in the order in which they are listed; the first is the playground's choice.
        sandbox: where code runs; it must be open while requests are answered.
        settings: limits.
        shelf: where traces are kept; one in memory if not given.
        reader: of pictures; replaced in tests.
    """

    def __init__(
        self,
        models: tuple[ServedModel, ...],
        sandbox: Sandbox,
        settings: ServingSettings,
        *,
        shelf: TraceShelf | None = None,
        reader: PictureReader | None = None,
    ) -> None:
        self.models: Mapping[str, ServedModel] = {one.name: one for one in models}
        self.settings = settings
        self.queue = EpisodeQueue(
            running=settings.running, waiting=settings.waiting, waiting_seconds=settings.waiting_seconds
        )
        if shelf is None:
            shelf = TraceShelf(most=settings.traces, most_bytes=settings.trace_bytes)
        self.shelf = shelf
        self.metrics = Metrics(self.queue, self.shelf)
        self._sandbox = sandbox
        self._reader = reader or PictureReader(settings)

    async def understand(self, body: bytes) -> Asked:
        """Read a request and its pictures; raises :class:`RefusalError` for what cannot be answered."""
        request = read_request(body, self.settings)
        served = self.models.get(request.model)
        if served is None:
            shown, there = request.model[:80], ", ".join(self.models)
            raise RefusalError(
                404, f"there is no model '{shown}' here; there is {there}", code="model_not_found", param="model"
            )
        settings = tuple(
            wanted_settings(request, self.settings.episode, attempt=attempt) for attempt in range(request.n or 1)
        )
        told = read_conversation(
            request.messages, most_images=self.settings.images, most_characters=self.settings.text_characters
        )
        protocol = _with_system(self.settings.episode.protocol, told.system)
        settings = tuple(one.model_copy(update={"protocol": protocol}) for one in settings)
        pictures = await self._reader.read(told.image_urls)
        return Asked(request, served, told.question, pictures, settings)

    async def answer(self, asked: Asked, choice: int, listener: Callable[[Event], None] | None = None) -> Choice:
        """Run an episode when there is a seat for it, and keep its trace; cancelling ends it.

        Raises:
            RefusalError: the wait was too long (429), or the run folder cannot be written (507).
        """
        refs = tuple(one.ref for one in asked.pictures)
        # Every request is a task of its own, so that a run folder holds no two trajectories of one name.
        task = Task(id=f"serve/{asked.name}", source="serve", question=asked.question, images=refs)
        async with self.queue.seat():
            try:
                rollout = await run_episode(
                    task,
                    asked.pictures,
                    model=asked.served.model,
                    sandbox=self._sandbox,
                    settings=asked.settings[choice],
                    attempt=choice,
                    listener=listener,
                )
            except anyio.get_cancelled_exc_class():
                self.metrics.cancelled.inc()
                raise
        self.metrics.count(rollout)
        name = asked.trace(choice)
        try:
            await self.shelf.add(name, rollout)
        except StoreError as error:
            raise RefusalError(507, f"the trace cannot be written: {error}", code="trace_not_written") from None
        return Choice(choice, name, rollout)


def _with_system(protocol: ProtocolInfo, system: str) -> ProtocolInfo:
    r"""The protocol with a client's system message behind our own.

    >>> _with_system(ProtocolInfo(system_prompt="Think."), "Be brief.").system_prompt
    'Think.\n\nBe brief.'
    """
    if not system:
        return protocol
    text = "\n\n".join(part for part in (protocol.system_prompt, system) if part)
    return relabelled(protocol.model_copy(update={"system_prompt": text}))
