"""A thread that keeps an index up to date as long as somebody looks at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from codedance.errors import CodeDanceError
from codedance.viewer.runs.indexing import IndexProgress, RunIndex

__all__ = ["Watcher"]

_LEAST_SECONDS, _MOST_SECONDS = 0.7, 15.0


class Watcher:
    """Refreshes an index again and again in a thread of its own; a context manager.

    Args:
        index: which this takes over, and closes at the end.
        pause: seconds between two passes at least; a pass that took long is followed by a longer pause.
        listener: told how far a pass has come, and ``None`` when it has ended; called in the watcher's thread.
    """

    def __init__(
        self,
        index: RunIndex,
        *,
        pause: float = _LEAST_SECONDS,
        listener: Callable[[IndexProgress | None], None] = lambda progress: None,
    ) -> None:
        self._index, self._pause, self._listener = index, pause, listener
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="run index", daemon=True)
        self.progress: IndexProgress | None = None
        """Of the pass that is under way; ``None`` between passes."""
        self.problem: str | None = None
        """Why the last pass failed; ``None`` if it did not."""
        self.passes = 0
        """Passes that came to their end."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._index.stopped = True
        self._stop.set()
        self._thread.join()
        self._index.close()

    def damaged(self) -> None:
        """Have the index made anew: a reader has met a part that cannot be read."""
        self._index.damaged = True

    def _watch(self) -> None:
        while not self._stop.is_set():
            begin = time.monotonic()
            try:
                self._index.refresh(self._tell)
                self.problem = None
                self.passes += 1
            except CodeDanceError as error:
                self.problem = str(error)
            self._tell(None)
            took = time.monotonic() - begin
            self._stop.wait(min(_MOST_SECONDS, max(self._pause, 2 * took)))

    def _tell(self, progress: IndexProgress | None) -> None:
        self.progress = progress
        self._listener(progress)
