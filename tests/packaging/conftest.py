"""What is built once and looked at by many: the wheel, the source archive, environments."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Archives:
    """The two files that a release consists of."""

    wheel: Path
    source: Path


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """The wheel and the source archive, built from the tree with the backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("dist")
    program = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(program, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Archives(wheel, source)
