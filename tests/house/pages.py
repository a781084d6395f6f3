"""Runs the blocks of a page of the documentation as a reader would, from top to bottom, in a folder of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.house.warm import codedance

__all__ = ["Block", "blocks_of", "expected_in", "run_page"]

_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.M | re.S)
_SHELL = re.compile(r"[|&;<>$`*~#]")
"""A command with such a character is the shell's to read."""
_ELSEWHERE = ("vllm ",)
"""Programs that a page names and that are no part of this project."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fence of a page: its language, the file that it is, and what it holds."""

    kind: str
    title: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """All fences of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def expected_in(expected: str, printed: str) -> str | None:
    r"""The first line that was not printed after those before it; ``...`` stands for anything.

    >>> expected_in("a\nc ... e", "a\nb\nc d e\n"), expected_in("b\na", "a\nb\n")
    (None, 'a')
    """
    lines = iter(printed.splitlines())
    for wanted in filter(str.strip, expected.splitlines()):
        pattern = ".*".join(map(re.escape, wanted.split("...")))
        if not any(re.fullmatch(pattern, line.rstrip()) for line in lines):
            return wanted
    return None


def run_page(
    page: Path, desk: Path, *, smaller: Mapping[str, str], instead: Mapping[str, str], codes: Sequence[int] = (0,)
) -> int:
    """Write the files of a page, run its commands, and compare what they print with the text below them.

    Args:
        page: Markdown. A block with a title is a file; ``sh`` is run line by line; ``text`` below is what that prints.
        desk: where it is done.
        smaller: what is added to a command that begins so.
        instead: text of commands and files, and what stands for it here, such as the address of a server.
        codes: exit codes that are right.

    Returns:
        How many commands ran.
    """
    printed, ran = "", 0
    for block in blocks_of(page):
        if block.title:
            (desk / block.title).write_text(_here(block.text, instead), encoding="utf-8")
        elif block.kind == "sh":
            printed = ""
            for line in filter(str.strip, block.text.splitlines()):
                if not line.startswith(_ELSEWHERE):
                    printed += _run(line, desk, smaller=smaller, instead=instead, codes=codes)
                    ran += 1
        elif block.kind == "text":
            missing = expected_in(block.text, printed)
            assert missing is None, f"{page.name}: {missing!r} was not printed:\n{printed}"
    return ran


def _here(text: str, instead: Mapping[str, str]) -> str:
    for written, real in instead.items():
        text = text.replace(written, real)
    return text


def _run(line: str, desk: Path, *, smaller: Mapping[str, str], instead: Mapping[str, str], codes: Sequence[int]) -> str:
    command = line.split("  #")[0].strip()
    command += "".join(f" {extra}" for begins, extra in smaller.items() if command.startswith(begins))
    command = _here(command, instead)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", "TERM": "dumb"}
    if command.startswith("codedance ") and not _SHELL.search(command):
        done = codedance(*shlex.split(command)[1:], folder=desk, environment=environment, timeout=300)
    else:
        done = subprocess.run(
            ["bash", "-c", command], cwd=desk, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode in codes, f"{command}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, f"{command}\n{done.stderr}"
    return done.stdout + done.stderr
