"""The base of everything that is written to disk or sent: frozen, validated, closed to unknown fields."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["SCHEMA_VERSION", "Record", "Text"]

SCHEMA_VERSION: Final = 1
"""Version of the trajectory format; raised by one whenever a reader of the old version would misread the new one."""


class Record(BaseModel):
    """A value: immutable, compared by content, refusing fields it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, ser_json_inf_nan="null"
    )


def _storable(value: Any) -> Any:  # noqa: ANN401 - runs before validation
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode()
    return value


Text = Annotated[str, BeforeValidator(_storable)]
"""Text of models, programs and people. Lone surrogates, which no file can hold, become question marks, one for one."""
