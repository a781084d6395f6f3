"""Training on clusters: recipes for ms-swift and verl, the launcher, and the plug-ins that run our loop within them.

Nothing here imports an engine, or torch, when it is imported: the plug-ins make their classes when the engine asks.
"""

from codedance.engines.launching import Launch, plan_launch
from codedance.engines.recipes import Engine, Method, Recipe, load_recipe, recipe_names, with_settings
from codedance.engines.settings import EngineSettings
from codedance.engines.versions import PINS, Pin, check_versions

__all__ = [
    "PINS",
    "Engine",
    "EngineSettings",
    "Launch",
    "Method",
    "Pin",
    "Recipe",
    "check_versions",
    "load_recipe",
    "plan_launch",
    "recipe_names",
    "with_settings",
]
