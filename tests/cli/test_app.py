"""The command line as a whole: which commands there are, and that a start imports no more than it needs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from codedance.cli import app as command_line
from codedance.cli.app import COMMANDS, main
from codedance.cli.help import never_cut

PROBE = """
import sys
from codedance.cli.app import main
sys.argv[1:] = {words!r}
try:
    main()
except SystemExit:
    pass
print("imported:", *(name for name in sys.modules if name.startswith("codedance.cli.")))
"""


def _imported(*words: str) -> set[str]:
    printed = subprocess.check_output([sys.executable, "-c", PROBE.format(words=list(words))], text=True)
    return set(printed.rsplit("imported:", 1)[1].split())


def test_a_command_imports_no_other_command() -> None:
    found = _imported("ask", "--help")
    assert "codedance.cli.ask" in found
    assert not found & {f"codedance.cli.{name}" for name in ("train", "analyze_commands", "worlds", "sandbox")}


def test_the_help_knows_every_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["codedance", "--help"])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr().out
    assert all(f" {name} " in printed for name in COMMANDS)
    assert all(f" {command.panel} " in printed for command in COMMANDS.values())


def test_the_help_imports_no_command_and_says_what_each_says_itself() -> None:
    own = {f"codedance.cli.{name}" for name in ("app", "failures", "help", "options", "text")}
    assert _imported("--help") <= own
    whole = typer.main.get_command(command_line.app)
    assert isinstance(whole, TyperGroup)
    first = {name: (command.help or "").split("\n\n")[0] for name, command in whole.commands.items()}
    assert {name: " ".join(text.split()) for name, text in first.items()} == {
        name: command.says for name, command in COMMANDS.items()
    }


def test_a_command_after_other_arguments_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["codedance", "--", "benchmarks"])
    with pytest.raises(SystemExit, match="0"):
        main()


def test_an_unknown_command_is_said_to_be_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["codedance", "dance"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "No such command 'dance'" in capsys.readouterr().err


def test_the_module_offers_the_whole_command_line() -> None:
    assert [command.name for command in command_line.app.registered_groups] == [
        name for name, command in COMMANDS.items() if not command.function
    ]
    with pytest.raises(AttributeError, match="nothing"):
        _ = command_line.nothing


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["benchmarks"], ["sandbox", "doctor", "--json"]])
def test_a_full_disk_under_the_output_is_one_line_and_an_exit_code_of_ours(words: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "codedance.cli.app", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert (ended.returncode, ended.stderr) == (4, "codedance: standard output: No space left on device\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_failure(unbuffered: str) -> None:
    line = f"{sys.executable} -m codedance.cli.app benchmarks | true; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    ended = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert (ended.stdout, ended.stderr) == ("141\n", "")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_an_error_line_that_nobody_can_read_changes_nothing_else(redirection: str) -> None:
    line = f"{sys.executable} -m codedance.cli.app ask nothing.png -q x {redirection}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")


def _interrupted(*words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a command that gets Ctrl-C."""

    def interrupt(_: Any) -> None:  # noqa: ANN401
        raise KeyboardInterrupt

    name, *rest = words
    app = command_line._bare()
    group = typer.Typer()
    (group if rest else app).command(name=words[-1])(lambda: interrupt(None))
    if rest:
        group.callback()(lambda: None)
        app.add_typer(group, name=name)
    monkeypatch.setattr(command_line, "build", lambda names: app)
    monkeypatch.setattr(sys, "argv", ["codedance", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("words", [["eval"], ["synth"], ["data", "generate"], ["train", "sft"], ["train", "grpo"]])
def test_ctrl_c_says_that_what_is_done_is_kept_where_it_is(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _interrupted(*words, monkeypatch=monkeypatch) == 130
    assert capsys.readouterr().err == "codedance: stopped; what is done is kept, the same command goes on\n"


@pytest.mark.parametrize("words", [["ask"], ["report"], ["train", "table"], ["data", "check"]])
def test_ctrl_c_promises_nothing_of_a_command_that_begins_anew(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _interrupted(*words, monkeypatch=monkeypatch) == 130
    assert capsys.readouterr().err == "codedance: stopped\n"


def test_commands_that_are_said_to_go_on_exist() -> None:
    whole: Any = typer.main.get_command(command_line.app)
    for name, command in COMMANDS.items():
        there = {""} if command.function else set(whole.commands[name].commands)
        assert set(command.goes_on) <= there, name


@pytest.mark.parametrize("words", [["--out", ""], ["--out="], ["--config", ""]])
def test_an_empty_path_is_refused_and_its_option_named(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["codedance", "ask", "photo.png", "-q", "How many?", *words])
    with pytest.raises(SystemExit, match="2"):
        main()
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert f"Invalid value for '{words[0].rstrip('=')}': the path is empty" in told


def test_an_empty_argument_is_refused_where_it_is_a_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["codedance", "ask", "", "-q", "How many?"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "the path is empty" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["codedance", "ask", "nothing.png", "-q", ""])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "the question is empty" in capsys.readouterr().err


def _helps(command: Any, *path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - typer's class, or click's
    """The help of a command and of all within it."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit):
        command.main(["--help"], prog_name=" ".join(path))
    yield " ".join(path), printed.getvalue()
    for name, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, *path, name)


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_no_help_is_cut_however_narrow_the_terminal_is(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    never_cut()
    whole = typer.main.get_command(command_line.app)
    helps = dict(_helps(whole, "codedance"))
    assert len(helps) > len(COMMANDS)
    assert [name for name, text in helps.items() if "…" in text] == []
    for option in ("--allow-remote-images", "--base-url", "[NAME=]SPEC", "MIB"):
        assert option in helps["codedance serve"]
    if columns >= 80:
        assert max(len(line) for text in helps.values() for line in text.splitlines()) <= columns
        assert "http://localhost:8000/v1." in helps["codedance serve"]
