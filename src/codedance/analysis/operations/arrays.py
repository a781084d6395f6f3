"""Methods of arrays of pixels, and the functions of NumPy that do the same."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["REDUCTIONS", "call_array", "clipped", "reduced"]

REDUCTIONS: Final = frozenset(
    {
        *("sum", "mean", "std", "var", "max", "min", "amax", "amin", "argmax", "argmin", "median", "average"),
        *("any", "all", "ptp", "percentile", "quantile", "nanmean", "count_nonzero"),
    }
)
_SAME = frozenset({"astype", "reshape", "squeeze", "view", "transpose", "swapaxes", "ravel", "flatten", "tolist"})


def call_array(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    """``array.name(arguments)``."""
    if name in REDUCTIONS:
        axis = arguments.at(1 if name in ("percentile", "quantile") else 0, "axis")
        return reduced(reader, name, node, held=target, axis=axis)
    if name == "clip":
        return clipped(reader, node, target)
    if name in _SAME or name == "copy":
        return target.changed()
    if name == "nonzero":
        return Value(Kind.PROFILE, frozenset({reader.note(Op.MEASURE, node, target.sources)}))
    if name == "item":
        return Value(Kind.COLOUR, frozenset({reader.note(Op.PICK_COLOUR, node, target.sources)}))
    return Value(Kind.UNKNOWN, origins([target, *arguments.values()]))


def reduced(reader: Reader, name: str, node: ast.Call, *, held: Value, axis: Value | None) -> Value:
    """A sum, mean, maximum, ... over pixels; over channels it is one picture more, over places a measurement."""
    if held.kind is Kind.BLANK:
        return Value(Kind.NUMBER)
    if axis is not None and axis.literal in (2, -1):
        value = held.changed()
        value.channel = True
        return value
    if name in ("any", "all") and axis is None:
        return Value(Kind.TRUTH, held.sources)
    number = frozenset({reader.note(Op.MEASURE, node, held.sources)})
    return Value(Kind.NUMBER if axis is None else Kind.PROFILE, number)


def clipped(reader: Reader, node: ast.Call, held: Value) -> Value:
    """Values cut off at limits: the end of a change of brightness or contrast, if they were multiplied before."""
    if held.kind is Kind.PIXELS and held.scaled:
        value = Value(Kind.PIXELS, frozenset({reader.note(Op.ENHANCE, node, held.sources)}))
        value.channel = held.channel
        return value
    return held.changed()
