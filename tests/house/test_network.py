"""The tests themselves reach nothing beyond this machine."""

from __future__ import annotations

import socket

import pytest


def test_the_guard_stops_at_loopback() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="tried to reach"):
        outside.connect(("192.0.2.1", 80))
