"""Settings from a TOML file and ``--set a.b=1``, checked against the record that they belong to."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from codedance.errors import UsageError
from codedance.schema import Record
from codedance.schema.faults import first_fault

__all__ = ["apply_settings", "read_toml", "setting_names"]

R = TypeVar("R", bound=Record)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file; raises :class:`UsageError` with the path and the place of the fault."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: settings cannot be read ({error.strerror or error})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file ({error})") from None


def apply_settings(base: R, assignments: Sequence[str], *, file: Path | None = None) -> R:
    """A copy of the settings with those of the file, then the assignments, laid over it.

    A value is read as JSON where it is JSON (``4``, ``0.5``, ``true``, ``"x"``) and as plain text otherwise.

    Raises:
        UsageError: an unknown name (the message lists those near it), a value of the wrong kind, or one value for what
            has settings of its own.

    >>> from codedance.schema import Budgets
    >>> apply_settings(Budgets(), ["turns=4"]).turns
    4
    """
    values = base.model_dump()
    if file is not None:
        _merge(values, read_toml(file), str(file))
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set {assignment}: write NAME=VALUE, for example --set {next(setting_names(base))}=1")
        nested: Any = _value(text)
        for key in reversed(name.strip().split(".")):
            nested = {key: nested}
        _merge(values, nested, f"--set {assignment}")
    try:
        settings = type(base).model_validate(values)
    except ValidationError as error:
        fault = first_fault(error)
        raise UsageError(f"setting {fault.at('')} (was {fault.value!r})") from None
    _refuse_switches(values, settings, base)
    return settings


def setting_names(record: BaseModel, prefix: str = "") -> Iterator[str]:
    """Dotted names of all settings.

    >>> from codedance.schema import Sampling
    >>> list(setting_names(Sampling()))
    ['temperature', 'top_p', 'max_tokens', 'seed']
    """
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, BaseModel):
            yield from setting_names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _value(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refuse_switches(given: dict[str, Any], read: BaseModel, base: BaseModel, *, prefix: str = "") -> None:
    """Refuse ``true`` and ``false`` where a number is wanted: they would be taken for 1 and 0 without a word."""
    for key, value in given.items():
        found, name = getattr(read, key, None), f"{prefix}{key}"
        if isinstance(value, bool) and isinstance(found, int | float) and not isinstance(found, bool):
            usual = getattr(base, key, None)
            like = usual if isinstance(usual, int | float) else 1
            raise UsageError(f"setting {name}: takes a number, for example {name}={like} (was {json.dumps(value)})")
        if isinstance(value, dict) and isinstance(found, BaseModel):
            inner = getattr(base, key, None)
            _refuse_switches(value, found, inner if isinstance(inner, BaseModel) else found, prefix=f"{name}.")


def _merge(values: dict[str, Any], over: dict[str, Any], where: str, *, prefix: str = "") -> None:
    for key, value in over.items():
        if key not in values:
            raise UsageError(f"{where}: there is no setting '{key}' here; there are {', '.join(sorted(values))}")
        inner = values[key]
        if not (isinstance(inner, dict) and inner):
            values[key] = value
        elif isinstance(value, dict):
            _merge(inner, value, where, prefix=f"{prefix}{key}.")
        else:
            own = f"{prefix}{key}.{next(iter(inner))}"
            raise UsageError(
                f"{where}: {prefix}{key} has settings of its own, for example --set {own}=...; "
                f"there are {', '.join(sorted(inner))}"
            )
