"""``codedance score --judge``: both scores side by side, with the judge's name; begun again, it asks nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.judging.judge_server import JudgeServer, serve_judge
from tests.judging.test_judge import NUMBER
from tests.leakage.test_audit import run

REPLIES = ("12", "first 13, then 12 or so", "hm, 11 or 11.5?", None)
WORDS = ("score", "mathvista", "--predictions", "replies.jsonl", "--mode", "strict")


def answer(asked: str) -> str:
    """Reads one reply and not the other."""
    return '{"answer": "12"}' if "first 13" in asked else "Who knows?"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    lines = [{"prediction": reply, "row": NUMBER | {"pid": str(number)}} for number, reply in enumerate(REPLIES)]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def judge(server: JudgeServer) -> tuple[str, ...]:
    return ("--judge", "server:wise", "--base-url", server.url)


def test_both_scores_are_told_with_the_judge_and_what_it_left_open(desk: Path) -> None:
    with serve_judge(answer) as server:
        result = run(*WORDS, *judge(server), folder=desk)
        assert result.returncode == 0, result.stderr
        assert "rules alone     25.0 (1/4)\nwith the judge  50.0 (2/4)\n" in result.stdout
        assert "judge: server:wise, temperature 0, prompts system@1, option@1, extract@1" in result.stdout
        assert "2 rows asked about: 1 right, 0 wrong, 1 undecided (counted as wrong); 4 calls" in result.stdout
        assert "undecided, unreadable: no answer: 1" in result.stdout
        told: dict[str, Any] = json.loads(run(*WORDS, *judge(server), "--json", folder=desk).stdout)
    assert told["scores"] == [1.0, 0.0, 0.0, 0.0]
    assert told["judged"]["scores"] == [1.0, 1.0, None, 0.0]
    assert told["judged"]["judge"]["calls"] == 0, "all of it was kept"
    assert told["judged"]["report"]["overall"]["undecided"] == 1
    assert told["overall"]["right"] == 1
    assert (desk / "replies.jsonl.judge.sqlite").exists()


def test_a_judge_that_cannot_be_reached_is_code_four_and_prints_nothing(desk: Path) -> None:
    words = ("--judge", "server:wise", "--base-url", "http://127.0.0.1:9/v1", "--judge-cache", "kept.sqlite")
    result = run(*WORDS, *words, folder=desk)
    assert (result.returncode, result.stdout) == (4, "")
    assert "cannot be reached" in result.stderr


def test_a_judge_is_not_asked_where_rules_decide_everything(desk: Path) -> None:
    (desk / "replies.jsonl").write_text(json.dumps({"prediction": "12", "row": NUMBER}) + "\n")
    with serve_judge(answer) as server:
        told = json.loads(run(*WORDS, *judge(server), "--json", folder=desk).stdout)
    assert server.kinds == []
    assert told["judged"]["judge"]["asked"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--judge", "gpt"), "unknown model 'gpt'"),
        (("--base-url", "http://x/v1"), "go with --judge"),
        (("--judge", "nano", "--base-url", "http://x/v1"), "no model is a server"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...], message: str, desk: Path) -> None:
    result = run(*WORDS, *words, folder=desk)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
