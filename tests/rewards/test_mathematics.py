"""Algebra in a worker that may hang, run out of memory or die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codedance.errors import MissingExtraError
from codedance.rewards import MathChecker, Verdict, expression, matches, mathematics
from codedance.schema import MathAnswer

ENDLESS = "9^{9^{9^9}}"


@pytest.fixture(scope="module")
def checker() -> Iterator[MathChecker]:
    with MathChecker() as checker:
        yield checker


@pytest.mark.parametrize(
    ("text", "latex", "right"),
    [
        ("1/2", r"\frac{1}{2}", True),
        ("0.5", r"\frac12", True),
        (r"$\frac{24\pi}{2}$", r"12\pi", True),
        (r"The area is $12\pi \text{ cm}^2$.", r"12\pi", True),
        (r"so \boxed{2\sqrt{3}}", r"$\sqrt{12}$", True),
        ("x = 5", "5", True),
        ("(x+1)^2", "x^2+2x+1", True),
        (r"\{2, 1\}", r"\{1, 2\}", True),
        (r"50\%", "0.5", True),
        ("$7$ or $8$", "8", False),
        ("7, 8", "8", False),
        ("x+2", "x+1", False),
        (r"\frac{1}{3}", "0.3", False),
        ("", "1", False),
        (r"\frac{", "1", False),
        ("\x00", "1", False),
    ],
)
def test_mathematical_answers_are_compared_as_algebra(text: str, latex: str, right: bool, checker: MathChecker) -> None:
    assert matches(text, MathAnswer(latex=latex), equivalent=checker.equivalent) is right


def test_without_a_checker_only_what_is_written_alike_is_right() -> None:
    assert matches(r"The area is $12 \pi$.", MathAnswer(latex=r"12\pi"))
    assert not matches("1/2", MathAnswer(latex=r"\frac{1}{2}"))


def test_an_answer_that_is_written_alike_needs_no_algebra() -> None:
    def never(_said: str, _wanted: str) -> bool:
        raise AssertionError("was asked")

    assert matches(r"\boxed{\dfrac{1}{2}}", MathAnswer(latex=r"\frac{1}{2}"), equivalent=never)


def test_what_hangs_is_undecided_and_the_next_comparison_works() -> None:
    with MathChecker(seconds=0.5) as checker:
        assert checker.verdict(ENDLESS, "1") is Verdict.UNDECIDED
        assert not checker.equivalent(ENDLESS, "1")  # remembered
        assert checker.undecided == 1
        assert checker.verdict("2/4", "0.5") is Verdict.SAME


def test_a_machine_that_is_too_busy_comes_to_no_verdict_either() -> None:
    with MathChecker(wall_seconds=0.2) as checker:
        assert checker.verdict(ENDLESS, "1") is Verdict.UNDECIDED


def test_the_worker_may_take_no_more_memory_than_its_limit(checker: MathChecker) -> None:
    assert checker.verdict("2/4", "0.5") is Verdict.SAME
    assert checker._worker is not None
    limits = Path(f"/proc/{checker._worker._process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
    assert line.split()[3:5] == [str(checker.memory_bytes)] * 2
    with pytest.raises(ValueError, match="256 MiB"):
        MathChecker(memory_bytes=2**20)


def test_a_worker_that_was_killed_is_replaced(checker: MathChecker) -> None:
    assert checker.equivalent("3/6", "0.5")
    assert checker._worker is not None
    os.kill(checker._worker._process.pid, signal.SIGKILL)
    assert checker.equivalent("4/8", "0.5")


def test_text_that_is_too_long_or_holds_delimiters_is_never_looked_at() -> None:
    with MathChecker(longest=10) as checker:
        assert checker.verdict("1+" * 6 + "1", "7") is Verdict.DIFFERENT
        assert checker.verdict("1$ $2", "2") is Verdict.DIFFERENT
        assert checker._worker is None


def test_closing_ends_the_worker_and_more_comparisons_start_another() -> None:
    checker = MathChecker()
    assert checker.equivalent("5/10", "0.5")
    assert checker._worker is not None
    process = checker._worker._process
    checker.close()
    assert process.poll() is not None
    checker.close()
    with checker:
        assert checker.equivalent("6/12", "0.5")


def test_threads_take_turns(checker: MathChecker) -> None:
    found: dict[int, bool] = {}

    def ask(number: int) -> None:
        found[number] = checker.equivalent(f"x+{number}", f"{number % 3}+x")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number < 3 for number in range(8)}


def test_a_busy_worker_does_not_outlive_a_host_that_is_killed() -> None:
    program = (
        "from codedance.rewards import MathChecker\n"
        "checker = MathChecker(seconds=1)\n"
        "checker.verdict('1/2', '0.5')\n"
        "print(checker._worker._process.pid, flush=True)\n"
        f'checker._worker.ask(\'["1", "{ENDLESS}"]\', 60)\n'
    )
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    with host:
        worker = int(host.stdout.readline())
        time.sleep(0.2)
        host.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_a_missing_library_is_said_before_anything_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="extra 'math'"):
        MathChecker()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x", "x"),
        ("$x$", "x"),
        ("$$x$$", "x"),
        (r"\(x\)", "x"),
        (r"it is \[x\] indeed", "x"),
        (r"\boxed{\frac{1}{2}} m", r"\frac{1}{2}"),
        (r"$\boxed{x}$", "x"),
        (r"\boxed{x} and \boxed{y}", r"\boxed{x} and \boxed{y}"),
        (r"\boxed{x", r"\boxed{x"),
        ("$x$ and $y$", "x and y"),
        ("costs 5$", "costs 5"),
        ("$$", ""),
        (r"\)x\(", r"\)x\("),
        ("\\(" * 5000, "\\(" * 5000),
    ],
)
def test_the_expression_of_an_answer_is_what_stands_alone(text: str, found: str) -> None:
    assert expression(text) == found
