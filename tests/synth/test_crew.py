"""Many items, several at work at once: what one of them raises ends all."""

from __future__ import annotations

import anyio
import pytest

from codedance.errors import ModelUnreachableError, StoreError
from codedance.synth.pictures.crew import share_out

pytestmark = pytest.mark.anyio


async def test_items_begin_in_their_order_and_so_many_are_at_work_at_once() -> None:
    begun: list[int] = []
    working = most = 0

    async def work(item: int) -> None:
        nonlocal working, most
        begun.append(item)
        working += 1
        most = max(most, working)
        await anyio.sleep(0.001)
        working -= 1

    await share_out(range(20), work, at_once=3)
    assert (begun, most) == (list(range(20)), 3)


async def test_the_first_error_is_raised_as_itself_and_ends_the_others() -> None:
    begun: list[int] = []

    async def work(item: int) -> None:
        begun.append(item)
        if item == 2:
            raise StoreError("the disk is full") from OSError("no space")
        await anyio.sleep(0.01 if item == 1 else 60)
        raise ModelUnreachableError("later")

    with anyio.fail_after(10), pytest.raises(StoreError, match="the disk is full") as caught:
        await share_out(range(9), work, at_once=4)
    assert isinstance(caught.value.__cause__, OSError)
    assert begun == [0, 1, 2, 3]


async def test_a_bug_is_shown_with_its_group() -> None:
    async def work(item: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await share_out([1], work, at_once=2)
    assert caught.group_contains(ZeroDivisionError)
