"""Settings from files and flags: right ones are laid over the defaults, wrong ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from codedance.bench.data.loading import LoadSettings
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.episode import EpisodeSettings
from codedance.errors import UsageError


def test_a_file_is_laid_over_the_defaults_and_flags_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[budgets]\nturns = 4\nseconds = 9.5\n[sampling]\ntemperature = 0.7\n")
    settings = apply_settings(EpisodeSettings(), ["budgets.turns=2", "protocol.system_prompt=Be brief."], file=file)
    assert settings.budgets.turns == 2
    assert settings.budgets.seconds == 9.5
    assert settings.sampling.temperature == 0.7
    assert settings.protocol.system_prompt == "Be brief."


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("budgets.turns=0", "greater than or equal to 1"),
        ("budgets.turns=many", "integer"),
        ("budgets.turn=3", "there are images, output_characters"),
        ("turns=3", "no setting 'turns'"),
        ("budgets=3", r"budgets has settings of its own, for example --set budgets\.turns="),
        ("budgets=null", "settings of its own"),
        ("budgets.turns=true", r"setting budgets\.turns: takes a number, for example budgets\.turns=10 \(was true\)"),
        ("budgets.seconds=true", r"budgets\.seconds: takes a number"),
        ("sampling.seed=false", r"sampling\.seed: takes a number, for example sampling\.seed=1"),
        ("budgets.turns", "NAME=VALUE"),
        ("budgets.turns.x=1", "turns"),
        ("=1", "no setting"),
        ("budgets.seconds=NaN", "finite"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(assignment: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        apply_settings(EpisodeSettings(), [assignment])
    assert "\n" not in str(caught.value)


def test_a_switch_in_a_file_is_no_number_either(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[budgets]\nturns = true\n")
    with pytest.raises(UsageError, match="takes a number"):
        apply_settings(EpisodeSettings(), [], file=tmp_path / "settings.toml")


def test_a_switch_may_be_one() -> None:
    assert apply_settings(LoadSettings(), ["allow_partial=true"]).allow_partial


@pytest.mark.parametrize("content", [b"budgets = [", b"\xff\xfe", b"[budgets]\nturns = 'x'", b"colour = 1"])
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError):
        apply_settings(EpisodeSettings(), [], file=file)
    with pytest.raises(UsageError, match="cannot be read"):
        apply_settings(EpisodeSettings(), [], file=tmp_path / "missing.toml")


def test_nothing_of_a_model_moves_the_cursor() -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\u202eevil\x9b\r"
    shown = visible(hostile)
    assert all(character.isprintable() or character == "\n" for character in shown)
