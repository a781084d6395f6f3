"""Functions of NumPy that mean different things for pixels and for numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.arithmetic import computed
from codedance.analysis.operations.arrays import clipped, reduced
from codedance.analysis.operations.builtin import counted
from codedance.analysis.operations.values import PIXEL_KINDS, Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["NUMPY", "reduce_function"]

_PICKS: Final = frozenset({"max", "min", "amax", "amin", "argmax", "argmin", "any", "all"})


def reduce_function(reader: Reader, name: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """``np.sum(x)`` and its like: of pixels a measurement, of truths a count, of numbers a computation."""
    held = arguments.first() or Value()
    if held.kind is Kind.PICTURE:
        held = held.changed(kind=Kind.PIXELS)
    if held.shows:
        axis = arguments.at(2 if name in ("percentile", "quantile") else 1, "axis")
        return reduced(reader, name, node, held=held, axis=axis)
    if held.kind is Kind.TRUTH or (held.kind is Kind.ITEMS and held.any_element().kind is Kind.TRUTH):
        return counted(reader, node, held) if name in ("sum", "count_nonzero") else held
    if name == "count_nonzero":
        return counted(reader, node, held)
    if name in ("max", "amax") and held.kind is Kind.PARTS:
        return Value(Kind.COUNTED, frozenset({reader.note_tentative(Op.COUNT, node, held.sources)}))
    if name in _PICKS:
        return Value(Kind.NUMBER if held.kind is Kind.ITEMS else held.kind, origins([held]))
    return computed(reader, node, arguments.values())


def _array(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    held = arguments.first() or Value()
    if held.kind is Kind.PICTURE:
        return held.changed(kind=Kind.PIXELS)
    return held.changed()


def _where(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    test = arguments.first() or Value()
    sources = origins(arguments.values())
    if len(arguments.positional) >= 3:
        others = arguments.positional[1:3]
        if test.kind is Kind.MASK and any(one.shows for one in others):
            return Value(Kind.PIXELS, frozenset({reader.note(Op.MASK, node, sources)}))
        return Value(Kind.MASK if test.kind is Kind.MASK else Kind.UNKNOWN, sources)
    if test.shows:
        return Value(Kind.PROFILE, frozenset({reader.note(Op.MEASURE, node, sources)}))
    return Value(Kind.PROFILE, sources)


def _clip(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    return clipped(reader, node, held) if held.shows else held.changed()


def _stack(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    each = held.any_element()
    shown = [one for one in held.items or [each] if one.shows]
    if not shown:
        return Value(Kind.ITEMS, origins([held]), element=each.any_element())
    channels = isinstance(node.func, ast.Attribute) and node.func.attr in ("dstack", "stack")
    operation = Op.CONVERT if channels else Op.COMPOSE
    if all(one.kind is Kind.MASK for one in shown) and channels:
        return Value(Kind.MASK, origins([held]))
    return Value(Kind.PIXELS, frozenset({reader.note(operation, node, origins([held]))}))


def _pad(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    if not held.shows:
        return held.changed()
    return Value(held.kind, frozenset({reader.note(Op.PAD, node, origins(arguments.values()))}))


def _unique(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    counts = arguments.named.get("return_counts")
    if counts is not None and counts.literal is not False:
        operation = Op.HISTOGRAM if held.kind in PIXEL_KINDS else Op.COUNT
        number = frozenset({reader.note(operation, node, origins([held]))})
        return Value(Kind.ITEMS, items=[Value(Kind.COLOUR, number), Value(Kind.PROFILE, number)])
    return Value(Kind.PARTS, origins([held]))


def _logical(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    values = arguments.values()
    masked = any(one.kind is Kind.MASK for one in values)
    return Value(Kind.MASK if masked else Kind.TRUTH, origins(values))


def _alike(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    values = arguments.positional[:2]
    sources = origins(values)
    if len([one for one in values if one.shows]) == 2:
        return Value(Kind.TRUTH, frozenset({reader.note(Op.COMPARE, node, sources)}))
    return Value(Kind.TRUTH, sources)


NUMPY: Final[dict[str, Callable[[Reader, ast.Call, Arguments], Value]]] = {
    **dict.fromkeys(("np.array", "np.asarray", "np.float32", "np.uint8", "np.int32", "np.ascontiguousarray"), _array),
    "np.where": _where,
    "np.clip": _clip,
    **dict.fromkeys(("np.hstack", "np.vstack", "np.concatenate", "np.stack", "np.dstack", "np.block"), _stack),
    "np.pad": _pad,
    "np.unique": _unique,
    **dict.fromkeys(("np.logical_and", "np.logical_or", "np.logical_not", "np.logical_xor"), _logical),
    **dict.fromkeys(("np.array_equal", "np.allclose"), _alike),
}
"""By short name."""
