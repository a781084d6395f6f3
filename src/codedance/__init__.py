r"""CodeDance: vision-language models that reason by writing and running code.

What most programs need is here, and loaded when it is first used; everything else is in the rooms below.

>>> from PIL import Image
>>> import codedance
>>> said = ["<think>How large?</think><code>print(input_image.size)</code>", "<think>So.</think><answer>3</answer>"]
>>> picture = Image.new("RGB", (3, 2), "red")
>>> rollout = codedance.ask(picture, "How wide is it?", model=codedance.ScriptedModel(said))
>>> [turn.execution.stdout for turn in rollout.trajectory.turns if turn.execution], rollout.trajectory.answer
(['(3, 2)\n'], '3')
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codedance.episode import EpisodeSettings, Rollout, run_episode
    from codedance.episode.asking import Asker, ask
    from codedance.errors import CodeDanceError
    from codedance.imaging import Picture
    from codedance.models import Model, ScriptedModel, load_model
    from codedance.rewards import RewardSettings, matches, score_batch
    from codedance.sandbox import Limits, LocalSandbox
    from codedance.schema import ChoiceAnswer, NumberAnswer, Sampling, Task, TextAnswer, Trajectory
    from codedance.store import RunFolder

__version__ = "0.1.0"

__all__ = [
    "Asker",
    "ChoiceAnswer",
    "CodeDanceError",
    "EpisodeSettings",
    "Limits",
    "LocalSandbox",
    "Model",
    "NumberAnswer",
    "Picture",
    "RewardSettings",
    "Rollout",
    "RunFolder",
    "Sampling",
    "ScriptedModel",
    "Task",
    "TextAnswer",
    "Trajectory",
    "__version__",
    "ask",
    "load_model",
    "matches",
    "run_episode",
    "score_batch",
]

_ROOMS = {
    "episode": ("EpisodeSettings", "Rollout", "run_episode"),
    "episode.asking": ("Asker", "ask"),
    "errors": ("CodeDanceError",),
    "imaging": ("Picture",),
    "models": ("Model", "ScriptedModel", "load_model"),
    "rewards": ("RewardSettings", "matches", "score_batch"),
    "sandbox": ("Limits", "LocalSandbox"),
    "schema": ("ChoiceAnswer", "NumberAnswer", "Sampling", "Task", "TextAnswer", "Trajectory"),
    "store": ("RunFolder",),
}


if not TYPE_CHECKING:  # a checker of types shall refuse names that are not there

    def __getattr__(name: str) -> object:
        for room, names in _ROOMS.items():
            if name in names:
                found: object = getattr(import_module(f"codedance.{room}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module 'codedance' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
