"""One house of servers for all tests of the API and the playground, and the browser that the viewer's tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.house import House, Served, open_house
from tests.viewer.conftest import browser, open_page

__all__ = ["browser", "house", "open_page", "served"]


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[Served]:
    """A server with a model that looks once and answers."""
    with house.serve() as served:
        yield served
