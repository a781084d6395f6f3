"""The house stays easy to live in: small files, honest exports, a light core."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import codedance

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])
MODULES = sorted(module.name for module in pkgutil.walk_packages(codedance.__path__, "codedance."))
MAX_LINES, MAX_LOOP_LINES, MAX_FUNCTION_LINES, MAX_IMPORT_SECONDS = 500, 200, 70, 0.3
HEAVY = ("torch", "numpy", "transformers", "cv2", "matplotlib", "starlette", "uvicorn", "openai", "scipy")


def test_no_file_and_no_function_outgrows_its_room() -> None:
    """One test for all files: one for each takes longer to hand out than to run."""
    too_long: list[str] = []
    for path in SOURCES:
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        if len(text.splitlines()) > MAX_LINES:
            too_long.append(f"{name}: {len(text.splitlines())} lines")
        too_long += [
            f"{name}: {node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        ]
    assert len(SOURCES) > 500
    assert too_long == []


def test_the_loop_can_be_held_in_the_head() -> None:
    loop = ROOT / "src" / "codedance" / "episode" / "loop.py"
    assert len(loop.read_text(encoding="utf-8").splitlines()) < MAX_LOOP_LINES


@pytest.mark.parametrize("name", MODULES)
def test_every_exported_name_exists_and_has_a_docstring(name: str) -> None:
    path = ROOT / "src" / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module says what it is for"
    if name.endswith("__main__") or ".guest" in name:
        return  # importing them runs them
    module = importlib.import_module(name)
    for exported in getattr(module, "__all__", []):
        assert hasattr(module, exported), exported
    assert len(set(getattr(module, "__all__", []))) == len(getattr(module, "__all__", []))


def test_importing_the_core_is_light() -> None:
    program = (
        "import sys, time; begin = time.perf_counter(); import codedance; seconds = time.perf_counter() - begin\n"
        "import codedance.episode, codedance.models, codedance.store\n"
        f"print(seconds, *(m for m in {HEAVY!r} if m in sys.modules))"
    )
    # The best of three: another process may be busy, an import that is too heavy is slow every time.
    runs = [subprocess.check_output([sys.executable, "-c", program], text=True).split() for _ in range(3)]
    assert min(float(run[0]) for run in runs) < MAX_IMPORT_SECONDS
    assert runs[0][1:] == [], "modules that the core must not import"


def test_the_command_line_starts_without_heavy_libraries() -> None:
    program = f"import sys\nfrom codedance.cli.app import app\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).split() == []
