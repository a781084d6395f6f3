"""Recipes and the launcher: exact commands, refused settings, versions, and a launch of a stand-in engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.cli.failures import exit_code
from codedance.engines import Engine, Method, check_versions, load_recipe, plan_launch, recipe_names, with_settings
from codedance.engines.launching import Place, plugin_file
from codedance.engines.names import PLUGIN_FILE
from codedance.engines.settings import EngineSettings
from codedance.errors import CodeDanceError, EngineError, UsageError

RUNNER = CliRunner()
RELEASED = {
    "data.train_batch_size": "256",
    "actor_rollout_ref.rollout.n": "8",
    "actor_rollout_ref.actor.ppo_mini_batch_size": "256",
    "actor_rollout_ref.actor.optim.lr": "1e-06",
    "actor_rollout_ref.actor.clip_ratio": "0.2",
    "actor_rollout_ref.actor.use_kl_loss": "false",
    "actor_rollout_ref.actor.entropy_coeff": "0",
    "actor_rollout_ref.rollout.temperature": "1.0",
    "data.max_prompt_length": "10240",
    "data.max_response_length": "10240",
    "+codedance.budgets.turns": "6",
    "trainer.nnodes": "2",
    "trainer.n_gpus_per_node": "8",
    "trainer.total_training_steps": "240",
}


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_a_command_of_its_engine(name: str) -> None:
    recipe = load_recipe(name)
    planned = plan_launch(recipe, python="python", place=Place(head="first"))
    module = "swift.cli.main" if recipe.engine is Engine.SWIFT else "verl.trainer.main_ppo"
    assert planned.command[:3] == ("python", "-m", module)
    assert recipe.model in " ".join(planned.command)
    assert all(path in " ".join(planned.command) for path in recipe.data)
    assert all(file.startswith(recipe.out) for file in planned.files)


def test_the_recipe_of_two_machines_has_the_released_settings() -> None:
    command = plan_launch(load_recipe("verl-rl-7b-2x8")).command
    given = dict(word.split("=", 1) for word in command[3:])
    assert {name: given.get(name) for name in RELEASED} == {**RELEASED, "+codedance.budgets.turns": "6"}
    assert given["trainer.v1.trainer_mode"] == "codedance_sync"
    assert given["algorithm.adv_estimator"] == "grpo"


def test_grpo_on_swift_writes_its_plug_in_beside_the_run() -> None:
    planned = plan_launch(with_settings(load_recipe("swift-grpo-7b"), ["out=runs/x", "codedance.variant=outcome"]))
    ((path, text),) = planned.files.items()
    assert path == f"runs/x/{PLUGIN_FILE}"
    assert planned.command[planned.command.index("--external_plugins") + 1] == path
    held: dict[str, str] = {}
    program = text.replace("from codedance.engines.swift.plugin import register", "")
    exec(program, {"register": lambda settings: held.update(settings=settings)})  # the file's own words
    assert EngineSettings.model_validate_json(held["settings"]).variant == "outcome"


def test_a_plug_in_file_holds_any_text_of_its_settings() -> None:
    hostile = EngineSettings(variant="bat", sandbox="http://h/'\"\\\n\u2028")
    held: dict[str, str] = {}
    program = plugin_file(hostile).replace("from codedance.engines.swift.plugin import register", "")
    exec(program, {"register": lambda settings: held.update(settings=settings)})
    assert EngineSettings.model_validate_json(held["settings"]) == hostile


def test_several_machines_meet_at_the_first_one() -> None:
    recipe = with_settings(load_recipe("swift-sft-7b"), ["nodes=2"])
    told = plan_launch(recipe, place=Place(rank=1, head="10.0.0.1", port=1234)).environment
    assert {name: told[name] for name in ("NNODES", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT", "NPROC_PER_NODE")} == {
        "NNODES": "2", "NODE_RANK": "1", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "1234", "NPROC_PER_NODE": "8"
    }  # fmt: skip
    with pytest.raises(UsageError, match="--head HOST"):
        plan_launch(recipe)
    with pytest.raises(UsageError, match="counted from 0"):
        plan_launch(recipe, place=Place(rank=2, head="10.0.0.1"))


def test_settings_are_laid_over_a_recipe_and_null_takes_away() -> None:
    changed = with_settings(
        load_recipe("swift-sft-3b"),
        ["data=a.jsonl", "arguments.learning_rate=2e-5", "arguments.packing=null", "environment.MAX_PIXELS=784"],
    )
    assert changed.data == ("a.jsonl",)
    assert changed.arguments["learning_rate"] == 2e-5
    assert "packing" not in changed.arguments
    assert changed.environment["MAX_PIXELS"] == "784"
    assert changed.method is Method.SFT


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("nodes=0", "greater than or equal to 1"),
        ("nodes", "NAME=VALUE"),
        ("machines=2", "there is no setting 'machines'; there are arguments"),
        ("codedance.reward.gama=8", "there is no setting 'gama'"),
        ("codedance.variant=best", "there is no reward variant 'best'; choose among"),
        ("data=[]", "data"),
        ("arguments.a b=1", "arguments"),
        ("codedance.sandbox=ftp://x", "sandbox"),
        ("codedance.budgets.turns=0", "budgets.turns"),
    ],
)
def test_a_wrong_setting_is_named(assignment: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        with_settings(load_recipe("verl-rl-7b-2x8"), [assignment])


def test_an_argument_that_the_plug_in_decides_is_refused() -> None:
    recipe = with_settings(load_recipe("verl-rl-7b-2x8"), ["arguments.algorithm.adv_estimator=gae"])
    with pytest.raises(UsageError, match=r"'algorithm\.adv_estimator' is decided"):
        plan_launch(recipe)
    added = with_settings(load_recipe("swift-grpo-7b"), ["arguments.max_turns=3"])
    with pytest.raises(UsageError, match="'max_turns' is decided"):
        plan_launch(added)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not toml", "not a TOML file"),
        ("title = 'x'", "engine"),
        ("title='x'\nengine='verl'\nmethod='sft'\nmodel='m'\ndata='d'\nout='o'\n[arguments]", "choose swift for sft"),
        ("title='x'\nengine='swift'\nmethod='sft'\nmodel='m'\ndata='d'\nout='o'\nlr=1\n[arguments]", "lr"),
        ("title='x'\nengine='swift'\nmethod='sft'\nmodel='m'\ndata='d'\nout='o'\n[arguments]\n'--x'=1", "arguments"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=says):
        load_recipe(str(path))


def test_a_recipe_of_the_other_engine_or_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is for verl: codedance launch verl"):
        load_recipe("verl-rl-7b-2x8", Engine.SWIFT)
    with pytest.raises(UsageError, match="choose swift-grpo-7b"):
        load_recipe("nothing")
    with pytest.raises(UsageError, match="cannot be read"):
        load_recipe(str(tmp_path / "absent.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no UTF-8"):
        load_recipe(str(tmp_path / "bytes.toml"))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"ms-swift": "4.7.0", "transformers": "5.19.0", "trl": "0.29.1"}, "ms-swift is 4.7.0"),
        ({"ms-swift": "4.6.0", "transformers": None, "trl": "0.29.1"}, "transformers is not installed"),
        ({}, r"Supported: ms-swift 4\.6\.0, transformers 5\.19\.\*, trl 0\.29\.1"),
    ],
)
def test_other_versions_are_refused_and_the_supported_ones_named(found: dict[str, str | None], says: str) -> None:
    with pytest.raises(EngineError, match=says) as raised:
        check_versions(Engine.SWIFT, found)
    assert exit_code(raised.value) == 4


def test_the_list_shows_every_recipe() -> None:
    shown = RUNNER.invoke(app, ["launch", "--list"]).output
    assert all(name in shown for name in recipe_names())
    rows = json.loads(RUNNER.invoke(app, ["launch", "--list", "--json"]).output)
    assert {row["name"] for row in rows} == set(recipe_names())


def test_a_dry_run_prints_the_command_and_says_what_is_not_installed() -> None:
    result = RUNNER.invoke(app, ["launch", "verl", "verl-rl-7b-2x8", "--dry-run", "--json"])
    told = json.loads(result.output)
    assert told["command"][1:3] == ["-m", "verl.trainer.main_ppo"]
    assert "not checked: verl is not installed" in told["check"]
    assert "verl 0.9.1" in told["check"]


@pytest.mark.parametrize(
    "arguments", [["launch"], ["launch", "trl", "x"], ["launch", "swift"], ["launch", "swift", "verl-rl-7b-2x8"]]
)
def test_a_launch_of_nothing_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CodeDanceError):
        RUNNER.invoke(app, arguments, catch_exceptions=False)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ms-swift that writes down how it was called, in an environment of its own."""
    place = tmp_path / "site"
    for name, version in (("ms_swift", "4.6.0"), ("transformers", "5.19.0"), ("trl", "0.29.1")):
        folder = place / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    main = place / "swift" / "cli" / "main.py"
    main.parent.mkdir(parents=True)
    for folder in (place / "swift", main.parent):
        (folder / "__init__.py").write_text("")
    main.write_text(
        "import json, os, sys\n"
        "open('called.json', 'w').write(json.dumps([sys.argv[1:], os.environ.get('MAX_PIXELS')]))\n"
        "sys.exit(int('--fail' in sys.argv) * 7)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_launch_runs_the_engine_with_its_environment(stand_in: Path) -> None:
    result = RUNNER.invoke(app, ["launch", "swift", "swift-sft-3b", "--set", "gpus=1"])
    assert result.exit_code == 0, result.output
    arguments, pixels = json.loads((stand_in / "called.json").read_text())
    assert arguments[:3] == ["sft", "--model", "Qwen/Qwen2.5-VL-3B-Instruct"]
    assert pixels == "1003520"


def test_the_exit_code_of_the_engine_is_passed_on(stand_in: Path) -> None:
    result = RUNNER.invoke(app, ["launch", "swift", "swift-sft-3b", "--set", "arguments.fail=true"])
    assert result.exit_code == 7


def test_a_plug_in_that_does_not_register_stops_the_launch(stand_in: Path) -> None:
    with pytest.raises(EngineError, match="the check of the engine failed"):
        RUNNER.invoke(app, ["launch", "swift", "swift-grpo-7b"], catch_exceptions=False)
    assert not (stand_in / "called.json").exists()


def test_an_engine_of_another_version_is_not_started(stand_in: Path) -> None:
    metadata = stand_in / "site" / "trl-0.29.1.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: trl\nVersion: 1.0\n")
    with pytest.raises(EngineError, match=r"trl is 1\.0\. Supported"):
        RUNNER.invoke(app, ["launch", "swift", "swift-sft-3b"], catch_exceptions=False)
    assert not (stand_in / "called.json").exists()


def test_an_interpreter_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match="/no/python: cannot be asked"):
        RUNNER.invoke(
            app, ["launch", "swift", "swift-sft-3b", "--python", "/no/python", "--dry-run"], catch_exceptions=False
        )


def test_the_room_imports_neither_torch_nor_an_engine() -> None:
    import subprocess

    program = (
        "import sys, pkgutil, importlib, codedance.engines\n"
        "for one in pkgutil.walk_packages(codedance.engines.__path__, 'codedance.engines.'):\n"
        "    importlib.import_module(one.name)\n"
        "print([name for name in ('torch', 'transformers', 'swift', 'verl', 'ray') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.strip() == "[]"
