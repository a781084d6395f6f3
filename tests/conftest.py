"""Shared fixtures: small pictures, a network that ends at loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from PIL import Image

from codedance.imaging import Picture

# Inputs that come slowly, or a test that takes long once, tell of a busy machine, not of a fault.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _network_ends_at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - whatever a socket takes
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def picture() -> Picture:
    """A red square on white, 64 x 48."""
    image = Image.new("RGB", (64, 48), "white")
    image.paste((255, 0, 0), (10, 10, 30, 30))
    return Picture.from_image(image)


@pytest.fixture
def make_picture() -> Callable[..., Picture]:
    """Makes one-coloured pictures."""

    def make(width: int = 8, height: int = 8, colour: str = "red") -> Picture:
        return Picture.from_image(Image.new("RGB", (width, height), colour))

    return make
