"""Small programs that say what an engine's environment holds; they run there and print one line of JSON."""

from __future__ import annotations

import json
from typing import assert_never

from codedance.engines.launching import plugin_file
from codedance.engines.names import AGENT_NAME, REWARD, SCHEDULER, TRAINER_MODE
from codedance.engines.recipes import Engine, Method, Recipe
from codedance.engines.versions import PINS

__all__ = ["plugin_probe", "version_probe"]


def version_probe(engine: Engine) -> str:
    """A program that prints the version of each pinned distribution, ``null`` for those that are not there."""
    names = json.dumps([pin.name for pin in PINS[engine]])
    return (
        "import json\n"
        "from importlib.metadata import PackageNotFoundError, version\n"
        "found = {}\n"
        f"for name in {names}:\n"
        "    try:\n"
        "        found[name] = version(name)\n"
        "    except PackageNotFoundError:\n"
        "        found[name] = None\n"
        "print(json.dumps(found))\n"
    )


def plugin_probe(recipe: Recipe) -> str | None:
    """A program that loads the plug-in as the engine does and prints what is registered; ``None`` if none is used.

    verl loads plug-ins when it is imported, and says nothing of those that fail.
    """
    if recipe.method is Method.SFT:
        return None
    match recipe.engine:
        case Engine.SWIFT:
            return (
                f"exec({plugin_file(recipe.codedance)!r})\n"
                "import json\n"
                "from swift.rewards import orms\n"
                "from swift.rollout import multi_turns\n"
                "from swift.trainers.trainer_factory import TrainerFactory\n"
                "from codedance.engines.swift import classes\n"
                "trainer = TrainerFactory.TRAINER_MAPPING['grpo']\n"
                f"print(json.dumps({{'scheduler': {SCHEDULER!r} in multi_turns, 'reward': {REWARD!r} in orms, "
                "'trainer': trainer.startswith('codedance.') and hasattr(classes, trainer.rpartition('.')[2])}))\n"
            )
        case Engine.VERL:
            return (
                "import json\n"
                "import verl\n"
                "from verl.experimental.agent_loop.agent_loop import _agent_loop_registry as loops\n"
                "from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY as trainers\n"
                f"found = {{'agent loop': {AGENT_NAME!r} in loops, 'trainer': {TRAINER_MODE!r} in trainers}}\n"
                "print(json.dumps(found))\n"
            )
        case unreachable:
            assert_never(unreachable)
