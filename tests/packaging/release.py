"""``make release-check``: the wheel in real environments, as strangers will install it; what is too slow for tests.

Each case is a virtual environment of its own, filled by pip from the package index: the core, each extra alone, and
all of them, with the newest versions and with the lowest ones that ``pyproject.toml`` allows. In each, ``pip check``
must be clean and a few commands must work. Then the newest versions of the light extras are looked up in the database
of known holes, and a bill of materials is written. What stands under ``build/release`` afterwards: the archives, a list
of versions for each case, and ``sbom.json``. An environment is removed when its case is done.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

__all__ = ["CASES", "Case", "lowest", "main"]

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASK = 'codedance ask examples/cards.png -q "What digit is on the red card?" --quiet'
SMOKE: dict[str, tuple[str, ...]] = {
    "": (
        "codedance --version",
        "codedance reward explain examples/attempts.json",
        "codedance benchmarks",
        "codedance worlds render --out pictures --count 2 --seed 1",
        "codedance launch verl verl-rl-7b-2x8 --dry-run",
        "python -W error -c 'import codedance.episode, codedance.models, codedance.rewards, codedance.store'",
    ),
    "guest": (
        "codedance sandbox run -c 'x = 6' -c 'x * 7'",
        "codedance data generate --out worlds --count 4 --workers 1",
        "codedance worlds show --family charts --difficulty easy --seed 3 --out shown",
    ),
    "ocr": ("python -c 'import rapidocr, onnxruntime'",),
    "serve": ("python -c 'import codedance.serving.app, codedance.sandbox.service.api, codedance.viewer.runs.app'",),
    "mcp": ("python -c 'import codedance.sandbox.service.mcp_server'",),
    "local": ("python -c 'from codedance.models import nano; nano.load()'",),
    "data": ("python -c 'import datasets, datasketch, huggingface_hub, imagehash, openpyxl, pyarrow'",),
    "math": ('python -c \'from math_verify import parse, verify; assert verify(parse("$1/2$"), parse("$0.5$"))\'',),
    "train": (ASK, "codedance train grpo --help"),
    "board": ("python -c 'from tensorboard.compat.proto import event_pb2'",),
    "ray": ("python -c 'import ray'",),
    "all": (ASK, "codedance data generate --out worlds --count 4 --workers 1", "codedance data check worlds --cells 2"),
}
"""What must work with an extra; that of the core must work with every one."""
LIGHT = "data,guest,math,mcp,ocr,serve"
WITH_TORCH = frozenset({"local", "train", "all"})
_SECONDS = 1200
_DATABASE = "https://pypi.org/pypi/pillow/9.0.0/json"
"""Of what is known against a library, where pip-audit looks too: a version with known holes. Mirrors often lack it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One environment: which extra, and which versions."""

    extra: str
    lowest: bool = False

    @property
    def name(self) -> str:
        """As it is named on the command line.

        >>> Case("").name, Case("guest", lowest=True).name
        ('core', 'guest-lowest')
        """
        return (self.extra or "core") + ("-lowest" if self.lowest else "")


CASES = [Case(extra, lowest=low) for low in (False, True) for extra in SMOKE]


def lowest(extra: str) -> list[str]:
    """The core's requirements and those of an extra, each at the lowest version that is allowed.

    >>> [line for line in lowest("ocr") if line.startswith(("pillow", "rapid"))]
    ['pillow==11.0', 'rapidocr==3.4']
    """
    waiting, found = [*PROJECT["dependencies"], *([f"codedance[{extra}]"] if extra else [])], []
    while waiting:
        asked = waiting.pop(0)
        if inner := re.fullmatch(r"codedance\[(.+)\]", asked):
            waiting += [one for name in inner[1].split(",") for one in PROJECT["optional-dependencies"][name]]
        elif bound := re.match(r"([\w-]+)(?:\[[^\]]+\])?>=([\d.]+)", asked):
            found.append(f"{bound[1]}=={bound[2]}")
    return sorted(set(found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases that are named, or all of them; 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(case.name for case in CASES)}, audit")
    parser.add_argument("--torch", default="torch==2.13.0", help="the PyTorch of every case; the newest may bring CUDA")
    given = parser.parse_args(arguments)
    if unknown := set(given.cases) - {"audit", *(case.name for case in CASES)}:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    console = Console(highlight=False, width=160)
    folder = ROOT / "build" / "release"
    shutil.rmtree(folder, ignore_errors=True)
    _call([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], ROOT)
    (wheel,) = folder.glob("*.whl")
    failed = []
    for case in CASES:
        if not given.cases or case.name in given.cases:
            said = _case(case, wheel, torch=given.torch)
            console.print(said)
            failed += [case.name] if said.endswith("FAILED") else []
    if not given.cases or "audit" in given.cases:
        said = _audit(wheel)
        console.print(said)
        failed += ["audit"] if said.endswith("FAILED") else []
    console.print(f"failed: {', '.join(failed)}" if failed else "all is well")
    return bool(failed)


def _case(case: Case, wheel: Path, *, torch: str) -> str:
    """Make the environment, try it, remove it; one line about it."""
    begin, home = time.monotonic(), wheel.parent / case.name
    pins = [pin for pin in lowest(case.extra) if not pin.startswith("torch==")] if case.lowest else []
    pins += [torch] if case.extra in WITH_TORCH else []
    limits = wheel.parent / f"{case.name}.constraints.txt"
    limits.write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
    desk = home / "desk"
    try:
        _call([sys.executable, "-m", "venv", str(home)], ROOT)
        pip = [str(home / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        asked = f"{wheel}[{case.extra}]" if case.extra else str(wheel)
        _call([*pip, "install", "--no-compile", "-c", str(limits), asked], ROOT)
        _call([*pip, "check"], ROOT)
        (wheel.parent / f"{case.name}.versions.txt").write_text(_call([*pip, "freeze"], ROOT), encoding="utf-8")
        shutil.copytree(ROOT / "examples", desk / "examples")
        for line in (*SMOKE[""], *(SMOKE[case.extra] if case.extra else ())):
            program, *rest = shlex.split(line)
            _call([str(home / "bin" / program), *rest], desk)
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
        result = f"{size / 1e6:6.0f} MB {time.monotonic() - begin:5.0f} s  ok"
    except subprocess.CalledProcessError as error:
        result = f"{shlex.join(map(str, error.cmd))[-300:]}\n{error.output[-2000:]}\nFAILED"
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return f"{case.name:16} {result}"


def _audit(wheel: Path) -> str:
    """The bill of materials of the light extras' newest versions, and what is known against these.

    Where the database of holes cannot be reached, or does not know a library, that is a failure too.
    """
    home, tools, sbom = wheel.parent / "audit", wheel.parent / "tools", wheel.parent / "sbom.json"
    versions = wheel.parent / "audit.versions.txt"
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    python = str(home / "bin" / "python")
    try:
        for environment, asked in ((home, [f"{wheel}[{LIGHT}]"]), (tools, ["pip-audit>=2.9", "cyclonedx-bom>=7.0"])):
            _call([sys.executable, "-m", "venv", str(environment)], ROOT)
            _call([str(environment / "bin" / "python"), *pip, "install", *asked], ROOT)
        materials = [str(tools / "bin" / "cyclonedx-py"), "environment", python, "--output-reproducible"]
        _call([*materials, "--output-file", str(sbom)], ROOT)
        versions.write_text(_call([python, *pip, "freeze", "--exclude", "codedance"], ROOT), encoding="utf-8")
        if (unreachable := _unreachable(_DATABASE)) is not None:
            return f"{'audit':16} {sbom.name} is written; {_DATABASE}: {unreachable}: nothing was looked up\nFAILED"
        looked = [str(tools / "bin" / "pip-audit"), "--strict", "--no-deps", "--disable-pip", "-r", str(versions)]
        return f"{'audit':16} {_call(looked, ROOT).strip().splitlines()[-1]}  ok"
    except subprocess.CalledProcessError as error:
        return f"{'audit':16} {shlex.join(map(str, error.cmd))[-300:]}\n{error.output[-2000:]}\nFAILED"
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(tools, ignore_errors=True)


def _unreachable(address: str) -> str | None:
    """Why nothing can be fetched from there, found out before 29 libraries are each waited for."""
    try:
        with urllib.request.urlopen(address, timeout=20):
            return None
    except (OSError, ValueError) as error:
        return str(error)


def _call(command: Sequence[str], folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "TERM": "dumb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
