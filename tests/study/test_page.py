"""The page of the study says what its numbers give, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codedance.study.claims import CLAIMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROGRAM = [sys.executable, str(ROOT / "benchmarks" / "study_page.py")]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The numbers and the page, to be changed."""
    for name in ("study", "sweeps", "ablation"):
        shutil.copytree(DOCS / name, tmp_path / name)
    shutil.copy(DOCS / "study.md", tmp_path)
    return tmp_path


def check(docs: Path) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "--docs", str(docs), "--check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_the_page_is_what_the_stored_numbers_give() -> None:
    done = check(DOCS)
    assert done.returncode == 0, f"{done.stderr}run: python benchmarks/study_page.py"
    text = (DOCS / "study.md").read_text(encoding="utf-8")
    assert all(one.says in text for one in CLAIMS)
    for name in ("study/claims.svg", "study/training.svg", "sweeps/sweep.png"):
        assert f"]({name})" in text
        assert (DOCS / name).stat().st_size > 1000


def test_another_number_gives_another_page(copied: Path) -> None:
    path = copied / "sweeps" / "sweep.json"
    values = json.loads(path.read_text())
    values["points"][0]["figures"]["batch/turns"]["mean"] = 5.25
    path.write_text(json.dumps(values))
    done = check(copied)
    assert done.returncode == 1
    assert "is not what the numbers give" in done.stderr
    subprocess.run([*PROGRAM, "--docs", str(copied)], check=True, timeout=100)
    assert "5.25" in (copied / "study.md").read_text()
