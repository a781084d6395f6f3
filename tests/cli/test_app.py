"""The command line as a whole: which commands there are, and that a start imports no more than it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from codedance.cli import app as command_line
from codedance.cli.app import COMMANDS, main

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
    assert _imported("--help") <= {"codedance.cli.app", "codedance.cli.failures", "codedance.cli.text"}
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
