"""Many items, several at work at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

import anyio

from codedance.errors import CodeDanceError

__all__ = ["share_out"]

T = TypeVar("T")


async def share_out(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Work on every item; items are begun in their order, and an item that is done makes room for the next.

    Raises:
        CodeDanceError: the first one that an item's work raised; everything else is stopped then.
    """
    queue = iter(items)
    failures: list[CodeDanceError] = []

    async def worker(queue: Iterator[T]) -> None:
        for item in queue:
            try:
                await work(item)
            except CodeDanceError as error:
                failures.append(error)
                tasks.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(worker, queue)
    if failures:
        # The error itself: a group of errors is nothing that a caller could tell a person.
        raise failures[0]
