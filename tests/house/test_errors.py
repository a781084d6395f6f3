"""Errors come out of the groups that task groups raise, as themselves."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from codedance.errors import CodeDanceError, SandboxError, StoreError, UsageError, ungrouped

pytestmark = pytest.mark.anyio
BUG = ValueError("a bug")
DISK = StoreError("the disk is full")


def group(*errors: BaseException) -> BaseExceptionGroup[BaseException]:
    return BaseExceptionGroup("tasks", errors)


@pytest.mark.parametrize(
    ("kinds", "raised", "wins"),
    [
        ((), group(DISK), DISK),
        ((), group(BUG, group(group(DISK), SandboxError("no process"))), DISK),
        ((), group(KeyboardInterrupt(), DISK), DISK),
        ((), DISK, DISK),
        ((), BUG, BUG),
        ((StoreError,), group(UsageError("the flag"), DISK), DISK),
        ((CodeDanceError, BaseException), group(BUG, DISK), DISK),
        ((CodeDanceError, BaseException), group(group(BUG), OSError()), BUG),
        ((BaseException,), group(group(BUG), DISK), BUG),
        ((BaseException,), group(DISK, KeyboardInterrupt()), DISK),
    ],
)
def test_the_first_error_of_the_first_kind_that_is_there_is_raised(
    kinds: tuple[type[BaseException], ...], raised: BaseException, wins: BaseException
) -> None:
    with pytest.raises(type(wins)) as caught, ungrouped(*kinds):
        raise raised
    assert caught.value is wins


@pytest.mark.parametrize("errors", [group(BUG, OSError()), group(KeyboardInterrupt())])
def test_a_group_with_none_of_them_stays_whole(errors: BaseExceptionGroup[BaseException]) -> None:
    with pytest.raises(BaseExceptionGroup) as caught, ungrouped():
        raise errors
    assert caught.value is errors


async def test_an_error_keeps_its_own_cause_and_context_and_shows_no_group() -> None:
    async def chained() -> None:
        try:
            raise OSError("no space")
        except OSError as error:
            raise StoreError("it cannot be written") from error

    async def unchained() -> None:
        try:
            raise OSError("no space")
        except OSError:
            raise StoreError("it cannot be written")  # noqa: B904 - a context and no cause

    async def together(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with ungrouped():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                await anyio.sleep_forever()

    for work, cause in ((chained, True), (unchained, False)):
        with pytest.raises(StoreError) as caught:
            await together(work)
        error = caught.value
        assert isinstance(error.__cause__, OSError) is cause
        assert isinstance(error.__context__, OSError)
        assert "Group" not in "".join(traceback.format_exception_only(error))
        assert "unhandled errors" not in "".join(traceback.format_exception(error))


async def test_a_cancellation_passes_and_nothing_is_raised_where_nothing_failed() -> None:
    with anyio.CancelScope() as scope:
        with ungrouped(BaseException):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep_forever)
                scope.cancel()
        raise AssertionError("it went on")
    assert scope.cancelled_caught
    with ungrouped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 0)
