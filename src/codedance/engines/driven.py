"""An episode that somebody else drives: the one loop waits for replies that an engine samples in its own time.

Engines that sample for many attempts at once call a plug-in between turns. The loop runs in a thread of its own, so
that it does not matter which event loop, or none, the engine calls from.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from codedance.engines.settings import EngineSettings
from codedance.engines.workplace import workplace
from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.errors import ModelError
from codedance.imaging import Picture
from codedance.models.contract import Completion
from codedance.protocol import ChatMessage
from codedance.schema import Sampling, Task

__all__ = ["DrivenEpisode"]

T = TypeVar("T")


class DrivenEpisode:
    """One attempt. :meth:`begin` it, then :meth:`reply` until it has ended; both may be awaited from any event loop.

    Args:
        task: the question.
        pictures: of the question.
        settings: of the plug-in.
        episode: of the attempt.
        name: of the model, for the record.
        attempt: index among the attempts at the question.
    """

    def __init__(
        self,
        task: Task,
        pictures: Sequence[Picture],
        *,
        settings: EngineSettings,
        episode: EpisodeSettings,
        name: str,
        attempt: int = 0,
    ) -> None:
        self._task, self._pictures, self._settings, self._episode = task, tuple(pictures), settings, episode
        self._model = _DrivenModel(name)
        self._attempt = attempt
        self._played: asyncio.Task[Rollout] | None = None

    async def begin(self) -> list[ChatMessage]:
        """Start; gives the messages that the first reply answers."""
        return await _elsewhere(self._begin())

    async def reply(self, completion: Completion) -> list[ChatMessage] | Rollout:
        """Go on with a reply; gives all messages of the conversation that the next one answers, or how it ended.

        An attempt that ran out of time meanwhile has ended, whatever the reply says.
        """
        return await _elsewhere(self._reply(completion))

    async def refuse(self, error: ModelError) -> list[ChatMessage] | Rollout:
        """Go on with an error in place of a reply: the loop ends the attempt as it ends those of failing models."""
        return await _elsewhere(self._reply(error))

    async def _begin(self) -> list[ChatMessage]:
        sandbox = await workplace(self._settings).sandbox()
        self._played = asyncio.ensure_future(
            run_episode(
                self._task,
                self._pictures,
                model=self._model,
                sandbox=sandbox,
                settings=self._episode,
                attempt=self._attempt,
            )
        )
        asked = await self._next(self._played)
        if isinstance(asked, Rollout):
            raise AssertionError("an episode asks for a reply before it ends")
        return asked

    async def _reply(self, completion: Completion | ModelError) -> list[ChatMessage] | Rollout:
        if self._played is None:
            raise AssertionError("the episode has not begun")
        if not self._played.done():
            self._model.replies.put_nowait(completion)
        return await self._next(self._played)

    async def _next(self, played: asyncio.Task[Rollout]) -> list[ChatMessage] | Rollout:
        asked = asyncio.ensure_future(self._model.asked.get())
        await asyncio.wait([asked, played], return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        asked.cancel()
        return played.result()


class _DrivenModel:
    """A model whose replies come from outside."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: asyncio.Queue[list[ChatMessage]] = asyncio.Queue()
        self.replies: asyncio.Queue[Completion | ModelError] = asyncio.Queue()

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        """Wait for the reply; how it is sampled, and where it stops, is the engine's business."""
        del sampling, stop, on_text
        self.asked.put_nowait(list(messages))
        reply = await self.replies.get()
        if isinstance(reply, ModelError):
            raise reply
        return reply

    async def close(self) -> None:
        """There is nothing to free."""


class _Thread:
    """A thread with an event loop, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, job: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="codedance-episodes", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(job, self._loop)


_THREAD = _Thread()


async def _elsewhere(job: Coroutine[Any, Any, T]) -> T:
    """Run in the episodes' thread."""
    return await asyncio.wrap_future(_THREAD.submit(job))
