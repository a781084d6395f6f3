"""The lane of the engines is no part of the usual suite: its tests are collected where the engine is installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

collect_ignore = ["site"]
collect_ignore += ["test_swift.py"] if find_spec("swift") is None else []
collect_ignore += ["test_verl.py"] if find_spec("verl") is None else []


@pytest.fixture(autouse=True)
def _network_ends_at_loopback() -> None:
    """Not guarded here: the engines look for the machine's own address by a socket that nothing is sent through."""
