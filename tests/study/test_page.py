"""The page of the study says what its numbers give, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codedance.study.claims import CLAIMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The script, as a module: each start of its own would load PyTorch again."""
    spec = importlib.util.spec_from_file_location("study_page", ROOT / "benchmarks" / "study_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The numbers and the page, to be changed."""
    for name in ("study", "sweeps", "ablation"):
        shutil.copytree(DOCS / name, tmp_path / name)
    shutil.copy(DOCS / "study.md", tmp_path)
    return tmp_path


def test_the_page_is_what_the_stored_numbers_give(program: ModuleType) -> None:
    text = (DOCS / "study.md").read_text(encoding="utf-8")
    assert text == program.page(DOCS), "run: python benchmarks/study_page.py"
    assert all(one.says in text for one in CLAIMS)
    for name in ("study/claims.svg", "study/training.svg", "sweeps/sweep.png"):
        assert f"]({name})" in text
        assert (DOCS / name).stat().st_size > 1000


def test_another_number_gives_another_page(program: ModuleType, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied / "sweeps" / "sweep.json"
    values = json.loads(path.read_text())
    values["points"][0]["figures"]["batch/turns"]["mean"] = 5.25
    path.write_text(json.dumps(values))
    text = program.page(copied)
    assert "5.25" in text
    monkeypatch.setattr(program, "page", lambda docs: text)  # half a minute of resampling, once
    monkeypatch.setattr(program, "_FIGURES", ("claims.svg",))
    (copied / "study" / "claims.svg").unlink()
    monkeypatch.setattr(sys, "argv", ["study_page.py", "--docs", str(copied), "--check"])
    with pytest.raises(SystemExit, match="is not what the numbers give"):
        program.main()
    monkeypatch.setattr(sys, "argv", sys.argv[:-1])
    program.main()
    assert (copied / "study.md").read_text() == text
    assert (copied / "study" / "claims.svg").stat().st_size > 1000
