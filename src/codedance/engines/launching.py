"""From a recipe to the exact command, its environment, and the files that it needs beside it. Nothing is run here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, assert_never

from codedance.engines.names import AGENT_NAME, PLUGIN_FILE, REWARD, SCHEDULER, STOP_TEXTS, TRAINER_MODE
from codedance.engines.recipes import Argument, Engine, Method, Recipe
from codedance.engines.settings import EngineSettings
from codedance.errors import UsageError

__all__ = ["Launch", "Place", "hydra_value", "plan_launch", "plugin_file"]

_PLAIN = re.compile(r"[A-Za-z_/.~][A-Za-z0-9_/.:@%~+-]*")
_WORDS = frozenset({"true", "false", "null", "none", "nan", "inf", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the machines this is; for ms-swift, which starts on each of them."""

    rank: int = 0
    """0 on the first machine."""
    head: str | None = None
    """Host name or address of the first machine."""
    port: int = 29_500
    """Of the meeting point there."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be run."""

    command: tuple[str, ...]
    """Program and arguments; the first is the interpreter."""
    environment: Mapping[str, str]
    """What is set beyond the caller's environment."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text files that must be there before it starts, by path."""


def plan_launch(recipe: Recipe, *, python: str = "python", place: Place | None = None) -> Launch:
    """The command of a recipe.

    Args:
        recipe: what to train.
        python: interpreter of the engine's environment.
        place: which machine this is.

    Raises:
        UsageError: an argument that the plug-in or the recipe's own settings decide, or several machines and no meeting
            point.

    >>> from codedance.engines import load_recipe
    >>> plan_launch(load_recipe("swift-sft-3b"), python="python").command[:5]
    ('python', '-m', 'swift.cli.main', 'sft', '--model')
    """
    place = place or Place()
    match recipe.engine:
        case Engine.SWIFT:
            return _swift(recipe, python, place)
        case Engine.VERL:
            return _verl(recipe, python)
        case unreachable:
            assert_never(unreachable)


def _swift(recipe: Recipe, python: str, place: Place) -> Launch:
    ours: dict[str, Argument] = {"model": recipe.model, "dataset": recipe.data, "output_dir": recipe.out}
    if recipe.validation:
        ours["val_dataset"] = recipe.validation
    command: tuple[str, ...] = (python, "-m", "swift.cli.main", "sft")
    files: dict[str, str] = {}
    if recipe.method is Method.GRPO:
        command = (python, "-m", "swift.cli.main", "rlhf")
        plugin = str(PurePosixPath(recipe.out) / PLUGIN_FILE)
        files[plugin] = plugin_file(recipe.codedance)
        ours |= {
            "rlhf_type": "grpo",
            "external_plugins": plugin,
            "multi_turn_scheduler": SCHEDULER,
            "reward_funcs": REWARD,
            "max_turns": recipe.codedance.budgets.turns,
            "stop_words": STOP_TEXTS,
        }
    merged = _merged(ours, recipe)
    flags = [word for name, value in merged.items() for word in (f"--{name}", *_words(value))]
    return Launch((*command, *flags), {**_machines(recipe, place), **recipe.environment}, files)


def _machines(recipe: Recipe, place: Place) -> dict[str, str]:
    """What torch's launcher is told, in the variables that ms-swift reads."""
    if recipe.gpus == 0 or (recipe.gpus == 1 and recipe.nodes == 1):
        return {}
    found = {"NPROC_PER_NODE": str(recipe.gpus)}
    if recipe.nodes == 1:
        return found
    if place.head is None:
        raise UsageError(
            f"the recipe uses {recipe.nodes} machines: start it on each of them with --head HOST (the first machine) "
            "and --node-rank 0, 1, ..."
        )
    if not 0 <= place.rank < recipe.nodes:
        raise UsageError(f"--node-rank {place.rank}: the recipe has {recipe.nodes} machines, counted from 0")
    more = {"NNODES": str(recipe.nodes), "NODE_RANK": str(place.rank)}
    return found | more | {"MASTER_ADDR": place.head, "MASTER_PORT": str(place.port)}


def _words(value: Argument) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(word for one in value for word in _words(one))
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _verl(recipe: Recipe, python: str) -> Launch:
    ours: dict[str, Argument] = {
        "algorithm.adv_estimator": "grpo",
        "algorithm.use_kl_in_reward": False,
        "trainer.use_v1": True,
        "trainer.v1.trainer_mode": TRAINER_MODE,
        "actor_rollout_ref.rollout.agent.default_agent_loop": AGENT_NAME,
        "actor_rollout_ref.model.path": recipe.model,
        "data.train_files": recipe.data,
        "data.val_files": recipe.validation or recipe.data,
        "trainer.nnodes": recipe.nodes,
        "trainer.n_gpus_per_node": recipe.gpus,
        "trainer.default_local_dir": str(PurePosixPath(recipe.out) / "checkpoints"),
    }
    if not recipe.validation:
        ours |= {"trainer.val_before_train": False, "trainer.test_freq": -1}
    merged = _merged(ours, recipe)
    overrides = [f"{name}={hydra_value(value)}" for name, value in (*merged.items(), *_ours(recipe.codedance))]
    return Launch((python, "-m", "verl.trainer.main_ppo", *overrides), dict(recipe.environment))


def _merged(ours: Mapping[str, Argument], recipe: Recipe) -> dict[str, Argument]:
    """Our arguments, then the recipe's, which may not contradict them."""
    bare = {name.lstrip("+"): name for name in recipe.arguments}
    for name in ours:
        if name in bare:
            raise UsageError(
                f"the argument '{bare[name]}' is decided by the recipe's own settings (model, data, out, nodes, gpus, "
                "codedance.budgets) or by the plug-in; take it out of [arguments]"
            )
    return {**ours, **recipe.arguments}


def _ours(settings: EngineSettings) -> Iterator[tuple[str, Any]]:
    """Our settings as additions to the engine's configuration: the variant, and what is not the default."""
    changed = settings.model_dump(mode="json", exclude_defaults=True) | {"variant": settings.variant}
    yield from _leaves(changed, "+codedance")


def _leaves(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", value


def hydra_value(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    r"""A value as the grammar of Hydra's command line has it.

    >>> hydra_value("runs/a b"), hydra_value(("x", 1)), hydra_value(True), hydra_value("1e-6"), hydra_value("it's")
    ("'runs/a b'", '[x,1]', 'true', "'1e-6'", "'it\\'s'")
    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not _number(value):
            return value
        case str():
            # A quote is escaped, and so are backslashes in front of a quote; others stand for themselves.
            inner = re.sub(r"(\\*)(?='|$)", lambda found: found[1] * 2, value).replace("'", "\\'")
            return f"'{inner}'"
        case list() | tuple():
            return f"[{','.join(hydra_value(one) for one in value)}]"
        case _:
            raise UsageError(f"{value!r} cannot be given to Hydra")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def plugin_file(settings: EngineSettings) -> str:
    """The file that ms-swift loads with ``--external_plugins``: it registers our plug-in with these settings."""
    held = json.dumps(settings.model_dump(mode="json"), ensure_ascii=True, indent=1)
    return (
        '"""Made by `codedance launch`: registers CodeDance\'s scheduler, reward and trainer with ms-swift."""\n\n'
        "from codedance.engines.swift.plugin import register\n\n"
        f"SETTINGS = {json.dumps(held)}\n\n"
        "register(SETTINGS)\n"
    )
