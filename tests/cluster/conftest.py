"""A Ray cluster of two nodes on this machine, and its sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from codedance.cluster.hosts import HostSettings
from codedance.cluster.sandbox import RaySandbox
from codedance.sandbox import CellResult, Limits
from tests.cluster.ray_cluster import ENVIRONMENT, RayCluster, started, until_both
from tests.sandbox.conftest import Run


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayCluster]:
    os.environ.update(ENVIRONMENT)  # read when Ray is imported, which nothing has done before
    with started(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def sandbox(cluster: RayCluster, anyio_backend: str) -> AsyncIterator[RaySandbox]:
    settings = HostSettings(health_seconds=0.5, again_seconds=1.0)
    async with RaySandbox(cluster.address, limits=Limits(wall_seconds=10), settings=settings) as sandbox:
        await until_both(sandbox)
        yield sandbox


@pytest.fixture
def run(sandbox: RaySandbox) -> Run:
    """As for every other sandbox: cells in one fresh session, the last one's result."""

    async def cells(*codes: str, limits: Limits | None = None) -> CellResult:
        async with sandbox.session(limits=limits) as session:
            results = [await session.run(code) for code in codes]
        return results[-1]

    return cells
