"""Work in several threads whose results come in the order of the jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

R = TypeVar("R")
T = TypeVar("T")

_WAITING = 16
"""Jobs that are under way at once."""


def in_order(look: Callable[[T], R], jobs: Iterable[T], *, threads: int) -> Iterator[R]:
    """Results in order, with a bounded number of jobs under way: memory stays flat however many there are.

    >>> list(in_order(abs, iter([-1, -2, 3]), threads=2))
    [1, 2, 3]
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(look, job))
                if len(waiting) >= _WAITING:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
