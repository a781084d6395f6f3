"""``codedance view RUN`` without ``-o``: the run browser, live."""

from __future__ import annotations

import os
import secrets
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from codedance.cli.text import visible

if TYPE_CHECKING:
    from codedance.viewer.runs.indexing import IndexProgress

__all__ = ["view_live"]

_WORTH_A_BAR = 4 << 20
"""Bytes to read."""


def view_live(
    root: Path, *, host: str, port: int, allow_host: Sequence[str], cache: Path | None, open_browser: bool
) -> None:
    """Serve a run or a folder of runs until the user ends it.

    Args:
        root: what is looked at.
        host: address to listen at; beyond this machine a token is asked for.
        port: 0 takes a free one.
        allow_host: names under which the machine is called.
        cache: where the index goes; in the folder itself if not given, or in the user's cache.
        open_browser: whether to open the address in a browser.
    """
    from codedance.viewer.listening import is_address, is_loopback
    from codedance.viewer.runs.guard import GuardSettings
    from codedance.viewer.runs.serving import ServeSettings, serve_runs

    outside = not is_loopback(host)
    token = os.environ.get("CODEDANCE_VIEW_TOKEN") or (secrets.token_urlsafe(24) if outside else None)
    names = (*allow_host, *(() if is_address(host) else (host,)))
    settings = ServeSettings(host, port, GuardSettings(token, names), index_beside=cache is None)

    def ready(address: str) -> None:
        typer.echo(f"runs: {address}")
        if outside:
            typer.echo("whoever has this address may read the runs; ctrl-c ends it")
        if open_browser:
            webbrowser.open(address)

    with _bar(root) as listener:
        serve_runs(root, settings, caches=cache or _caches(), paired=_mcnemar, ready=ready, listener=listener)


@contextmanager
def _bar(root: Path) -> Iterator[Callable[[IndexProgress | None], None]]:
    """A bar for what is being read into the index, while somebody watches the terminal."""
    console = Console(stderr=True)
    shown = console.is_terminal and not console.is_dumb_terminal
    bar = _Bar(console, f"index of {visible(root.resolve().name)}") if shown else None
    try:
        yield bar.tell if bar is not None else lambda progress: None
    finally:
        if bar is not None:
            bar.tell(None)


class _Bar:
    """Comes with the first part of a long pass, and goes with its end."""

    def __init__(self, console: Console, what: str) -> None:
        self._console, self._what = console, what
        self._progress: Progress | None = None

    def tell(self, found: IndexProgress | None) -> None:
        """Show how far a pass has come."""
        if found is None:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
            return
        if found.bytes_total < _WORTH_A_BAR:
            return
        if self._progress is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True),
                       TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._progress.add_task(self._what, total=found.bytes_total, rate="")
            self._progress.start()
        task = self._progress.tasks[0]
        rate = f"{found.trajectories / task.elapsed:,.0f} trajectories/s" if task.elapsed else ""
        self._progress.update(task.id, completed=found.bytes_done, total=found.bytes_total, rate=rate)


def _mcnemar(fixed: int, broken: int) -> float:
    from codedance.bench.reports.comparison import mcnemar

    return mcnemar(fixed, broken)


def _caches() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named and Path(named).is_absolute() else Path.home() / ".cache"
