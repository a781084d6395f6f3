"""What the pages of the run browser share: the index, what keeps it up to date, what is remembered between requests."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from codedance.errors import StoreError
from codedance.viewer.runs.base import open_for_reading
from codedance.viewer.runs.comparing import PairedTest
from codedance.viewer.runs.rewarded import TermMeans, basis_of, term_means
from codedance.viewer.runs.tables import RunLine, changes_of, count_facets, list_runs
from codedance.viewer.runs.watching import Watcher

__all__ = ["Browse"]

_LAG_SECONDS = 4.0
"""How long counts over everything may lag behind an index that grows."""
_MOST_KEPT = 256


@dataclass(slots=True)
class Browse:
    """One folder that is looked at."""

    root: Path
    place: Path
    """The index's file."""
    watcher: Watcher
    paired: PairedTest | None = None
    _kept: dict[tuple[str, object], tuple[float, int, object]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The index as it is now; raises :class:`StoreError` if it cannot be read."""
        base = None
        try:
            base = open_for_reading(self.place)
            yield base
        except sqlite3.OperationalError as error:
            raise StoreError(f"the index cannot be read at the moment ({error}); load the page again") from None
        except sqlite3.DatabaseError as error:
            self.watcher.damaged()
            raise StoreError(f"the index is damaged and is made anew ({error}); load the page again") from None
        finally:
            if base is not None:
                base.close()

    def runs(self, base: sqlite3.Connection) -> Sequence[RunLine]:
        """Every run with its counts."""
        found = self._remembered(base, ("runs", None), lambda: list_runs(base))
        assert isinstance(found, list)
        return found

    def facets(self, base: sqlite3.Connection, run: int | None) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Values of the columns of choices with their counts."""
        found = self._remembered(base, ("facets", run), lambda: count_facets(base, run))
        assert isinstance(found, dict)
        return found

    def means(self, base: sqlite3.Connection, run: RunLine) -> TermMeans | None:
        """Mean reward terms of a run."""
        basis = basis_of(base, run.name)
        found = self._remembered(base, ("means", run.number), lambda: term_means(base, run.number, basis=basis))
        assert found is None or isinstance(found, TermMeans)
        return found

    @property
    def words(self) -> str:
        """What is going on, in a line."""
        progress, problem = self.watcher.progress, self.watcher.problem
        if problem is not None:
            return f"not up to date: {problem}"
        if progress is not None and progress.bytes_total > 1 << 20 and progress.bytes_done < progress.bytes_total:
            share = 100 * progress.bytes_done / progress.bytes_total
            size = f"{progress.bytes_total / 2**20:,.0f} MiB"
            return f"reading what is new: {share:.0f} % of {size}, {progress.trajectories:,} trajectories so far"
        return "up to date" if self.watcher.passes else "looking for runs"

    def _remembered(self, base: sqlite3.Connection, key: tuple[str, object], make: Callable[[], object]) -> object:
        """What was made from the same state of the index, or from one of a moment ago."""
        changes, now = changes_of(base), time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and (kept[1] == changes or now - kept[0] < _LAG_SECONDS):
                return kept[2]
        made = make()
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (now, changes, made)
        return made
