"""Many items, several at work at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from codedance.errors import ungrouped

__all__ = ["share_out"]

T = TypeVar("T")


async def share_out(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Work on every item; items are begun in their order, and an item that is done makes room for the next.

    Raises:
        CodeDanceError: the first one that an item's work raised; everything else is stopped then.
    """
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    with ungrouped():
        async with anyio.create_task_group() as tasks:
            for _ in range(at_once):
                tasks.start_soon(worker)
