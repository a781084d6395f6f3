"""What the page on scoring says about the modes is true, line by line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from codedance.bench import BENCHMARKS, get

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
_LINE = re.compile(
    r"^\| (?P<name>\w+) \| `(?P<reply>.+?)` \| `(?P<row>\{.*?\})` \| (?P<compat>\S+) \| (?P<strict>\S+) \| ", re.M
)
LINES = [match.groupdict() for match in _LINE.finditer(PAGE)]


def _score(text: str) -> float | None:
    return None if text == "judge" else float(text)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['name']}: {line['reply']}"[:50])
def test_a_difference_between_the_modes_is_as_the_page_says(line: dict[str, str]) -> None:
    reply, row = json.loads(line["reply"]), json.loads(line["row"])
    benchmark = get(line["name"])
    assert benchmark.score_text(reply, row, "compat") == _score(line["compat"])
    assert benchmark.score_text(reply, row, "strict") == _score(line["strict"])


def test_the_page_shows_a_difference_for_every_benchmark() -> None:
    assert {line["name"] for line in LINES} == set(BENCHMARKS)
    assert len(LINES) == PAGE.partition("## Where the modes differ")[2].partition("## Known")[0].count("\n| ") - 1


def test_the_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"```python\n(.*?)```", PAGE, re.S)[0]
    scope: dict[str, Any] = {}
    exec(compile(program, "scoring.md", "exec"), scope)
    assert capsys.readouterr().out.startswith("1.0\nVerdict(score=1.0")
