"""Recipes: which engine, which of its methods, and every argument; TOML files, some shipped with the package."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError, model_validator

from codedance.engines.settings import EngineSettings
from codedance.errors import UsageError
from codedance.schema import Record
from codedance.schema.faults import first_fault

__all__ = ["Argument", "Engine", "Method", "Recipe", "load_recipe", "recipe_names", "with_settings"]

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Argument = Scalar | tuple[Scalar, ...]
"""A value of an engine's argument."""
_LARGEST = 1 << 20
_FREE = ("arguments", "environment")
"""Tables whose names are the engine's, not ours."""


class Engine(StrEnum):
    """Who trains."""

    SWIFT = "swift"
    """ms-swift."""
    VERL = "verl"


class Method(StrEnum):
    """How."""

    SFT = "sft"
    """On trajectories, with cross-entropy."""
    GRPO = "grpo"
    """On tasks, with rewards."""


class Recipe(Record):
    """A training run of an engine.

    Arguments of the engine stand in ``arguments`` under their own names, dotted where the engine nests them.
    """

    title: str = Field(min_length=1)
    """One line for people."""
    engine: Engine
    method: Method
    model: str = Field(min_length=1)
    """Folder of a checkpoint, or its name on a hub."""
    data: tuple[str, ...] = Field(min_length=1)
    """Files to train on: JSON lines (swift) or parquet (verl), as ``codedance export`` writes them."""
    validation: tuple[str, ...] = ()
    """Files to validate on."""
    out: str = Field(min_length=1)
    """Folder of the run; on several machines one that all of them see."""
    nodes: int = Field(default=1, ge=1)
    """Machines."""
    gpus: int = Field(default=1, ge=0)
    """GPUs of each machine; 0 trains on processors (for tests)."""
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(default_factory=dict)
    """Environment variables of the engine."""
    arguments: dict[Annotated[str, Field(pattern=r"^\+{0,2}[A-Za-z_][A-Za-z0-9_.]*$")], Argument]
    """Of the engine."""
    codedance: EngineSettings = EngineSettings()
    """Of our plug-in; for reinforcement learning."""

    @model_validator(mode="after")
    def _verl_learns_from_rewards(self) -> Recipe:
        if self.engine is Engine.VERL and self.method is Method.SFT:
            raise ValueError("verl is used for reinforcement learning; choose swift for sft")
        return self


def recipe_names() -> list[str]:
    """Names of the recipes that are shipped.

    >>> "verl-rl-7b-2x8" in recipe_names()
    True
    """
    return sorted(name.removesuffix(".toml") for name, _ in _shipped())


def load_recipe(name_or_path: str, engine: Engine | None = None) -> Recipe:
    """A shipped recipe by its name, or one of a file.

    Args:
        name_or_path: the name, or a path that ends with ``.toml``.
        engine: which engine it must be for.

    Raises:
        UsageError: there is none, it cannot be read, something in it is wrong, or it is for another engine.
    """
    if name_or_path.endswith(".toml"):
        text, where = _read(Path(name_or_path)), name_or_path
    else:
        found = dict(_shipped())
        if f"{name_or_path}.toml" not in found:
            raise UsageError(
                f"there is no recipe '{name_or_path}'; choose {', '.join(recipe_names())}, or a path to a .toml file"
            )
        text, where = found[f"{name_or_path}.toml"], f"recipe {name_or_path}"
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: not a TOML file ({error})") from None
    recipe = _recipe(_flattened(values), where)
    if engine is not None and recipe.engine is not engine:
        raise UsageError(f"{where} is for {recipe.engine.value}: codedance launch {recipe.engine.value} {name_or_path}")
    return recipe


def with_settings(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """A copy with ``NAME=VALUE`` laid over it; names of engine arguments and variables are not checked.

    A value is read as JSON where it is JSON, and as text otherwise; ``null`` takes an argument or variable away.

    Raises:
        UsageError: no ``=``, an unknown name of ours, or a value of the wrong kind.

    >>> recipe = load_recipe("verl-rl-7b-2x8")
    >>> changed = with_settings(recipe, ["nodes=4", "arguments.trainer.save_freq=5", "codedance.reward.gamma=8"])
    >>> changed.nodes, changed.arguments["trainer.save_freq"], changed.codedance.reward.gamma
    (4, 5, 8.0)
    """
    values = recipe.model_dump(mode="json")
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {assignment}: write NAME=VALUE, for example --set model=runs/sft/checkpoint-500")
        _assign(values, name.strip(), value=_value(text), where=f"--set {assignment}")
    return _recipe(values, "--set")


def _assign(values: dict[str, Any], name: str, *, value: Any, where: str) -> None:  # noqa: ANN401 - JSON
    table, dot, rest = name.partition(".")
    if table in _FREE and dot:
        if value is None:
            values[table].pop(rest, None)
        elif table == "environment":
            values[table][rest] = value if isinstance(value, str) else json.dumps(value)
        else:
            values[table][rest] = value
        return
    place = values
    *tables, last = name.split(".")
    for step in tables:
        inner = place.get(step)
        if not isinstance(inner, dict):
            raise UsageError(f"{where}: there is no setting '{step}'; there are {', '.join(sorted(place))}")
        place = inner
    if last not in place:
        raise UsageError(f"{where}: there is no setting '{last}'; there are {', '.join(sorted(place))}")
    place[last] = [value] if last in ("data", "validation") and isinstance(value, str) else value


def _value(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except ValueError:
        return text


def _recipe(values: Mapping[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        fault = first_fault(error)
        place = ".".join(str(step) for step in fault.steps if isinstance(step, int) or step.islower())
        raise UsageError(f"{where}: {place or 'the recipe'}: {fault.message}") from None


def _flattened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables of arguments as dotted names, and one file as a list of one."""
    flat = dict(values)
    if isinstance(flat.get("arguments"), dict):
        flat["arguments"] = dict(_dotted(flat["arguments"]))
    for name in ("data", "validation"):
        if isinstance(flat.get(name), str):
            flat[name] = [flat[name]]
    return flat


def _dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise UsageError(f"{path}: too large for a recipe")
        return data.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: the recipe cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a TOML file (no UTF-8 text)") from None


def _shipped() -> Iterator[tuple[str, str]]:
    for file in resources.files("codedance.engines").joinpath("shipped").iterdir():
        if file.name.endswith(".toml"):
            yield file.name, file.read_text(encoding="utf-8")
