"""A sandbox of each tier, started once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from codedance.sandbox import CellResult, Limits, LocalSandbox, Tier

Run = Callable[..., Awaitable[CellResult]]


@pytest.fixture(scope="module", params=[Tier.B, Tier.A], ids=lambda tier: f"tier-{tier.value}")
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox(tier=request.param, limits=Limits(wall_seconds=10)) as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: LocalSandbox) -> Run:
    """Runs cells in one fresh session; gives the last one's result."""

    async def cells(*codes: str, limits: Limits | None = None) -> CellResult:
        async with sandbox.session(limits=limits) as session:
            results = [await session.run(code) for code in codes]
        return results[-1]

    return cells
