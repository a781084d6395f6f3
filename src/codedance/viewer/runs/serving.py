"""Serving the run browser until somebody ends it."""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from codedance.errors import MissingExtraError
from codedance.viewer.listening import leave, listen_at, url_of
from codedance.viewer.runs.base import choose_place
from codedance.viewer.runs.browse import Browse
from codedance.viewer.runs.comparing import PairedTest
from codedance.viewer.runs.found import find_runs
from codedance.viewer.runs.guard import GuardSettings
from codedance.viewer.runs.indexing import IndexProgress, RunIndex
from codedance.viewer.runs.watching import Watcher

__all__ = ["ServeSettings", "serve_runs"]


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Where a folder is served, and who may look."""

    host: str = "127.0.0.1"
    port: int = 8090
    """0 takes a free one."""
    guard: GuardSettings = field(default_factory=GuardSettings)
    index_beside: bool = True
    """Whether the index may lie in the folder itself; false puts it into the cache."""


def serve_runs(
    root: Path,
    settings: ServeSettings,
    *,
    caches: Path,
    paired: PairedTest | None = None,
    ready: Callable[[str], None] = lambda address: None,
    listener: Callable[[IndexProgress | None], None] = lambda progress: None,
) -> None:
    """Serve a run or a folder of runs; comes back when the process is told to end.

    Args:
        root: what is looked at.
        settings: where it is served.
        caches: the user's folder for caches, for an index that cannot lie beside the runs.
        paired: a test for two runs with one attempt at each task.
        ready: told the address once it can be opened; the token is in it.
        listener: told how far the index has come, from another thread; ``None`` when a pass has ended.

    Raises:
        StoreError: there is no such folder, or no place for the index.
        UsageError: the port is taken, or the address is none of this machine's.
        MissingExtraError: the web server is not installed.
    """
    for name in ("fastapi", "uvicorn"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError("the run browser", "serve")
    import uvicorn

    from codedance.viewer.runs.app import create_app

    find_runs(root)
    listening = listen_at(settings.host, settings.port)
    place = choose_place(root, caches, beside=settings.index_beside)
    with listening, Watcher(RunIndex(root, place), listener=listener) as watcher:
        app = create_app(Browse(root, place, watcher, paired), settings.guard)
        before = signal.signal(signal.SIGTERM, leave)
        config = uvicorn.Config(
            app, log_level="warning", server_header=False, timeout_graceful_shutdown=2, limit_concurrency=256
        )
        token = f"?token={settings.guard.token}" if settings.guard.token else ""
        ready(f"{url_of(settings.host, listening)}/{token}")
        try:
            uvicorn.Server(config).run([listening])
        finally:
            signal.signal(signal.SIGTERM, before)
